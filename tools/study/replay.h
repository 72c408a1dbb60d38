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

/* window: virtual time for policies that have one, in references; 0: their own choice. */
void replay_policy(const struct trace *trace, const struct quire_policy *policy, uint32_t frames,
                   uint32_t window, uint64_t seed, struct outcome *out);

/* Belady's optimum: what is used last goes. next: made once per trace by replay_next_uses. */
void replay_optimum(const struct trace *trace, const uint32_t *next, uint32_t frames,
                    struct outcome *out);
/* For each event the number of the next one of the same page; UINT32_MAX: none. Caller frees. */
uint32_t *replay_next_uses(const struct trace *trace);

/* Different pages used in the last `window` references, at `points` moments of equal distance. */
void replay_working_set(const struct trace *trace, uint64_t window, uint32_t *out, size_t points);

#endif
