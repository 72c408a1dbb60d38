/*
 * Random: any page may go, each with the same chance. The yardstick that a policy has to beat; on
 * loops larger than memory it beats most.
 */
#include <quire/policy.h>

/* One page in so many goes: the hand is far from its last victim then. */
#define ONE_IN 16

static bool look(struct quire_policy_state *state, struct quire_policy_page *page)
{
    uint64_t z = state->random += 0x9e3779b97f4a7c15u; /* splitmix64 */

    (void)page;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return ((z ^ (z >> 31)) >> 32) % ONE_IN == 0 || state->urgency > 0;
}

const struct quire_policy quire_policy_random = {
    .name = "random",
    .idea = "any page, by the dice",
    .look = look,
};
