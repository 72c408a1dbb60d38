/*
 * Calls about time on i386 beyond 2038: those that end in 64 take seconds of 64 bits. What they do
 * is in the shared files, which serve both widths.
 */
#include "linux/time.h"

#include "linux/errno.h"
#include "linux/syscalls.h"
#include "proc/process.h"
#include "x86/time.h"
#include "x86/usercopy.h"

/* The first way to set the clock, to a second. */
long sys_stime(word in)
{
    word seconds;

    if (get_user_word(&seconds, (void *)in) != 0)
        return -EFAULT;
    if (current_process()->credentials.euid != 0)
        return -EPERM;
    if ((long)seconds < 0)
        return -EINVAL;
    clock_set_realtime_ns((uint64_t)seconds * NANOSECONDS_PER_SECOND);
    return 0;
}

long sys_clock_gettime64(word clock, word out)
{
    return clock_gettime_call(clock, out, TIME_64);
}

long sys_clock_settime64(word clock, word in)
{
    return clock_settime_call(clock, in, TIME_64);
}

long sys_clock_getres_time64(word clock, word out)
{
    return clock_getres_call(clock, out, TIME_64);
}

long sys_clock_nanosleep_time64(word clock, word flags, word request, word remaining)
{
    return clock_nanosleep_call(clock, flags, request, remaining, TIME_64);
}

long sys_timer_gettime64(word id, word out)
{
    return timer_gettime_call(id, out, TIME_64);
}

long sys_timer_settime64(word id, word flags, word in, word out)
{
    return timer_settime_call(id, flags, in, out, TIME_64);
}

long sys_utimensat_time64(word start, word name, word times, word flags)
{
    return utimensat_call(start, name, times, flags, TIME_64);
}

long sys_pselect6_time64(word count, word in, word out, word except, word timeout, word mask)
{
    const word sets[3] = {in, out, except};

    return pselect6_call(count, sets, timeout, mask, TIME_64);
}

long sys_ppoll_time64(word fds, word count, word timeout, word mask, word mask_size)
{
    return ppoll_call(fds, count, timeout, mask, mask_size, TIME_64);
}

long sys_rt_sigtimedwait_time64(word set, word info, word timeout, word size)
{
    return rt_sigtimedwait_call(set, info, timeout, size, TIME_64);
}

long sys_futex_time64(word address, word operation, word value, word timeout, word address2,
                      word value3)
{
    return futex_call(address, operation, value, timeout, address2, value3, TIME_64);
}

long sys_sched_rr_get_interval_time64(word tid, word out)
{
    return sched_rr_get_interval_call(tid, out, TIME_64);
}
