/* What becomes of a trace's references with so many frames: by the library's policies, and by OPT,
 * which knows the future. */
#ifndef TOOLS_STUDY_REPLAY_H
#define TOOLS_STUDY_REPLAY_H

#include <quire/policy.h>

#include "trace.h"

struct outcome {
    uint64_t faults;
    uint64_t writebacks; /* dirty pages that had to leave */
};

/*
 * On-line policies take one event after the other. window: virtual time for policies that have one,
 * in references; 0: their own choice.
 */
struct replay *replay_begin(const struct quire_policy *policy, uint32_t frames, uint32_t window,
                            uint64_t seed);
void replay_event(struct replay *replay, const struct event *event);
/* Frees it. */
void replay_end(struct replay *replay, struct outcome *out);

/* All of a trace that was kept. */
void replay_policy(const struct trace *trace, const struct quire_policy *policy, uint32_t frames,
                   uint32_t window, uint64_t seed, struct outcome *out);

/* Belady's optimum: what is used last goes. next: made once per trace by replay_next_uses. */
void replay_optimum(const struct trace *trace, const uint32_t *next, uint32_t frames,
                    struct outcome *out);
/* For each event the number of the next one of the same page; UINT32_MAX: none. Caller frees. */
uint32_t *replay_next_uses(const struct trace *trace);

/*
 * Different pages used in the last `window` references, noted after each `step` of them. The step
 * doubles as often as needed for WORKING_SET_POINTS points at most.
 */
#define WORKING_SET_POINTS 800

struct working_set {
    uint64_t window, step;
    uint32_t size[WORKING_SET_POINTS];
    size_t points;
    struct working_set_pages *pages; /* while events come */
};

void working_set_begin(struct working_set *set, uint64_t window);
void working_set_event(struct working_set *set, const struct event *event);
void working_set_end(struct working_set *set);

#endif
