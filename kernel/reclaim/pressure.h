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

/* What /proc/pressure shows of an average: whole percents, and hundredths. */
#define PRESSURE_PERCENT(average)    ((average) >> 11)
#define PRESSURE_HUNDREDTHS(average) ((((average)&2047) * 100) >> 11)

#endif
