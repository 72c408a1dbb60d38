/*
 * Tide: the page goes that is least worth its frame, as far as the past tells.
 *
 * Clocks approximate least recently used, and lose everything where a program goes around in a loop
 * that is larger than memory, or scans past its hot set. Policies that know better (LIRS, ARC,
 * CLOCK-Pro) have a rule for each such case. This one has none: it counts how long pages of each
 * habit wait for their next use, and takes the page whose wait promises least. The idea is that of
 * Gittins' index (1979) and of hit density in caches (Beckmann, Chen and Cidon, LHD, 2018), for a
 * hand that sees accessed bits now and then.
 *
 * Time is counted in evictions: that is what a page in memory costs another. The word of a page
 * holds when it was found used last, and its habit. It stays with the page's slot when the page
 * goes, so that one that returns tells how long it was not used, whether or not it was in memory
 * all the while. What is learned therefore does not depend on what was evicted.
 *
 *   habit    0: never seen used again. Otherwise the logarithm of the times between its uses, each
 *            new one counted half: 1 is a 16th of memory's evictions or less, 7 several memories
 *   age      evictions since its last use, in buckets, four for each doubling
 *
 * For each habit are counted: waits that began, and uses by age. So of the pages that reach an age,
 * it is known how many are used at that age, and how many wait on. A page at some age, if it is
 * kept up to a later age, gives so many uses and takes so much time of a frame:
 *
 *   worth    = the greatest quotient of the two, over all later ages
 *
 * That is one rule for all cases. Where recent use promises use, worth falls with age: this is
 * least recently used. In a loop all wait equally long, and worth rises with age: who came last
 * goes, and so a part of the loop stays. Pages of a scan have a habit that promises nothing. Habits
 * with short waits stay longer, but not for ever.
 *
 * The hand takes a 32nd of memory a round, those of least worth: after each round the cells (a
 * habit at an age) are gone through by worth until the pages met in them suffice. Of the last cell
 * a share goes, evenly spread. Before anything is known, each habit is given some uses, as many for
 * each doubling of age, by which it is least recently used.
 *
 * Waits that have not ended say nothing yet. So until as many pages have gone as memory holds, this
 * is a clock that counts.
 *
 * What brought a page used it, so its accessed bit says nothing at the first look. What is not
 * accessed then was read ahead and not wanted until now: it goes.
 *
 * What it costs: up to 32 looks for a page that goes; 5 KiB of counts; the arithmetic of a round,
 * about a division for each cell, not more often than each 32 evictions. What it does not know:
 * pages of objects, whose return nobody notes, come back as strangers. Where only the recent
 * past counts the clocks are a few percent better.
 */
#include <quire/policy.h>

enum { NEW, BACK, SEEN }; /* the word's low bits */
#define HABIT_SHIFT 2     /* above them the habit */
#define TIME_SHIFT  5     /* above it: SEEN, when it was used; BACK, the bucket of its wait */
#define TIME_MASK   (UINT32_MAX >> TIME_SHIFT)

#define HABITS 8
#define AGES   36
#define CELLS  (HABITS * AGES)

/* A round shall take one page in so many. */
#define ROUND_SHARE 32
/* Uses that each habit is given at first: one for so many pages of memory. */
#define FIRST_SHARE 16

struct tide {
    uint32_t unit;       /* logarithm of the width of the first buckets */
    uint32_t cut, share; /* what is worth less goes, and of the same so many of 2^16 */
    uint32_t spread;     /* of the shares, what is left over */
    uint32_t faded;      /* when the counts were last made smaller */
    uint32_t began;      /* when it was started, */
    uint32_t knows;      /* and whether as many pages went since as there are */
    uint32_t learned;    /* when worth was last found out */
    uint32_t waits[HABITS];
    uint32_t uses[CELLS];  /* by habit, then age */
    uint32_t met[CELLS];   /* pages in this round */
    uint32_t worth[CELLS]; /* uses for a unit of time, times 2^28 */
    uint32_t order[CELLS]; /* the cells by worth */
};

_Static_assert(sizeof(struct tide) <= sizeof(((struct quire_policy_state *)NULL)->own),
               "the state has room");

static struct tide *tide_of(struct quire_policy_state *state)
{
    return (struct tide *)state->own;
}

static uint32_t now(const struct quire_policy_state *state)
{
    return __atomic_load_n(&state->evictions, __ATOMIC_RELAXED) & TIME_MASK;
}

static uint32_t make_word(uint32_t time, unsigned habit, unsigned kind)
{
    return time << TIME_SHIFT | habit << HABIT_SHIFT | kind;
}

static unsigned log2_of(uint32_t value)
{
    return 31 - (unsigned)__builtin_clz(value | 1);
}

/* ---- ages and habits ---- */

static unsigned bucket_of(uint32_t age, unsigned unit)
{
    uint32_t units = age >> unit;
    unsigned bits = log2_of(units), bucket;

    if (units < 4)
        return units;
    bucket = (bits - 1) * 4 + ((units >> (bits - 2)) & 3);
    return bucket < AGES ? bucket : AGES - 1;
}

static uint32_t width_of(unsigned bucket)
{
    return bucket < 8 ? 1 : 1u << (bucket / 4 - 1);
}

/* After a wait of that length; half of what was known stays. Rounds towards the new. */
static unsigned next_habit(unsigned habit, unsigned bucket)
{
    unsigned wait = bucket / 4 + 1 < HABITS ? bucket / 4 + 1 : HABITS - 1;

    return habit == 0 ? wait : (habit + wait + (wait > habit)) / 2;
}

/* ---- what is learned ---- */

/* One use or wait: more than 1, so that counts fade smoothly. */
static uint32_t weight_of_one(const struct quire_policy_state *state)
{
    unsigned bits = log2_of(state->resident);

    return bits > 24 ? 1 : bits < 16 ? 256 : 1u << (24 - bits);
}

static void count(uint32_t *counter, uint32_t weight)
{
    if (*counter < UINT32_MAX / 2)
        *counter += weight;
}

/* A wait has ended at that age, and the next begins. Returns the new habit. */
static unsigned note_use(struct quire_policy_state *state, unsigned habit, unsigned bucket)
{
    struct tide *tide = tide_of(state);
    uint32_t weight = weight_of_one(state);

    count(&tide->uses[habit * AGES + bucket], weight);
    habit = next_habit(habit, bucket);
    count(&tide->waits[habit], weight);
    return habit;
}

static uint32_t faded(uint32_t counter)
{
    return counter - (counter + 15) / 16;
}

/* A 16th of what is known is forgotten with each quarter of memory that goes. */
static void fade(struct quire_policy_state *state)
{
    struct tide *tide = tide_of(state);
    uint32_t step = state->resident / 4 + 1;

    for (unsigned times = 0; ((now(state) - tide->faded) & TIME_MASK) >= step; times++) {
        tide->faded = times < 32 ? tide->faded + step : now(state);
        for (unsigned habit = 0; habit < HABITS; habit++)
            tide->waits[habit] = faded(tide->waits[habit]);
        for (unsigned cell = 0; cell < CELLS; cell++)
            tide->uses[cell] = faded(tide->uses[cell]);
    }
}

/* a / b, times 2^28, to 14 bits; b is not 0. */
static uint32_t quotient(uint64_t a, uint64_t b)
{
    int up = __builtin_clzll(a | 1) - 33, down = 48 - __builtin_clzll(b), shift;
    uint32_t a31 = (uint32_t)(up >= 0 ? a << up : a >> -up);
    uint32_t b16 = (uint32_t)(down >= 0 ? b >> down : b << -down);

    if (a == 0)
        return 0;
    shift = 28 - up - down;
    if (shift > 15)
        return UINT32_MAX;
    return shift >= 0 ? a31 / b16 << shift : shift > -32 ? a31 / b16 >> -shift : 0;
}

/*
 * The worth of a habit's ages. From the oldest on, stretches of ages are kept for which it pays to
 * stay to their end and not longer: a younger age takes in the stretches after it as long as they
 * are worth more than it is with what it has. (The hull of uses over time, seen from each age.)
 */
static void find_worth(struct tide *tide, unsigned habit, uint32_t given)
{
    struct {
        uint64_t uses, time;
        uint32_t worth;
    } stretch[AGES];
    const uint32_t *uses = &tide->uses[habit * AGES];
    uint64_t waiting, sum = 0;
    unsigned count = 0;

    for (unsigned age = 0; age < AGES; age++)
        sum += uses[age] + given;
    waiting = (uint64_t)tide->waits[habit] + 2ull * AGES * given;
    waiting = waiting > sum ? waiting - sum : 0; /* beyond the last age */
    for (unsigned age = AGES; age-- > 0;) {
        uint64_t here = uses[age] + given;
        uint64_t time = (2 * waiting + here) * width_of(age) + 1; /* on average half have gone */
        uint32_t worth = quotient(2 * here, time);

        waiting += here;
        while (count > 0 && stretch[count - 1].worth >= worth) {
            count--;
            here += stretch[count].uses;
            time += stretch[count].time;
            worth = quotient(2 * here, time);
        }
        stretch[count].uses = here;
        stretch[count].time = time;
        stretch[count++].worth = worth;
        tide->worth[habit * AGES + age] = worth;
    }
}

/* By insertion: from one time to the next the order hardly changes. */
static void sort_cells(struct tide *tide)
{
    for (unsigned i = 1; i < CELLS; i++) {
        uint32_t cell = tide->order[i];
        unsigned at = i;

        for (; at > 0 && tide->worth[tide->order[at - 1]] > tide->worth[cell]; at--)
            tide->order[at] = tide->order[at - 1];
        tide->order[at] = cell;
    }
}

static void learn(struct quire_policy_state *state)
{
    struct tide *tide = tide_of(state);
    uint32_t memory = (state->resident + FIRST_SHARE) * weight_of_one(state);

    for (unsigned habit = 0; habit < HABITS; habit++)
        find_worth(tide, habit, memory / (FIRST_SHARE * 2 * AGES) + 1);
    sort_cells(tide);
    tide->learned = now(state);
}

/* ---- rounds ---- */

/* Buckets are a 32nd to a 64th of memory wide; near the border as they are. */
static void choose_unit(struct quire_policy_state *state)
{
    struct tide *tide = tide_of(state);
    unsigned bits = log2_of(state->resident), wanted = bits > 5 ? bits - 5 : 0;

    if (wanted != tide->unit &&
        (wanted > tide->unit || 2 * (uint64_t)state->resident < (uint64_t)3 << bits))
        __atomic_store_n(&tide->unit, wanted, __ATOMIC_RELAXED);
}

static void choose_cut(struct quire_policy_state *state)
{
    struct tide *tide = tide_of(state);
    uint32_t wanted = state->resident / ROUND_SHARE + 1, seen = 0;

    for (unsigned i = 0; i < CELLS; i++) {
        uint32_t cell = tide->order[i], met = tide->met[cell];

        if (met == 0)
            continue;
        tide->cut = tide->worth[cell];
        if (seen + met >= wanted) {
            unsigned down = log2_of(met) > 15 ? log2_of(met) - 15 : 0;

            tide->share = ((wanted - seen) >> down << 16) / (met >> down);
            break;
        }
        seen += met;
        tide->share = 1 << 16;
    }
}

static void start(struct quire_policy_state *state)
{
    struct tide *tide = tide_of(state);
    unsigned bits = log2_of(state->resident);

    __atomic_store_n(&tide->unit, bits > 5 ? bits - 5 : 0, __ATOMIC_RELAXED);
    tide->faded = tide->began = now(state);
    for (unsigned cell = 0; cell < CELLS; cell++)
        tide->order[cell] = cell;
    learn(state);
}

static void round_ended(struct quire_policy_state *state)
{
    struct tide *tide = tide_of(state);

    choose_unit(state);
    if (((now(state) - tide->began) & TIME_MASK) >= state->resident)
        tide->knows = true;
    fade(state);
    if (((now(state) - tide->learned) & TIME_MASK) >= ROUND_SHARE)
        learn(state);
    choose_cut(state);
    for (unsigned cell = 0; cell < CELLS; cell++)
        tide->met[cell] = 0;
}

/* ---- pages ---- */

/* What comes back is judged by the hand, when it comes there. */
static uint32_t arrive(const struct quire_policy_state *state, uint32_t word, uint32_t time)
{
    const struct tide *tide = (const struct tide *)state->own;
    uint32_t wait = (now(state) - (word >> TIME_SHIFT)) & TIME_MASK;

    (void)time;
    if (word % 4 != SEEN)
        return NEW;
    return make_word(bucket_of(wait, __atomic_load_n(&tide->unit, __ATOMIC_RELAXED)),
                     word >> HABIT_SHIFT & (HABITS - 1), BACK);
}

/* Of those that are worth as much as the last that must go, every so many-th goes. */
static bool goes(struct quire_policy_state *state, unsigned cell, bool accessed)
{
    struct tide *tide = tide_of(state);
    uint32_t worth = tide->worth[cell];

    tide->met[cell]++;
    if (!tide->knows)
        return !accessed || state->urgency > 2;
    if (worth != tide->cut)
        return worth < tide->cut || state->urgency > 2;
    tide->spread += tide->share;
    if (tide->spread < 1 << 16)
        return state->urgency > 1;
    tide->spread -= 1 << 16;
    return true;
}

static bool look(struct quire_policy_state *state, struct quire_policy_page *page)
{
    struct tide *tide = tide_of(state);
    unsigned habit = *page->word >> HABIT_SHIFT & (HABITS - 1), kind = *page->word % 4;
    uint32_t time = *page->word >> TIME_SHIFT;
    unsigned bucket = 0;

    if (kind == SEEN && !page->accessed) {
        bucket = bucket_of((now(state) - time) & TIME_MASK, tide->unit);
    } else {
        if (kind == SEEN) {
            habit = note_use(state, habit, bucket_of((now(state) - time) & TIME_MASK, tide->unit));
        } else if (!page->accessed) {
            return true;
        } else if (kind == BACK) {
            habit = note_use(state, habit, time < AGES ? time : AGES - 1);
        } else {
            habit = 0;
            count(&tide->waits[0], weight_of_one(state));
        }
        *page->word = make_word(now(state), habit, SEEN);
    }
    return goes(state, habit * AGES + bucket, page->accessed);
}

const struct quire_policy quire_policy_tide = {
    .name = "tide",
    .idea = "what is worth its frame least goes, learned from how long pages wait for their use",
    .start = start,
    .round = round_ended,
    .arrive = arrive,
    .look = look,
};
