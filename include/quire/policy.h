/*
 * quire/policy.h, layer 5: which page leaves when memory is short?
 *
 * A hand goes around over all resident pages, space by space in the order of addresses, then over
 * the objects. At each page it asks the policy, which says whether the page goes. A policy is shown
 * what the hardware knows (was the page used since the hand was here last?) and one word per page
 * that it may fill as it likes; it keeps no lists, so pages cost nothing while memory is plenty.
 * The same policies run in the kernel, on the simulated machine and on recorded traces (sim/).
 *
 * Words. 0: the page is new, the hand has not been there since it came. When a page goes to a slot
 * its word stays with the slot, and `arrive` makes of it the word of the page that comes back.
 *
 * Context: calls for one state never overlap; nothing sleeps, allocates or locks.
 */
#ifndef QUIRE_POLICY_H
#define QUIRE_POLICY_H

#include <quire/types.h>

struct quire_policy_state {
    uint32_t
        evictions;    /* pages that left so far; a clock that stands still while memory is plenty */
    uint32_t round;   /* how often the hand has come around */
    uint32_t urgency; /* rounds in a row in which too little left: scruples go */
    uint32_t resident;  /* pages that the hand met in its last round; at first: frames there are */
    uint32_t window;    /* of time, for policies that have one; the embedder may set it */
    uint64_t random;    /* state of a generator; the embedder may seed it */
    uint32_t own[1200]; /* the policy's */
};

/* What the hand finds. */
struct quire_policy_page {
    uint32_t *word;
    uint32_t time; /* virtual time of the space (how long it has run), in units of the window */
    bool accessed; /* since the last look; the bit is clear again */
    bool dirty;    /* it will have to be written before its frame is free */
};

struct quire_policy {
    const char *name;
    const char *idea; /* one line, for people */
    /* The state is new, or was another policy's: every page's word is 0, or means nothing. NULL:
     * nothing to do. */
    void (*start)(struct quire_policy_state *state);
    /* The hand has come around. NULL: nothing to do. */
    void (*round)(struct quire_policy_state *state);
    /* The word of a page that comes, from the one that it went with; 0: it is not known to have
     * been here, or had none. NULL: 0. May be called at any time, from any CPU. */
    uint32_t (*arrive)(const struct quire_policy_state *state, uint32_t word, uint32_t time);
    /* True: the page goes. */
    bool (*look)(struct quire_policy_state *state, struct quire_policy_page *page);
};

extern const struct quire_policy quire_policy_fifo, quire_policy_clock, quire_policy_aging,
    quire_policy_wsclock, quire_policy_random, quire_policy_tide;

/* For whoever moves the hand: it has come around, met so many pages, and so many of them went. */
void quire_policy_end_round(const struct quire_policy *policy, struct quire_policy_state *state,
                            uint32_t met, uint32_t taken);

/* All of them, ending with NULL; and by name, NULL: there is none. */
extern const struct quire_policy *const quire_policies[];
const struct quire_policy *quire_policy_find(const char *name);

#endif
