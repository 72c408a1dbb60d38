/*
 * /proc/PID: what a process is, has open, and has mapped, in the formats that procps and busybox
 * parse (proc(5)).
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
#include "proc/process.h"
#include "proc/signals.h"
#include "proc/tree.h"
#include "tty/tty.h"
#include "x86/usercopy.h"

#define NS_PER_TICK 10000000ull /* USER_HZ is 100 */
#define KIB(pages)  ((unsigned long)(pages) << (PAGE_SHIFT - 10))

static struct thread *target_thread(const struct proc_target *target)
{
    return target->tid != 0 ? thread_find(target->tid) : process_thread_next(target->process, 0);
}

/* ---- memory as text: cmdline, environ, auxv ---- */

static int show_user_bytes(struct text *text, struct memory *memory, uint64_t start, uint64_t end)
{
    char buffer[512];

    while (start < end) {
        size_t n = end - start < sizeof buffer ? end - start : sizeof buffer, done = 0;

        quire_space_read(memory->space, start, buffer, n, true, &done);
        text_add(text, buffer, done);
        start += done;
        if (done < n)
            break;
    }
    return 0;
}

static int show_cmdline(struct text *text, const struct proc_target *target)
{
    struct memory *memory = process_memory(target->process);

    if (memory == NULL)
        return 0;
    show_user_bytes(text, memory, memory->argument_start, memory->argument_end);
    memory_put(memory);
    return 0;
}

static int show_environ(struct text *text, const struct proc_target *target)
{
    struct memory *memory = process_memory(target->process);

    if (memory == NULL)
        return 0;
    show_user_bytes(text, memory, memory->environment_start, memory->environment_end);
    memory_put(memory);
    return 0;
}

static int show_auxv(struct text *text, const struct proc_target *target)
{
    struct memory *memory = process_memory(target->process);

    if (memory == NULL)
        return 0;
    show_user_bytes(text, memory, memory->auxiliary_start,
                    memory->auxiliary_start + memory->auxiliary_size);
    memory_put(memory);
    return 0;
}

/* ---- maps ---- */

/* What stands behind a region, as maps calls it; NULL: nothing. buffer: VFS_PATH_MAX bytes. */
static const char *region_name(struct memory *memory, const struct quire_region_info *region,
                               char *buffer)
{
    struct quire_space *space = memory->space;
    char *name;

    if (region->object != NULL) {
        if (region->object->pager != &inode_pager ||
            inode_text(region->object->owner, buffer, VFS_PATH_MAX, &name) <= 0)
            return NULL;
        return name;
    }
    if (region->start < space->break_end && region->end > space->break_start)
        return "[heap]";
    if (region->start <= memory->stack_start && memory->stack_start < region->end)
        return "[stack]";
    return NULL;
}

static void show_region(struct text *text, struct memory *memory,
                        const struct quire_region_info *region, char *buffer)
{
    const char *name = region_name(memory, region, buffer);
    size_t line = text->length;
    uint64_t device = 0, number = 0, offset = 0;

    if (region->object != NULL && region->object->pager == &inode_pager) {
        const struct vfs_inode *inode = region->object->owner;

        device = inode->filesystem_device;
        number = inode->number;
    }
    if (region->object != NULL)
        offset = region->offset;
    text_printf(text, "%08lx-%08lx %c%c%c%c %08lx %02x:%02x %lu ", (unsigned long)region->start,
                (unsigned long)region->end, (region->flags & QUIRE_PROT_READ) ? 'r' : '-',
                (region->flags & QUIRE_PROT_WRITE) ? 'w' : '-',
                (region->flags & QUIRE_PROT_EXECUTE) ? 'x' : '-',
                (region->flags & QUIRE_REGION_SHARED) ? 's' : 'p', (unsigned long)offset,
                device_major(device), device_minor(device), (unsigned long)number);
    if (name != NULL) {
        text_pad(text, line, 73);
        text_escaped(text, name, "\n");
    }
    text_add(text, "\n", 1);
}

static void show_smaps(struct text *text, struct memory *memory,
                       const struct quire_region_info *region)
{
    static const struct {
        uint32_t flag;
        const char *name;
    } flags[] = {
        {QUIRE_PROT_READ, "rd"},          {QUIRE_PROT_WRITE, "wr"},
        {QUIRE_PROT_EXECUTE, "ex"},       {QUIRE_REGION_SHARED, "sh"},
        {QUIRE_REGION_MAY_READ, "mr"},    {QUIRE_REGION_MAY_WRITE, "mw"},
        {QUIRE_REGION_MAY_EXECUTE, "me"}, {QUIRE_REGION_GROWS_DOWN, "gd"},
        {QUIRE_REGION_LOCKED, "lo"},      {QUIRE_REGION_SEQUENTIAL, "sr"},
        {QUIRE_REGION_RANDOM, "rr"},      {QUIRE_REGION_NO_FORK, "dc"},
        {QUIRE_REGION_NO_RESERVE, "nr"},  {QUIRE_REGION_WIPE_ON_FORK, "wf"},
        {QUIRE_REGION_NO_DUMP, "dd"},     {QUIRE_REGION_HUGE, "hg"},
        {QUIRE_REGION_NO_HUGE, "nh"},
    };
    struct quire_usage usage = {0};

    quire_space_usage_range(memory->space, region->start, region->end, &usage);
    text_printf(text, "Size:           %8lu kB\n",
                (unsigned long)(region->end - region->start) / 1024);
    text_printf(text, "KernelPageSize: %8lu kB\n", (unsigned long)PAGE_SIZE / 1024);
    text_printf(text, "MMUPageSize:    %8lu kB\n", (unsigned long)PAGE_SIZE / 1024);
    text_printf(text, "Rss:            %8lu kB\n", KIB(usage.resident));
    text_printf(text, "Pss:            %8lu kB\n", (unsigned long)usage.proportional / 1024);
    text_printf(text, "Pss_Dirty:      %8lu kB\n", KIB(usage.private_dirty));
    text_printf(text, "Shared_Clean:   %8lu kB\n", KIB(usage.shared_clean));
    text_printf(text, "Shared_Dirty:   %8lu kB\n", KIB(usage.shared_dirty));
    text_printf(text, "Private_Clean:  %8lu kB\n", KIB(usage.private_clean));
    text_printf(text, "Private_Dirty:  %8lu kB\n", KIB(usage.private_dirty));
    text_printf(text, "Referenced:     %8lu kB\n", KIB(usage.accessed));
    text_printf(text, "Anonymous:      %8lu kB\n", KIB(usage.anonymous));
    text_printf(text, "LazyFree:       %8lu kB\n", 0ul);
    text_printf(text, "AnonHugePages:  %8lu kB\n", 0ul);
    text_printf(text, "ShmemPmdMapped: %8lu kB\n", 0ul);
    text_printf(text, "FilePmdMapped:  %8lu kB\n", 0ul);
    text_printf(text, "Shared_Hugetlb: %8lu kB\n", 0ul);
    text_printf(text, "Private_Hugetlb: %7lu kB\n", 0ul);
    text_printf(text, "Swap:           %8lu kB\n", KIB(usage.swapped));
    text_printf(text, "SwapPss:        %8lu kB\n", KIB(usage.swapped));
    text_printf(text, "Locked:         %8lu kB\n",
                (region->flags & QUIRE_REGION_LOCKED) ? KIB(usage.resident) : 0ul);
    text_printf(text, "THPeligible:    %d\n", 0);
    text_printf(text, "VmFlags: ");
    for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
        if (region->flags & flags[i].flag)
            text_printf(text, "%s ", flags[i].name);
    text_printf(text, "\n");
}

static int show_regions(struct text *text, const struct proc_target *target, bool detailed)
{
    struct memory *memory = process_memory(target->process);
    struct quire_region_info region;
    quire_virt at = 0;
    char *buffer;

    if (memory == NULL)
        return 0;
    buffer = kernel_alloc(VFS_PATH_MAX);
    if (buffer == NULL) {
        memory_put(memory);
        return -ENOMEM;
    }
    while (quire_space_region(memory->space, at, &region)) {
        show_region(text, memory, &region, buffer);
        if (detailed)
            show_smaps(text, memory, &region);
        if (region.object != NULL)
            quire_object_put(region.object);
        at = region.end;
        if (text->failed)
            break;
    }
    kernel_free(buffer);
    memory_put(memory);
    return 0;
}

static int show_maps(struct text *text, const struct proc_target *target)
{
    return show_regions(text, target, false);
}

static int show_smaps_all(struct text *text, const struct proc_target *target)
{
    return show_regions(text, target, true);
}

/* ---- numbers: stat, statm, status ---- */

struct memory_numbers {
    uint64_t size, resident, shared, text, data, stack, locked, tables, swapped, anonymous, peak;
    uint64_t code_start, code_end, stack_start, data_start, data_end, break_start;
    uint64_t argument_start, argument_end, environment_start, environment_end;
};

static void memory_numbers(struct process *process, struct memory_numbers *out)
{
    struct memory *memory = process_memory(process);
    struct quire_usage usage = {0};

    *out = (struct memory_numbers){0};
    if (memory == NULL)
        return;
    quire_space_usage(memory->space, &usage);
    *out = (struct memory_numbers){
        .size = memory->space->pages.total,
        .resident = usage.resident,
        .shared = usage.object,
        .text =
            (quire_page_up(memory->code_end) - quire_page_down(memory->code_start)) >> PAGE_SHIFT,
        .data = memory->space->pages.data,
        .stack = memory->space->pages.stack,
        .locked = memory->space->pages.locked,
        .tables = usage.tables,
        .swapped = usage.swapped,
        .anonymous = usage.anonymous,
        .peak = memory->resident_peak,
        .code_start = memory->code_start,
        .code_end = memory->code_end,
        .stack_start = memory->stack_start,
        .data_start = memory->data_start,
        .data_end = memory->data_end,
        .break_start = memory->space->break_start,
        .argument_start = memory->argument_start,
        .argument_end = memory->argument_end,
        .environment_start = memory->environment_start,
        .environment_end = memory->environment_end,
    };
    memory_put(memory);
}

struct signal_numbers {
    signal_set pending, process_pending, blocked, ignored, caught;
};

static void signal_numbers(struct process *process, struct thread *thread,
                           struct signal_numbers *out)
{
    *out = (struct signal_numbers){.process_pending = process->pending.set};
    if (thread != NULL) {
        out->pending = thread->pending.set;
        out->blocked = thread->blocked;
    }
    if (process->handlers == NULL || process->zombie)
        return;
    for (int signo = 1; signo <= SIGNAL_COUNT; signo++) {
        struct signal_action action = signal_action_get(process, signo);

        if (action.handler == SIG_IGN)
            out->ignored |= SIGNAL_BIT(signo);
        else if (action.handler != SIG_DFL)
            out->caught |= SIGNAL_BIT(signo);
    }
}

static int parent_number(struct process *process)
{
    uint64_t flags = tree_lock_interrupts();
    int number = process->parent != NULL ? process->parent->number : 0;

    tree_unlock_interrupts(flags);
    return number;
}

/* comm: a running thread's name, or that of the leader, whose name outlives it. */
static void target_name(struct process *process, struct thread *thread, char out[16])
{
    if (thread != NULL)
        strlcpy(out, thread->name, 16);
    else if (process->leader != NULL)
        strlcpy(out, process->leader->name, 16);
    else
        out[0] = 0;
}

static void target_times(const struct proc_target *target, struct thread *thread,
                         struct usage_times *out)
{
    if (target->tid != 0 && thread != NULL)
        *out = thread->times;
    else
        process_times(target->process, out);
}

static char target_state(const struct proc_target *target, struct thread *thread)
{
    return target->tid != 0 && thread != NULL ? thread_state_letter(thread)
                                              : process_state_letter(target->process);
}

static int show_stat(struct text *text, const struct proc_target *target)
{
    struct process *process = target->process;
    struct thread *thread = target_thread(target);
    struct tty *tty = process_tty(process);
    struct memory_numbers memory;
    struct signal_numbers signals;
    struct usage_times times;
    char name[16];
    int nice = thread != NULL ? thread->nice : 0;

    memory_numbers(process, &memory);
    signal_numbers(process, thread, &signals);
    target_times(target, thread, &times);
    target_name(process, thread, name);
    text_printf(
        text, "%d (%s) %c %d %d %d %d %d %u ", target->tid != 0 ? target->tid : process->number,
        name, target_state(target, thread), parent_number(process), process_group_number(process),
        process_session_number(process), tty != NULL ? tty_device_number(tty) : 0,
        tty != NULL ? tty_foreground_group(tty) : -1, process->exec_done ? 0x400000u : 0x400040u);
    text_printf(text, "%lu 0 %lu 0 %lu %lu %lu %lu %d %d %u 0 %lu ",
                (unsigned long)times.minor_faults, (unsigned long)times.major_faults,
                (unsigned long)(times.user / NS_PER_TICK),
                (unsigned long)(times.system / NS_PER_TICK),
                (unsigned long)(process->children_times.user / NS_PER_TICK),
                (unsigned long)(process->children_times.system / NS_PER_TICK), 20 + nice, nice,
                process->thread_count, (unsigned long)(process->start_time / NS_PER_TICK));
    text_printf(text, "%lu %lu %lu %lu %lu %lu 0 0 %lu %lu %lu %lu 0 0 0 %d %u 0 0 0 0 0 ",
                (unsigned long)memory.size << PAGE_SHIFT, (unsigned long)memory.resident,
                (unsigned long)process->limits[RLIMIT_RSS].soft, (unsigned long)memory.code_start,
                (unsigned long)memory.code_end, (unsigned long)memory.stack_start,
                (unsigned long)(signals.pending & 0x7fffffff),
                (unsigned long)(signals.blocked & 0x7fffffff),
                (unsigned long)(signals.ignored & 0x7fffffff),
                (unsigned long)(signals.caught & 0x7fffffff), process->exit_signal,
                thread != NULL ? thread->cpu : 0);
    text_printf(text, "%lu %lu %lu %lu %lu %lu %lu %d\n", (unsigned long)memory.data_start,
                (unsigned long)memory.data_end, (unsigned long)memory.break_start,
                (unsigned long)memory.argument_start, (unsigned long)memory.argument_end,
                (unsigned long)memory.environment_start, (unsigned long)memory.environment_end,
                process->exit_status);
    if (thread != NULL)
        thread_put(thread);
    return 0;
}

static int show_statm(struct text *text, const struct proc_target *target)
{
    struct memory_numbers memory;

    memory_numbers(target->process, &memory);
    text_printf(text, "%lu %lu %lu %lu 0 %lu 0\n", (unsigned long)memory.size,
                (unsigned long)memory.resident, (unsigned long)memory.shared,
                (unsigned long)memory.text, (unsigned long)(memory.data + memory.stack));
    return 0;
}

static const char *state_text(char letter)
{
    switch (letter) {
    case 'R':
        return "R (running)";
    case 'S':
        return "S (sleeping)";
    case 'T':
        return "T (stopped)";
    case 'Z':
        return "Z (zombie)";
    case 'X':
        return "X (dead)";
    default:
        return "D (disk sleep)";
    }
}

static unsigned descriptor_room(struct process *process)
{
    struct file_table *files = process_files(process);
    unsigned room = files != NULL ? file_table_capacity(files) : 0;

    file_table_put(files);
    return room;
}

static void show_status_memory(struct text *text, struct process *process)
{
    struct memory_numbers m;

    memory_numbers(process, &m);
    if (m.size == 0)
        return;
    text_printf(text, "VmPeak:\t%8lu kB\nVmSize:\t%8lu kB\n", KIB(m.size), KIB(m.size));
    text_printf(text, "VmLck:\t%8lu kB\nVmPin:\t%8lu kB\n", KIB(m.locked), 0ul);
    text_printf(text, "VmHWM:\t%8lu kB\nVmRSS:\t%8lu kB\n",
                KIB(m.peak > m.resident ? m.peak : m.resident), KIB(m.resident));
    text_printf(text, "RssAnon:\t%8lu kB\nRssFile:\t%8lu kB\nRssShmem:\t%8lu kB\n",
                KIB(m.anonymous), KIB(m.shared), 0ul);
    text_printf(text, "VmData:\t%8lu kB\nVmStk:\t%8lu kB\nVmExe:\t%8lu kB\nVmLib:\t%8lu kB\n",
                KIB(m.data), KIB(m.stack), KIB(m.text), 0ul);
    text_printf(text, "VmPTE:\t%8lu kB\nVmSwap:\t%8lu kB\nHugetlbPages:\t%8lu kB\n", KIB(m.tables),
                KIB(m.swapped), 0ul);
    text_printf(text, "CoreDumping:\t0\nTHP_enabled:\t0\n");
}

static int show_status(struct text *text, const struct proc_target *target)
{
    struct process *process = target->process;
    struct thread *thread = target_thread(target);
    const struct credentials *who = &process->credentials;
    int number = target->tid != 0 ? target->tid : process->number;
    struct signal_numbers signals;
    struct usage_times times;
    const char *all = who->euid == 0 ? "000001ffffffffff" : "0000000000000000";
    char name[16];

    signal_numbers(process, thread, &signals);
    target_times(target, thread, &times);
    target_name(process, thread, name);
    text_printf(text, "Name:\t");
    text_escaped(text, name, "\n\\");
    text_printf(text, "\nUmask:\t%04o\nState:\t%s\nTgid:\t%d\nNgid:\t0\nPid:\t%d\nPPid:\t%d\n",
                process->umask, state_text(target_state(target, thread)), process->number, number,
                parent_number(process));
    text_printf(text, "TracerPid:\t0\nUid:\t%u\t%u\t%u\t%u\nGid:\t%u\t%u\t%u\t%u\n", who->uid,
                who->euid, who->suid, who->fsuid, who->gid, who->egid, who->sgid, who->fsgid);
    text_printf(text, "FDSize:\t%u\nGroups:\t", descriptor_room(process));
    for (uint32_t i = 0; i < who->group_count; i++)
        text_printf(text, "%u ", who->groups[i]);
    text_printf(text, "\nNStgid:\t%d\nNSpid:\t%d\nNSpgid:\t%d\nNSsid:\t%d\n", process->number,
                number, process_group_number(process), process_session_number(process));
    show_status_memory(text, process);
    text_printf(text, "Threads:\t%u\nSigQ:\t0/%lu\n", process->thread_count,
                (unsigned long)process->limits[RLIMIT_SIGPENDING].soft);
    text_printf(text, "SigPnd:\t%016lx\nShdPnd:\t%016lx\nSigBlk:\t%016lx\nSigIgn:\t%016lx\n",
                (unsigned long)signals.pending, (unsigned long)signals.process_pending,
                (unsigned long)signals.blocked, (unsigned long)signals.ignored);
    text_printf(text, "SigCgt:\t%016lx\nCapInh:\t0000000000000000\nCapPrm:\t%s\nCapEff:\t%s\n",
                (unsigned long)signals.caught, all, all);
    text_printf(text, "CapBnd:\t000001ffffffffff\nCapAmb:\t0000000000000000\nNoNewPrivs:\t%d\n",
                process->no_new_privileges);
    text_printf(text, "Seccomp:\t0\nSeccomp_filters:\t0\n"
                      "Speculation_Store_Bypass:\tvulnerable\n"
                      "SpeculationIndirectBranch:\talways enabled\n");
    text_printf(text, "Cpus_allowed:\t%x\nCpus_allowed_list:\t0", (1u << cpu_count) - 1);
    if (cpu_count > 1)
        text_printf(text, "-%u", cpu_count - 1);
    text_printf(text,
                "\nMems_allowed:\t1\nMems_allowed_list:\t0\n"
                "voluntary_ctxt_switches:\t%lu\nnonvoluntary_ctxt_switches:\t%lu\n",
                (unsigned long)times.voluntary_switches, (unsigned long)times.involuntary_switches);
    if (thread != NULL)
        thread_put(thread);
    return 0;
}

static int show_comm(struct text *text, const struct proc_target *target)
{
    struct thread *thread = target_thread(target);
    char name[16];

    target_name(target->process, thread, name);
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
    if (length > 0 && name[length - 1] == '\n')
        name[length - 1] = 0;
    thread = target_thread(target);
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
            snprintf(soft, sizeof soft, "%lu", (unsigned long)limit->soft);
        if (limit->hard != RLIM_INFINITY)
            snprintf(hard, sizeof hard, "%lu", (unsigned long)limit->hard);
        text_printf(text, "%-25s %-20s %-20s %-10s\n", limits[i].name, soft, hard, limits[i].unit);
    }
    return 0;
}

static int show_zero(struct text *text, const struct proc_target *target)
{
    (void)target;
    text_add(text, "0", 1);
    return 0;
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
    struct memory *memory = process_memory(target->process);
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

/* ---- fd, fdinfo ---- */

static struct file *target_file(const struct proc_target *target)
{
    struct file_table *files = process_files(target->process);
    struct file *file = files != NULL ? file_table_find(files, target->descriptor) : NULL;

    file_table_put(files);
    return file;
}

static int follow_descriptor(const struct proc_target *target, struct vfs_path *out)
{
    struct file *file = target_file(target);
    int error;

    if (file == NULL)
        return -ENOENT;
    error = file_place(file, out);
    file_put(file);
    return error;
}

static long read_descriptor(const struct proc_target *target, char *buffer, size_t size)
{
    struct file *file = target_file(target);
    long length;
    char *text;

    if (file == NULL)
        return -ENOENT;
    if (file->path.entry == NULL) {
        length = file_label(file, buffer, size);
    } else {
        length = path_text(&file->path, NULL, buffer, size, true, &text);
        if (length > 0)
            memmove(buffer, text, (size_t)--length);
    }
    file_put(file);
    return length;
}

static int show_descriptor(struct text *text, const struct proc_target *target)
{
    struct file *file = target_file(target);

    if (file == NULL)
        return -ENOENT;
    text_printf(text, "pos:\t%lu\nflags:\t0%o\nmnt_id:\t%u\nino:\t%lu\n",
                file->operations->seek != NULL ? (unsigned long)file->position : 0ul, file->flags,
                file->path.mount != NULL ? file->path.mount->number : 1,
                file->inode != NULL ? (unsigned long)file->inode->number : 0ul);
    file_put(file);
    return 0;
}

static int parse_number(const char *name, size_t length)
{
    int number = 0;

    if (length == 0 || length > 9 || (name[0] == '0' && length > 1))
        return -1;
    for (size_t i = 0; i < length; i++) {
        if (name[i] < '0' || name[i] > '9')
            return -1;
        number = number * 10 + (name[i] - '0');
    }
    return number;
}

/* By access mode; the last is for opens that may neither read nor write (mode 3). */
#define DESCRIPTOR_LINK(permissions)                                                               \
    {                                                                                              \
        .name = "N", .mode = S_IFLNK | (permissions), .follow = follow_descriptor,                 \
        .read_link = read_descriptor, .for_owner = true                                            \
    }
static const struct proc_file descriptor_link[O_ACCMODE + 1] = {
    DESCRIPTOR_LINK(0500), DESCRIPTOR_LINK(0300), DESCRIPTOR_LINK(0700), DESCRIPTOR_LINK(0)};
static const struct proc_file descriptor_info = {
    .name = "info", .mode = S_IFREG | 0444, .show = show_descriptor, .for_owner = true};

static uint64_t descriptor_number(const struct proc_target *here, int descriptor, bool info)
{
    return ((uint64_t)here->process->number << 24) + (info ? 0x800000u : 0x1000u) +
           (unsigned)descriptor;
}

static int descriptors_lookup(struct vfs_entry *directory, const char *name, size_t length,
                              bool info, struct vfs_entry **out)
{
    const struct proc_target *here = proc_target(directory->inode);
    struct proc_target target = {.process = here->process,
                                 .descriptor = parse_number(name, length)};
    struct file *file;

    if (proc_may_look(here->process) != 0)
        return -EACCES;
    file = target.descriptor >= 0 ? target_file(&target) : NULL;
    if (file == NULL)
        return -ENOENT;
    target.file = info ? &descriptor_info : &descriptor_link[file->flags & O_ACCMODE];
    file_put(file);
    return proc_entry(directory, name, length, descriptor_number(here, target.descriptor, info),
                      &target, out);
}

static int fd_lookup(struct vfs_entry *directory, const char *name, size_t length,
                     struct vfs_entry **out)
{
    return descriptors_lookup(directory, name, length, false, out);
}

static int fdinfo_lookup(struct vfs_entry *directory, const char *name, size_t length,
                         struct vfs_entry **out)
{
    return descriptors_lookup(directory, name, length, true, out);
}

static int descriptors_list(struct vfs_inode *inode, struct file *file, struct directory_sink *sink)
{
    const struct proc_target *here = proc_target(inode);
    struct file_table *files;
    int error = proc_may_look(here->process);

    if (error != 0)
        return error;
    files = process_files(here->process);
    if (files == NULL)
        return 0;
    for (;;) {
        int descriptor = file_table_next(files, (int)(file->position - 2));
        char name[12];
        int length;

        if (descriptor < 0)
            break;
        length = snprintf(name, sizeof name, "%d", descriptor);
        if (!sink->name(sink, name, (size_t)length, descriptor_number(here, descriptor, false),
                        DT_OF_MODE(S_IFLNK), (uint64_t)descriptor + 3))
            break;
        file->position = (uint64_t)descriptor + 3;
    }
    file_table_put(files);
    return 0;
}

static void target_release(struct vfs_inode *inode)
{
    proc_table_operations.release(inode);
}

static void target_refresh(struct vfs_inode *inode)
{
    proc_table_operations.refresh(inode);
}

static const struct vfs_inode_operations fd_operations = {.lookup = fd_lookup,
                                                          .list = descriptors_list,
                                                          .refresh = target_refresh,
                                                          .release = target_release};
static const struct vfs_inode_operations fdinfo_operations = {.lookup = fdinfo_lookup,
                                                              .list = descriptors_list,
                                                              .refresh = target_refresh,
                                                              .release = target_release};

/* ---- task ---- */

static const struct proc_file thread_files[];
static const struct proc_file thread_directory = {
    .name = "TID", .mode = S_IFDIR | 0555, .children = thread_files};

static int task_lookup(struct vfs_entry *directory, const char *name, size_t length,
                       struct vfs_entry **out)
{
    const struct proc_target *here = proc_target(directory->inode);
    struct proc_target target = {
        .file = &thread_directory, .process = here->process, .tid = parse_number(name, length)};
    struct thread *thread = target.tid > 0 ? thread_find(target.tid) : NULL;
    bool member = thread != NULL && thread->process == here->process;

    if (thread != NULL)
        thread_put(thread);
    if (!member)
        return -ENOENT;
    return proc_entry(directory, name, length, ((uint64_t)target.tid << 40) + 1, &target, out);
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
        if (!sink->name(sink, name, (size_t)length, ((uint64_t)tid << 40) + 1, DT_OF_MODE(S_IFDIR),
                        (uint64_t)tid + 3))
            return 0;
        file->position = (uint64_t)tid + 3;
    }
}

static const struct vfs_inode_operations task_operations = {
    .lookup = task_lookup, .list = task_list, .refresh = target_refresh, .release = target_release};

/* ---- the tables ---- */

#define PROC_REGULAR(file_name, permissions, function)                                             \
    {                                                                                              \
        .name = file_name, .mode = S_IFREG | (permissions), .show = function                       \
    }
#define PROC_SECRET(file_name, permissions, function)                                              \
    {                                                                                              \
        .name = file_name, .mode = S_IFREG | (permissions), .show = function, .for_owner = true    \
    }
#define PROC_PLACE(file_name, function)                                                            \
    {                                                                                              \
        .name = file_name, .mode = S_IFLNK | 0777, .follow = function, .for_owner = true           \
    }

#define PROC_COMMON_FILES                                                                          \
    {.name = "fd", .mode = S_IFDIR | 0500, .operations = &fd_operations},                          \
        {.name = "fdinfo", .mode = S_IFDIR | 0555, .operations = &fdinfo_operations},              \
        PROC_SECRET("environ", 0400, show_environ), PROC_SECRET("auxv", 0400, show_auxv),          \
        PROC_REGULAR("status", 0444, show_status), PROC_REGULAR("limits", 0444, show_limits),      \
        {.name = "comm", .mode = S_IFREG | 0644, .show = show_comm, .store = store_comm},          \
        PROC_REGULAR("cmdline", 0444, show_cmdline), PROC_REGULAR("stat", 0444, show_stat),        \
        PROC_REGULAR("statm", 0444, show_statm), PROC_SECRET("maps", 0444, show_maps),             \
        PROC_PLACE("cwd", follow_cwd), PROC_PLACE("root", follow_root),                            \
        PROC_PLACE("exe", follow_exe), PROC_REGULAR("mounts", 0444, proc_show_mounts),             \
        PROC_REGULAR("mountinfo", 0444, proc_show_mountinfo),                                      \
        PROC_SECRET("smaps", 0444, show_smaps_all), PROC_REGULAR("wchan", 0444, show_zero),        \
        PROC_REGULAR("cgroup", 0444, show_cgroup)

static const struct proc_file thread_files[] = {PROC_COMMON_FILES, {.name = NULL}};

const struct proc_file proc_process_files[] = {
    {.name = "task", .mode = S_IFDIR | 0555, .operations = &task_operations},
    PROC_COMMON_FILES,
    {.name = NULL},
};
