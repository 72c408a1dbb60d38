/*
 * First in, first out: the page that came first goes first, used or not. Has Belady's anomaly: more
 * memory may mean more faults.
 *
 * The word is the round in which the page came, plus one. The hand takes the pages of earlier
 * rounds as it comes to them; one that is new to it, because it came by itself, is given this
 * round's number.
 */
#include <quire/policy.h>

static uint32_t arrive(const struct quire_policy_state *state, uint32_t word, uint32_t time)
{
    uint32_t now = __atomic_load_n(&state->round, __ATOMIC_RELAXED) + 1;

    (void)word;
    (void)time;
    return now != 0 ? now : 1;
}

static bool look(struct quire_policy_state *state, struct quire_policy_page *page)
{
    uint32_t now = arrive(state, 0, 0);

    if (*page->word == 0 && state->urgency == 0) {
        *page->word = now;
        return false;
    }
    return *page->word != now || state->urgency > 0;
}

const struct quire_policy quire_policy_fifo = {
    .name = "fifo",
    .idea = "first in, first out, used or not",
    .arrive = arrive,
    .look = look,
};
