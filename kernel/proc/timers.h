#ifndef KERNEL_PROC_TIMERS_H
#define KERNEL_PROC_TIMERS_H

#include "proc/process.h"

enum { INTERVAL_REAL, INTERVAL_VIRTUAL, INTERVAL_PROFILE };

/* Of the running process, in ns; a value of 0 turns it off. What was left and the interval that was
 * set come back. */
void interval_timer_get(int which, uint64_t *out_left, uint64_t *out_interval);
void interval_timer_set(int which, uint64_t value, uint64_t interval, uint64_t *out_left,
                        uint64_t *out_interval);

/* timer_create's objects. */
struct posix_timer_spec {
    int clock;
    bool notify; /* false: SIGEV_NONE */
    int signo;
    int tid;          /* SIGEV_THREAD_ID: this thread; else 0 */
    uint64_t value;   /* sigev_value */
    bool value_is_id; /* no sigevent was given: the value is the timer's number */
};

/* The new timer's number >= 0, -EAGAIN, -ENOMEM. */
int posix_timer_create(const struct posix_timer_spec *spec);
/* Absolute deadlines are on the timer's clock. -EINVAL: no such timer. */
int posix_timer_set(int id, bool absolute, uint64_t value, uint64_t interval, uint64_t *out_left,
                    uint64_t *out_interval);
int posix_timer_get(int id, uint64_t *out_left, uint64_t *out_interval);
int posix_timer_overrun(int id);
int posix_timer_delete(int id);

/* Linux's clock numbers; ns. -EINVAL for a clock that does not exist. */
enum {
    CLOCK_REALTIME = 0,
    CLOCK_MONOTONIC,
    CLOCK_PROCESS_CPUTIME_ID,
    CLOCK_THREAD_CPUTIME_ID,
    CLOCK_MONOTONIC_RAW,
    CLOCK_REALTIME_COARSE,
    CLOCK_MONOTONIC_COARSE,
    CLOCK_BOOTTIME,
    CLOCK_REALTIME_ALARM,
    CLOCK_BOOTTIME_ALARM,
    CLOCK_TAI = 11,
};
int clock_read(int clock, uint64_t *out_ns);
bool clock_is_realtime(int clock);

/* RLIMIT_CPU or a CPU timer was set. */
void cpu_timers_update(struct process *process);

#endif
