/*
 * Pressure: the share of time that is lost for want of memory, of a device, of the CPU. Meaning,
 * figures and arithmetic are those of Linux's pressure stall information.
 *
 * Concepts. A thread stalls on memory while it takes pages out itself, or waits for a page that
 * would be there if there were more memory (the library says when: quire_hook_stall). "Some": at
 * least one thread stalls. "Full": one does, and whoever runs or could run does nothing but stall.
 * Waiting for a device is counted likewise; a thread that could run and has no CPU stalls on that.
 *
 * Four counts say all this: threads that can run; that stall on memory; that do both; that sleep
 * for a device. They change when threads begin or end to stall, wake and sleep. The six states
 * follow from them; only when one changes is the clock read. A state that begins takes the time off
 * its total, one that ends puts it on: so a total needs no look while its state holds.
 *
 * Nobody stalls and nobody waits for a device most of the time, and threads wake and sleep many
 * thousand times a second: then a change is a count and, from one thread that can run to two or
 * back, the clock.
 *
 * Averages decay exponentially. Every two seconds the time that each state held since the last time
 * is a sample; periods without a look (the machine slept) count as samples of 0.
 *
 * Locking: everything with interrupts off; one CPU runs.
 */
#include "reclaim/pressure.h"

#include <quire/hooks.h>

#include "core/compiler.h"
#include "core/memory.h"
#include "linux/errno.h"
#include "proc/scheduler.h"
#include "x86/interrupt.h"
#include "x86/time.h"

#define STATES              (2 * PRESSURE_RESOURCES) /* some and full of each */
#define BIT(resource, full) (1u << (2 * (resource) + (full)))

#define FIXED_SHIFT 11
#define FIXED_ONE   (1ul << FIXED_SHIFT)

/* Samples are taken every 2 s and a tick, as on Linux: not in step with what happens each second.
 */
#define PERIOD_TICKS (2 * TIMER_HZ + 1)
#define PERIOD_NS    ((uint64_t)PERIOD_TICKS * (NANOSECONDS_PER_SECOND / TIMER_HZ))

static struct {
    unsigned running, stalled, stalled_running, waiting; /* threads; the boot thread runs */
    unsigned states;
    uint64_t total[STATES]; /* less the time when it began, for a state that holds: total_until() */
    uint64_t sampled[STATES]; /* of the total, what is in the averages */
    uint64_t last_sample, next_sample;
    uint64_t next_tick;
    unsigned long average[STATES][3];
    struct list triggers;
} pressure = {.running = 1, .triggers = LIST_INIT(pressure.triggers)};

struct pressure_trigger {
    struct list node;
    unsigned state;
    uint64_t threshold, window;
    uint64_t start, start_total; /* of the window that runs */
    uint64_t growth;             /* in the one before */
    uint64_t last;               /* event */
    bool happened;
    struct wait_queue queue;
};

/* ---- states ---- */

static unsigned current_states(void)
{
    unsigned states = 0;

    if (unlikely(pressure.stalled != 0)) {
        states |= BIT(PRESSURE_MEMORY, 0);
        if (pressure.running == pressure.stalled_running)
            states |= BIT(PRESSURE_MEMORY, 1);
    }
    if (unlikely(pressure.waiting != 0)) {
        states |= BIT(PRESSURE_IO, 0);
        if (pressure.running == 0)
            states |= BIT(PRESSURE_IO, 1);
    }
    if (pressure.running > 1)
        states |= BIT(PRESSURE_CPU, 0);
    return states;
}

static uint64_t total_until(unsigned state, uint64_t now)
{
    return pressure.total[state] + (pressure.states >> state & 1 ? now : 0);
}

static void counts_changed(void)
{
    unsigned states = current_states(), changed = states ^ pressure.states;
    uint64_t now;

    if (changed == 0)
        return;
    now = clock_monotonic_ns();
    pressure.states = states;
    for (; changed != 0; changed &= changed - 1) {
        unsigned state = (unsigned)__builtin_ctz(changed);

        pressure.total[state] += states >> state & 1 ? -now : now;
    }
}

/* Then only that of the CPU can be a state that holds, or comes to. */
static bool nobody_waits(const struct thread *thread)
{
    return likely((pressure.stalled | pressure.waiting | thread->io_waits) == 0);
}

void pressure_runs(struct thread *thread)
{
    unsigned before = pressure.running++;

    if (nobody_waits(thread)) {
        if (before == 1) {
            pressure.states = BIT(PRESSURE_CPU, 0);
            pressure.total[2 * PRESSURE_CPU] -= clock_monotonic_ns();
        }
        return;
    }
    pressure.stalled_running += thread->stalls != 0;
    pressure.waiting -= thread->io_waits != 0;
    counts_changed();
}

void pressure_sleeps(struct thread *thread)
{
    unsigned left = --pressure.running;

    if (nobody_waits(thread)) {
        if (left == 1) {
            pressure.states = 0;
            pressure.total[2 * PRESSURE_CPU] += clock_monotonic_ns();
        }
        return;
    }
    pressure.stalled_running -= thread->stalls != 0;
    pressure.waiting += thread->io_waits != 0;
    counts_changed();
}

void pressure_stall(bool begins)
{
    struct thread *thread = current_thread();
    unsigned long flags = interrupts_save();

    if (begins && thread->stalls++ == 0) {
        pressure.stalled++;
        pressure.stalled_running++;
        counts_changed();
    } else if (!begins && --thread->stalls == 0) {
        pressure.stalled--;
        pressure.stalled_running--;
        counts_changed();
    }
    interrupts_restore(flags);
}

/* Counted when the thread leaves the CPU, and no more when it can run again. */
void pressure_io(bool begins)
{
    struct thread *thread = current_thread();

    if (begins)
        thread->io_waits++;
    else
        thread->io_waits--;
}

void quire_hook_stall(struct quire *q, bool begins)
{
    (void)q;
    pressure_stall(begins);
}

/* ---- averages ---- */

/* One step of an average whose weight for what was is `decay` of FIXED_ONE. Rounded up on the way
 * up, so that it reaches what it tends to. */
static unsigned long step(unsigned long average, unsigned long decay, unsigned long sample)
{
    unsigned long next = average * decay + sample * (FIXED_ONE - decay);

    if (sample >= average)
        next += FIXED_ONE - 1;
    return next / FIXED_ONE;
}

/* decay to the n-th power, in fixed point: squared, and multiplied where n has a bit. */
static unsigned long power(unsigned long decay, uint64_t n)
{
    unsigned long result = FIXED_ONE;

    for (; n != 0; n >>= 1) {
        if (n & 1)
            result = (result * decay + FIXED_ONE / 2) >> FIXED_SHIFT;
        decay = (decay * decay + FIXED_ONE / 2) >> FIXED_SHIFT;
    }
    return result;
}

static void add_sample(unsigned state, uint64_t now, uint64_t missed, uint64_t period)
{
    /* exp(-2/10), exp(-2/60), exp(-2/300) */
    static const unsigned long decay[3] = {1677, 1981, 2034};
    uint64_t sample = total_until(state, now) - pressure.sampled[state];
    unsigned long percent;

    if (sample > period)
        sample = period; /* the rest belongs to the next one */
    pressure.sampled[state] += sample;
    percent = (unsigned long)(sample * 100 / period) * FIXED_ONE;
    for (unsigned i = 0; i < 3; i++) {
        if (missed != 0)
            pressure.average[state][i] =
                step(pressure.average[state][i], power(decay[i], missed), 0);
        pressure.average[state][i] = step(pressure.average[state][i], decay[i], percent);
    }
}

/* Interrupts off. */
static void update(uint64_t now)
{
    uint64_t missed = 0, period;

    if (now < pressure.next_sample)
        return;
    if (now - pressure.next_sample >= PERIOD_NS)
        missed = (now - pressure.next_sample) / PERIOD_NS;
    period = now - (pressure.last_sample + missed * PERIOD_NS);
    pressure.next_sample += (1 + missed) * PERIOD_NS;
    pressure.last_sample = now;
    for (unsigned i = 0; i < STATES; i++)
        add_sample(i, now, missed, period);
}

/* ---- triggers ---- */

/* The window slides: of the one before, the part counts that the running one does not cover yet. */
static void look_at_trigger(struct pressure_trigger *trigger, uint64_t now)
{
    uint64_t total = total_until(trigger->state, now), elapsed = now - trigger->start;
    uint64_t growth = total - trigger->start_total;

    if (elapsed > trigger->window) {
        trigger->start = now;
        trigger->start_total = total;
        trigger->growth = growth;
    } else {
        growth += trigger->growth / 1000 * ((trigger->window - elapsed) / 1000) /
                  (trigger->window / 1000000);
    }
    if (growth < trigger->threshold || now < trigger->last + trigger->window)
        return;
    trigger->last = now;
    __atomic_store_n(&trigger->happened, true, __ATOMIC_RELEASE);
    wake_all(&trigger->queue);
}

static void look_at_triggers(void)
{
    uint64_t now = clock_monotonic_ns();

    list_for_each(node, &pressure.triggers)
        look_at_trigger(container_of(node, struct pressure_trigger, node), now);
}

int pressure_trigger_create(enum pressure_resource resource, bool full, uint64_t threshold,
                            uint64_t window, struct pressure_trigger **out)
{
    struct pressure_trigger *trigger;
    unsigned long flags;

    if (window < NANOSECONDS_PER_SECOND / 2 || window > 10 * NANOSECONDS_PER_SECOND ||
        threshold == 0 || threshold > window)
        return -EINVAL;
    trigger = kernel_alloc_zeroed(sizeof *trigger);
    if (!trigger)
        return -ENOMEM;
    trigger->state = 2 * resource + full;
    trigger->threshold = threshold;
    trigger->window = window;
    wait_queue_init(&trigger->queue);
    flags = interrupts_save();
    trigger->start = clock_monotonic_ns();
    trigger->start_total = total_until(trigger->state, trigger->start);
    list_add_tail(&pressure.triggers, &trigger->node);
    interrupts_restore(flags);
    *out = trigger;
    return 0;
}

void pressure_trigger_destroy(struct pressure_trigger *trigger)
{
    unsigned long flags = interrupts_save();

    list_remove(&trigger->node);
    interrupts_restore(flags);
    kernel_free(trigger);
}

bool pressure_trigger_take(struct pressure_trigger *trigger)
{
    return __atomic_exchange_n(&trigger->happened, false, __ATOMIC_ACQ_REL);
}

struct wait_queue *pressure_trigger_queue(struct pressure_trigger *trigger)
{
    return &trigger->queue;
}

/* ---- time ---- */

void pressure_tick(uint64_t ticks)
{
    if (unlikely(!list_empty(&pressure.triggers)))
        look_at_triggers();
    if (likely(ticks < pressure.next_tick))
        return;
    pressure.next_tick = ticks + PERIOD_TICKS;
    update(clock_monotonic_ns());
}

void pressure_figures(enum pressure_resource resource, bool full, struct pressure_figures *out)
{
    unsigned state = 2 * resource + full;
    unsigned long flags = interrupts_save();
    uint64_t now = clock_monotonic_ns();

    update(now);
    for (unsigned i = 0; i < 3; i++)
        out->average[i] = pressure.average[state][i];
    out->total = total_until(state, now);
    interrupts_restore(flags);
}
