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
 * follow from them; only when one changes is the clock read, and the time since the last change is
 * added to the states that held.
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
    uint64_t since; /* when they came to hold */
    uint64_t total[STATES];
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

static void account(uint64_t now)
{
    for (unsigned i = 0; i < STATES; i++)
        if (pressure.states >> i & 1)
            pressure.total[i] += now - pressure.since;
    pressure.since = now;
}

static void counts_changed(void)
{
    unsigned states = current_states();

    if (likely(states == pressure.states))
        return;
    account(clock_monotonic_ns());
    pressure.states = states;
}

void pressure_runs(struct thread *thread)
{
    pressure.running++;
    pressure.stalled_running += thread->stalls != 0;
    pressure.waiting -= thread->io_waits != 0;
    counts_changed();
}

void pressure_sleeps(struct thread *thread)
{
    pressure.running--;
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

static void add_sample(unsigned state, uint64_t missed, uint64_t period)
{
    /* exp(-2/10), exp(-2/60), exp(-2/300) */
    static const unsigned long decay[3] = {1677, 1981, 2034};
    uint64_t sample = pressure.total[state] - pressure.sampled[state];
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
static void update(void)
{
    uint64_t now = clock_monotonic_ns(), missed = 0, period;

    account(now);
    if (now < pressure.next_sample)
        return;
    if (now - pressure.next_sample >= PERIOD_NS)
        missed = (now - pressure.next_sample) / PERIOD_NS;
    period = now - (pressure.last_sample + missed * PERIOD_NS);
    pressure.next_sample += (1 + missed) * PERIOD_NS;
    pressure.last_sample = now;
    for (unsigned i = 0; i < STATES; i++)
        add_sample(i, missed, period);
}

/* ---- triggers ---- */

/* The window slides: of the one before, the part counts that the running one does not cover yet. */
static void look_at_trigger(struct pressure_trigger *trigger, uint64_t now)
{
    uint64_t total = pressure.total[trigger->state], elapsed = now - trigger->start;
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

    account(now);
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
    account(trigger->start);
    trigger->start_total = pressure.total[trigger->state];
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
    update();
}

void pressure_figures(enum pressure_resource resource, bool full, struct pressure_figures *out)
{
    unsigned state = 2 * resource + full;
    unsigned long flags = interrupts_save();

    update();
    for (unsigned i = 0; i < 3; i++)
        out->average[i] = pressure.average[state][i];
    out->total = pressure.total[state];
    interrupts_restore(flags);
}
