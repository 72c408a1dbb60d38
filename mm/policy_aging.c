/*
 * Aging, the software approximation of least recently used (Tanenbaum; also "not frequently used
 * with aging"): at each look the word is shifted right, and the accessed bit comes in from the
 * left. So the word's leading zeros say how many looks ago the page was last used, and the bits
 * behind them how often before.
 *
 * The oldest go: those with at least `cut` leading zeros. Each round counts the pages by leading
 * zeros, and the next round's cut is the highest that at least one page in 32 reaches; while too
 * little is found it falls by one a round, and at last even what is in use goes.
 */
#include <quire/policy.h>

enum {
    CUT = 0,
    COUNTS = 1, /* [COUNTS + n]: pages with n leading zeros, 0 to 32 */
};

#define AGES 33

static unsigned age_of(uint32_t word)
{
    return word == 0 ? 32 : (unsigned)__builtin_clz(word);
}

static void start(struct quire_policy_state *state)
{
    for (unsigned i = 0; i < AGES; i++)
        state->own[COUNTS + i] = 0;
    state->own[CUT] = 1;
}

static void round_ended(struct quire_policy_state *state)
{
    uint32_t wanted = state->resident / 32 + 1, seen = 0;
    unsigned cut = AGES;

    while (cut > 1 && seen < wanted)
        seen += state->own[COUNTS + --cut];
    for (unsigned i = 0; i < AGES; i++)
        state->own[COUNTS + i] = 0;
    state->own[CUT] = cut > state->urgency ? cut - state->urgency : state->urgency < 4;
}

static uint32_t arrive(const struct quire_policy_state *state, uint32_t distance, uint32_t time)
{
    (void)state;
    (void)distance;
    (void)time;
    return 1u << 31;
}

static bool look(struct quire_policy_state *state, struct quire_policy_page *page)
{
    uint32_t word = *page->word >> 1;

    if (page->accessed || *page->word == 0)
        word |= 1u << 31;
    *page->word = word | 1; /* never 0 again, which would mean new */
    state->own[COUNTS + age_of(word)]++;
    return age_of(word) >= state->own[CUT];
}

const struct quire_policy quire_policy_aging = {
    .name = "aging",
    .idea = "least recently used, by a shift register of accessed bits",
    .start = start,
    .round = round_ended,
    .arrive = arrive,
    .look = look,
};
