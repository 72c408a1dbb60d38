/*
 * Tracing: one thread watches and commands others (ptrace).
 *
 * Concepts. A record, struct trace, ties a thread to its tracer, which is a thread too. The traced
 * thread stops of its own accord on its way to user mode, or at both ends of a system call: it
 * notes why, tells the tracer (SIGCHLD, wait4) and sleeps as a stopped thread until the tracer says
 * how to go on. While it sleeps its registers lie in its trap frame and context, where the tracer
 * reads and writes them.
 *
 * What a thread that is not traced pays: one look at a pointer when it takes a signal. System calls
 * are watched by a limit of numbers that the CPU holds, 0 for a traced thread: every call then goes
 * the way of those that do not exist, where it is seen (linux/table.c).
 *
 * A thread that ends leaves its record to be waited for. A process whose leader is traced by
 * another process than its parent is told to the tracer first, and to the parent once the tracer
 * has taken the news, has let go, or has ended.
 *
 * Locking: the tree lock for all records. A thread's own `trace` may be looked at without it, as a
 * hint.
 *
 * Failure: only making a record may fail, before anything has changed. A child that shall be traced
 * from its birth on and finds no memory for a record is not.
 */
#include "proc/trace.h"

#include "core/memory.h"
#include "linux/errno.h"
#include "linux/memory.h"
#include "proc/fork.h"
#include "proc/scheduler.h"
#include "proc/tree.h"

/* ---- records ---- */

static void link_locked(struct trace *trace, struct thread *tracer, struct thread *thread)
{
    trace->tracer = tracer;
    trace->thread = thread;
    trace->tid = thread->tid;
    thread_get(thread);
    list_add_tail(&tracer->tracees, &trace->node);
    __atomic_store_n(&thread->trace, trace, __ATOMIC_RELEASE);
}

static void unlink_locked(struct trace *trace)
{
    struct thread *thread = trace->thread;

    list_remove(&trace->node);
    if (thread->trace == trace) {
        __atomic_store_n(&thread->trace, NULL, __ATOMIC_RELEASE);
        thread->context.traced = false;
    }
}

void trace_free(struct trace *trace)
{
    bool free = false;
    uint64_t flags;

    if (!trace)
        return;
    if (trace->pid) {
        flags = tree_lock_interrupts();
        free = pid_unuse_locked(trace->pid);
        tree_unlock_interrupts(flags);
    }
    if (free)
        pid_free(trace->pid);
    thread_put(trace->thread);
    kernel_free(trace);
}

struct trace *trace_find_locked(int tid)
{
    list_for_each(node, &current_thread()->tracees)
    {
        struct trace *trace = container_of(node, struct trace, node);

        if (trace->tid == tid && !trace->dead)
            return trace;
    }
    return NULL;
}

/* A stopped process's thread stops once more, for its tracer this time. */
static void wake_for_stop_locked(struct thread *thread)
{
    context_set_exit_work(&thread->context, EXIT_WORK_SIGNAL);
    thread_wake(thread);
    thread_wake_stopped(thread);
}

int trace_attach(struct thread *tracer, struct thread *thread, bool seized, uint32_t options)
{
    struct trace *trace = kernel_alloc_zeroed(sizeof *trace);
    uint64_t flags;
    int error = 0;

    if (!trace)
        return -ENOMEM;
    flags = tree_lock_interrupts();
    if (thread->process->kernel || thread->trace || thread->process == tracer->process ||
        thread->process == init_process)
        error = -EPERM;
    else if (list_empty(&thread->thread_node) || thread->dying || tracer->dying)
        error = -ESRCH;
    if (!error) {
        trace->seized = seized;
        trace->options = options;
        link_locked(trace, tracer, thread);
        if (thread->process->stopped)
            wake_for_stop_locked(thread);
    }
    tree_unlock_interrupts(flags);
    if (error)
        kernel_free(trace);
    return error;
}

/* ---- going on ---- */

static void set_step_locked(struct trace *trace, bool step)
{
    struct trap_frame *frame = context_user_frame(&trace->thread->context);

    if (step)
        frame->flags |= RFLAGS_TF;
    else if (trace->step)
        frame->flags &= ~(unsigned long)RFLAGS_TF;
    trace->step = step;
    /* What the tracer has changed, registers too, goes back whole. */
    trap_frame_changed(frame);
}

static void go_on_locked(struct trace *trace, int signo)
{
    trace->stopped = trace->news = trace->listening = trace->job_stop = false;
    trace->thread->trace_signo = signo;
    thread_wake_stopped(trace->thread);
}

void trace_resume_locked(struct trace *trace, bool calls, bool step, int signo)
{
    set_step_locked(trace, step);
    trace->calls = calls;
    trace->thread->context.traced = calls || step;
    if (trace->job_stop)
        trace->ran_through = true;
    go_on_locked(trace, signo);
}

struct trace *trace_detach_locked(struct trace *trace, int signo)
{
    if (trace->step)
        set_step_locked(trace, false);
    if (trace->stopped)
        go_on_locked(trace, signo);
    unlink_locked(trace);
    /* A stopped process's threads stop again, without a tracer. */
    context_set_exit_work(&trace->thread->context, EXIT_WORK_SIGNAL);
    return trace;
}

void trace_continued_locked(struct thread *thread)
{
    struct trace *trace = thread->trace;

    if (trace && trace->listening) {
        trace->interrupt = true;
        go_on_locked(trace, 0);
    }
}

void trace_interrupt_locked(struct trace *trace)
{
    trace->interrupt = true;
    if (trace->listening)
        go_on_locked(trace, 0);
    context_set_exit_work(&trace->thread->context, EXIT_WORK_SIGNAL);
    thread_wake(trace->thread);
}

/* ---- stopping ---- */

static void tell_tracer_locked(const struct trace *trace, int code, int status)
{
    struct process *process = trace->tracer->process;
    struct signal_action action = signal_action_get(process, SIGCHLD);
    bool ended = code == CLD_EXITED || code == CLD_KILLED;

    if (ended || !(action.flags & SA_NOCLDSTOP)) {
        struct signal_info info = {.signo = SIGCHLD, .code = code};

        info.pid = trace->tid;
        info.uid = trace->thread->process->credentials.uid;
        info.status = status;
        signal_send_process_locked(process, SIGCHLD, &info);
    }
    wake_all(&process->child_wait);
}

/* A sleep that ends with `stopped`, with tracing, or with an order to die. The tree lock is held,
 * and given up meanwhile. */
static void sleep_locked(struct thread *thread, struct trace *trace, uint64_t *flags)
{
    while (thread->trace == trace && trace->stopped && !thread->dying) {
        __atomic_store_n(&thread->state, THREAD_STOPPED, __ATOMIC_RELEASE);
        tree_unlock_interrupts(*flags);
        schedule();
        *flags = tree_lock_interrupts();
    }
    __atomic_store_n(&thread->state, THREAD_RUNNABLE, __ATOMIC_RELEASE);
}

/*
 * The running thread stops: wait tells `code`, and `info` says why. Returns the signal to go on
 * with, which is `signo` where nobody traces it (any more). The tree lock is held, and given up
 * meanwhile.
 */
static int stop_locked(uint64_t *flags, int code, int signo, const struct signal_info *info,
                       bool job_stop)
{
    struct thread *thread = current_thread();
    struct trace *trace = thread->trace;

    if (!trace || thread->dying)
        return signo;
    trace->stopped = trace->news = true;
    trace->job_stop = job_stop;
    trace->stop_code = code;
    trace->info = *info;
    thread->trace_signo = signo;
    tell_tracer_locked(trace, job_stop && !trace->seized ? CLD_STOPPED : CLD_TRAPPED, code & 0x7f);
    sleep_locked(thread, trace, flags);
    if (thread->trace == trace)
        trace->stopped = trace->news = false; /* it was killed, perhaps */
    return thread->trace_signo;
}

static struct signal_info info_of_trap(int code)
{
    struct signal_info info = {.signo = SIGTRAP, .code = code};

    info.pid = current_thread()->tid;
    info.uid = current_process()->credentials.uid;
    return info;
}

bool trace_signal(struct signal_info *info)
{
    struct thread *thread = current_thread();
    struct signal_info held = *info;
    uint64_t flags = tree_lock_interrupts();
    struct trace *trace = thread->trace;
    int signo, tracer = 0;

    if (!trace || thread->dying) {
        tree_unlock_interrupts(flags);
        return true;
    }
    tracer = trace->tracer->process->number;
    trace->call = TRACE_CALL_NONE;
    signo = stop_locked(&flags, info->signo, info->signo, &held, false);
    if (thread->trace == trace && signo == trace->info.signo)
        *info = trace->info; /* PTRACE_SETSIGINFO may have changed it */
    tree_unlock_interrupts(flags);
    if (signo == 0)
        return false;
    if (signo != info->signo) {
        *info = (struct signal_info){.signo = signo, .code = SI_USER};
        info->pid = tracer;
    }
    if ((thread->blocked & SIGNAL_BIT(signo)) && signo != SIGKILL) {
        signal_send_thread(thread, signo, info);
        return false;
    }
    return true;
}

bool trace_job_stop(void)
{
    struct thread *thread = current_thread();
    uint64_t flags = tree_lock_interrupts();
    struct trace *trace = thread->trace;
    struct signal_info info;
    int code, signo = 0;

    if (!trace || thread->dying) {
        tree_unlock_interrupts(flags);
        return false;
    }
    if (thread->process->stopped && !trace->ran_through) {
        code = thread->process->stop_signal;
        info = (struct signal_info){.signo = code};
        if (trace->seized) {
            info = info_of_trap(SIGTRAP | EVENT_STOP << 8);
            code |= EVENT_STOP << 8;
        }
        trace->interrupt = false;
        trace->call = TRACE_CALL_NONE;
        stop_locked(&flags, code, 0, &info, true);
    } else if (trace->interrupt) {
        trace->interrupt = false;
        trace->call = TRACE_CALL_NONE;
        code = SIGTRAP | EVENT_STOP << 8;
        info = info_of_trap(code);
        if (!trace->seized) { /* at its birth, as if SIGSTOP had been sent to it */
            code = SIGSTOP;
            info = (struct signal_info){.signo = SIGSTOP, .code = SI_USER};
        }
        signo = stop_locked(&flags, code, 0, &info, false);
    } else {
        tree_unlock_interrupts(flags);
        return false;
    }
    tree_unlock_interrupts(flags);
    if (signo)
        signal_send_self(signo);
    return true;
}

void trace_event(int event, unsigned long message)
{
    struct thread *thread = current_thread();
    struct signal_info info = info_of_trap(SIGTRAP | event << 8);
    uint64_t flags;

    if (likely(!thread->trace))
        return;
    flags = tree_lock_interrupts();
    if (thread->trace && (thread->trace->options & (1u << event))) {
        thread->trace->message = message;
        thread->trace->call = TRACE_CALL_NONE;
        stop_locked(&flags, SIGTRAP | event << 8, 0, &info, false);
    }
    tree_unlock_interrupts(flags);
}

void trace_call(enum trace_call call)
{
    struct thread *thread = current_thread();
    uint64_t flags = tree_lock_interrupts();
    struct trace *trace = thread->trace;
    int code, signo = 0;

    if (trace && (trace->calls || (trace->step && call == TRACE_CALL_EXIT))) {
        struct signal_info info;

        code = SIGTRAP | (trace->calls && (trace->options & TRACE_SYSGOOD) ? 0x80 : 0);
        info = info_of_trap(code);
        trace->call = call;
        trace->message = (unsigned long)call;
        signo = stop_locked(&flags, code, 0, &info, false);
    }
    tree_unlock_interrupts(flags);
    if (signo)
        signal_send_self(signo);
}

void trace_exec(int old_tid)
{
    struct thread *thread = current_thread();
    bool event, seized;
    uint64_t flags;

    if (likely(!thread->trace))
        return;
    flags = tree_lock_interrupts();
    event = thread->trace && (thread->trace->options & TRACE_EXEC);
    seized = !thread->trace || thread->trace->seized;
    tree_unlock_interrupts(flags);
    if (event)
        trace_event(EVENT_EXEC, (unsigned long)old_tid);
    else if (!seized)
        signal_send_self(SIGTRAP);
}

/* ---- children of a traced thread ---- */

static int event_of(uint64_t flags, uint64_t exit_signal)
{
    if (flags & CLONE_UNTRACED)
        return 0;
    if (flags & CLONE_VFORK)
        return EVENT_VFORK;
    return exit_signal != SIGCHLD || (flags & CLONE_THREAD) ? EVENT_CLONE : EVENT_FORK;
}

int trace_clone(struct thread *child, uint64_t clone_flags, uint64_t exit_signal)
{
    struct thread *thread = current_thread();
    int event = event_of(clone_flags, exit_signal);
    struct trace *record;
    uint64_t flags;

    if (likely(!thread->trace))
        return 0;
    record = kernel_alloc_zeroed(sizeof *record);
    flags = tree_lock_interrupts();
    if (!thread->trace || !event || !(thread->trace->options & (1u << event)))
        event = 0;
    if (record && thread->trace && (event || (clone_flags & CLONE_PTRACE))) {
        record->options = thread->trace->options;
        record->seized = thread->trace->seized;
        record->interrupt = true;
        link_locked(record, thread->trace->tracer, child);
        context_set_exit_work(&child->context, EXIT_WORK_SIGNAL);
        record = NULL;
    }
    tree_unlock_interrupts(flags);
    kernel_free(record);
    return event;
}

/* ---- ends ---- */

void trace_tracer_ended(struct thread *thread)
{
    for (;;) {
        uint64_t flags = tree_lock_interrupts();
        struct process *hidden = NULL, *killed = NULL;
        struct trace *trace;

        if (list_empty(&thread->tracees)) {
            tree_unlock_interrupts(flags);
            return;
        }
        trace = container_of(thread->tracees.next, struct trace, node);
        if (trace->dead && trace->thread == trace->thread->process->leader)
            hidden = trace->thread->process;
        if (!trace->dead && (trace->options & TRACE_EXIT_KILL))
            killed = trace->thread->process;
        if (killed)
            signal_send_process_locked(killed, SIGKILL, NULL);
        trace_detach_locked(trace, trace->thread->trace_signo);
        tree_unlock_interrupts(flags);
        if (hidden)
            process_reveal(hidden);
        trace_free(trace);
    }
}

bool trace_thread_ended_locked(struct thread *thread, int status)
{
    struct trace *trace = thread->trace;

    if (!trace)
        return false;
    trace->stopped = trace->news = false;
    if (thread == thread->process->leader)
        return false; /* told when the last thread has gone */
    trace->dead = true;
    trace->exit_status = status;
    trace->pid = thread->pid;
    trace->pid->uses++;
    tell_tracer_locked(trace, WIFSIGNALED(status) ? CLD_KILLED : CLD_EXITED,
                       WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    return true;
}

bool trace_by_parent_locked(const struct process *process)
{
    return process->leader && process->leader->trace &&
           process->leader->trace->tracer->process == process->parent;
}

bool trace_process_ended_locked(struct process *process, struct trace **out_free)
{
    struct trace *trace = process->leader ? process->leader->trace : NULL;
    int status = process->exit_status;

    *out_free = NULL;
    if (!trace)
        return false;
    if (trace->tracer->process == process->parent) {
        unlink_locked(trace);
        *out_free = trace;
        return false;
    }
    trace->dead = true;
    trace->exit_status = status;
    process->trace_hidden = true;
    tell_tracer_locked(trace, WIFSIGNALED(status) ? CLD_KILLED : CLD_EXITED,
                       WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    return true;
}

struct trace *trace_take_number_locked(struct thread *leader, struct thread *thread)
{
    struct trace *trace = leader->trace;

    if (thread->trace)
        thread->trace->tid = thread->tid;
    if (!trace)
        return NULL;
    unlink_locked(trace);
    return trace;
}

int trace_tracer_number(struct process *process, const struct thread *thread)
{
    uint64_t flags = tree_lock_interrupts();
    int number = 0;

    if (!thread)
        thread = process->leader;
    if (thread && thread->trace && !thread->trace->dead)
        number = thread->trace->tracer->process->number;
    tree_unlock_interrupts(flags);
    return number;
}

/* ---- wait4 ---- */

static bool selected(const struct trace *trace, const struct wait_request *request)
{
    const struct process *process = trace->thread->process;

    if (request->pid > 0)
        return trace->tid == request->pid;
    return request->group == 0 || (process->group && process->group->number == request->group);
}

static bool take_news_locked(struct trace *trace, const struct wait_request *request,
                             struct wait_result *out, struct trace **out_free)
{
    bool keep = (request->options & WAIT_NO_REAP) != 0;

    *out = (struct wait_result){.pid = trace->tid, .uid = trace->thread->process->credentials.uid};
    if (trace->dead && (request->options & WAIT_EXITED)) {
        usage_times_add(&out->times, &trace->thread->times);
        out->status = trace->exit_status;
        if (!keep) {
            unlink_locked(trace);
            *out_free = trace;
        }
        return true;
    }
    if (trace->stopped && trace->news) {
        usage_times_add(&out->times, &trace->thread->times);
        out->status = trace->stop_code << 8 | 0x7f;
        out->trapped = true;
        trace->news = keep;
        return true;
    }
    return false;
}

int trace_look_locked(const struct wait_request *request, struct wait_result *out,
                      struct trace **out_free)
{
    struct process *process = current_process();
    int result = -ECHILD;

    *out_free = NULL;
    list_for_each(thread_node, &process->threads)
    {
        struct thread *thread = container_of(thread_node, struct thread, thread_node);

        if ((request->options & WAIT_NO_THREAD) && thread != current_thread())
            continue;
        list_for_each(node, &thread->tracees)
        {
            struct trace *trace = container_of(node, struct trace, node);

            if (!selected(trace, request))
                continue;
            result = 0;
            if (take_news_locked(trace, request, out, out_free))
                return 1;
        }
    }
    return result;
}
