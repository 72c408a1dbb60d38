#ifndef KERNEL_LINUX_TIME_H
#define KERNEL_LINUX_TIME_H

/* Linux's time structures, and their way between user memory and nanoseconds. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A program's timespec is two words. On i386 that ends in 2038: its newer calls, those ending in
 * 64, take two 64-bit numbers. On x86-64 both are the same, and there are no other calls.
 */
enum time_width { TIME_WORDS, TIME_64 };

struct timespec_abi {
    int64_t seconds, nanoseconds;
};

struct timespec_words {
    long seconds, nanoseconds;
};

struct timeval_abi {
    long seconds, microseconds;
};

struct itimerval_abi {
    struct timeval_abi interval, value;
};

static inline size_t timespec_size(enum time_width width)
{
    return width == TIME_64 ? sizeof(struct timespec_abi) : sizeof(struct timespec_words);
}

/* As it is, unchecked: 0 or -EFAULT. */
int timespec_read(const void *user, enum time_width width, struct timespec_abi *out);
/* 0 and ns (saturated at UINT64_MAX / 2), -EFAULT, -EINVAL. */
int timespec_from_user(const void *user, enum time_width width, uint64_t *out_ns);
int timespec_to_user(void *user, enum time_width width, uint64_t ns);
/* A relative timeout as a monotonic deadline; NULL: UINT64_MAX. */
int deadline_from_user(const void *user, enum time_width width, uint64_t *out_deadline);

/* The calls that exist for both widths. */
long clock_gettime_call(unsigned long clock, unsigned long out, enum time_width width);
long clock_getres_call(unsigned long clock, unsigned long out, enum time_width width);
long clock_settime_call(unsigned long clock, unsigned long in, enum time_width width);
long clock_nanosleep_call(unsigned long clock, unsigned long flags, unsigned long request,
                          unsigned long remaining, enum time_width width);
long timer_settime_call(unsigned long id, unsigned long flags, unsigned long in, unsigned long out,
                        enum time_width width);
long timer_gettime_call(unsigned long id, unsigned long out, enum time_width width);
long utimensat_call(unsigned long start, unsigned long name, unsigned long times,
                    unsigned long flags, enum time_width width);
long pselect6_call(unsigned long count, const unsigned long sets[3], unsigned long timeout,
                   unsigned long mask, enum time_width width);
long ppoll_call(unsigned long fds, unsigned long count, unsigned long timeout, unsigned long mask,
                unsigned long mask_size, enum time_width width);
long rt_sigtimedwait_call(unsigned long set, unsigned long info, unsigned long timeout,
                          unsigned long size, enum time_width width);
long futex_call(unsigned long address, unsigned long operation, unsigned long value,
                unsigned long timeout, unsigned long address2, unsigned long value3,
                enum time_width width);
long sched_rr_get_interval_call(unsigned long tid, unsigned long out, enum time_width width);

static inline struct timespec_abi timespec_from_ns(uint64_t ns)
{
    return (struct timespec_abi){(int64_t)(ns / 1000000000), (int64_t)(ns % 1000000000)};
}

static inline struct timeval_abi timeval_from_ns(uint64_t ns)
{
    return (struct timeval_abi){(long)(ns / 1000000000), (long)(ns % 1000000000 / 1000)};
}

#endif
