/*
 * How much time is lost because something is short: /proc/pressure. See pressure.c.
 */
#ifndef KERNEL_RECLAIM_PRESSURE_H
#define KERNEL_RECLAIM_PRESSURE_H

#include <stdbool.h>
#include <stdint.h>

enum pressure_resource { PRESSURE_IO, PRESSURE_MEMORY, PRESSURE_CPU, PRESSURE_RESOURCES };

/* The running thread waits, or works, for want of memory from now on; or no more. Pairs nest. */
void pressure_stall(bool begins);
/* The running thread is about to sleep for a device; or it is done. Pairs nest. */
void pressure_io(bool begins);

/* For the scheduler, interrupts off: a thread can run from now on, or sleeps. */
struct thread;
void pressure_runs(struct thread *thread);
void pressure_sleeps(struct thread *thread);
/* Every timer tick. */
void pressure_tick(uint64_t ticks);

/* Averages in 2048ths of a percent over 10, 60 and 300 seconds; nanoseconds. */
struct pressure_figures {
    unsigned long average[3];
    uint64_t total;
};
/* full: nobody could do anything else. */
void pressure_figures(enum pressure_resource resource, bool full, struct pressure_figures *out);

/*
 * Triggers: somebody wants to know when a state held for `threshold` ns within a window of so many.
 * At most one event per window.
 */
struct pressure_trigger;
/* -EINVAL: the window is not between 0.5 and 10 s, or shorter than the threshold; -ENOMEM. */
int pressure_trigger_create(enum pressure_resource resource, bool full, uint64_t threshold,
                            uint64_t window, struct pressure_trigger **out);
void pressure_trigger_destroy(struct pressure_trigger *trigger);
/* Whether it happened; then it has not, until it happens again. */
bool pressure_trigger_take(struct pressure_trigger *trigger);
struct wait_queue *pressure_trigger_queue(struct pressure_trigger *trigger);

/* What /proc/pressure shows of an average: whole percents, and hundredths. */
#define PRESSURE_PERCENT(average)    ((average) >> 11)
#define PRESSURE_HUNDREDTHS(average) ((((average)&2047) * 100) >> 11)

#endif
