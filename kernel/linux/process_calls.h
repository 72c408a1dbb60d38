#ifndef KERNEL_LINUX_PROCESS_CALLS_H
#define KERNEL_LINUX_PROCESS_CALLS_H

/* What the calls of one architecture need of those that all share. */

#include <stdint.h>

#include "linux/syscalls.h"

/* clone, whose arguments have another order on each architecture. */
long clone_call(word flags, word stack, word parent_tid, word child_tid, word tls);

/* setgroups, whose list has ids of 32 or of 16 bits. Room for `size` of them (NULL for none), if
 * the caller may set them: -EPERM, -EINVAL, -ENOMEM. What was filled becomes the process's. */
int groups_alloc(word size, uint32_t **out);
void groups_set(uint32_t *groups, word size);

#endif
