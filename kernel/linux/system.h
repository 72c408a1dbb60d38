#ifndef KERNEL_LINUX_SYSTEM_H
#define KERNEL_LINUX_SYSTEM_H

#include "proc/process.h"

#define QUIRE_VERSION_TEXT "quire 0.1"

/* What uname calls the machine. */
#ifdef __x86_64__
#define MACHINE_NAME "x86_64"
#else
#define MACHINE_NAME "i686"
#endif

/* struct new_utsname: what uname(2) and /proc/sys/kernel say. */
struct system_names {
    char system[65], node[65], release[65], version[65], machine[65], domain[65];
};
extern struct system_names system_names;

/* Bytes; updates the peak from the space's counters. */
uint64_t memory_resident_peak(struct memory *memory);

#endif
