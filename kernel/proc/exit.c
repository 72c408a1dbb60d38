/*
 * Death of threads and processes, and wait4.
 *
 * A thread gives back what it holds, leaves its process, and switches away for good. The last one
 * makes the process a zombie: its children go to a new parent, its parent is told, and whoever
 * waits takes the status and reaps it. Nobody waits for the children of process 1, nor where
 * SIGCHLD is ignored: those are reaped at once.
 *
 * Locking: the tree lock for all relations; what has to be freed is collected and freed after
 * unlocking.
 */
#include "proc/exit.h"

#include "core/log.h"
#include "core/memory.h"
#include "fs/vfs.h"
#include "linux/errno.h"
#include "linux/system.h"
#include "proc/failnth.h"
#include "proc/oom.h"
#include "proc/scheduler.h"
#include "proc/signals.h"
#include "proc/trace.h"
#include "proc/tree.h"
#include "tty/tty.h"

/* Numbers and processes to be freed once the tree lock is released. */
struct remains {
    struct pid *pids[4];
    unsigned pid_count;
    struct process *process;
    struct thread *leader;
};

static void remember(struct remains *remains, struct pid *pid)
{
    if (pid)
        remains->pids[remains->pid_count++] = pid;
}

static void bury(struct remains *remains)
{
    for (unsigned i = 0; i < remains->pid_count; i++)
        pid_free(remains->pids[i]);
    if (remains->leader)
        thread_put(remains->leader);
    if (remains->process)
        process_put(remains->process);
}

/* ---- news for the parent ---- */

void notify_parent_locked(struct process *process, int code, int status)
{
    struct process *parent = process->parent;
    bool stop_news = code == CLD_STOPPED || code == CLD_CONTINUED;
    struct usage_times times;
    struct signal_info info;

    if (!parent || parent->kernel)
        return;
    /* clone takes numbers that are no signals, too. */
    if (process->exit_signal > 0 && process->exit_signal <= SIGNAL_COUNT) {
        struct signal_action action = signal_action_get(parent, SIGCHLD);

        if (!(stop_news && (action.flags & SA_NOCLDSTOP))) {
            process_times_locked(process, &times);
            info = (struct signal_info){.signo = SIGCHLD, .code = code};
            info.pid = process->number;
            info.uid = process->credentials.uid;
            info.status = status;
            info.user_time = (int64_t)(times.user / 10000000);
            info.system_time = (int64_t)(times.system / 10000000);
            signal_send_process_locked(parent, stop_news ? SIGCHLD : process->exit_signal, &info);
        }
    }
    wake_all(&parent->child_wait);
}

void vfork_release(struct thread *thread)
{
    if (!thread->vfork_waited)
        return;
    __atomic_store_n(&thread->vfork_waited, false, __ATOMIC_RELEASE);
    wake_all(&thread->vfork_wait);
}

/* ---- reaping ---- */

/* Out of the tree. The tree lock is held; *remains takes what is left. */
static void reap_locked(struct process *process, struct remains *remains)
{
    struct pid *free;

    process_set_group_locked(process, NULL, &free);
    remember(remains, free);
    process_set_session_locked(process, NULL, &free);
    remember(remains, free);
    process->pid->process = NULL;
    if (pid_unuse_locked(process->pid))
        remember(remains, process->pid);
    process->pid = NULL;
    list_remove(&process->sibling_node);
    process->parent = NULL;
    remains->process = process;
    remains->leader = process->leader;
    process->leader = NULL;
}

/* Children whose parent does not want to know. */
static bool reaped_by_itself(const struct process *process)
{
    struct process *parent = process->parent;
    struct signal_action action;

    if (!parent || parent->kernel)
        return true;
    if (process->exit_signal != SIGCHLD)
        return false;
    action = signal_action_get(parent, SIGCHLD);
    return action.handler == SIG_IGN || (action.flags & SA_NOCLDWAIT) != 0;
}

/* ---- the end of a process ---- */

static struct process *new_parent_locked(struct process *process)
{
    for (struct process *p = process->parent; p && p != init_process; p = p->parent) {
        if (p->child_subreaper && !p->zombie && !p->group_exit)
            return p;
    }
    return init_process;
}

/*
 * A stopped group that nobody could continue any more is continued and told: when the last tie
 * breaks between a member and its parent in another group of the same session. No other death
 * makes a group an orphan.
 */
static void check_orphaned_locked(const struct process *member, const struct process *parent,
                                  const struct process *leaving)
{
    struct pid *group = member->group;
    bool stopped = false;

    if (!group || !parent || parent->group == group || parent->session != member->session ||
        !process_group_orphaned_locked(group, leaving))
        return;
    list_for_each(node, &group->group)
    {
        const struct process *other = container_of(node, struct process, group_node);

        stopped |= other != leaving && other->stopped;
    }
    if (stopped) {
        signal_send_group_locked(group, SIGHUP, NULL);
        signal_send_group_locked(group, SIGCONT, NULL);
    }
}

/* Returns the list of children that died before and that the new parent will not wait for. */
static void give_children_away_locked(struct process *process, struct list *out_dead)
{
    struct process *heir = new_parent_locked(process);

    list_for_each_safe(node, &process->children)
    {
        struct process *child = container_of(node, struct process, sibling_node);

        list_remove(node);
        child->parent = heir;
        list_add_tail(&heir->children, node);
        child->exit_signal = SIGCHLD; /* clone()'s choice was between the child and its parent */
        check_orphaned_locked(child, process, process);
        if (child->leader && child->leader->parent_death_signal)
            signal_send_process_locked(child, child->leader->parent_death_signal, NULL);
        if (!child->zombie || child->trace_hidden)
            continue;
        if (reaped_by_itself(child)) {
            list_remove(node);
            list_add_tail(out_dead, node);
        } else {
            notify_parent_locked(child, WIFSIGNALED(child->exit_status) ? CLD_KILLED : CLD_EXITED,
                                 WIFSIGNALED(child->exit_status) ? WTERMSIG(child->exit_status)
                                                                 : WEXITSTATUS(child->exit_status));
        }
    }
}

/* The session's leader goes: its terminal is given up, the foreground group is told
 * (POSIX 11.1.10). */
static void leave_session(struct process *process)
{
    struct tty *tty = NULL;
    int session = 0;
    uint64_t flags = tree_lock_interrupts();

    if (process->session && process->session->number == process->number) {
        tty = process->session->tty;
        process->session->tty = NULL;
        session = process->session->number;
    }
    tree_unlock_interrupts(flags);
    if (tty)
        tty_session_ended(tty, session);
}

static void tell_end_locked(struct process *process, struct remains *remains)
{
    bool reaped = reaped_by_itself(process);
    int status = process->exit_status;

    if (process->parent)
        notify_parent_locked(process, WIFSIGNALED(status) ? CLD_KILLED : CLD_EXITED,
                             WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    if (reaped)
        reap_locked(process, remains);
}

void process_reveal(struct process *process)
{
    struct remains remains = {0};
    uint64_t flags = tree_lock_interrupts();

    if (process->trace_hidden) {
        process->trace_hidden = false;
        tell_end_locked(process, &remains);
    }
    tree_unlock_interrupts(flags);
    bury(&remains);
}

static void process_end(struct process *process)
{
    struct remains remains = {0};
    struct list dead = LIST_INIT(dead);
    int status = process->exit_status;
    struct trace *trace;
    uint64_t flags;

    timers_cancel(process);
    oom_process_ended(process);
    flags = tree_lock_interrupts();
    give_children_away_locked(process, &dead);
    check_orphaned_locked(process, process->parent, process);
    __atomic_store_n(&process->zombie, true, __ATOMIC_RELEASE);
    if (!trace_process_ended_locked(process, &trace))
        tell_end_locked(process, &remains);
    tree_unlock_interrupts(flags);
    trace_free(trace);
    wake_all(&process->end_wait);
    if (process->on_exit)
        process->on_exit(process->on_exit_argument, status);
    bury(&remains);

    while (!list_empty(&dead)) {
        struct process *child = container_of(dead.next, struct process, sibling_node);

        remains = (struct remains){0};
        flags = tree_lock_interrupts();
        reap_locked(child, &remains);
        tree_unlock_interrupts(flags);
        bury(&remains);
    }
}

/* ---- the end of a thread ---- */

static void give_back_resources(struct thread *thread)
{
    struct memory *memory = thread->memory;
    struct file_table *files = thread->files;
    struct fs_context *fs = thread->fs;
    uint64_t flags = tree_lock_interrupts();

    thread->memory = NULL;
    thread->files = NULL;
    thread->fs = NULL;
    tree_unlock_interrupts(flags);
    memory_put(memory);
    if (files)
        file_table_put(files);
    if (fs)
        fs_context_put(fs);
}

/*
 * For ru_maxrss. A program is measured, which walks its tables. A copy of one that only ran on for
 * a moment has what was known at fork, or at least the pages that it brought in: not worth a walk.
 */
static uint64_t last_peak(const struct process *process, struct memory *memory)
{
    uint64_t touched = current_thread()->times.minor_faults * PAGE_SIZE;
    uint64_t inherited = memory->resident_peak * PAGE_SIZE;

    if (process->exec_done)
        return memory_resident_peak(memory);
    return touched > inherited ? touched : inherited;
}

_Noreturn void thread_exit(int wait_status)
{
    struct thread *thread = current_thread();
    struct process *process = thread->process;
    struct pid *free = NULL;
    uint64_t flags;
    bool last;

    if (!thread->dying)
        trace_event(EVENT_EXIT, (unsigned long)wait_status);
    thread->dying = true;
    trace_tracer_ended(thread);
    failnth_set(thread, 0);
    thread->exit_code = wait_status;
    futex_thread_exit(thread);
    vfork_release(thread);
    flags = tree_lock_interrupts();
    last = process->thread_count == 1;
    tree_unlock_interrupts(flags);
    if (last) {
        leave_session(process);
        if (thread->memory)
            process->resident_peak = last_peak(process, thread->memory);
    }
    give_back_resources(thread);

    flags = tree_lock_interrupts();
    quire_spin_lock(&process->lock);
    list_remove(&thread->thread_node);
    usage_times_add(&process->dead_threads, &thread->times);
    last = --process->thread_count == 0;
    if (!process->group_exit && last)
        process->exit_status = wait_status;
    /* What this thread was chosen for is someone else's now. */
    if (!last && process->pending.set != 0) {
        list_for_each(node, &process->threads)
        {
            struct thread *other = container_of(node, struct thread, thread_node);

            context_set_exit_work(&other->context, EXIT_WORK_SIGNAL);
            thread_wake(other);
        }
    }
    process->queued_signals -= pending_count(&thread->pending);
    pending_flush(&thread->pending);
    quire_spin_unlock(&process->lock);
    thread->pid->thread = NULL;
    trace_thread_ended_locked(thread, wait_status);
    if (pid_unuse_locked(thread->pid))
        free = thread->pid;
    thread->pid = NULL;
    wake_all(&process->thread_wait);
    tree_unlock_interrupts(flags);
    pid_free(free);
    if (last)
        process_end(process);
    thread_end();
}

_Noreturn void process_exit_group(int wait_status)
{
    struct thread *thread = current_thread();
    struct process *process = thread->process;
    uint64_t flags = tree_lock_interrupts();

    quire_spin_lock(&process->lock);
    if (!process->group_exit) {
        process->group_exit = true;
        process->exit_status = wait_status;
    }
    wait_status = process->exit_status;
    process_kill_threads_locked(process, thread);
    quire_spin_unlock(&process->lock);
    tree_unlock_interrupts(flags);
    thread_exit(wait_status);
}

int process_end_other_threads(void)
{
    struct thread *thread = current_thread();
    struct process *process = thread->process;
    uint64_t flags = tree_lock_interrupts();
    struct pid *own, *leader;
    struct trace *trace = NULL;

    quire_spin_lock(&process->lock);
    if (process->group_exit || process->exec_thread || thread->dying) {
        quire_spin_unlock(&process->lock);
        tree_unlock_interrupts(flags);
        return -EAGAIN;
    }
    process->exec_thread = thread;
    process_kill_threads_locked(process, thread);
    quire_spin_unlock(&process->lock);
    tree_unlock_interrupts(flags);

    wait_event(&process->thread_wait,
               __atomic_load_n(&process->thread_count, __ATOMIC_ACQUIRE) == 1);

    /* The survivor takes the number of the process. */
    flags = tree_lock_interrupts();
    quire_spin_lock(&process->lock);
    process->exec_thread = NULL;
    quire_spin_unlock(&process->lock);
    own = NULL;
    if (thread->tid != process->number) {
        own = thread->pid;
        leader = process->pid;
        own->thread = NULL;
        if (!pid_unuse_locked(own))
            own = NULL;
        leader->thread = thread;
        leader->uses++;
        thread->pid = leader;
        thread->tid = process->number;
        trace = trace_take_number_locked(process->leader, thread);
    }
    tree_unlock_interrupts(flags);
    pid_free(own);
    trace_free(trace);
    if (process->leader != thread) {
        struct thread *old = process->leader;

        thread_get(thread);
        process->leader = thread;
        thread_put(old);
    }
    return 0;
}

/* ---- wait4, waitid ---- */

static bool selected(const struct process *child, const struct wait_request *request)
{
    bool clone_child = child->exit_signal != SIGCHLD;

    if (request->pid > 0
            ? child->number != request->pid
            : request->group > 0 && (!child->group || child->group->number != request->group))
        return false;
    return (request->options & WAIT_ALL) || clone_child == ((request->options & WAIT_CLONE) != 0);
}

static void fill_result_locked(struct process *child, struct wait_result *out)
{
    out->pid = child->number;
    out->uid = child->credentials.uid;
    process_times_locked(child, &out->times);
    usage_times_add(&out->times, &child->children_times);
    out->resident_peak =
        child->resident_peak > child->children_peak ? child->resident_peak : child->children_peak;
}

/* The child has news of the wanted kind; takes it. */
static bool take_news_locked(struct process *child, const struct wait_request *request,
                             struct wait_result *out, struct remains *remains)
{
    bool keep = (request->options & WAIT_NO_REAP) != 0;

    out->trapped = false;
    if (child->trace_hidden)
        return false;
    if (child->zombie && (request->options & WAIT_EXITED)) {
        struct process *parent = child->parent;

        fill_result_locked(child, out);
        out->status = child->exit_status;
        if (!keep) {
            usage_times_add(&parent->children_times, &out->times);
            if (out->resident_peak > parent->children_peak)
                parent->children_peak = out->resident_peak;
            reap_locked(child, remains);
        }
        return true;
    }
    if (child->child_stopped && (request->options & WAIT_STOPPED) &&
        !trace_by_parent_locked(child)) {
        fill_result_locked(child, out);
        out->status = (child->stop_signal << 8) | 0x7f;
        child->child_stopped = keep;
        return true;
    }
    if (child->child_continued && (request->options & WAIT_CONTINUED)) {
        fill_result_locked(child, out);
        out->status = 0xffff;
        child->child_continued = keep;
        return true;
    }
    return false;
}

/* 1: taken. 0: none has news yet. -ECHILD: none to wait for. */
static int look(const struct wait_request *request, struct wait_result *out)
{
    struct process *process = current_process();
    struct remains remains = {0};
    struct trace *trace;
    uint64_t flags = tree_lock_interrupts();
    int result = trace_look_locked(request, out, &trace);

    list_for_each(node, &process->children)
    {
        if (result == 1)
            break;
        struct process *child = container_of(node, struct process, sibling_node);

        if (!selected(child, request))
            continue;
        result = 0;
        if (take_news_locked(child, request, out, &remains)) {
            result = 1;
            break;
        }
        if (request->pid > 0)
            break;
    }
    tree_unlock_interrupts(flags);
    bury(&remains);
    if (trace && trace->thread == trace->thread->process->leader)
        process_reveal(trace->thread->process);
    trace_free(trace);
    return result;
}

int process_wait(const struct wait_request *request, struct wait_result *out)
{
    struct wait_queue *queue = &current_process()->child_wait;
    struct waiter waiter = {0};
    int result = look(request, out);

    if (result != 0 || (request->options & WAIT_NO_HANG))
        return result;
    wait_prepare(queue, &waiter);
    while ((result = look(request, out)) == 0) {
        if (signal_pending()) {
            result = -ERESTARTSYS;
            break;
        }
        schedule();
        wait_prepare(queue, &waiter);
    }
    wait_finish(&waiter);
    return result;
}
