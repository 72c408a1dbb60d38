/*
 * Interval timers (setitimer, alarm), POSIX timers (timer_create), CPU-time limits.
 *
 * Timers on real time stand in the machine's timer list and signal from the timer interrupt. Timers
 * on CPU time compare with the process's tick counters at each tick that it runs.
 */
#include "proc/timers.h"

#include "core/memory.h"
#include "linux/errno.h"
#include "linux/resource.h"
#include "proc/signals.h"
#include "proc/tree.h"
#include "x86/time.h"

struct posix_timer {
    struct list node; /* (s) process->posix_timers */
    struct process *process;
    bool cpu; /* (c) runs on CPU time: of `thread`, or of the process when that is NULL */
    struct thread *thread; /* (c) with a reference */
    struct posix_timer_spec spec;
    int id;
    struct timer timer;
    uint64_t deadline; /* (s) monotonic or CPU ns; 0: off */
    uint64_t interval; /* (s) */
    uint64_t behind;   /* (s) expirations that lay in the past when it was set */
    uint64_t step;     /* (s) from the first expiration to the next; 0: interval */
    int32_t overrun;   /* (s) expirations that the last signal stands for, beyond its own */
};

static void posix_timer_expired(void *argument);

/* On the clock that its deadline is on. */
static uint64_t timer_now(const struct posix_timer *timer)
{
    if (!timer->cpu)
        return clock_monotonic_ns();
    if (timer->thread)
        return timer->thread->times.user + timer->thread->times.system;
    return timer->process->cpu_user + timer->process->cpu_system;
}

/* ---- clocks ---- */

bool clock_is_realtime(int clock)
{
    return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE ||
           clock == CLOCK_REALTIME_ALARM || clock == CLOCK_TAI;
}

/* A number that names the CPU clock of a process or thread (pthread_getcpuclockid): ~id << 3, kind
 * below. */
static int cpu_clock_read(int clock, uint64_t *out_ns)
{
    int id = ~(clock >> 3);
    struct usage_times times;

    if ((clock & 7) == 3 || (clock & 3) == 3)
        return -EINVAL;
    if (clock & 4) {
        struct thread *thread = id ? thread_find(id) : NULL;

        if (id && !thread)
            return -EINVAL;
        times = (thread ? thread : current_thread())->times;
        if (thread)
            thread_put(thread);
    } else {
        struct process *process = id ? process_find(id) : NULL;

        if (id && !process)
            return -EINVAL;
        process_times(process ? process : current_process(), &times);
        if (process)
            process_put(process);
    }
    *out_ns = times.user + ((clock & 3) == 1 ? 0 : times.system);
    return 0;
}

int clock_read(int clock, uint64_t *out_ns)
{
    struct usage_times times;

    switch (clock) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
    case CLOCK_REALTIME_ALARM:
    case CLOCK_TAI:
        *out_ns = clock_realtime_ns();
        return 0;
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_BOOTTIME:
    case CLOCK_BOOTTIME_ALARM:
        *out_ns = clock_monotonic_ns();
        return 0;
    case CLOCK_PROCESS_CPUTIME_ID:
        process_times(current_process(), &times);
        *out_ns = times.user + times.system;
        return 0;
    case CLOCK_THREAD_CPUTIME_ID:
        *out_ns = current_thread()->times.user + current_thread()->times.system;
        return 0;
    default:
        return clock < 0 ? cpu_clock_read(clock, out_ns) : -EINVAL;
    }
}

/* ---- interval timers ---- */

static struct process *process_of(struct interval_timer *timer)
{
    return container_of(timer, struct process, interval[INTERVAL_REAL]);
}

static void real_timer_expired(void *argument)
{
    struct interval_timer *timer = argument;
    struct process *process = process_of(timer);

    if (timer->interval) {
        uint64_t now = clock_monotonic_ns();

        do
            timer->deadline += timer->interval;
        while (timer->deadline <= now);
        timer_add(&timer->timer, timer->deadline, real_timer_expired, timer);
    } else {
        timer->deadline = 0;
    }
    signal_send_process(process, SIGALRM, NULL);
}

static uint64_t cpu_time(const struct process *process, int which)
{
    return process->cpu_user + (which == INTERVAL_PROFILE ? process->cpu_system : 0);
}

static uint64_t interval_now(const struct process *process, int which)
{
    return which == INTERVAL_REAL ? clock_monotonic_ns() : cpu_time(process, which);
}

static void get_locked(struct process *process, int which, uint64_t *out_left,
                       uint64_t *out_interval)
{
    const struct interval_timer *timer = &process->interval[which];
    uint64_t now = interval_now(process, which);

    *out_interval = timer->interval;
    *out_left = 0;
    if (timer->deadline)
        *out_left = timer->deadline > now ? timer->deadline - now : 1000; /* about to expire */
}

void interval_timer_get(int which, uint64_t *out_left, uint64_t *out_interval)
{
    struct process *process = current_process();
    unsigned long flags = spin_lock_interrupts(&process->lock);

    get_locked(process, which, out_left, out_interval);
    spin_unlock_interrupts(&process->lock, flags);
}

void interval_timer_set(int which, uint64_t value, uint64_t interval, uint64_t *out_left,
                        uint64_t *out_interval)
{
    struct process *process = current_process();
    struct interval_timer *timer = &process->interval[which];
    unsigned long flags = spin_lock_interrupts(&process->lock);

    get_locked(process, which, out_left, out_interval);
    if (which == INTERVAL_REAL)
        timer_cancel(&timer->timer);
    timer->deadline = value ? interval_now(process, which) + value : 0;
    timer->interval = value ? interval : 0;
    if (which == INTERVAL_REAL && value)
        timer_add(&timer->timer, timer->deadline, real_timer_expired, timer);
    spin_unlock_interrupts(&process->lock, flags);
    cpu_timers_update(process);
}

static bool any_cpu_timer_locked(const struct process *process)
{
    list_for_each(node, &process->posix_timers)
    {
        if (container_of(node, struct posix_timer, node)->cpu)
            return true;
    }
    return process->interval[INTERVAL_VIRTUAL].deadline ||
           process->interval[INTERVAL_PROFILE].deadline ||
           process->limits[RLIMIT_CPU].soft != RLIM_INFINITY;
}

void cpu_timers_update(struct process *process)
{
    unsigned long flags = spin_lock_interrupts(&process->lock);

    process->cpu_timers = any_cpu_timer_locked(process);
    process->cpu_limit_next = 0;
    spin_unlock_interrupts(&process->lock, flags);
}

static void check_cpu_timer(struct process *process, int which, int signo)
{
    struct interval_timer *timer = &process->interval[which];
    uint64_t now = cpu_time(process, which);

    if (!timer->deadline || now < timer->deadline)
        return;
    timer->deadline = timer->interval ? now + timer->interval : 0;
    signal_send_process(process, signo, NULL);
}

/* SIGXCPU at the soft limit and each second after it, SIGKILL at the hard one. */
static void check_cpu_limit(struct process *process)
{
    uint64_t seconds = cpu_time(process, INTERVAL_PROFILE) / NANOSECONDS_PER_SECOND;

    if (seconds >= process->limits[RLIMIT_CPU].hard) {
        signal_send_process(process, SIGKILL, NULL);
    } else if (seconds >= process->limits[RLIMIT_CPU].soft && seconds >= process->cpu_limit_next) {
        process->cpu_limit_next = seconds + 1;
        signal_send_process(process, SIGXCPU, NULL);
    }
}

/* In the timer interrupt: one tick of the thread's time went by. */
void signal_tick(struct thread *thread, bool user)
{
    struct process *process = thread->process;

    if (user)
        process->cpu_user += NANOSECONDS_PER_SECOND / TIMER_HZ;
    else
        process->cpu_system += NANOSECONDS_PER_SECOND / TIMER_HZ;
    if (likely(!process->cpu_timers))
        return;
    check_cpu_timer(process, INTERVAL_VIRTUAL, SIGVTALRM);
    check_cpu_timer(process, INTERVAL_PROFILE, SIGPROF);
    check_cpu_limit(process);
    list_for_each(node, &process->posix_timers)
    {
        struct posix_timer *timer = container_of(node, struct posix_timer, node);

        if (timer->cpu && timer->deadline && timer->deadline <= timer_now(timer))
            posix_timer_expired(timer);
    }
}

/* ---- POSIX timers ---- */

/*
 * One signal at a time stands for a timer: what expires before it is delivered is counted in it.
 */
static void posix_timer_expired(void *argument)
{
    struct posix_timer *timer = argument;
    struct process *process = timer->process;
    struct signal_info info = {.signo = timer->spec.signo, .code = SI_TIMER};
    uint64_t now = timer_now(timer), missed = 0;
    struct signal_info *queued;
    struct thread *thread = NULL;

    if (timer->interval) {
        timer->deadline += timer->step ? timer->step : timer->interval;
        if (timer->deadline <= now) {
            missed = (now - timer->deadline) / timer->interval + 1;
            timer->deadline += missed * timer->interval;
        }
        missed += timer->behind;
        timer->behind = timer->step = 0;
        if (!timer->cpu)
            timer_add(&timer->timer, timer->deadline, posix_timer_expired, timer);
    } else {
        timer->deadline = 0;
    }
    if (!timer->spec.notify)
        return;
    if (timer->spec.tid) {
        thread = thread_find(timer->spec.tid);
        /* Its process is the interrupted one or holds it: this is not the last reference. The
         * number may be another's by now. */
        if (thread && thread->process != process) {
            thread_put(thread);
            thread = NULL;
        }
        if (!thread)
            return;
    }
    queued = signal_of_timer(process, thread, info.signo, timer->id);
    if (queued)
        missed += (uint64_t)queued->overrun + 1;
    timer->overrun = missed < INT32_MAX ? (int32_t)missed : INT32_MAX;
    info.timer_id = timer->id;
    info.overrun = timer->overrun;
    info.timer_value = timer->spec.value_is_id ? (uint64_t)timer->id : timer->spec.value;
    if (queued)
        queued->overrun = timer->overrun;
    else if (thread)
        signal_send_thread(thread, info.signo, &info);
    else
        signal_send_process(process, info.signo, &info);
    if (thread)
        thread_put(thread);
}

static struct posix_timer *find_locked(struct process *process, int id)
{
    list_for_each(node, &process->posix_timers)
    {
        struct posix_timer *timer = container_of(node, struct posix_timer, node);

        if (timer->id == id)
            return timer;
    }
    return NULL;
}

/* CPU clocks: those of the own process and of the running thread, by either kind of number. */
static bool choose_clock(struct posix_timer *timer)
{
    int clock = timer->spec.clock, id = ~(clock >> 3);
    bool per_thread = clock == CLOCK_THREAD_CPUTIME_ID || (clock < 0 && (clock & 4));

    timer->cpu = clock < 0 || clock == CLOCK_THREAD_CPUTIME_ID || clock == CLOCK_PROCESS_CPUTIME_ID;
    if (clock < 0 && id != 0 && id != (per_thread ? current_thread()->tid : timer->process->number))
        return false;
    if (per_thread) {
        timer->thread = current_thread();
        __atomic_fetch_add(&timer->thread->references, 1, __ATOMIC_RELAXED);
    }
    return true;
}

int posix_timer_create(const struct posix_timer_spec *spec)
{
    struct process *process = current_process();
    struct posix_timer *timer = kernel_alloc_zeroed(sizeof *timer);
    uint64_t flags;

    if (!timer)
        return -EAGAIN;
    timer->process = process;
    timer->spec = *spec;
    if (!choose_clock(timer)) {
        kernel_free(timer);
        return -EINVAL;
    }
    flags = spin_lock_interrupts(&process->lock);
    timer->id = process->next_timer_id++;
    list_add_tail(&process->posix_timers, &timer->node);
    process->cpu_timers |= timer->cpu;
    spin_unlock_interrupts(&process->lock, flags);
    return timer->id;
}

static void posix_left(const struct posix_timer *timer, uint64_t *out_left, uint64_t *out_interval)
{
    uint64_t now = timer_now(timer);

    *out_interval = timer->interval;
    *out_left = 0;
    if (timer->deadline)
        *out_left = timer->deadline > now ? timer->deadline - now : 1;
}

int posix_timer_set(int id, bool absolute, uint64_t value, uint64_t interval, uint64_t *out_left,
                    uint64_t *out_interval)
{
    struct process *process = current_process();
    unsigned long flags = spin_lock_interrupts(&process->lock);
    uint64_t base = 0;
    struct posix_timer *timer = find_locked(process, id);

    if (timer) {
        uint64_t now = timer_now(timer);

        posix_left(timer, out_left, out_interval);
        timer_cancel(&timer->timer);
        timer->overrun = 0;
        timer->interval = interval;
        timer->deadline = timer->behind = timer->step = 0;
        if (value != 0) {
            /* The wall clock runs at the rate of the monotonic one; they differ by their zero. */
            if (absolute)
                base = clock_is_realtime(timer->spec.clock) ? clock_realtime_ns() : now;
            if (value >= base) {
                timer->deadline = now + (value - base);
            } else { /* has expired before */
                timer->deadline = now;
                timer->behind = interval ? (base - value) / interval : 0;
                timer->step = interval ? interval - (base - value) % interval : 0;
            }
            if (!timer->cpu)
                timer_add(&timer->timer, timer->deadline, posix_timer_expired, timer);
        }
    }
    spin_unlock_interrupts(&process->lock, flags);
    return timer ? 0 : -EINVAL;
}

int posix_timer_get(int id, uint64_t *out_left, uint64_t *out_interval)
{
    struct process *process = current_process();
    unsigned long flags = spin_lock_interrupts(&process->lock);
    struct posix_timer *timer = find_locked(process, id);

    if (timer)
        posix_left(timer, out_left, out_interval);
    spin_unlock_interrupts(&process->lock, flags);
    return timer ? 0 : -EINVAL;
}

int posix_timer_overrun(int id)
{
    struct process *process = current_process();
    unsigned long flags = spin_lock_interrupts(&process->lock);
    struct posix_timer *timer = find_locked(process, id);
    int overrun = timer ? timer->overrun : -EINVAL;

    spin_unlock_interrupts(&process->lock, flags);
    return overrun;
}

int posix_timer_delete(int id)
{
    struct process *process = current_process();
    unsigned long flags = spin_lock_interrupts(&process->lock);
    struct posix_timer *timer = find_locked(process, id);

    if (timer) {
        timer_cancel(&timer->timer);
        list_remove(&timer->node);
    }
    spin_unlock_interrupts(&process->lock, flags);
    if (!timer)
        return -EINVAL;
    if (timer->thread)
        thread_put(timer->thread);
    kernel_free(timer);
    return 0;
}

/* POSIX timers do not survive exec; interval timers do. */
void timers_exec(struct process *process)
{
    while (!list_empty(&process->posix_timers))
        posix_timer_delete(container_of(process->posix_timers.next, struct posix_timer, node)->id);
}

void timers_cancel(struct process *process)
{
    unsigned long flags = spin_lock_interrupts(&process->lock);

    timer_cancel(&process->interval[INTERVAL_REAL].timer);
    process->cpu_timers = false;
    spin_unlock_interrupts(&process->lock, flags);
    timers_exec(process);
}
