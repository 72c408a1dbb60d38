#ifndef KERNEL_LINUX_STAT_H
#define KERNEL_LINUX_STAT_H

/*
 * What the stat and statfs calls tell, found by sys_stat.c. The layouts in which programs want it
 * are the architecture's: x86_64/stat.c, i386/stat.c.
 */

#include <stdbool.h>
#include <stdint.h>

#include "linux/file_abi.h"

/* Times in ns since 1970. */
struct file_facts {
    uint64_t device, number, special, size, blocks, mount;
    uint32_t mode, links, uid, gid;
    uint64_t accessed, modified, changed, born;
    bool mount_root;
};

/* The facts of a name, or of the descriptor itself ("" with AT_EMPTY_PATH; also nameless files). */
int stat_name(unsigned long start, unsigned long name, unsigned long flags, struct file_facts *out);
int stat_descriptor(unsigned long fd, struct file_facts *out);

int statfs_name(unsigned long name, struct statfs_abi *out);
int statfs_descriptor(unsigned long fd, struct statfs_abi *out);

#endif
