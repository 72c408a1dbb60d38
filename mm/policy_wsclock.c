/*
 * WSClock (Carr and Hennessy, 1981): the working set of a program is what it used in the last
 * `window` of its own virtual time. The word is the time of the last use, as far as looks know it.
 * What is older than the window goes; within the window everything stays, so that a program that
 * runs has its working set in memory.
 *
 * When a round finds too little, the working sets together are larger than memory: then what was
 * not used since the last look goes, as in a plain clock, and then anything.
 */
#include <quire/policy.h>

#define DEFAULT_WINDOW 100

static void start(struct quire_policy_state *state)
{
    if (state->window == 0)
        state->window = DEFAULT_WINDOW;
}

static uint32_t stamp(uint32_t time)
{
    return time != 0 ? time : 1;
}

static uint32_t arrive(const struct quire_policy_state *state, uint32_t word, uint32_t time)
{
    (void)state;
    (void)word;
    return stamp(time);
}

static bool look(struct quire_policy_state *state, struct quire_policy_page *page)
{
    if (page->accessed || *page->word == 0) {
        *page->word = stamp(page->time);
        return state->urgency > 1;
    }
    return state->urgency > 0 || page->time - *page->word > state->window;
}

const struct quire_policy quire_policy_wsclock = {
    .name = "wsclock",
    .idea = "working set: what was not used for a window of virtual time goes",
    .start = start,
    .arrive = arrive,
    .look = look,
};
