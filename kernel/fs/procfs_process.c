/*
 * /proc/PID and /proc/PID/task/TID: the tables of names, and what is said in a line or two.
 *
 * A process may end while it is looked at: what it gave back already reads as empty or zero, as a
 * zombie's does under Linux.
 */
#include "fs/procfs.h"

#include "core/memory.h"
#include "core/printf.h"
#include "core/string.h"
#include "linux/errno.h"
#include "linux/resource.h"
#include "linux/system.h"
#include "proc/signals.h"
#include "proc/tree.h"

struct thread *proc_target_thread(const struct proc_target *target)
{
    return target->tid != 0 ? thread_find(target->tid) : process_thread_next(target->process, 0);
}

struct memory *proc_target_memory(const struct proc_target *target)
{
    struct memory *memory = process_memory(target->process);

    if (memory != NULL && target->space != 0 &&
        (uint64_t)memory->space->number + 1 != target->space) {
        memory_put(memory);
        return NULL;
    }
    return memory;
}

static int show_comm(struct text *text, const struct proc_target *target)
{
    struct thread *thread = proc_target_thread(target);
    char name[16];

    proc_target_name(target->process, thread, name);
    text_printf(text, "%s\n", name);
    if (thread != NULL)
        thread_put(thread);
    return 0;
}

static int store_comm(char *name, size_t length, const struct proc_target *target)
{
    struct thread *thread;

    if (target->process != current_process())
        return -EINVAL;
    (void)length;
    thread = proc_target_thread(target);
    if (thread == NULL)
        return -ESRCH;
    strlcpy(thread->name, name, sizeof thread->name);
    thread_put(thread);
    return 0;
}

static int show_limits(struct text *text, const struct proc_target *target)
{
    static const struct {
        const char *name, *unit;
    } limits[RESOURCE_COUNT] = {
        [RLIMIT_CPU] = {"Max cpu time", "seconds"},
        [RLIMIT_FSIZE] = {"Max file size", "bytes"},
        [RLIMIT_DATA] = {"Max data size", "bytes"},
        [RLIMIT_STACK] = {"Max stack size", "bytes"},
        [RLIMIT_CORE] = {"Max core file size", "bytes"},
        [RLIMIT_RSS] = {"Max resident set", "bytes"},
        [RLIMIT_NPROC] = {"Max processes", "processes"},
        [RLIMIT_NOFILE] = {"Max open files", "files"},
        [RLIMIT_MEMLOCK] = {"Max locked memory", "bytes"},
        [RLIMIT_AS] = {"Max address space", "bytes"},
        [RLIMIT_LOCKS] = {"Max file locks", "locks"},
        [RLIMIT_SIGPENDING] = {"Max pending signals", "signals"},
        [RLIMIT_MSGQUEUE] = {"Max msgqueue size", "bytes"},
        [RLIMIT_NICE] = {"Max nice priority", ""},
        [RLIMIT_RTPRIO] = {"Max realtime priority", ""},
        [RLIMIT_RTTIME] = {"Max realtime timeout", "us"},
    };

    text_printf(text, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit", "Hard Limit", "Units");
    for (unsigned i = 0; i < RESOURCE_COUNT; i++) {
        const struct resource_limit *limit = &target->process->limits[i];
        char soft[24] = "unlimited", hard[24] = "unlimited";

        if (limit->soft != RLIM_INFINITY)
            snprintf(soft, sizeof soft, "%" PRIu64, limit->soft);
        if (limit->hard != RLIM_INFINITY)
            snprintf(hard, sizeof hard, "%" PRIu64, limit->hard);
        text_printf(text, "%-25s %-20s %-20s ", limits[i].name, soft, hard);
        if (limits[i].unit[0] != 0)
            text_printf(text, "%-10s", limits[i].unit);
        text_add(text, "\n", 1);
    }
    return 0;
}

static int show_zero(struct text *text, const struct proc_target *target)
{
    (void)target;
    text_add(text, "0", 1);
    return 0;
}

static int show_nothing(struct text *text, const struct proc_target *target)
{
    (void)text;
    return proc_may_look(target->process) == 0 ? 0 : -EPERM;
}

static int show_personality(struct text *text, const struct proc_target *target)
{
    if (proc_may_look(target->process) != 0)
        return -EPERM;
    text_printf(text, "%08x\n", target->process->leader->personality);
    return 0;
}

/* The registers of a call are not kept where others could read them. */
static int show_syscall(struct text *text, const struct proc_target *target)
{
    if (proc_may_look(target->process) != 0)
        return -EPERM;
    text_printf(text, "running\n");
    return 0;
}

static int show_sched(struct text *text, const struct proc_target *target)
{
    struct thread *thread = proc_target_thread(target);
    uint64_t run, voluntary, involuntary;
    char name[16];

    if (thread == NULL)
        return -ESRCH;
    proc_target_name(target->process, thread, name);
    run = thread->times.user + thread->times.system;
    voluntary = thread->times.voluntary_switches;
    involuntary = thread->times.involuntary_switches;
    text_printf(text,
                "%s (%d, #threads: %u)\n"
                "-------------------------------------------------------------------\n",
                name, thread->tid, target->process->thread_count);
    text_printf(text, "%-45s:%14" PRIu64 ".%06u\n", "se.sum_exec_runtime", run / 1000000,
                (unsigned)(run % 1000000));
    text_printf(text, "%-45s:%21" PRIu64 "\n%-45s:%21" PRIu64 "\n%-45s:%21" PRIu64 "\n",
                "nr_switches", voluntary + involuntary, "nr_voluntary_switches", voluntary,
                "nr_involuntary_switches", involuntary);
    text_printf(text, "%-45s:%21d\n", "policy", thread->policy);
    text_printf(text, "%-45s:%21d\n", "prio", 120 + thread->nice);
    thread_put(thread);
    return 0;
}

/* Time on a CPU, time in the queue, slices. */
static int show_schedstat(struct text *text, const struct proc_target *target)
{
    struct thread *thread = proc_target_thread(target);

    if (thread == NULL)
        return -ESRCH;
    text_printf(text, "%" PRIu64 " 0 %" PRIu64 "\n", thread->times.user + thread->times.system,
                thread->times.voluntary_switches + thread->times.involuntary_switches);
    thread_put(thread);
    return 0;
}

static int show_cpuset(struct text *text, const struct proc_target *target)
{
    (void)target;
    text_add(text, "/\n", 2);
    return 0;
}

static int show_io(struct text *text, const struct proc_target *target)
{
    if (proc_may_look(target->process) != 0)
        return -EACCES;
    text_printf(text, "rchar: 0\nwchar: 0\nsyscr: 0\nsyscw: 0\nread_bytes: 0\n"
                      "write_bytes: 0\ncancelled_write_bytes: 0\n");
    return 0;
}

static int show_id_map(struct text *text, const struct proc_target *target)
{
    (void)target;
    text_printf(text, "%10u %10u %10u\n", 0u, 0u, UINT32_MAX);
    return 0;
}

static int show_no_id(struct text *text, const struct proc_target *target)
{
    (void)target;
    text_printf(text, "%u", UINT32_MAX);
    return 0;
}

/* Children of the process, told by the first thread alone: which thread made them is not kept. */
static int show_children(struct text *text, const struct proc_target *target)
{
    if (target->tid != target->process->number)
        return 0;
    for (int pid = 1;;) {
        struct process *child = process_next(pid);
        uint64_t flags;
        bool mine;

        if (child == NULL)
            return 0;
        pid = child->number + 1;
        flags = tree_lock_interrupts();
        mine = child->parent == target->process;
        tree_unlock_interrupts(flags);
        if (mine)
            text_printf(text, "%d ", child->number);
        process_put(child);
    }
}

static int show_coredump_filter(struct text *text, const struct proc_target *target)
{
    struct memory *memory = proc_target_memory(target);

    if (memory != NULL)
        text_printf(text, "%08x\n", memory->dump_filter);
    memory_put(memory);
    return 0;
}

#define DUMP_FILTER_BITS 0x1ff

static int store_coredump_filter(char *line, size_t length, const struct proc_target *target)
{
    struct memory *memory;
    int64_t value;

    (void)length;
    if (proc_parse_setting(line, &value) != 0 || value < 0)
        return -EINVAL;
    memory = process_memory(target->process);
    if (memory == NULL)
        return -ESRCH;
    memory->dump_filter = (uint32_t)value & DUMP_FILTER_BITS;
    memory_put(memory);
    return 0;
}

/* Timers here are as exact as the tick: the slack is remembered, and changes nothing. */
#define DEFAULT_TIMER_SLACK 50000

static int show_timer_slack(struct text *text, const struct proc_target *target)
{
    struct thread *thread = proc_target_thread(target);

    if (thread == NULL)
        return -ESRCH;
    text_printf(text, "%u\n", DEFAULT_TIMER_SLACK);
    thread_put(thread);
    return 0;
}

static int store_timer_slack(char *line, size_t length, const struct proc_target *target)
{
    int64_t value;

    (void)length;
    if (target->process != current_process() && current_process()->credentials.euid != 0)
        return -EPERM;
    return proc_parse_setting(line, &value);
}

static int show_cgroup(struct text *text, const struct proc_target *target)
{
    (void)target;
    text_add(text, "0::/\n", 5);
    return 0;
}

/* ---- places: exe, cwd, root ---- */

static int follow_exe(const struct proc_target *target, struct vfs_path *out)
{
    struct memory *memory = proc_target_memory(target);
    int error = -ENOENT;

    if (memory == NULL)
        return -ENOENT;
    if (memory->executable != NULL) {
        *out = memory->executable->path;
        path_get(out);
        error = 0;
    }
    memory_put(memory);
    return error;
}

static int follow_context(const struct proc_target *target, struct vfs_path *out, bool root)
{
    struct fs_context *context = process_fs(target->process);

    if (context == NULL)
        return -ENOENT;
    if (root)
        fs_context_root(context, out);
    else
        fs_context_directory(context, out);
    fs_context_put(context);
    return 0;
}

static int follow_cwd(const struct proc_target *target, struct vfs_path *out)
{
    return follow_context(target, out, false);
}

static int follow_root(const struct proc_target *target, struct vfs_path *out)
{
    return follow_context(target, out, true);
}

/* ---- task ---- */

static uint64_t task_number(int tid)
{
    return proc_inode_number(((uint64_t)tid << 40) + 1);
}

static const struct proc_file thread_files[];
static const struct proc_file thread_directory = {
    .name = "TID", .mode = S_IFDIR | 0555, .children = thread_files};

static int task_lookup(struct vfs_entry *directory, const char *name, size_t length,
                       struct vfs_entry **out)
{
    const struct proc_target *here = proc_target(directory->inode);
    struct proc_target target = {.file = &thread_directory,
                                 .process = here->process,
                                 .tid = proc_parse_number(name, length)};
    struct thread *thread = target.tid > 0 ? thread_find(target.tid) : NULL;
    bool member = thread != NULL && thread->process == here->process;

    if (thread != NULL)
        thread_put(thread);
    if (!member)
        return -ENOENT;
    return proc_entry(directory, name, length, task_number(target.tid), &target, out);
}

static int task_list(struct vfs_inode *inode, struct file *file, struct directory_sink *sink)
{
    const struct proc_target *here = proc_target(inode);

    for (;;) {
        struct thread *thread = process_thread_next(here->process, (int)(file->position - 2));
        char name[12];
        int length, tid;

        if (thread == NULL)
            return 0;
        tid = thread->tid;
        thread_put(thread);
        length = snprintf(name, sizeof name, "%d", tid);
        if (!sink->name(sink, name, (size_t)length, task_number(tid), DT_OF_MODE(S_IFDIR),
                        (uint64_t)tid + 3))
            return 0;
        file->position = (uint64_t)tid + 3;
    }
}

static const struct vfs_inode_operations task_operations = {.lookup = task_lookup,
                                                            .list = task_list,
                                                            .refresh = proc_inode_refresh,
                                                            .release = proc_inode_release};

/* ---- the tables ---- */

#define PROC_PLACE(file_name, function)                                                            \
    {                                                                                              \
        .name = file_name, .mode = S_IFLNK | 0777, .follow = function, .access = PROC_LOOK         \
    }

#define PROC_COMMON_FILES                                                                          \
    {.name = "fd", .mode = S_IFDIR | 0500, .operations = &proc_fd_operations},                     \
        {.name = "fdinfo", .mode = S_IFDIR | 0555, .operations = &proc_fdinfo_operations},         \
        PROC_SECRET("environ", 0400, proc_show_environ),                                           \
        {.name = "auxv",                                                                           \
         .mode = S_IFREG | 0400,                                                                   \
         .show = proc_show_auxv,                                                                   \
         .access = PROC_LOOK,                                                                      \
         .seeks_end = true},                                                                       \
        PROC_TEXT("status", 0444, proc_show_status),                                               \
        PROC_TEXT("personality", 0400, show_personality), PROC_TEXT("limits", 0444, show_limits),  \
        PROC_TEXT("sched", 0444, show_sched),                                                      \
        {.name = "comm", .mode = S_IFREG | 0644, .show = show_comm, .store = store_comm},          \
        PROC_TEXT("syscall", 0400, show_syscall),                                                  \
        {.name = "cmdline", .mode = S_IFREG | 0444, .show = proc_show_cmdline, .seeks_end = true}, \
        PROC_TEXT("stat", 0444, proc_show_stat), PROC_TEXT("statm", 0444, proc_show_statm),        \
        PROC_SECRET("maps", 0444, proc_show_maps),                                                 \
        PROC_SECRET("numa_maps", 0444, proc_show_numa_maps),                                       \
        {.name = "mem",                                                                            \
         .mode = S_IFREG | 0600,                                                                   \
         .file_operations = &proc_memory_operations,                                               \
         .access = PROC_ATTACH},                                                                   \
        PROC_PLACE("cwd", follow_cwd), PROC_PLACE("root", follow_root),                            \
        PROC_PLACE("exe", follow_exe), PROC_TEXT("mounts", 0444, proc_show_mounts),                \
        PROC_TEXT("mountinfo", 0444, proc_show_mountinfo),                                         \
        {.name = "clear_refs", .mode = S_IFREG | 0200, .store = proc_store_clear_refs},            \
        PROC_SECRET("smaps", 0444, proc_show_smaps),                                               \
        PROC_SECRET("smaps_rollup", 0444, proc_show_smaps_rollup),                                 \
        {.name = "pagemap",                                                                        \
         .mode = S_IFREG | 0400,                                                                   \
         .file_operations = &proc_pagemap_operations,                                              \
         .access = PROC_LOOK},                                                                     \
        PROC_TEXT("wchan", 0444, show_zero), PROC_TEXT("stack", 0400, show_nothing),               \
        PROC_TEXT("schedstat", 0444, show_schedstat), PROC_TEXT("cpuset", 0444, show_cpuset),      \
        PROC_TEXT("cgroup", 0444, show_cgroup), PROC_TEXT("io", 0400, show_io),                    \
        PROC_TEXT("uid_map", 0444, show_id_map), PROC_TEXT("gid_map", 0444, show_id_map),          \
        PROC_TEXT("loginuid", 0444, show_no_id), PROC_TEXT("sessionid", 0444, show_no_id)

static const struct proc_file thread_files[] = {
    PROC_COMMON_FILES, PROC_OOM_FILES,
    PROC_FAILNTH_FILE, PROC_TEXT("children", 0444, show_children),
    {.name = NULL},
};

const struct proc_file proc_process_files[] = {
    {.name = "task", .mode = S_IFDIR | 0555, .operations = &task_operations},
    {.name = "map_files", .mode = S_IFDIR | 0500, .operations = &proc_map_files_operations},
    PROC_COMMON_FILES,
    PROC_OOM_FILES,
    PROC_FAILNTH_FILE,
    PROC_TEXT("mountstats", 0400, proc_show_mountstats),
    {.name = "reclaim", .mode = S_IFREG | 0200, .store = proc_store_reclaim, .access = PROC_ATTACH},
    {.name = "coredump_filter",
     .mode = S_IFREG | 0644,
     .show = show_coredump_filter,
     .store = store_coredump_filter},
    {.name = "timerslack_ns",
     .mode = S_IFREG | 0666,
     .show = show_timer_slack,
     .store = store_timer_slack},
    {.name = NULL},
};
