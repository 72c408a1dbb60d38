#ifndef KERNEL_LINUX_PROCESS_CALLS_H
#define KERNEL_LINUX_PROCESS_CALLS_H

/* What the calls of one architecture need of those that all share. */

#include "kernel/linux/syscalls.h"

/* clone, whose arguments have another order on each architecture. */
long clone_call(word flags, word stack, word parent_tid, word child_tid, word tls);

#endif
