#ifndef KERNEL_LINUX_TIME_H
#define KERNEL_LINUX_TIME_H

/* Linux's time structures, and their way between user memory and nanoseconds. */

#include <stdbool.h>
#include <stdint.h>

struct timespec_abi {
    int64_t seconds, nanoseconds;
};

struct timeval_abi {
    int64_t seconds, microseconds;
};

struct itimerspec_abi {
    struct timespec_abi interval, value;
};

struct itimerval_abi {
    struct timeval_abi interval, value;
};

/* 0 and ns (saturated at UINT64_MAX / 2), -EFAULT, -EINVAL. */
int timespec_from_user(const void *user, uint64_t *out_ns);
int timespec_to_user(void *user, uint64_t ns);
/* A relative timeout as a monotonic deadline; NULL: UINT64_MAX. */
int deadline_from_user(const void *user_timespec, uint64_t *out_deadline);

static inline struct timespec_abi timespec_from_ns(uint64_t ns)
{
    return (struct timespec_abi){(int64_t)(ns / 1000000000), (int64_t)(ns % 1000000000)};
}

static inline struct timeval_abi timeval_from_ns(uint64_t ns)
{
    return (struct timeval_abi){(int64_t)(ns / 1000000000), (int64_t)(ns % 1000000000 / 1000)};
}

#endif
