/*
 * Tide: a clock with lives that watches what comes back.
 *
 * A page that returns soon after it went should not have gone. How soon is soon is a distance in
 * evictions: a page that comes back within one memory's worth of evictions would have been a hit
 * with twice the memory. Such a page starts with more lives, so that what is used again and again
 * stays while what passes by once goes. The word is the number of lives left, plus one; a look
 * finds the page used: one life more, up to a limit; unused: one less; none left: it goes.
 *
 * A page that is new to the hand was used at least by what brought it; that one use says nothing.
 */
#include <quire/policy.h>

#define MOST 4

static uint32_t arrive(const struct quire_policy_state *state, uint32_t distance, uint32_t time)
{
    uint32_t resident = __atomic_load_n(&state->resident, __ATOMIC_RELAXED);

    (void)time;
    if (distance == QUIRE_POLICY_NEVER)
        return 0;
    return distance < resident ? 3 : distance / 2 < resident ? 2 : 1;
}

static bool look(struct quire_policy_state *state, struct quire_policy_page *page)
{
    uint32_t word = *page->word;

    if (word == 0) { /* new */
        *page->word = 1;
        return !page->accessed;
    }
    if (page->accessed) {
        *page->word = word < MOST ? word + 1 : MOST;
        return false;
    }
    if (word > 1 && state->urgency == 0) {
        *page->word = word - 1;
        return false;
    }
    return true;
}

const struct quire_policy quire_policy_tide = {
    .name = "tide",
    .idea = "a clock with lives: what came back soon after it went gets more of them",
    .arrive = arrive,
    .look = look,
};
