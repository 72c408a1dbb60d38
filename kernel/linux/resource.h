#ifndef KERNEL_LINUX_RESOURCE_H
#define KERNEL_LINUX_RESOURCE_H

#include <stdint.h>

/* getrlimit's resources and getrusage's structure, as on Linux. */

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
    long user_seconds, user_microseconds;
    long system_seconds, system_microseconds;
    long maximum_resident, shared, data, stack; /* KiB */
    long minor_faults, major_faults, swaps;
    long blocks_in, blocks_out, messages_sent, messages_received, signals;
    long voluntary_switches, involuntary_switches;
};

#endif
