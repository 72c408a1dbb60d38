/*
 * The life of struct process, and what processes inherit.
 *
 * A process holds references by the tree (until it is reaped), by each of its threads and by
 * whoever found it. Its signal handlers stay until the last of them goes, so that a sender with a
 * reference needs no further care.
 */
#include "core/memory.h"

#include "core/string.h"
#include "fs/vfs.h"
#include "linux/errno.h"
#include "linux/resource.h"
#include "proc/scheduler.h"
#include "proc/signals.h"
#include "linux/settings.h"
#include "proc/tree.h"

struct process kernel_process = {
    .references = 1,
    .kernel = true,
    .children = LIST_INIT(kernel_process.children),
    .sibling_node = LIST_INIT(kernel_process.sibling_node),
    .threads = LIST_INIT(kernel_process.threads),
    .group_node = LIST_INIT(kernel_process.group_node),
    .session_node = LIST_INIT(kernel_process.session_node),
    .child_wait.waiters = LIST_INIT(kernel_process.child_wait.waiters),
    .thread_wait.waiters = LIST_INIT(kernel_process.thread_wait.waiters),
    .pending.queue = LIST_INIT(kernel_process.pending.queue),
    .posix_timers = LIST_INIT(kernel_process.posix_timers),
};

static struct quire_cache *process_cache;

struct process *process_create(void)
{
    struct process *process;

    if (!process_cache)
        process_cache = quire_cache_create(&kernel_machine, "process", sizeof(struct process), 0);
    process = process_cache ? kernel_cache_alloc(process_cache) : NULL;
    if (!process)
        return NULL;
    memset(process, 0, sizeof *process);
    process->references = 1;
    list_init(&process->group_node);
    list_init(&process->session_node);
    list_init(&process->children);
    list_init(&process->sibling_node);
    list_init(&process->threads);
    wait_queue_init(&process->child_wait);
    wait_queue_init(&process->thread_wait);
    wait_queue_init(&process->end_wait);
    list_init(&process->pending.queue);
    list_init(&process->posix_timers);
    process->exit_signal = SIGCHLD;
    process->dumpable = true;
    process->start_time = clock_monotonic_ns();
    return process;
}

void process_get(struct process *process)
{
    __atomic_fetch_add(&process->references, 1, __ATOMIC_RELAXED);
}

void process_put(struct process *process)
{
    if (__atomic_sub_fetch(&process->references, 1, __ATOMIC_ACQ_REL) != 0)
        return;
    pending_flush(&process->pending);
    signal_handlers_put(process->handlers);
    kernel_free(process->credentials.groups);
    quire_cache_free(&kernel_machine, process_cache, process);
}

int process_inherit(struct process *child, struct process *parent)
{
    const struct credentials *from = &parent->credentials;

    memcpy(child->limits, parent->limits, sizeof child->limits);
    child->cpu_timers = child->limits[RLIMIT_CPU].soft != RLIM_INFINITY;
    child->credentials = *from;
    child->credentials.groups = NULL;
    while (from->group_count > 0 && !child->credentials.groups) {
        size_t size = from->group_count * sizeof *from->groups;
        uint32_t *groups = kernel_alloc(size); /* may sleep: they may be others then */

        if (!groups)
            return -ENOMEM;
        if (size == from->group_count * sizeof *from->groups)
            child->credentials.groups = memcpy(groups, from->groups, size);
        else
            kernel_free(groups);
    }
    child->credentials.group_count = from->group_count;
    child->dumpable = parent->dumpable;
    child->no_new_privileges = parent->no_new_privileges;
    child->no_huge_pages = parent->no_huge_pages;
    child->oom_score_adj = parent->oom_score_adj;
    child->oom_score_adj_min = parent->oom_score_adj_min;
    return 0;
}

void process_add_thread_locked(struct process *process, struct thread *thread, struct pid *pid)
{
    process_get(process);
    thread->process = process;
    thread->pid = pid;
    thread->tid = pid->number;
    pid->thread = thread;
    list_add_tail(&process->threads, &thread->thread_node);
    process->thread_count++;
}

void process_link_locked(struct process *process, struct process *parent, struct pid *pid)
{
    struct pid *unused;

    process->pid = pid;
    process->number = pid->number;
    pid->uses++;
    pid->process = process;
    process->parent = parent;
    if (parent) {
        list_add_tail(&parent->children, &process->sibling_node);
        process_set_group_locked(process, parent->group, &unused);
        process_set_session_locked(process, parent->session, &unused);
    }
}

/* ---- what others ask ---- */

void process_apply_locked_limit(struct process *process)
{
    struct memory *memory = process_memory(process);

    if (memory)
        memory->space->limits.locked =
            process->credentials.euid == 0 ? UINT64_MAX : process->limits[RLIMIT_MEMLOCK].soft;
    memory_put(memory);
}

static bool is_descendant(const struct process *process, const struct process *of)
{
    uint64_t flags = tree_lock_interrupts();

    while (process && process != of)
        process = process->parent;
    tree_unlock_interrupts(flags);
    return process != NULL;
}

int process_access(struct process *target, unsigned mode)
{
    const struct credentials *mine = &current_process()->credentials;
    const struct credentials *theirs = &target->credentials;
    bool file = (mode & PROCESS_FILE_CREDENTIALS) != 0;
    uint32_t uid = file ? mine->fsuid : mine->uid, gid = file ? mine->fsgid : mine->gid;

    if (target == current_process() || mine->euid == 0)
        return 0;
    if (uid != theirs->uid || uid != theirs->euid || uid != theirs->suid || gid != theirs->gid ||
        gid != theirs->egid || gid != theirs->sgid || !target->dumpable)
        return -EPERM;
    if (!(mode & PROCESS_ATTACH) || ptrace_scope == 0)
        return 0;
    return ptrace_scope > 1 || !is_descendant(target, current_process()) ? -EPERM : 0;
}

struct file_table *process_files(struct process *process)
{
    struct file_table *files = NULL;
    uint64_t flags = tree_lock_interrupts();

    if (!list_empty(&process->threads)) {
        files = container_of(process->threads.next, struct thread, thread_node)->files;
        if (files)
            file_table_get(files);
    }
    tree_unlock_interrupts(flags);
    return files;
}

struct fs_context *process_fs(struct process *process)
{
    struct fs_context *fs = NULL;
    uint64_t flags = tree_lock_interrupts();

    if (!list_empty(&process->threads)) {
        fs = container_of(process->threads.next, struct thread, thread_node)->fs;
        if (fs)
            fs_context_get(fs);
    }
    tree_unlock_interrupts(flags);
    return fs;
}

static void add_times(struct usage_times *sum, const struct usage_times *times)
{
    sum->user += times->user;
    sum->system += times->system;
    sum->minor_faults += times->minor_faults;
    sum->major_faults += times->major_faults;
    sum->voluntary_switches += times->voluntary_switches;
    sum->involuntary_switches += times->involuntary_switches;
}

void usage_times_add(struct usage_times *sum, const struct usage_times *times)
{
    add_times(sum, times);
}

void process_times_locked(struct process *process, struct usage_times *out)
{
    *out = process->dead_threads;
    list_for_each(node, &process->threads)
        add_times(out, &container_of(node, struct thread, thread_node)->times);
}

void process_times(struct process *process, struct usage_times *out)
{
    uint64_t flags = tree_lock_interrupts();

    process_times_locked(process, out);
    tree_unlock_interrupts(flags);
}

char thread_state_letter(const struct thread *thread)
{
    switch (__atomic_load_n(&thread->state, __ATOMIC_RELAXED)) {
    case THREAD_RUNNABLE:
        return 'R';
    case THREAD_STOPPED:
        return thread->process->stopped || !thread->trace ? 'T' : 't';
    case THREAD_DEAD:
        return 'Z';
    default:
        return 'S';
    }
}

char process_state_letter(const struct process *process)
{
    uint64_t flags = tree_lock_interrupts();
    char letter = 'Z';

    if (!process->zombie && !list_empty(&process->threads))
        letter =
            thread_state_letter(container_of(process->threads.next, struct thread, thread_node));
    tree_unlock_interrupts(flags);
    return letter;
}
