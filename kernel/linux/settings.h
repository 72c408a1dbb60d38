#ifndef KERNEL_LINUX_SETTINGS_H
#define KERNEL_LINUX_SETTINGS_H

/* The settings below /proc/sys that the kernel itself looks at. Ranges:
 * kernel/fs/procfs_settings.c.
 */

#include <stdint.h>

/* /proc/sys/kernel/yama/ptrace_scope: whom one may trace: 0 all that are like oneself, 1 one's
 * descendants, 2 and 3 nobody, unless one is uid 0. */
extern int ptrace_scope;

/* /proc/sys/fs/nr_open: the most that RLIMIT_NOFILE may be. */
extern int nr_open_max;

/* /proc/sys/vm */
extern struct vm_settings {
    int overcommit_memory; /* 0 heuristic, 1 always, 2 never */
    int overcommit_ratio;  /* percent of RAM; counts while overcommit_kbytes is 0 */
    uint64_t overcommit_kbytes;
    uint64_t admin_reserve_kbytes, user_reserve_kbytes;
    uint64_t mmap_min_addr;
    int max_map_count;
    int oom_dump_tasks, oom_kill_allocating_task, panic_on_oom;
} vm_settings;

#endif
