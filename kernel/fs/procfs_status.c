/* /proc/PID: stat, statm and status. */
#include "fs/procfs.h"

#include "core/memory.h"
#include "core/printf.h"
#include "core/string.h"
#include "linux/errno.h"
#include "linux/resource.h"
#include "proc/scheduler.h"
#include "proc/signals.h"
#include "proc/trace.h"
#include "proc/tree.h"
#include "tty/tty.h"
#include "x86/cpu.h"

/* Linux can have 1024 nodes of memory, four masks in each of these. */
#define NO_NODES "00000000,00000000,00000000,00000000,"

#define NS_PER_TICK ((uint64_t)10000000) /* USER_HZ is 100 */

/* ---- numbers: stat, statm, status ---- */

struct memory_numbers {
    uint64_t size, size_peak, resident, shared, text, executable, data, stack, locked, tables,
        swapped, anonymous, peak;
    uint64_t code_start, code_end, stack_start, data_start, data_end, break_start;
    uint64_t argument_start, argument_end, environment_start, environment_end;
};

static void memory_numbers(const struct proc_target *target, struct memory_numbers *out)
{
    struct memory *memory = proc_target_memory(target);
    struct quire_usage usage = {0};
    const struct quire_space *space;

    *out = (struct memory_numbers){0};
    if (memory == NULL)
        return;
    space = memory->space;
    quire_space_usage(memory->space, &usage);
    *out = (struct memory_numbers){
        .size = space->pages.total,
        .size_peak = space->pages.total_peak,
        .resident = usage.resident,
        .shared = usage.object,
        .text =
            (quire_page_up(memory->code_end) - quire_page_down(memory->code_start)) >> PAGE_SHIFT,
        .executable = space->pages.executable,
        .data = space->pages.data,
        .stack = space->pages.stack,
        .locked = space->pages.locked,
        .tables = usage.tables > 0 ? usage.tables - 1 : 0, /* Linux leaves the root out */
        .swapped = usage.swapped,
        .anonymous = usage.anonymous,
        .peak = quire_space_resident_peak(memory->space),
        .code_start = memory->code_start,
        .code_end = memory->code_end,
        .stack_start = memory->stack_start,
        .data_start = memory->data_start,
        .data_end = memory->data_end,
        .break_start = space->break_start,
        .argument_start = memory->argument_start,
        .argument_end = memory->argument_end,
        .environment_start = memory->environment_start,
        .environment_end = memory->environment_end,
    };
    memory_put(memory);
}

/* Addresses of a process are for those who may look into it. */
static void hide_addresses(struct memory_numbers *m)
{
    m->code_start = m->code_end = m->size > 0;
    m->stack_start = m->data_start = m->data_end = m->break_start = 0;
    m->argument_start = m->argument_end = m->environment_start = m->environment_end = 0;
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
void proc_target_name(struct process *process, struct thread *thread, char out[16])
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

int proc_show_stat(struct text *text, const struct proc_target *target)
{
    struct process *process = target->process;
    struct thread *thread = proc_target_thread(target);
    struct tty *tty = process_tty(process);
    struct memory_numbers memory;
    struct signal_numbers signals;
    struct usage_times times;
    char name[16];
    int nice = thread != NULL ? thread->nice : 0, policy = thread != NULL ? thread->policy : 0;
    int real_time = policy == SCHED_FIFO || policy == SCHED_RR ? thread->priority : 0;
    bool may_look;

    memory_numbers(target, &memory);
    may_look = proc_may_look(process) == 0;
    if (!may_look)
        hide_addresses(&memory);
    signal_numbers(process, thread, &signals);
    target_times(target, thread, &times);
    proc_target_name(process, thread, name);
    text_printf(
        text, "%d (%s) %c %d %d %d %d %d %u ", target->tid != 0 ? target->tid : process->number,
        name, target_state(target, thread), parent_number(process), process_group_number(process),
        process_session_number(process), tty != NULL ? tty_device_number(tty) : 0,
        tty != NULL ? tty_foreground_group(tty) : -1, process->exec_done ? 0x400000u : 0x400040u);
    text_printf(
        text,
        "%lu %lu %lu %lu %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %d %d %u 0 %" PRIu64 " ",
        (unsigned long)times.minor_faults, (unsigned long)process->children_times.minor_faults,
        (unsigned long)times.major_faults, (unsigned long)process->children_times.major_faults,
        times.user / NS_PER_TICK, times.system / NS_PER_TICK,
        process->children_times.user / NS_PER_TICK, process->children_times.system / NS_PER_TICK,
        real_time > 0 ? -1 - real_time : 20 + nice, nice, process->thread_count,
        process->start_time / NS_PER_TICK);
    text_printf(text, "%lu %lu %lu %lu %lu %lu 0 0 %lu %lu %lu %lu 0 0 0 %d %u %d %d 0 0 0 ",
                (unsigned long)memory.size << PAGE_SHIFT, (unsigned long)memory.resident,
                (unsigned long)process->limits[RLIMIT_RSS].soft, (unsigned long)memory.code_start,
                (unsigned long)memory.code_end, (unsigned long)memory.stack_start,
                (unsigned long)(signals.pending & 0x7fffffff),
                (unsigned long)(signals.blocked & 0x7fffffff),
                (unsigned long)(signals.ignored & 0x7fffffff),
                (unsigned long)(signals.caught & 0x7fffffff), process->exit_signal,
                thread != NULL ? thread->cpu : 0, real_time, policy);
    text_printf(text, "%lu %lu %lu %lu %lu %lu %lu %d\n", (unsigned long)memory.data_start,
                (unsigned long)memory.data_end, (unsigned long)memory.break_start,
                (unsigned long)memory.argument_start, (unsigned long)memory.argument_end,
                (unsigned long)memory.environment_start, (unsigned long)memory.environment_end,
                may_look ? process->exit_status : 0);
    if (thread != NULL)
        thread_put(thread);
    return 0;
}

int proc_show_statm(struct text *text, const struct proc_target *target)
{
    struct memory_numbers memory;

    memory_numbers(target, &memory);
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
    case 't':
        return "t (tracing stop)";
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

static void show_status_memory(struct text *text, const struct proc_target *target)
{
    struct memory_numbers m;
    uint64_t library;

    memory_numbers(target, &m);
    if (m.size == 0)
        return;
    library = m.executable > m.text ? m.executable - m.text : 0;
    text_printf(text, "VmPeak:\t%8lu kB\nVmSize:\t%8lu kB\n", KIB(m.size_peak), KIB(m.size));
    text_printf(text, "VmLck:\t%8lu kB\nVmPin:\t%8lu kB\n", KIB(m.locked), 0ul);
    text_printf(text, "VmHWM:\t%8lu kB\nVmRSS:\t%8lu kB\n",
                KIB(m.peak > m.resident ? m.peak : m.resident), KIB(m.resident));
    /* Every file lives in memory here, as on a tmpfs. */
    text_printf(text, "RssAnon:\t%8lu kB\nRssFile:\t%8lu kB\nRssShmem:\t%8lu kB\n",
                KIB(m.anonymous), 0ul, KIB(m.shared));
    text_printf(text, "VmData:\t%8lu kB\nVmStk:\t%8lu kB\nVmExe:\t%8lu kB\nVmLib:\t%8lu kB\n",
                KIB(m.data), KIB(m.stack), KIB(m.text), KIB(library));
    text_printf(text, "VmPTE:\t%8lu kB\nVmSwap:\t%8lu kB\nHugetlbPages:\t%8lu kB\n", KIB(m.tables),
                KIB(m.swapped), 0ul);
    text_printf(text, "CoreDumping:\t0\nTHP_enabled:\t1\n");
}

int proc_show_status(struct text *text, const struct proc_target *target)
{
    struct process *process = target->process;
    struct thread *thread = proc_target_thread(target);
    const struct credentials *who = &process->credentials;
    int number = target->tid != 0 ? target->tid : process->number;
    struct signal_numbers signals;
    struct usage_times times;
    struct fs_context *fs;
    const char *all = who->euid == 0 ? "000001ffffffffff" : "0000000000000000";
    char name[16];

    signal_numbers(process, thread, &signals);
    target_times(target, thread, &times);
    proc_target_name(process, thread, name);
    text_printf(text, "Name:\t");
    for (const char *at = name; *at != 0; at++) {
        const char *written = *at == '\n' ? "\\n" : *at == '\\' ? "\\\\" : NULL;

        text_add(text, written != NULL ? written : at, written != NULL ? 2 : 1);
    }
    fs = process_fs(process);
    if (fs) {
        text_printf(text, "\nUmask:\t%04o", fs->umask);
        fs_context_put(fs);
    }
    text_printf(text, "\nState:\t%s\nTgid:\t%d\nNgid:\t0\nPid:\t%d\nPPid:\t%d\n",
                state_text(target_state(target, thread)), process->number, number,
                parent_number(process));
    text_printf(text, "TracerPid:\t%d\nUid:\t%u\t%u\t%u\t%u\nGid:\t%u\t%u\t%u\t%u\n",
                trace_tracer_number(process, thread), who->uid, who->euid, who->suid, who->fsuid,
                who->gid, who->egid, who->sgid, who->fsgid);
    text_printf(text, "FDSize:\t%u\nGroups:\t", descriptor_room(process));
    for (uint32_t i = 0; i < who->group_count; i++)
        text_printf(text, "%s%u", i > 0 ? " " : "", who->groups[i]);
    text_printf(text, " \nNStgid:\t%d\nNSpid:\t%d\nNSpgid:\t%d\nNSsid:\t%d\n", process->number,
                number, process_group_number(process), process_session_number(process));
    show_status_memory(text, target);
    text_printf(text, "Threads:\t%u\nSigQ:\t%u/%lu\n", process->thread_count,
                process->queued_signals, (unsigned long)process->limits[RLIMIT_SIGPENDING].soft);
    text_printf(text,
                "SigPnd:\t%016" PRIx64 "\nShdPnd:\t%016" PRIx64 "\nSigBlk:\t%016" PRIx64
                "\nSigIgn:\t%016" PRIx64 "\n",
                signals.pending, signals.process_pending, signals.blocked, signals.ignored);
    text_printf(text,
                "SigCgt:\t%016" PRIx64 "\nCapInh:\t0000000000000000\nCapPrm:\t%s\nCapEff:\t%s\n",
                signals.caught, all, all);
    text_printf(text, "CapBnd:\t000001ffffffffff\nCapAmb:\t0000000000000000\nNoNewPrivs:\t%d\n",
                process->no_new_privileges);
    text_printf(text, "Seccomp:\t0\nSeccomp_filters:\t0\n"
                      "Speculation_Store_Bypass:\tvulnerable\n"
                      "SpeculationIndirectBranch:\talways enabled\n");
    text_printf(text, "Cpus_allowed:\t%x\nCpus_allowed_list:\t0", (1u << cpu_count) - 1);
    if (cpu_count > 1)
        text_printf(text, "-%u", cpu_count - 1);
    text_printf(text,
                "\nMems_allowed:\t" NO_NODES NO_NODES NO_NODES NO_NODES NO_NODES NO_NODES NO_NODES
                "00000000,00000000,00000000,00000001\nMems_allowed_list:\t0\n"
                "voluntary_ctxt_switches:\t%lu\nnonvoluntary_ctxt_switches:\t%lu\n",
                (unsigned long)times.voluntary_switches, (unsigned long)times.involuntary_switches);
    if (thread != NULL)
        thread_put(thread);
    return 0;
}
