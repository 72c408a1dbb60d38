#ifndef KERNEL_X86_TIME_H
#define KERNEL_X86_TIME_H

#include "core/compiler.h"

struct trap_frame;

#define NANOSECONDS_PER_SECOND ((uint64_t)1000000000)

/* Ticks per second of the periodic interrupt. */
#define TIMER_HZ 250

/* Nanoseconds since boot, never backwards. From the time stamp counter. Any context. */
uint64_t clock_monotonic_ns(void);

/* Nanoseconds since 1970 (UTC), from the RTC at boot plus the monotonic clock. Any context. */
uint64_t clock_realtime_ns(void);

/* Sets the wall clock (settimeofday, clock_settime). */
void clock_set_realtime_ns(uint64_t now);

/* Ticks of the time stamp counter per second, as measured. */
uint64_t clock_tsc_hz(void);

/* Busy wait, for device bring-up. */
void clock_delay_ns(uint64_t nanoseconds);

/*
 * One-shot timers. The function is called once, in interrupt context with interrupts off, at the
 * first tick at or after the deadline; it may start timers, this one included. The structure is the
 * caller's and must stay while the timer is armed. Zero-fill it first.
 */
struct timer {
    struct timer *next, **link; /* list sorted by deadline; link is NULL while not armed */
    uint64_t deadline;          /* clock_monotonic_ns() */
    void (*function)(void *argument);
    void *argument;
};

void timer_add(struct timer *timer, uint64_t deadline_ns, void (*function)(void *), void *argument);

/* True when it was armed: its function will not be called any more. */
bool timer_cancel(struct timer *timer);

static inline bool timer_armed(const struct timer *timer)
{
    return __atomic_load_n(&timer->link, __ATOMIC_ACQUIRE) != NULL;
}

/* Supplied by the scheduler: called TIMER_HZ times a second with interrupts off. */
void timer_tick(struct trap_frame *frame);

void time_init(void);

#endif
