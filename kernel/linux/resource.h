#ifndef KERNEL_LINUX_RESOURCE_H
#define KERNEL_LINUX_RESOURCE_H

#include <stdint.h>

/* getrlimit's resources and getrusage's structure, as on Linux x86-64. */

enum {
    RLIMIT_CPU,
    RLIMIT_FSIZE,
    RLIMIT_DATA,
    RLIMIT_STACK,
    RLIMIT_CORE,
    RLIMIT_RSS,
    RLIMIT_NPROC,
    RLIMIT_NOFILE,
    RLIMIT_MEMLOCK,
    RLIMIT_AS,
    RLIMIT_LOCKS,
    RLIMIT_SIGPENDING,
    RLIMIT_MSGQUEUE,
    RLIMIT_NICE,
    RLIMIT_RTPRIO,
    RLIMIT_RTTIME,
};
#define RLIM_INFINITY UINT64_MAX

#define RUSAGE_SELF     0
#define RUSAGE_CHILDREN (-1)
#define RUSAGE_THREAD   1

struct rusage_abi {
    int64_t user_seconds, user_microseconds;
    int64_t system_seconds, system_microseconds;
    int64_t maximum_resident, shared, data, stack; /* KiB */
    int64_t minor_faults, major_faults, swaps;
    int64_t blocks_in, blocks_out, messages_sent, messages_received, signals;
    int64_t voluntary_switches, involuntary_switches;
};

#endif
