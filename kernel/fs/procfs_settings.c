/*
 * /proc/sys: settings. Some the kernel looks at (linux/settings.h); others belong to parts of Linux
 * that this kernel does without (compaction, for example): they keep what is written to them,
 * within Linux's range, so that programs that set them go on.
 */
#include "fs/procfs_settings.h"

#include "fs/procfs_ipc.h"
#include "fs/writeback.h"

#include <quire/reclaim.h>

#include "core/memory.h"
#include "core/printf.h"
#include "core/random.h"
#include "core/string.h"
#include "linux/errno.h"
#include "linux/overcommit.h"
#include "linux/settings.h"
#include "linux/system.h"
#include "proc/oom.h"
#include "proc/tree.h"
#include "reclaim/reclaim.h"

int ptrace_scope = 1;
int nr_open_max = 1048576;

struct vm_settings vm_settings = {
    .overcommit_ratio = 50,
    .mmap_min_addr = 65536,
    .max_map_count = 65530,
    .oom_dump_tasks = 1,
};

int proc_show_setting(struct text *text, const struct proc_target *target)
{
    const struct proc_setting *setting = target->file->data;
    int64_t value;

    if (setting->get != NULL)
        value = setting->get();
    else if (setting->bytes == sizeof(int))
        value = *(const int *)setting->value;
    else
        value = *(const int64_t *)setting->value;
    if (setting->bytes == sizeof(int))
        text_printf(text, "%d\n", (int)value);
    else
        text_printf(text, "%" PRId64 "\n", value);
    return 0;
}

int proc_store_setting(char *text, size_t length, const struct proc_target *target)
{
    const struct proc_setting *setting = target->file->data;
    int64_t value;
    int error;

    (void)length;
    if (strchr(text, '+') != NULL)
        return -EINVAL;
    error = proc_parse_setting(text, &value);
    if (error != 0)
        return error;
    if (value < setting->minimum || value > setting->maximum)
        return -EINVAL;
    if (setting->value != NULL && setting->bytes == sizeof(int))
        __atomic_store_n((int *)setting->value, (int)value, __ATOMIC_RELAXED);
    else if (setting->value != NULL)
        __atomic_store_n((int64_t *)setting->value, value, __ATOMIC_RELAXED);
    if (setting->changed != NULL)
        setting->changed(value);
    return 0;
}

int proc_show_line(struct text *text, const struct proc_target *target)
{
    text_printf(text, "%s\n", (const char *)target->file->data);
    return 0;
}

/* ---- kernel ---- */

static int store_name(char *to, size_t size, char *text, size_t length)
{
    if (length > 0 && text[length - 1] == '\n')
        text[length - 1] = 0;
    strlcpy(to, text, size);
    return 0;
}

static int store_hostname(char *text, size_t length, const struct proc_target *target)
{
    (void)target;
    return store_name(system_names.node, sizeof system_names.node, text, length);
}

static int store_domainname(char *text, size_t length, const struct proc_target *target)
{
    (void)target;
    return store_name(system_names.domain, sizeof system_names.domain, text, length);
}

/* As many as there are numbers; fewer are not enforced. */
static int threads_limit = 32768;

static int64_t last_pid(void)
{
    int last = 0;

    for (struct process *process = process_next(1); process != NULL;
         process = process_next(last + 1)) {
        last = process->number;
        process_put(process);
    }
    return last;
}

static int64_t entropy(void)
{
    return 256;
}

static void show_uuid(struct text *text, const uint8_t bytes[16])
{
    for (unsigned i = 0; i < 16; i++)
        text_printf(text, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", bytes[i]);
    text_printf(text, "\n");
}

static void make_uuid(uint8_t bytes[16])
{
    random_bytes(bytes, 16);
    bytes[6] = (bytes[6] & 0x0f) | 0x40; /* version 4: random */
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
}

static int show_new_uuid(struct text *text, const struct proc_target *target)
{
    uint8_t bytes[16];

    (void)target;
    make_uuid(bytes);
    show_uuid(text, bytes);
    return 0;
}

static int show_boot_id(struct text *text, const struct proc_target *target)
{
    static uint8_t boot_id[16];
    static bool made;

    (void)target;
    if (!made)
        make_uuid(boot_id);
    made = true;
    show_uuid(text, boot_id);
    return 0;
}

static int urandom_min_reseed = 60, write_wakeup = 256;

static const struct proc_file random_files[] = {
    {.name = "boot_id",
     .mode = S_IFREG | 0444,
     .show = show_boot_id,
     .access = PROC_SETTING,
     .once = true},
    PROC_FIXED("entropy_avail", entropy),
    PROC_FIXED("poolsize", entropy),
    PROC_NUMBER("urandom_min_reseed_secs", urandom_min_reseed, INT32_MIN, INT32_MAX),
    {.name = "uuid",
     .mode = S_IFREG | 0444,
     .show = show_new_uuid,
     .access = PROC_SETTING,
     .once = true},
    PROC_NUMBER("write_wakeup_threshold", write_wakeup, INT32_MIN, INT32_MAX),
    {.name = NULL},
};

static const struct proc_file yama_files[] = {
    PROC_NUMBER("ptrace_scope", ptrace_scope, 0, 3),
    {.name = NULL},
};

static int64_t capability_last(void)
{
    return 40;
}

static int64_t groups_max(void)
{
    return 65536;
}

static int64_t zero(void)
{
    return 0;
}

/* "core", and whatever is written: nothing dumps core here. */
static char core_pattern[128] = "core";

static int show_core_pattern(struct text *text, const struct proc_target *target)
{
    (void)target;
    text_printf(text, "%s\n", core_pattern);
    return 0;
}

static int store_core_pattern(char *text, size_t length, const struct proc_target *target)
{
    (void)target;
    return store_name(core_pattern, sizeof core_pattern, text, length);
}

static struct {
    int core_uses_pid, core_pipe_limit, dmesg_restrict, kptr_restrict, overflow_uid, overflow_gid;
    int panic, panic_on_oops, perf_event_paranoid, print_fatal_signals, randomize_va_space;
    int autogroup, child_runs_first, rr_timeslice, rt_period, rt_runtime, sysctl_writes_strict;
    int sysrq, unprivileged_bpf_disabled, ctrl_alt_del, modules_disabled;
} kernel_settings = {
    .dmesg_restrict = 1,
    .overflow_uid = 65534,
    .overflow_gid = 65534,
    .perf_event_paranoid = 3,
    .randomize_va_space = 2,
    .rr_timeslice = 100,
    .rt_period = 1000000,
    .rt_runtime = 950000,
    .sysctl_writes_strict = 1,
    .sysrq = 438,
    .unprivileged_bpf_disabled = 2,
    .ctrl_alt_del = 1,
};

#define PID_MAX_LOWEST  301
#define PID_MAX_HIGHEST (4 * 1024 * 1024)

static const struct proc_file kernel_files[] = {
    PROC_FIXED_TEXT("arch", system_names.machine),
    PROC_FIXED("cap_last_cap", capability_last),
    {.name = "core_pattern",
     .mode = S_IFREG | 0644,
     .show = show_core_pattern,
     .store = store_core_pattern,
     .access = PROC_SETTING},
    PROC_NUMBER("core_pipe_limit", kernel_settings.core_pipe_limit, INT32_MIN, INT32_MAX),
    PROC_NUMBER("core_uses_pid", kernel_settings.core_uses_pid, INT32_MIN, INT32_MAX),
    PROC_NUMBER("ctrl-alt-del", kernel_settings.ctrl_alt_del, INT32_MIN, INT32_MAX),
    PROC_NUMBER("dmesg_restrict", kernel_settings.dmesg_restrict, 0, 1),
    {.name = "domainname",
     .mode = S_IFREG | 0644,
     .show = proc_show_line,
     .store = store_domainname,
     .access = PROC_SETTING,
     .data = system_names.domain},
    {.name = "hostname",
     .mode = S_IFREG | 0644,
     .show = proc_show_line,
     .store = store_hostname,
     .access = PROC_SETTING,
     .data = system_names.node},
    PROC_NUMBER("kptr_restrict", kernel_settings.kptr_restrict, 0, 2),
    PROC_NUMBER("modules_disabled", kernel_settings.modules_disabled, 1, 1),
    PROC_FIXED("ngroups_max", groups_max),
    PROC_FIXED("ns_last_pid", last_pid),
    PROC_FIXED_TEXT("osrelease", system_names.release),
    PROC_FIXED_TEXT("ostype", system_names.system),
    PROC_NUMBER("overflowgid", kernel_settings.overflow_gid, 0, 65535),
    PROC_NUMBER("overflowuid", kernel_settings.overflow_uid, 0, 65535),
    PROC_NUMBER("panic", kernel_settings.panic, INT32_MIN, INT32_MAX),
    PROC_NUMBER("panic_on_oops", kernel_settings.panic_on_oops, INT32_MIN, INT32_MAX),
    PROC_NUMBER("perf_event_paranoid", kernel_settings.perf_event_paranoid, INT32_MIN, INT32_MAX),
    PROC_NUMBER("pid_max", pid_max, PID_MAX_LOWEST, PID_MAX_HIGHEST),
    PROC_NUMBER("print-fatal-signals", kernel_settings.print_fatal_signals, INT32_MIN, INT32_MAX),
    PROC_DIRECTORY("random", random_files),
    PROC_NUMBER("randomize_va_space", kernel_settings.randomize_va_space, INT32_MIN, INT32_MAX),
    PROC_NUMBER("sched_autogroup_enabled", kernel_settings.autogroup, 0, 1),
    PROC_NUMBER("sched_child_runs_first", kernel_settings.child_runs_first, INT32_MIN, INT32_MAX),
    PROC_NUMBER("sched_rr_timeslice_ms", kernel_settings.rr_timeslice, INT32_MIN, INT32_MAX),
    PROC_NUMBER("sched_rt_period_us", kernel_settings.rt_period, 1, INT32_MAX),
    PROC_NUMBER("sched_rt_runtime_us", kernel_settings.rt_runtime, -1, INT32_MAX),
    PROC_SHM_SETTINGS,
    PROC_NUMBER("sysctl_writes_strict", kernel_settings.sysctl_writes_strict, -1, 1),
    PROC_NUMBER("sysrq", kernel_settings.sysrq, INT32_MIN, INT32_MAX),
    PROC_FIXED("tainted", zero),
    PROC_NUMBER("threads-max", threads_limit, 20, INT32_MAX),
    PROC_NUMBER("unprivileged_bpf_disabled", kernel_settings.unprivileged_bpf_disabled, 0, 2),
    PROC_FIXED_TEXT("version", system_names.version),
    PROC_DIRECTORY("yama", yama_files),
    {.name = NULL},
};

/* ---- vm ---- */

/* Bits of the addresses of mappings that are drawn at random, as words allow. */
#define RANDOM_BITS_LEAST (sizeof(long) == 8 ? 28 : 8)
#define RANDOM_BITS_MOST  (sizeof(long) == 8 ? 32 : 16)

static struct {
    int compact_memory, compact_unevictable, compaction_proactiveness;
    int dirtytime_expire;
    int drop_caches, extfrag_threshold, hugetlb_shm_group, laptop_mode, legacy_va_layout;
    int min_slab_ratio, min_unmapped_ratio, mmap_random_bits, mmap_random_compat;
    uint64_t huge_pages, huge_pages_overcommit;
    int numa_stat, page_cluster, page_lock_unfairness, pagelist_high_fraction, stat_interval;
    int stat_refresh, cache_pressure, userfaultfd;
    int watermark_boost, zone_reclaim_mode;
} other = {
    .compact_unevictable = 1,
    .compaction_proactiveness = 20,
    .dirtytime_expire = 43200,
    .extfrag_threshold = 500,
    .min_slab_ratio = 5,
    .min_unmapped_ratio = 1,
    .mmap_random_bits = RANDOM_BITS_LEAST,
    .mmap_random_compat = 8,
    .numa_stat = 1,
    .page_cluster = 3,
    .page_lock_unfairness = 5,
    .stat_interval = 1,
    .cache_pressure = 100,
    .watermark_boost = 15000,
};

/* Free memory that the kernel keeps for itself is not there to be given to programs. */
static void drop_caches(int64_t to)
{
    if (to & 2)
        (void)memory_drop_caches();
    quire_frame_drain(&kernel_machine);
}

static void reclaim_changed(int64_t to)
{
    (void)to;
    reclaim_settings_apply();
}

#define PROC_RECLAIM(file_name, field, lowest, highest)                                            \
    PROC_SETTING_ROW(file_name, 0644, .value = &reclaim_settings.field, .bytes = sizeof(int),      \
                     .minimum = (lowest), .maximum = (highest), .changed = reclaim_changed)

/* All policies' names, the current one in brackets. */
static int show_policy(struct text *text, const struct proc_target *target)
{
    const struct quire_policy *current = quire_reclaim_policy(&kernel_machine);

    (void)target;
    for (size_t i = 0; quire_policies[i] != NULL; i++)
        text_printf(text, quire_policies[i] == current ? "%s[%s]" : "%s%s", i > 0 ? " " : "",
                    quire_policies[i]->name);
    text_add(text, "\n", 1);
    return 0;
}

static int store_policy(char *line, size_t length, const struct proc_target *target)
{
    const struct quire_policy *policy;

    (void)target;
    while (length > 0 && (line[length - 1] == '\n' || line[length - 1] == ' '))
        line[--length] = 0;
    policy = quire_policy_find(line);
    if (policy == NULL)
        return -EINVAL;
    quire_reclaim_set_policy(&kernel_machine, policy);
    return 0;
}

/* There are no large pages to be had: the pool stays empty, whatever is asked for. */
static void empty_pool(int64_t to)
{
    (void)to;
    other.huge_pages = 0;
}

/* Of ratio and size one counts: the other is 0 then, as on Linux. */
static void ratio_changed(int64_t to)
{
    (void)to;
    vm_settings.overcommit_kbytes = 0;
    overcommit_apply();
}

static void size_changed(int64_t to)
{
    (void)to;
    vm_settings.overcommit_ratio = 0;
    overcommit_apply();
}

static void overcommit_changed(int64_t to)
{
    (void)to;
    overcommit_apply();
}

#define PROC_OVERCOMMIT(file_name, field, lowest, highest, function)                               \
    PROC_SETTING_ROW(file_name, 0644, .value = &vm_settings.field,                                 \
                     .bytes = sizeof vm_settings.field, .minimum = (lowest), .maximum = (highest), \
                     .changed = function)

#define PROC_WRITEBACK(file_name, field, lowest, highest, function)                                \
    PROC_SETTING_ROW(file_name, 0644, .value = &writeback_settings.field,                          \
                     .bytes = sizeof writeback_settings.field, .minimum = (lowest),                \
                     .maximum = (highest), .changed = function)

/* One number for each kind of memory: how much of it is kept from those who could use another. */
#ifdef __x86_64__
static int reserve_ratios[] = {256, 256, 32, 0, 0};
#else
static int reserve_ratios[] = {256, 32, 0, 0}; /* there is no DMA32 */
#endif

static int show_reserve_ratios(struct text *text, const struct proc_target *target)
{
    (void)target;
    for (size_t i = 0; i < ARRAY_SIZE(reserve_ratios); i++)
        text_printf(text, "%s%d", i > 0 ? "\t" : "", reserve_ratios[i]);
    text_add(text, "\n", 1);
    return 0;
}

static int store_reserve_ratios(char *line, size_t length, const struct proc_target *target)
{
    static const char blanks[] = " \t\n";
    char *at = line;

    (void)length, (void)target;
    for (size_t i = 0; i < ARRAY_SIZE(reserve_ratios); i++) {
        char *end, kept;
        int64_t value;

        while (*at != 0 && strchr(blanks, *at) != NULL)
            at++;
        for (end = at; *end != 0 && strchr(blanks, *end) == NULL;)
            end++;
        if (at == end)
            return i > 0 ? 0 : -EINVAL;
        kept = *end;
        *end = 0;
        if (proc_parse_setting(at, &value) != 0 || value > INT32_MAX || value < INT32_MIN)
            return -EINVAL;
        *end = kept;
        reserve_ratios[i] = value < 0 ? 0 : (int)value;
        at = end;
    }
    return 0;
}

/* There is one order left in Linux: by node. Its old names are still taken. */
static int store_zone_order(char *line, size_t length, const struct proc_target *target)
{
    (void)length, (void)target;
    return strchr("dDnN", line[0]) != NULL && line[0] != 0 ? 0 : -EINVAL;
}

#define PROC_PLAIN(file_name, field, lowest, highest)                                              \
    PROC_NUMBER(file_name, other.field, lowest, highest)

static const struct proc_file vm_files[] = {
    PROC_OVERCOMMIT("admin_reserve_kbytes", admin_reserve_kbytes, 0, INT64_MAX, overcommit_changed),
    PROC_SETTING_ROW("compact_memory", 0200, .value = &other.compact_memory, .bytes = sizeof(int),
                     .minimum = 1, .maximum = 1),
    PROC_PLAIN("compact_unevictable_allowed", compact_unevictable, 0, 1),
    PROC_PLAIN("compaction_proactiveness", compaction_proactiveness, 0, 100),
    PROC_WRITEBACK("dirty_background_bytes", background_bytes, 1, INT64_MAX,
                   writeback_background_bytes_changed),
    PROC_WRITEBACK("dirty_background_ratio", background_ratio, 0, 100,
                   writeback_background_ratio_changed),
    PROC_WRITEBACK("dirty_bytes", bytes, 2 * PAGE_SIZE, INT64_MAX, writeback_bytes_changed),
    PROC_WRITEBACK("dirty_expire_centisecs", expire, 0, INT32_MAX, writeback_changed),
    PROC_WRITEBACK("dirty_ratio", ratio, 0, 100, writeback_ratio_changed),
    PROC_WRITEBACK("dirty_writeback_centisecs", period, INT32_MIN, INT32_MAX, writeback_changed),
    PROC_PLAIN("dirtytime_expire_seconds", dirtytime_expire, 0, INT32_MAX),
    PROC_SETTING_ROW("drop_caches", 0200, .value = &other.drop_caches, .bytes = sizeof(int),
                     .minimum = 1, .maximum = 4, .changed = drop_caches),
    PROC_PLAIN("extfrag_threshold", extfrag_threshold, 0, 1000),
    PROC_PLAIN("hugetlb_shm_group", hugetlb_shm_group, INT32_MIN, INT32_MAX),
    PROC_PLAIN("laptop_mode", laptop_mode, INT32_MIN, INT32_MAX),
    PROC_PLAIN("legacy_va_layout", legacy_va_layout, 0, INT32_MAX),
    {.name = "lowmem_reserve_ratio",
     .mode = S_IFREG | 0644,
     .show = show_reserve_ratios,
     .store = store_reserve_ratios,
     .access = PROC_SETTING,
     .once = true,
     .seeks_end = true},
    PROC_OVERCOMMIT("max_map_count", max_map_count, 0, INT32_MAX, overcommit_changed),
    PROC_RECLAIM("min_free_kbytes", min_free_kbytes, 0, INT32_MAX),
    PROC_PLAIN("min_slab_ratio", min_slab_ratio, 0, 100),
    PROC_PLAIN("min_unmapped_ratio", min_unmapped_ratio, 0, 100),
    PROC_NUMBER("mmap_min_addr", vm_settings.mmap_min_addr, 0, INT64_MAX),
    PROC_SETTING_ROW("mmap_rnd_bits", 0600, .value = &other.mmap_random_bits, .bytes = sizeof(int),
                     .minimum = RANDOM_BITS_LEAST, .maximum = RANDOM_BITS_MOST),
#ifdef __x86_64__
    PROC_SETTING_ROW("mmap_rnd_compat_bits", 0600, .value = &other.mmap_random_compat,
                     .bytes = sizeof(int), .minimum = 8, .maximum = 16),
#endif
    PROC_SETTING_ROW("nr_hugepages", 0644, .value = &other.huge_pages, .bytes = sizeof(uint64_t),
                     .maximum = INT64_MAX, .changed = empty_pool),
    PROC_SETTING_ROW("nr_hugepages_mempolicy", 0644, .value = &other.huge_pages,
                     .bytes = sizeof(uint64_t), .maximum = INT64_MAX, .changed = empty_pool),
    PROC_PLAIN("nr_overcommit_hugepages", huge_pages_overcommit, 0, INT64_MAX),
    PROC_PLAIN("numa_stat", numa_stat, 0, 1),
    {.name = "numa_zonelist_order",
     .mode = S_IFREG | 0644,
     .show = proc_show_line,
     .store = store_zone_order,
     .access = PROC_SETTING,
     .once = true,
     .seeks_end = true,
     .data = "Node"},
    PROC_NUMBER("oom_dump_tasks", vm_settings.oom_dump_tasks, INT32_MIN, INT32_MAX),
    PROC_NUMBER("oom_kill_allocating_task", vm_settings.oom_kill_allocating_task, INT32_MIN,
                INT32_MAX),
    PROC_OVERCOMMIT("overcommit_kbytes", overcommit_kbytes, 0, INT64_MAX, size_changed),
    PROC_OVERCOMMIT("overcommit_memory", overcommit_memory, 0, 2, overcommit_changed),
    PROC_OVERCOMMIT("overcommit_ratio", overcommit_ratio, INT32_MIN, INT32_MAX, ratio_changed),
    PROC_PLAIN("page-cluster", page_cluster, 0, 31),
    PROC_PLAIN("page_lock_unfairness", page_lock_unfairness, 0, INT32_MAX),
    PROC_NUMBER("panic_on_oom", vm_settings.panic_on_oom, 0, 2),
    PROC_PLAIN("percpu_pagelist_high_fraction", pagelist_high_fraction, 0, INT32_MAX),
    {.name = "policy",
     .mode = S_IFREG | 0644,
     .show = show_policy,
     .store = store_policy,
     .access = PROC_SETTING,
     .once = true,
     .seeks_end = true},
    PROC_PLAIN("stat_interval", stat_interval, INT32_MIN, INT32_MAX),
    PROC_RECLAIM("swappiness", swappiness, 0, 200),
    PROC_PLAIN("unprivileged_userfaultfd", userfaultfd, 0, 1),
    PROC_OVERCOMMIT("user_reserve_kbytes", user_reserve_kbytes, 0, INT64_MAX, overcommit_changed),
    PROC_PLAIN("vfs_cache_pressure", cache_pressure, 0, INT32_MAX),
    PROC_PLAIN("watermark_boost_factor", watermark_boost, 0, INT32_MAX),
    PROC_RECLAIM("watermark_scale_factor", watermark_scale_factor, 1, 3000),
    PROC_PLAIN("zone_reclaim_mode", zone_reclaim_mode, 0, INT32_MAX),
    {.name = NULL},
};

/* ---- fs ---- */

static struct {
    uint64_t file_max;
    int pipe_max, lease_break, leases_enable, mount_max, dir_notify;
    int overflow_uid, overflow_gid, fifos, hardlinks, regular, symlinks, suid_dumpable;
    uint64_t pipe_pages_hard, pipe_pages_soft;
} fs_settings = {
    .file_max = INT64_MAX,
    .pipe_max = 1048576,
    .lease_break = 45,
    .leases_enable = 1,
    .mount_max = 100000,
    .dir_notify = 1,
    .overflow_uid = 65534,
    .overflow_gid = 65534,
    .hardlinks = 1,
    .symlinks = 1,
    .pipe_pages_soft = 16384,
};

static const struct proc_file fs_files[] = {
    PROC_NUMBER("dir-notify-enable", fs_settings.dir_notify, INT32_MIN, INT32_MAX),
    PROC_NUMBER("file-max", fs_settings.file_max, 0, INT64_MAX),
    PROC_NUMBER("lease-break-time", fs_settings.lease_break, INT32_MIN, INT32_MAX),
    PROC_NUMBER("leases-enable", fs_settings.leases_enable, INT32_MIN, INT32_MAX),
    PROC_NUMBER("mount-max", fs_settings.mount_max, 1, INT32_MAX),
    PROC_NUMBER("nr_open", nr_open_max, 64, 0x7fffffc0),
    PROC_NUMBER("overflowgid", fs_settings.overflow_gid, 0, 65535),
    PROC_NUMBER("overflowuid", fs_settings.overflow_uid, 0, 65535),
    PROC_NUMBER("pipe-max-size", fs_settings.pipe_max, PAGE_SIZE, INT32_MAX),
    PROC_NUMBER("pipe-user-pages-hard", fs_settings.pipe_pages_hard, 0, INT64_MAX),
    PROC_NUMBER("pipe-user-pages-soft", fs_settings.pipe_pages_soft, 0, INT64_MAX),
    PROC_NUMBER("protected_fifos", fs_settings.fifos, 0, 2),
    PROC_NUMBER("protected_hardlinks", fs_settings.hardlinks, 0, 1),
    PROC_NUMBER("protected_regular", fs_settings.regular, 0, 2),
    PROC_NUMBER("protected_symlinks", fs_settings.symlinks, 0, 1),
    PROC_NUMBER("suid_dumpable", fs_settings.suid_dumpable, 0, 2),
    {.name = NULL},
};

const struct proc_file proc_setting_files[] = {
    PROC_DIRECTORY("fs", fs_files),
    PROC_DIRECTORY("kernel", kernel_files),
    PROC_DIRECTORY("vm", vm_files),
    {.name = NULL},
};
