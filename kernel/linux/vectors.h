#ifndef KERNEL_LINUX_VECTORS_H
#define KERNEL_LINUX_VECTORS_H

/* A program's list of buffers (struct iovec), copied and checked, as something to transfer to or
 * from. */

#include "fs/vfs.h"

#define SHORT_VECTORS 8

struct vectors {
    struct iovec_abi *list;
    struct iovec_abi short_list[SHORT_VECTORS];
    struct transfer transfer;
};

/* -EINVAL: too many, or a negative length; -EFAULT; -ENOMEM. The sum is cut at RW_LIMIT. */
int vectors_get(struct vectors *v, unsigned long user_list, unsigned long count);
void vectors_done(struct vectors *v);

#endif
