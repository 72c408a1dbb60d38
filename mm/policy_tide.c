/*
 * Tide: a hot set that stays, and passing pages; the line between them moves.
 *
 * Clocks approximate least recently used, and lose everything where a program goes around in a loop
 * that is larger than memory, or scans past its hot set: each page goes just before it is used
 * again. The remedy is known: LIRS (Jiang and Zhang, 2002) and CLOCK-Pro (Jiang, Chen and Zhang,
 * 2005) judge a page by the distance between its last two uses, not by how long ago the last one
 * was, and keep a part of the loop. How much room passing pages need, ARC (Megiddo and Modha,
 * 2003) learns from what comes back. This is both for a hand that sees accessed bits now and then.
 *
 * Time is counted in evictions. A page is
 *
 *   new      not looked at since it came. What brought it used it, so its accessed bit says
 *            nothing: the first look makes it passing
 *   passing  found used at the second look: hot. Otherwise it goes
 *   hot      its word is the time at which it was last found used. It goes only where there are
 *            more hot pages than shall be, and it is among those that were not used for longest
 *
 * A page that comes back brings the number of evictions since it went. With the time that a passing
 * page stays this is the distance between its two uses. It becomes hot at once if there is room
 * among the hot ones, or if its distance is shorter than the oldest hot pages have been waiting
 * now. So of a loop the pages that became hot first remain hot (nobody's distance is shorter) and
 * are hits in each lap, and the others pass by.
 *
 * The line. Each round two things are counted. `returned`: pages that came back within a 16th of
 * memory's evictions, which so many frames more for passing pages would have saved. `kept`: hot
 * pages found used that were among the last 16th of memory in age, which so many frames fewer for
 * hot pages would have lost. The share of frames that passing pages have moves towards what gains
 * more. A return counts twice: it costs a transfer, where a use that was kept may have been one of
 * many. A scan or a loop lets passing pages sink to a 64th of memory; a program that moves on to
 * other pages lets them rise, and then this is a clock.
 *
 * Ages are counted in buckets, four for each doubling, in units of a 64th of memory or a little
 * less. Cost: a look is some comparisons, a round some hundred; a hand that looks only for a few
 * passing pages goes up to 128 pages far for one that goes.
 */
#include <quire/policy.h>

enum { NEW, PASSING, HOT, BACK }; /* the word's low bits; what is above them: */
#define TIME_BITS 30              /* of evictions: HOT when last used; BACK how long it was out */
#define TIME_MASK (UINT32_MAX >> (32 - TIME_BITS))

#define AGES 56

/* The policy's own words. */
enum {
    PASSING_TARGET, /* frames that passing pages shall have */
    HOT_COUNT,      /* hot pages now, about */
    LEAVE_AGE,      /* at this age hot pages go, while there are too many */
    ENTER_AGE,      /* pages with a shorter distance become hot */
    EDGE_AGE,       /* a hot page of this age would be lost with a 16th of memory less */
    RETURNED,       /* in this round */
    KEPT,           /* in this round */
    AGE_COUNT,      /* [AGE_COUNT + n]: hot pages by bucket of age that this round met */
};

static uint32_t now(const struct quire_policy_state *state)
{
    return __atomic_load_n(&state->evictions, __ATOMIC_RELAXED) & TIME_MASK;
}

static uint32_t make_word(uint32_t time, unsigned kind)
{
    return time << (32 - TIME_BITS) | kind;
}

/* ---- buckets of ages ---- */

/* Ages are shifted right by so much: a bucket is at least a 128th of memory wide. */
static unsigned unit_shift(uint32_t resident)
{
    unsigned bits = 31 - (unsigned)__builtin_clz(resident | 1);

    return bits > 6 ? bits - 6 : 0;
}

static unsigned bucket_of(uint32_t age, uint32_t resident)
{
    uint32_t units = age >> unit_shift(resident);
    unsigned bits, bucket;

    if (units < 4)
        return units;
    bits = 31 - (unsigned)__builtin_clz(units);
    bucket = (bits - 1) * 4 + ((units >> (bits - 2)) & 3);
    return bucket < AGES ? bucket : AGES - 1;
}

/* The lowest age of a bucket. */
static uint32_t age_of(unsigned bucket, uint32_t resident)
{
    uint32_t units = bucket < 4 ? bucket : (4 + bucket % 4) << (bucket / 4 - 1);
    unsigned shift = unit_shift(resident);

    return units < TIME_MASK >> shift ? units << shift : TIME_MASK;
}

/* The lowest age such that at most `count` hot pages, as the round met them, are older. */
static uint32_t age_of_oldest(const struct quire_policy_state *state, uint32_t count, bool inside)
{
    unsigned bucket = AGES - 1;
    uint32_t seen = 0;

    while (bucket > 0 && seen + state->own[AGE_COUNT + bucket] <= count)
        seen += state->own[AGE_COUNT + bucket--];
    return age_of(bucket + !inside, state->resident);
}

/* ---- rounds ---- */

static uint32_t least_passing(uint32_t resident)
{
    return resident / 64 + 4;
}

static void start(struct quire_policy_state *state)
{
    state->own[PASSING_TARGET] = state->resident / 2 + 1;
    state->own[LEAVE_AGE] = state->own[ENTER_AGE] = state->own[EDGE_AGE] = TIME_MASK;
}

/* Moves the line by up to the share of passing pages that it gives, and some frames more, so that
 * it leaves its lowest place. */
static void move_line(struct quire_policy_state *state)
{
    uint32_t resident = state->resident, passing = state->own[PASSING_TARGET];
    uint32_t least = least_passing(resident), most = resident - resident / 16;
    int32_t gain = 2 * (int32_t)state->own[RETURNED], loss = (int32_t)state->own[KEPT], share;
    int64_t moved;

    while (gain + loss > 1 << 20) {
        gain /= 2;
        loss /= 2;
    }
    share = 64 * (gain - loss) / (gain + loss + 16);
    moved = (int64_t)passing + (int64_t)(passing / 64) * share +
            ((int32_t)(passing % 64) + 32) * share / 64;
    if (moved > most)
        moved = most;
    state->own[PASSING_TARGET] = moved < least ? least : (uint32_t)moved;
}

static void round_ended(struct quire_policy_state *state)
{
    uint32_t hot = 0, wanted;

    move_line(state);
    for (unsigned i = 0; i < AGES; i++)
        hot += state->own[AGE_COUNT + i];
    wanted = state->resident > state->own[PASSING_TARGET]
                 ? state->resident - state->own[PASSING_TARGET]
                 : 0;
    state->own[HOT_COUNT] = hot;
    state->own[LEAVE_AGE] = hot > wanted ? age_of_oldest(state, hot - wanted, true) : TIME_MASK;
    state->own[ENTER_AGE] = age_of_oldest(state, hot / 64, true);
    state->own[EDGE_AGE] = age_of_oldest(state, state->resident / 16, false);
    for (unsigned i = 0; i < AGES; i++)
        state->own[AGE_COUNT + i] = 0;
    state->own[RETURNED] = state->own[KEPT] = 0;
}

/* ---- pages ---- */

/* What comes back is judged by the hand, when it comes there. */
static uint32_t arrive(const struct quire_policy_state *state, uint32_t distance, uint32_t time)
{
    (void)state;
    (void)time;
    if (distance == QUIRE_POLICY_NEVER)
        return NEW;
    return make_word(distance < TIME_MASK ? distance : TIME_MASK, BACK);
}

static void become_hot(struct quire_policy_state *state, uint32_t *word)
{
    *word = make_word(now(state), HOT);
    state->own[HOT_COUNT]++;
    state->own[AGE_COUNT]++;
}

/* So many hot pages there may be: `wanted` for those that fill free room; half of the passing
 * pages' room more for those that have earned it, until the oldest have left. */
static uint32_t hot_limit(const struct quire_policy_state *state, bool earned)
{
    uint32_t passing = state->own[PASSING_TARGET];
    uint32_t room = earned ? passing - passing / 2 : passing;

    return state->resident > room ? state->resident - room : 0;
}

static void look_at_returned(struct quire_policy_state *state, uint32_t *word)
{
    uint32_t away = *word >> (32 - TIME_BITS);
    bool earned = away + state->own[PASSING_TARGET] < state->own[ENTER_AGE];

    if (away <= state->resident / 16)
        state->own[RETURNED]++;
    if (state->own[HOT_COUNT] < hot_limit(state, earned))
        become_hot(state, word);
    else
        *word = make_word(0, PASSING);
}

static bool look_at_hot(struct quire_policy_state *state, struct quire_policy_page *page)
{
    uint32_t age = (now(state) - (*page->word >> (32 - TIME_BITS))) & TIME_MASK;

    if (page->accessed) {
        state->own[KEPT] += age >= state->own[EDGE_AGE];
        *page->word = make_word(now(state), HOT);
        age = 0;
    } else if ((age >= state->own[LEAVE_AGE] && state->own[HOT_COUNT] > hot_limit(state, false)) ||
               state->urgency > 2) {
        if (state->own[HOT_COUNT] > 0)
            state->own[HOT_COUNT]--;
        return true;
    }
    state->own[AGE_COUNT + bucket_of(age, state->resident)]++;
    return false;
}

static bool look(struct quire_policy_state *state, struct quire_policy_page *page)
{
    if (state->urgency > 4)
        return true;
    switch (*page->word % 4) {
    case NEW:
        *page->word = make_word(0, PASSING);
        return !page->accessed; /* it was read ahead, and not wanted until now */
    case BACK:
        if (page->accessed)
            look_at_returned(state, page->word);
        return !page->accessed;
    case PASSING:
        if (page->accessed && state->own[HOT_COUNT] < hot_limit(state, true))
            become_hot(state, page->word);
        return !page->accessed;
    default:
        return look_at_hot(state, page);
    }
}

const struct quire_policy quire_policy_tide = {
    .name = "tide",
    .idea = "keeps a hot set by the distance between uses; room for passing pages is learned",
    .start = start,
    .round = round_ended,
    .arrive = arrive,
    .look = look,
};
