/* The settings that programs ask for, with their modes. */
#include "proc.h"

static void show(const char *name, bool value)
{
    struct stat information;
    char path[80];

    snprintf(path, sizeof path, "/proc/sys/%s", name);
    if (lstat(path, &information) != 0)
        printf("%s: %s\n", name, errno_name(errno));
    else
        printf("%s %o%s%s", name, information.st_mode, value ? " = " : "\n",
               value ? read_file(path) : "");
}

int main(void)
{
    static const char *const with_value[] = {
        "vm/compact_unevictable_allowed",
        "vm/compaction_proactiveness",
        "vm/dirty_background_bytes",
        "vm/dirty_background_ratio",
        "vm/dirty_bytes",
        "vm/dirty_expire_centisecs",
        "vm/dirty_ratio",
        "vm/dirty_writeback_centisecs",
        "vm/dirtytime_expire_seconds",
        "vm/extfrag_threshold",
        "vm/hugetlb_shm_group",
        "vm/laptop_mode",
        "vm/legacy_va_layout",
        "vm/lowmem_reserve_ratio",
        "vm/max_map_count",
        "vm/min_slab_ratio",
        "vm/min_unmapped_ratio",
        "vm/mmap_min_addr",
        "vm/mmap_rnd_bits",
        "vm/mmap_rnd_compat_bits",
        "vm/nr_hugepages",
        "vm/nr_overcommit_hugepages",
        "vm/numa_stat",
        "vm/numa_zonelist_order",
        "vm/oom_dump_tasks",
        "vm/oom_kill_allocating_task",
        "vm/overcommit_kbytes",
        "vm/overcommit_memory",
        "vm/overcommit_ratio",
        "vm/page-cluster",
        "vm/page_lock_unfairness",
        "vm/panic_on_oom",
        "vm/percpu_pagelist_high_fraction",
        "vm/stat_interval",
        "vm/swappiness",
        "vm/unprivileged_userfaultfd",
        "vm/vfs_cache_pressure",
        "vm/watermark_boost_factor",
        "vm/watermark_scale_factor",
        "vm/zone_reclaim_mode",
        "kernel/arch",
        "kernel/cap_last_cap",
        "kernel/core_pattern",
        "kernel/core_uses_pid",
        "kernel/ngroups_max",
        "kernel/ostype",
        "kernel/overflowuid",
        "kernel/pid_max",
        "kernel/sched_rr_timeslice_ms",
        "kernel/sysctl_writes_strict",
        "kernel/kptr_restrict",
        "kernel/random/poolsize",
        "fs/nr_open",
        "fs/overflowgid",
        "fs/pipe-max-size",
        "fs/suid_dumpable",
    };
    static const char *const without_value[] = {
        "vm",
        "vm/admin_reserve_kbytes",
        "vm/compact_memory",
        "vm/drop_caches",
        "vm/min_free_kbytes",
        "vm/user_reserve_kbytes",
        "kernel/hostname",
        "kernel/osrelease",
        "kernel/random/boot_id",
        "kernel/random/uuid",
        "kernel/threads-max",
        "kernel/version",
        "fs/file-max",
    };

    for (size_t i = 0; i < sizeof with_value / sizeof with_value[0]; i++)
        show(with_value[i], true);
    for (size_t i = 0; i < sizeof without_value / sizeof without_value[0]; i++)
        show(without_value[i], false);
    return 0;
}
