/* System calls about clocks, sleeping and timers. */
#include "linux/time.h"

#include "core/string.h"
#include "linux/errno.h"
#include "linux/resource.h"
#include "linux/syscalls.h"
#include "proc/scheduler.h"
#include "proc/signals.h"
#include "proc/timers.h"
#include "x86/time.h"
#include "x86/usercopy.h"

#define NS_MAX        (UINT64_MAX / 2)
#define TIMER_ABSTIME 1

/* ---- conversions ---- */

static uint64_t to_ns(int64_t seconds, int64_t nanoseconds)
{
    uint64_t ns;

    if (__builtin_mul_overflow((uint64_t)seconds, NANOSECONDS_PER_SECOND, &ns) ||
        __builtin_add_overflow(ns, (uint64_t)nanoseconds, &ns) || ns > NS_MAX)
        return NS_MAX;
    return ns;
}

static int timespec_ns(const struct timespec_abi *time, uint64_t *out_ns)
{
    if (time->seconds < 0 || time->nanoseconds < 0 || time->nanoseconds >= 1000000000)
        return -EINVAL;
    *out_ns = to_ns(time->seconds, time->nanoseconds);
    return 0;
}

static int timeval_ns(const struct timeval_abi *time, uint64_t *out_ns)
{
    if (time->seconds < 0 || time->microseconds < 0 || time->microseconds >= 1000000)
        return -EINVAL;
    *out_ns = to_ns(time->seconds, time->microseconds * 1000);
    return 0;
}

int timespec_read(const void *user, enum time_width width, struct timespec_abi *out)
{
    struct timespec_words words;

    if (width == TIME_64) {
        if (copy_from_user(out, user, sizeof *out) != 0)
            return -EFAULT;
        out->nanoseconds = (long)out->nanoseconds; /* what is above a word is padding */
        return 0;
    }
    if (copy_from_user(&words, user, sizeof words) != 0)
        return -EFAULT;
    *out = (struct timespec_abi){words.seconds, words.nanoseconds};
    return 0;
}

static int timespec_write(void *user, enum time_width width, const struct timespec_abi *time)
{
    struct timespec_words words = {(long)time->seconds, (long)time->nanoseconds};
    size_t left = width == TIME_64 ? copy_to_user(user, time, sizeof *time)
                                   : copy_to_user(user, &words, sizeof words);

    return left != 0 ? -EFAULT : 0;
}

int timespec_from_user(const void *user, enum time_width width, uint64_t *out_ns)
{
    struct timespec_abi time;
    int error = timespec_read(user, width, &time);

    return error ? error : timespec_ns(&time, out_ns);
}

int timespec_to_user(void *user, enum time_width width, uint64_t ns)
{
    struct timespec_abi time = timespec_from_ns(ns);

    return timespec_write(user, width, &time);
}

int deadline_from_user(const void *user, enum time_width width, uint64_t *out_deadline)
{
    uint64_t ns;
    int error;

    *out_deadline = UINT64_MAX;
    if (!user)
        return 0;
    error = timespec_from_user(user, width, &ns);
    if (!error && ns < NS_MAX)
        *out_deadline = clock_monotonic_ns() + ns;
    return error;
}

/* ---- clocks ---- */

long clock_gettime_call(word clock, word out, enum time_width width)
{
    uint64_t ns;
    int error = clock_read((int)clock, &ns);

    return error ? error : timespec_to_user((void *)out, width, ns);
}

long sys_clock_gettime(word clock, word out)
{
    return clock_gettime_call(clock, out, TIME_WORDS);
}

long clock_getres_call(word clock, word out, enum time_width width)
{
    uint64_t ns;
    bool coarse = clock == CLOCK_REALTIME_COARSE || clock == CLOCK_MONOTONIC_COARSE;
    int error = clock_read((int)clock, &ns);

    if (error || !out)
        return error;
    return timespec_to_user((void *)out, width, coarse ? NANOSECONDS_PER_SECOND / TIMER_HZ : 1);
}

long sys_clock_getres(word clock, word out)
{
    return clock_getres_call(clock, out, TIME_WORDS);
}

long clock_settime_call(word clock, word in, enum time_width width)
{
    uint64_t ns;
    int error;

    if (clock != CLOCK_REALTIME)
        return -EINVAL;
    error = timespec_from_user((void *)in, width, &ns);
    if (error)
        return error;
    if (current_process()->credentials.euid != 0)
        return -EPERM;
    clock_set_realtime_ns(ns);
    return 0;
}

long sys_clock_settime(word clock, word in)
{
    return clock_settime_call(clock, in, TIME_WORDS);
}

long sys_gettimeofday(word out, word zone)
{
    struct timeval_abi time = timeval_from_ns(clock_realtime_ns());
    int32_t utc[2] = {0, 0};

    if (out && copy_to_user((void *)out, &time, sizeof time) != 0)
        return -EFAULT;
    if (zone && copy_to_user((void *)zone, utc, sizeof utc) != 0)
        return -EFAULT;
    return 0;
}

long sys_settimeofday(word in, word zone)
{
    struct timeval_abi time;
    uint64_t ns;
    int error;

    (void)zone;
    if (!in)
        return 0;
    if (copy_from_user(&time, (void *)in, sizeof time) != 0)
        return -EFAULT;
    error = timeval_ns(&time, &ns);
    if (error)
        return error;
    if (current_process()->credentials.euid != 0)
        return -EPERM;
    clock_set_realtime_ns(ns);
    return 0;
}

long sys_time(word out)
{
    long seconds = (long)(clock_realtime_ns() / NANOSECONDS_PER_SECOND);

    if (out && copy_to_user((void *)out, &seconds, sizeof seconds) != 0)
        return -EFAULT;
    return seconds;
}

/* In ticks of 10 ms, the unit that AT_CLKTCK tells. */
long sys_times(word out)
{
    const struct usage_times *children = &current_process()->children_times;
    struct usage_times times;
    long ticks[4];

    process_times(current_process(), &times);
    ticks[0] = (long)(times.user / 10000000);
    ticks[1] = (long)(times.system / 10000000);
    ticks[2] = (long)(children->user / 10000000);
    ticks[3] = (long)(children->system / 10000000);
    if (out && copy_to_user((void *)out, ticks, sizeof ticks) != 0)
        return -EFAULT;
    return (long)(clock_monotonic_ns() / 10000000);
}

/* ---- sleeping ---- */

/* 0 at the deadline, -EINTR when a signal came first. */
static int sleep_until(uint64_t deadline)
{
    struct thread *thread = current_thread();

    while (clock_monotonic_ns() < deadline) {
        __atomic_store_n(&thread->state, THREAD_SLEEPING, __ATOMIC_SEQ_CST);
        if (signal_pending()) {
            __atomic_store_n(&thread->state, THREAD_RUNNABLE, __ATOMIC_RELAXED);
            return -EINTR;
        }
        schedule_until(deadline);
    }
    return 0;
}

/* Sleeps, and prepares to go on after a signal without a handler. arguments: deadline, user address
 * for what is left, its width. */
static long sleep_restart(struct thread *thread)
{
    uint64_t deadline = thread->restart.arguments[0];
    void *remaining = (void *)(word)thread->restart.arguments[1];
    enum time_width width = (enum time_width)thread->restart.arguments[2];
    uint64_t now;

    if (sleep_until(deadline) == 0)
        return 0;
    now = clock_monotonic_ns();
    if (remaining && timespec_to_user(remaining, width, deadline > now ? deadline - now : 0) != 0)
        return -EFAULT;
    thread->restart.function = sleep_restart;
    return -ERESTART_RESTARTBLOCK;
}

static long sleep_relative(uint64_t ns, word remaining, enum time_width width)
{
    struct thread *thread = current_thread();
    uint64_t now = clock_monotonic_ns();

    thread->restart.arguments[0] = ns >= NS_MAX - now ? NS_MAX : now + ns;
    thread->restart.arguments[1] = remaining;
    thread->restart.arguments[2] = width;
    return sleep_restart(thread);
}

long sys_restart_syscall(void)
{
    struct thread *thread = current_thread();

    return thread->restart.function ? thread->restart.function(thread) : -EINTR;
}

long sys_nanosleep(word request, word remaining)
{
    uint64_t ns;
    int error = timespec_from_user((void *)request, TIME_WORDS, &ns);

    return error ? error : sleep_relative(ns, remaining, TIME_WORDS);
}

long clock_nanosleep_call(word clock, word flags, word request, word remaining,
                          enum time_width width)
{
    uint64_t ns, now;
    int error = clock_read((int)clock, &now);

    if (error)
        return error;
    if (clock == CLOCK_THREAD_CPUTIME_ID || clock == CLOCK_MONOTONIC_RAW ||
        clock == CLOCK_REALTIME_COARSE || clock == CLOCK_MONOTONIC_COARSE)
        return -EOPNOTSUPP;
    error = timespec_from_user((void *)request, width, &ns);
    if (error)
        return error;
    if (!(flags & TIMER_ABSTIME))
        return sleep_relative(ns, remaining, width);
    if (ns <= now)
        return 0;
    return sleep_until(clock_monotonic_ns() + (ns - now)) ? -ERESTARTNOHAND : 0;
}

long sys_clock_nanosleep(word clock, word flags, word request, word remaining)
{
    return clock_nanosleep_call(clock, flags, request, remaining, TIME_WORDS);
}

/* ---- interval timers ---- */

static int put_interval(word out, uint64_t left, uint64_t interval)
{
    struct itimerval_abi value = {timeval_from_ns(interval), timeval_from_ns(left)};

    return out && copy_to_user((void *)out, &value, sizeof value) != 0 ? -EFAULT : 0;
}

long sys_getitimer(word which, word out)
{
    uint64_t left, interval;

    if (which > INTERVAL_PROFILE)
        return -EINVAL;
    interval_timer_get((int)which, &left, &interval);
    return put_interval(out, left, interval);
}

long sys_setitimer(word which, word in, word out)
{
    struct itimerval_abi value = {0};
    uint64_t ns, interval, old_left, old_interval;

    if (in && copy_from_user(&value, (void *)in, sizeof value) != 0)
        return -EFAULT;
    if (which > INTERVAL_PROFILE || timeval_ns(&value.value, &ns) != 0 ||
        timeval_ns(&value.interval, &interval) != 0)
        return -EINVAL;
    interval_timer_set((int)which, ns, interval, &old_left, &old_interval);
    return put_interval(out, old_left, old_interval);
}

long sys_alarm(word seconds)
{
    uint64_t left, interval;

    interval_timer_set(INTERVAL_REAL, (uint64_t)(uint32_t)seconds * NANOSECONDS_PER_SECOND, 0,
                       &left, &interval);
    /* Rounded, but never to 0 while one is running. */
    seconds = (word)((left + NANOSECONDS_PER_SECOND / 2) / NANOSECONDS_PER_SECOND);
    return left && seconds == 0 ? 1 : (long)seconds;
}

/* ---- POSIX timers ---- */

struct sigevent_abi {
    word value;
    int32_t signo, notify;
    int32_t tid;
    uint8_t rest[64 - sizeof(word) - 12];
};
_Static_assert(sizeof(struct sigevent_abi) == 64, "sigevent's layout is ABI");

enum { SIGEV_SIGNAL = 0, SIGEV_NONE = 1, SIGEV_THREAD = 2, SIGEV_THREAD_ID = 4 };

static bool is_own_thread(int tid)
{
    struct thread *thread = thread_find(tid);
    bool own = thread && thread->process == current_process();

    if (thread)
        thread_put(thread);
    return own;
}

long sys_timer_create(word clock, word event, word out)
{
    struct posix_timer_spec spec = {
        .clock = (int)clock, .notify = true, .signo = SIGALRM, .value_is_id = true};
    struct sigevent_abi in;
    uint64_t now;
    int id = clock_read(spec.clock, &now);

    if (id)
        return id;
    if (event) {
        if (copy_from_user(&in, (void *)event, sizeof in) != 0)
            return -EFAULT;
        spec.value_is_id = false;
        spec.value = in.value;
        spec.signo = in.signo;
        spec.notify = in.notify != SIGEV_NONE;
        if (in.notify == SIGEV_THREAD_ID && !is_own_thread(in.tid))
            return -EINVAL;
        if (in.notify == SIGEV_THREAD_ID)
            spec.tid = in.tid;
        else if (in.notify != SIGEV_SIGNAL && in.notify != SIGEV_NONE &&
                 in.notify != SIGEV_THREAD) /* a signal, of which the C library makes a thread */
            return -EINVAL;
        if (spec.notify && (in.signo < 1 || in.signo > SIGNAL_COUNT))
            return -EINVAL;
    }
    id = posix_timer_create(&spec);
    if (id >= 0 && put_user_u32((void *)out, (uint32_t)id) != 0) {
        posix_timer_delete(id);
        return -EFAULT;
    }
    return id < 0 ? id : 0;
}

/* struct itimerspec: interval, value. */
static int put_timer(word out, enum time_width width, uint64_t left, uint64_t interval)
{
    if (!out)
        return 0;
    if (timespec_to_user((void *)out, width, interval) != 0)
        return -EFAULT;
    return timespec_to_user((void *)(out + timespec_size(width)), width, left);
}

long timer_settime_call(word id, word flags, word in, word out, enum time_width width)
{
    struct timespec_abi every, first;
    uint64_t ns, interval, old_left, old_interval;
    int error;

    if (!in)
        return -EINVAL;
    if (timespec_read((void *)in, width, &every) != 0 ||
        timespec_read((void *)(in + timespec_size(width)), width, &first) != 0)
        return -EFAULT;
    if (timespec_ns(&first, &ns) != 0 || timespec_ns(&every, &interval) != 0)
        return -EINVAL;
    error = posix_timer_set((int)id, flags & TIMER_ABSTIME, ns, interval, &old_left, &old_interval);
    return error ? error : put_timer(out, width, old_left, old_interval);
}

long sys_timer_settime(word id, word flags, word in, word out)
{
    return timer_settime_call(id, flags, in, out, TIME_WORDS);
}

long timer_gettime_call(word id, word out, enum time_width width)
{
    uint64_t left, interval;
    int error = posix_timer_get((int)id, &left, &interval);

    if (error)
        return error;
    return out ? put_timer(out, width, left, interval) : -EFAULT;
}

long sys_timer_gettime(word id, word out)
{
    return timer_gettime_call(id, out, TIME_WORDS);
}

long sys_timer_getoverrun(word id)
{
    return posix_timer_overrun((int)id);
}

long sys_timer_delete(word id)
{
    return posix_timer_delete((int)id);
}
