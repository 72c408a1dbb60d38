#ifndef KERNEL_LINUX_USAGE_H
#define KERNEL_LINUX_USAGE_H

#include "kernel/linux/resource.h"
#include "kernel/proc/process.h"

/* resident_peak in bytes. */
void usage_fill(struct rusage_abi *out, const struct usage_times *times, uint64_t resident_peak);

#endif
