#ifndef KERNEL_LINUX_USAGE_H
#define KERNEL_LINUX_USAGE_H

#include "linux/resource.h"
#include "proc/process.h"

/* resident_peak in bytes. */
void usage_fill(struct rusage_abi *out, const struct usage_times *times, uint64_t resident_peak);

#endif
