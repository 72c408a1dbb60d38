/* What /proc and /sys tell about block devices and swap areas (sysfs_block.c). */
#ifndef KERNEL_FS_PROCFS_BLOCK_H
#define KERNEL_FS_PROCFS_BLOCK_H

#include "fs/procfs_settings.h"

/* A directory of all block devices, as a row of a table: by name (NULL), or by number. */
#define SYS_BLOCKS(names)                                                                          \
    {                                                                                              \
        .name = "block", .mode = S_IFDIR | 0555, .children = sys_no_files,                         \
        .operations = &sys_blocks_operations, .data = (names)                                      \
    }

extern const struct vfs_inode_operations sys_blocks_operations;
extern const struct proc_file sys_no_files[];
extern const struct proc_file sys_class_files[], sys_dev_files[]; /* /sys/class, /sys/dev */

int proc_show_partitions(struct text *text, const struct proc_target *target);
int proc_show_diskstats(struct text *text, const struct proc_target *target);
int proc_show_swaps(struct text *text, const struct proc_target *target);

#endif
