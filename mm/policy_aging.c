/*
 * Aging, the software approximation of least recently used (Tanenbaum; also "not frequently used
 * with aging"): with each tick every page's register is shifted right, and its accessed bit comes
 * in from the left. The lowest register goes: its leading zeros say how many ticks ago the page was
 * last used, and the bits behind them how often before.
 *
 * A round of the hand is a tick. So that registers say more than one bit, a round takes only one
 * page in 16: each round counts the pages by register, and the next takes the lowest that make up
 * so many; of those with the register at the border only as many as are missing. While a round
 * finds too little, the border rises, and at last even what is in use goes.
 *
 * The register has 16 bits. Counts are by its leading zeros and the two bits after the first one:
 * buckets in the order of registers.
 */
#include <quire/policy.h>

#define REGISTER_BITS 16
#define BUCKETS       (4 * REGISTER_BITS + 1)
#define ROUND_SHARE   16

enum {
    BORDER = 0, /* buckets below it go */
    MISSING,    /* so many of it go, */
    SKIPPED,    /* after so many, which were met */
    MET,        /* in this round */
    COUNTS,     /* [COUNTS + n]: pages whose register is in bucket n */
};

/* 0: no use in 16 ticks. */
static unsigned bucket_of(uint32_t bits)
{
    unsigned first = 31 - (unsigned)__builtin_clz(bits | 1);

    if (bits == 0)
        return 0;
    return 4 * first + 1 + ((bits << 2 >> first) & 3);
}

static void start(struct quire_policy_state *state)
{
    state->own[BORDER] = 0;
}

static void round_ended(struct quire_policy_state *state)
{
    uint32_t *own = state->own, wanted = state->resident / ROUND_SHARE + 1, seen = 0;
    uint32_t done = own[SKIPPED] + own[MISSING];
    unsigned border = 0;

    /* The hand goes on at the border where it stopped, so that none is spared for its place. */
    own[SKIPPED] = own[MET] > done ? done : 0;
    own[MET] = 0;
    while (border + 1 < BUCKETS && seen + own[COUNTS + border] < wanted)
        seen += own[COUNTS + border++];
    own[BORDER] = border;
    own[MISSING] = wanted - seen;
    for (unsigned i = 0; i < BUCKETS; i++)
        own[COUNTS + i] = 0;
}

static uint32_t arrive(const struct quire_policy_state *state, uint32_t word, uint32_t time)
{
    (void)state;
    (void)word;
    (void)time;
    return 1u << 31;
}

/* The word: the register in the upper half; 1, so that it is never 0, which would mean new. */
static bool look(struct quire_policy_state *state, struct quire_policy_page *page)
{
    uint32_t bits = *page->word >> 17, *own = state->own;
    unsigned bucket;

    if (page->accessed || *page->word == 0)
        bits |= 1u << (REGISTER_BITS - 1);
    *page->word = bits << 16 | 1;
    bucket = bucket_of(bits);
    own[COUNTS + bucket]++;
    if (bucket == own[BORDER] && state->urgency < 2) {
        uint32_t place = own[MET]++;

        return place >= own[SKIPPED] && place - own[SKIPPED] < own[MISSING];
    }
    return bucket < own[BORDER] ||
           (state->urgency > 1 && bucket <= own[BORDER] + 4 * state->urgency) || state->urgency > 4;
}

const struct quire_policy quire_policy_aging = {
    .name = "aging",
    .idea = "least recently used, by a shift register of accessed bits",
    .start = start,
    .round = round_ended,
    .arrive = arrive,
    .look = look,
};
