/*
 * Signals: queues, delivery, job control.
 *
 * Concepts. A signal waits in its process's queue or in one thread's. Sending puts it there,
 * chooses a thread that does not block it, sets EXIT_WORK_SIGNAL on that thread and wakes it; the
 * thread takes the signal out on its way to user mode and acts: a frame on its stack, or the
 * default. SIGKILL does not queue: it marks every thread as dying.
 *
 * Invariant. EXIT_WORK_SIGNAL is set whenever something deliverable waits, and is cleared only by
 * the thread itself, under the process's lock, when it found nothing. It may be set for nothing:
 * then the loop just finds nothing. A system call that returned -ERESTART* did so because the flag
 * was set, so the loop always sees it.
 *
 * Locking. Senders hold the tree lock (a thread is chosen among process->threads) and the process's
 * lock, both with interrupts off: terminals and timers send from interrupt handlers. Nothing is
 * allocated there: records come from a pool; when it is empty an ordinary signal still arrives,
 * without its siginfo, as on Linux.
 */
#include "proc/signals.h"

#include <quire/grace.h>

#include "core/log.h"
#include "core/memory.h"
#include "core/string.h"
#include "linux/errno.h"
#include "linux/resource.h"
#include "proc/exit.h"
#include "proc/scheduler.h"
#include "proc/trace.h"
#include "proc/tree.h"
#include "x86/interrupt.h"
#include "x86/usercopy.h"

#define SIGNALS_IGNORED                                                                            \
    (SIGNAL_BIT(SIGCHLD) | SIGNAL_BIT(SIGURG) | SIGNAL_BIT(SIGWINCH) | SIGNAL_BIT(SIGCONT))
/* Caused by what the thread itself did: delivered before others, as on Linux. */
#define SIGNALS_SYNCHRONOUS                                                                        \
    (SIGNAL_BIT(SIGSEGV) | SIGNAL_BIT(SIGBUS) | SIGNAL_BIT(SIGILL) | SIGNAL_BIT(SIGTRAP) |         \
     SIGNAL_BIT(SIGFPE) | SIGNAL_BIT(SIGSYS))

/* The number of restart_syscall. */
#ifdef __x86_64__
#define CALL_RESTART_SYSCALL 219
#else
#define CALL_RESTART_SYSCALL 0
#endif

/* ---- the pool of records ---- */

#define POOL_TARGET 128

static struct {
    struct quire_spinlock lock;
    struct list free;
    unsigned count;
    struct quire_cache *cache;
} pool = {.free = LIST_INIT(pool.free)};

static struct queued_signal *record_take(void)
{
    struct queued_signal *record = NULL;
    unsigned long flags = spin_lock_interrupts(&pool.lock);

    if (!list_empty(&pool.free)) {
        record = container_of(pool.free.next, struct queued_signal, node);
        list_remove(&record->node);
        pool.count--;
    }
    spin_unlock_interrupts(&pool.lock, flags);
    return record;
}

static void record_give(struct queued_signal *record)
{
    unsigned long flags = spin_lock_interrupts(&pool.lock);

    list_add_head(&pool.free, &record->node);
    pool.count++;
    spin_unlock_interrupts(&pool.lock, flags);
}

/* In thread context, no lock held: keeps the pool filled for those who cannot allocate. */
static void pool_fill(void)
{
    if (likely(pool.count >= POOL_TARGET / 2) || in_interrupt())
        return;
    if (!pool.cache)
        pool.cache = quire_cache_create(&kernel_machine, "signal", sizeof(struct queued_signal), 0);
    while (pool.cache && pool.count < POOL_TARGET) {
        struct queued_signal *record = quire_cache_alloc(&kernel_machine, pool.cache);

        if (!record)
            return;
        record_give(record);
    }
}

/* ---- handlers ---- */

static struct quire_cache *handlers_cache;

/* Not filled. */
static struct signal_handlers *handlers_new(void)
{
    struct signal_handlers *handlers;

    pool_fill(); /* there is one more to whom an interrupt may send */
    if (!handlers_cache)
        handlers_cache = quire_cache_create(&kernel_machine, "signal handlers",
                                            sizeof(struct signal_handlers), 0);
    handlers = handlers_cache ? kernel_cache_alloc(handlers_cache) : NULL;
    if (handlers) {
        handlers->references = 1;
        quire_spin_init(&handlers->lock);
    }
    return handlers;
}

struct signal_handlers *signal_handlers_create(void)
{
    struct signal_handlers *handlers = handlers_new();

    if (handlers)
        memset(handlers->action, 0, sizeof handlers->action);
    return handlers;
}

struct signal_handlers *signal_handlers_clone(struct signal_handlers *from)
{
    struct signal_handlers *handlers = handlers_new();

    if (handlers) {
        unsigned long flags = spin_lock_interrupts(&from->lock);

        memcpy(handlers->action, from->action, sizeof handlers->action);
        spin_unlock_interrupts(&from->lock, flags);
    }
    return handlers;
}

void signal_handlers_put(struct signal_handlers *handlers)
{
    if (handlers && __atomic_sub_fetch(&handlers->references, 1, __ATOMIC_ACQ_REL) == 0)
        quire_cache_free(&kernel_machine, handlers_cache, handlers);
}

void signal_handlers_reset(struct signal_handlers *handlers)
{
    unsigned long flags = spin_lock_interrupts(&handlers->lock);

    for (int i = 0; i < SIGNAL_COUNT; i++) {
        bool ignored = handlers->action[i].handler == SIG_IGN;

        handlers->action[i] = (struct signal_action){.handler = ignored ? SIG_IGN : SIG_DFL};
    }
    spin_unlock_interrupts(&handlers->lock, flags);
}

struct signal_action signal_action_get(struct process *process, int signo)
{
    struct signal_handlers *handlers = process->handlers;
    unsigned long flags = spin_lock_interrupts(&handlers->lock);
    struct signal_action action = handlers->action[signo - 1];

    spin_unlock_interrupts(&handlers->lock, flags);
    return action;
}

static bool action_ignores(const struct signal_action *action, int signo)
{
    return action->handler == SIG_IGN ||
           (action->handler == SIG_DFL && (SIGNALS_IGNORED & SIGNAL_BIT(signo)));
}

/* ---- queues ---- */

static void flush_set_locked(struct process *process, struct pending_signals *pending,
                             signal_set set)
{
    if (!(pending->set & set))
        return;
    pending->set &= ~set;
    list_for_each_safe(node, &pending->queue)
    {
        struct queued_signal *record = container_of(node, struct queued_signal, node);

        if (set & SIGNAL_BIT(record->info.signo)) {
            list_remove(node);
            record_give(record);
            process->queued_signals--;
        }
    }
}

void pending_flush(struct pending_signals *pending)
{
    while (!list_empty(&pending->queue)) {
        struct queued_signal *record =
            container_of(pending->queue.next, struct queued_signal, node);

        list_remove(&record->node);
        record_give(record);
    }
    pending->set = 0;
}

unsigned pending_count(const struct pending_signals *pending)
{
    unsigned count = 0;

    list_for_each(node, &pending->queue) count++;
    return count;
}

/* Out of the process's queue and those of its threads. The tree lock and the process's are held. */
static void flush_everywhere_locked(struct process *process, signal_set set)
{
    flush_set_locked(process, &process->pending, set);
    list_for_each(node, &process->threads)
        flush_set_locked(process, &container_of(node, struct thread, thread_node)->pending, set);
}

static int first_signal(signal_set set)
{
    signal_set urgent = set & SIGNALS_SYNCHRONOUS;

    return (int)first_bit(urgent ? urgent : set) + 1;
}

static bool take_from_locked(struct process *process, struct pending_signals *pending,
                             signal_set set, struct signal_info *out)
{
    struct queued_signal *found = NULL;
    bool more = false;
    int signo;

    set &= pending->set;
    if (!set)
        return false;
    signo = first_signal(set);
    list_for_each(node, &pending->queue)
    {
        struct queued_signal *record = container_of(node, struct queued_signal, node);

        if (record->info.signo != signo)
            continue;
        if (found) {
            more = true;
            break;
        }
        found = record;
    }
    if (!more)
        pending->set &= ~SIGNAL_BIT(signo);
    if (found) {
        *out = found->info;
        list_remove(&found->node);
        record_give(found);
        process->queued_signals--;
    } else {
        *out = (struct signal_info){.signo = signo, .code = SI_USER};
    }
    return true;
}

struct signal_info *signal_of_timer(struct process *process, struct thread *thread, int signo,
                                    int timer_id)
{
    struct pending_signals *pending = thread ? &thread->pending : &process->pending;

    list_for_each(node, &pending->queue)
    {
        struct queued_signal *record = container_of(node, struct queued_signal, node);

        if (record->info.signo == signo && record->info.code == SI_TIMER &&
            record->info.timer_id == timer_id)
            return &record->info;
    }
    return NULL;
}

static bool take_locked(struct thread *thread, signal_set set, struct signal_info *out)
{
    return take_from_locked(thread->process, &thread->pending, set, out) ||
           take_from_locked(thread->process, &thread->process->pending, set, out);
}

bool signal_take(signal_set set, struct signal_info *out)
{
    struct thread *thread = current_thread();
    unsigned long flags = spin_lock_interrupts(&thread->process->lock);
    bool taken = take_locked(thread, set, out);

    spin_unlock_interrupts(&thread->process->lock, flags);
    return taken;
}

signal_set signal_set_pending(void)
{
    struct thread *thread = current_thread();

    return thread->pending.set | thread->process->pending.set;
}

static bool deliverable_locked(const struct thread *thread)
{
    return thread->dying || thread->process->stopped ||
           ((thread->pending.set | thread->process->pending.set) & ~thread->blocked) != 0;
}

void signal_recalculate(void)
{
    struct thread *thread = current_thread();
    unsigned long flags = spin_lock_interrupts(&thread->process->lock);

    if (deliverable_locked(thread))
        context_set_exit_work(&thread->context, EXIT_WORK_SIGNAL);
    spin_unlock_interrupts(&thread->process->lock, flags);
}

void signal_set_blocked(signal_set blocked)
{
    struct thread *thread = current_thread();
    unsigned long flags = spin_lock_interrupts(&thread->process->lock);

    thread->blocked = blocked & ~SIGNALS_UNBLOCKABLE;
    if (deliverable_locked(thread))
        context_set_exit_work(&thread->context, EXIT_WORK_SIGNAL);
    spin_unlock_interrupts(&thread->process->lock, flags);
}

void signal_set_blocked_for_call(signal_set blocked)
{
    struct thread *thread = current_thread();

    if (!thread->restore_blocked) {
        thread->saved_blocked = thread->blocked;
        thread->restore_blocked = true;
    }
    signal_set_blocked(blocked);
    /* Whatever happens, the old mask comes back on the way out. */
    context_set_exit_work(&thread->context, EXIT_WORK_OTHER);
}

void signal_restore_blocked(void)
{
    struct thread *thread = current_thread();

    if (thread->restore_blocked) {
        thread->restore_blocked = false;
        signal_set_blocked(thread->saved_blocked);
    }
}

bool kill_pending(void)
{
    return __atomic_load_n(&current_thread()->dying, __ATOMIC_RELAXED);
}

void signal_action_set(struct process *process, int signo, const struct signal_action *action,
                       struct signal_action *out_old)
{
    struct signal_handlers *handlers = process->handlers;
    uint64_t tree_flags = 0, flags;
    bool flush = action && action_ignores(action, signo);

    if (flush)
        tree_flags = tree_lock_interrupts();
    flags = spin_lock_interrupts(&process->lock);
    quire_spin_lock(&handlers->lock);
    *out_old = handlers->action[signo - 1];
    if (action) {
        handlers->action[signo - 1] = *action;
        handlers->action[signo - 1].mask &= ~SIGNALS_UNBLOCKABLE;
    }
    quire_spin_unlock(&handlers->lock);
    if (flush)
        flush_everywhere_locked(process, SIGNAL_BIT(signo));
    spin_unlock_interrupts(&process->lock, flags);
    if (flush)
        tree_unlock_interrupts(tree_flags);
}

bool signal_ignored_or_blocked(int signo)
{
    struct signal_action action = signal_action_get(current_process(), signo);

    return action.handler == SIG_IGN || (current_thread()->blocked & SIGNAL_BIT(signo)) != 0;
}

/* ---- sending; the tree lock and the process's lock are held ---- */

static void alert_locked(struct thread *thread)
{
    context_set_exit_work(&thread->context, EXIT_WORK_SIGNAL);
    thread_wake(thread);
}

void process_kill_threads_locked(struct process *process, const struct thread *except)
{
    list_for_each(node, &process->threads)
    {
        struct thread *thread = container_of(node, struct thread, thread_node);

        if (thread == except)
            continue;
        __atomic_store_n(&thread->dying, true, __ATOMIC_RELAXED);
        alert_locked(thread);
        thread_wake_stopped(thread);
    }
}

static void continue_locked(struct process *process)
{
    flush_everywhere_locked(process, SIGNALS_STOP);
    if (!process->stopped)
        return;
    process->stopped = false;
    process->child_stopped = false;
    process->child_continued = true;
    list_for_each(node, &process->threads)
    {
        struct thread *thread = container_of(node, struct thread, thread_node);

        trace_continued_locked(thread);
        thread_wake_stopped(thread);
    }
    notify_parent_locked(process, CLD_CONTINUED, SIGCONT);
}

static bool wants(const struct thread *thread, int signo)
{
    return !thread->dying && !(thread->blocked & SIGNAL_BIT(signo));
}

/* Someone who will take it: the given thread, the first one, any other. NULL: all block it. */
static struct thread *choose_locked(struct process *process, struct thread *thread, int signo)
{
    if (thread)
        return wants(thread, signo) || (thread->waiting_for & SIGNAL_BIT(signo)) ? thread : NULL;
    list_for_each(node, &process->threads)
    {
        struct thread *candidate = container_of(node, struct thread, thread_node);

        if (wants(candidate, signo) || (candidate->waiting_for & SIGNAL_BIT(signo)))
            return candidate;
    }
    return NULL;
}

static bool ignored_locked(struct process *process, struct thread *target, int signo)
{
    struct signal_handlers *handlers = process->handlers;
    struct thread *thread = target;
    bool ignored;

    if (!thread && !list_empty(&process->threads))
        thread = container_of(process->threads.next, struct thread, thread_node);
    if (thread && ((thread->blocked | thread->waiting_for) & SIGNAL_BIT(signo)))
        return false;
    if (thread && thread->trace)
        return false; /* its tracer sees it first */
    quire_spin_lock(&handlers->lock);
    ignored = action_ignores(&handlers->action[signo - 1], signo);
    quire_spin_unlock(&handlers->lock);
    return ignored;
}

static int queue_locked(struct process *process, struct pending_signals *pending, int signo,
                        const struct signal_info *info)
{
    struct queued_signal *record;

    /* A timer's own signal counts what it stands for: it does not become one with others. */
    if (signo < SIGRTMIN && (pending->set & SIGNAL_BIT(signo)) && !(info && info->code == SI_TIMER))
        return 0;
    record =
        process->queued_signals < process->limits[RLIMIT_SIGPENDING].soft ? record_take() : NULL;
    if (record) {
        record->info = info ? *info : (struct signal_info){.code = SI_KERNEL};
        record->info.signo = signo;
        list_add_tail(&pending->queue, &record->node);
        process->queued_signals++;
    } else if (signo >= SIGRTMIN && info && info->code != SI_USER) {
        return -EAGAIN;
    }
    pending->set |= SIGNAL_BIT(signo);
    return 0;
}

static int send_locked(struct process *process, struct thread *thread, int signo,
                       const struct signal_info *info)
{
    int error;

    if (signo == 0 || process->zombie)
        return 0;
    if (process == init_process) {
        init_signal(signo);
        return 0;
    }
    if (process->kernel)
        return 0;
    if (SIGNALS_STOP & SIGNAL_BIT(signo))
        flush_everywhere_locked(process, SIGNAL_BIT(SIGCONT));
    if (signo == SIGCONT)
        continue_locked(process);
    if (signo == SIGKILL) {
        if (!process->group_exit) {
            process->group_exit = true;
            process->exit_status = SIGKILL;
        }
        process_kill_threads_locked(process, NULL);
        return 0;
    }
    if (ignored_locked(process, thread, signo))
        return 0;
    error = queue_locked(process, thread ? &thread->pending : &process->pending, signo, info);
    if (error)
        return error;
    thread = choose_locked(process, thread, signo);
    if (thread && wants(thread, signo))
        alert_locked(thread);
    else if (thread)
        thread_wake(thread);
    return 0;
}

static bool signo_valid(int signo)
{
    return signo >= 0 && signo <= SIGNAL_COUNT;
}

int signal_send_process_locked(struct process *process, int signo, const struct signal_info *info)
{
    int error;

    quire_spin_lock(&process->lock);
    error = send_locked(process, NULL, signo, info);
    quire_spin_unlock(&process->lock);
    return error;
}

int signal_send_process(struct process *process, int signo, const struct signal_info *info)
{
    uint64_t flags;
    int error;

    if (!signo_valid(signo))
        return -EINVAL;
    pool_fill();
    flags = tree_lock_interrupts();
    error = signal_send_process_locked(process, signo, info);
    tree_unlock_interrupts(flags);
    return error;
}

int signal_send_thread(struct thread *thread, int signo, const struct signal_info *info)
{
    struct process *process = thread->process;
    uint64_t flags;
    int error;

    if (!signo_valid(signo))
        return -EINVAL;
    pool_fill();
    flags = tree_lock_interrupts();
    quire_spin_lock(&process->lock);
    error = list_empty(&thread->thread_node) ? 0 : send_locked(process, thread, signo, info);
    quire_spin_unlock(&process->lock);
    tree_unlock_interrupts(flags);
    return error;
}

void signal_send_self(int signo)
{
    struct process *process = current_process();
    struct signal_info info = {.signo = signo, .code = SI_USER};

    info.pid = process->number;
    info.uid = process->credentials.uid;
    signal_send_thread(current_thread(), signo, &info);
}

int signal_send_group_locked(struct pid *group, int signo, const struct signal_info *info)
{
    list_for_each(node, &group->group)
        signal_send_process_locked(container_of(node, struct process, group_node), signo, info);
    return 0;
}

int signal_send_group(int number, int signo, const struct signal_info *info)
{
    struct pid *group;
    uint64_t flags;
    int error = -ESRCH;

    if (!signo_valid(signo))
        return -EINVAL;
    pool_fill();
    flags = tree_lock_interrupts();
    group = pid_find_locked(number);
    if (group && !list_empty(&group->group))
        error = signal_send_group_locked(group, signo, info);
    tree_unlock_interrupts(flags);
    return error;
}

/* As Linux: uid 0, an equal real or effective uid, or SIGCONT inside one session. */
int signal_permission(struct process *target, int signo)
{
    const struct credentials *mine = &current_process()->credentials;
    const struct credentials *other = &target->credentials;

    if (mine->euid == 0 || mine->euid == other->suid || mine->euid == other->uid ||
        mine->uid == other->suid || mine->uid == other->uid)
        return 0;
    if (signo == SIGCONT && target->session == current_process()->session)
        return 0;
    return -EPERM;
}

void signal_force(int signo, const struct signal_info *info)
{
    struct thread *thread = current_thread();
    struct process *process = thread->process;
    struct signal_action *action = &process->handlers->action[signo - 1];
    uint64_t flags;

    pool_fill();
    flags = spin_lock_interrupts(&process->lock);
    quire_spin_lock(&process->handlers->lock);
    if (action->handler == SIG_IGN || (thread->blocked & SIGNAL_BIT(signo)))
        action->handler = SIG_DFL;
    quire_spin_unlock(&process->handlers->lock);
    thread->blocked &= ~SIGNAL_BIT(signo);
    queue_locked(process, &thread->pending, signo, info);
    context_set_exit_work(&thread->context, EXIT_WORK_SIGNAL);
    spin_unlock_interrupts(&process->lock, flags);
}

void signal_force_fault(int signo, int code, uintptr_t address)
{
    struct signal_info info = {.signo = signo, .code = code, .address = address};

    signal_force(signo, &info);
}

/* Exceptions other than page faults. */
void trap_signal_user(struct trap_frame *frame, int signo, int code, uintptr_t address)
{
    struct process *process = current_process();
    struct signal_action action = signal_action_get(process, signo);
    struct thread *thread = current_thread();

    thread->trap.vector = frame->vector;
    thread->trap.error_code = frame->error_code;
    if (action.handler == SIG_DFL && signo != SIGTRAP)
        log_info("%s[%d]: %s at 0x%lx (sp 0x%lx): ended by signal %d", thread->name, thread->tid,
                 trap_name((unsigned)frame->vector), frame->ip, frame->sp, signo);
    signal_force_fault(signo, code, address);
}

/* ---- delivery ---- */

/* Parks the thread until SIGCONT or death, or until someone wants to trace it. */
static void stop_here(struct thread *thread)
{
    struct process *process = thread->process;
    uint64_t flags;

    for (;;) {
        flags = spin_lock_interrupts(&process->lock);
        if (!process->stopped || thread->dying || thread->trace) {
            thread->state = THREAD_RUNNABLE;
            spin_unlock_interrupts(&process->lock, flags);
            return;
        }
        thread->state = THREAD_STOPPED;
        spin_unlock_interrupts(&process->lock, flags);
        schedule();
    }
}

/* The default action of a stop signal. */
static void stop_process(struct process *process, int signo)
{
    uint64_t flags = tree_lock_interrupts();

    quire_spin_lock(&process->lock);
    /* A SIGCONT may have come since the signal was taken from the queue; and no one could continue
     * an orphan. */
    if (!process->stopped && !process->group_exit &&
        (signo == SIGSTOP || !process_group_orphaned_locked(process->group, NULL))) {
        process->stopped = true;
        process->stop_signal = signo;
        process->child_stopped = true;
        process->child_continued = false;
        list_for_each(node, &process->threads)
        {
            struct thread *thread = container_of(node, struct thread, thread_node);

            if (thread->trace)
                thread->trace->ran_through = false;
            alert_locked(thread);
        }
        /* A parent that traces it is told as a tracer. */
        if (!trace_by_parent_locked(process))
            notify_parent_locked(process, CLD_STOPPED, signo);
    }
    quire_spin_unlock(&process->lock);
    tree_unlock_interrupts(flags);
}

/* A system call that was interrupted: what the program sees. `handler`: one is about to run, with
 * these flags. */
static void settle_restart(struct trap_frame *frame, bool handler, unsigned long handler_flags)
{
    if (!trap_is_syscall(frame) || (int32_t)frame->orig_ax < 0)
        return;
    switch (-(long)frame->ax) {
    case ERESTARTSYS:
        if (handler && !(handler_flags & SA_RESTART)) {
            frame->ax = (unsigned long)-EINTR;
            return;
        }
        break;
    case ERESTARTNOHAND:
        if (handler) {
            frame->ax = (unsigned long)-EINTR;
            return;
        }
        break;
    case ERESTART_RESTARTBLOCK:
        if (handler) {
            frame->ax = (unsigned long)-EINTR;
            return;
        }
        frame->ax = CALL_RESTART_SYSCALL;
        frame->ip -= 2;
        trap_frame_changed(frame);
        return;
    case ERESTARTNOINTR:
        break;
    default:
        return;
    }
    frame->ax = frame->orig_ax;
    frame->ip -= 2; /* the instruction that called: SYSCALL, or int $0x80 */
    trap_frame_changed(frame);
}

static void run_handler(struct trap_frame *frame, const struct signal_action *action,
                        const struct signal_info *info)
{
    struct thread *thread = current_thread();
    signal_set restore = thread->restore_blocked ? thread->saved_blocked : thread->blocked;
    signal_set blocked = thread->blocked | action->mask;

    settle_restart(frame, true, action->flags);
    if ((thread->rseq && !rseq_resume(thread, frame)) ||
        signal_frame_push(frame, action, info, restore) != 0) {
        struct signal_info fault = {.signo = SIGSEGV, .code = SI_KERNEL};

        if (info->signo == SIGSEGV) {
            struct signal_action old, none = {.handler = SIG_DFL};

            signal_action_set(thread->process, SIGSEGV, &none, &old);
        }
        log_info("%s[%d]: no room for the frame of signal %d at sp 0x%lx", thread->name,
                 thread->tid, info->signo, frame->sp);
        signal_force(SIGSEGV, &fault);
        return;
    }
    thread->restore_blocked = false;
    if (!(action->flags & SA_NODEFER))
        blocked |= SIGNAL_BIT(info->signo);
    if (blocked != thread->blocked)
        signal_set_blocked(blocked);
}

/* Takes and acts until a handler is set up or nothing is left. */
static void deliver(struct trap_frame *frame)
{
    struct thread *thread = current_thread();
    struct process *process = thread->process;
    struct signal_action *slot, action;
    struct signal_info info;
    uint64_t flags;

    for (;;) {
        if (unlikely(thread->trace != NULL) && trace_job_stop())
            continue;
        flags = spin_lock_interrupts(&process->lock);
        if (thread->dying) {
            spin_unlock_interrupts(&process->lock, flags);
            thread_exit(process->exit_status);
        }
        if (process->stopped && !thread->trace) {
            spin_unlock_interrupts(&process->lock, flags);
            stop_here(thread);
            continue;
        }
        if (!take_locked(thread, ~thread->blocked, &info)) {
            context_clear_exit_work(&thread->context, EXIT_WORK_SIGNAL);
            spin_unlock_interrupts(&process->lock, flags);
            break;
        }
        if (unlikely(thread->trace != NULL)) {
            spin_unlock_interrupts(&process->lock, flags);
            if (!trace_signal(&info))
                continue;
            flags = spin_lock_interrupts(&process->lock);
        }
        quire_spin_lock(&process->handlers->lock);
        slot = &process->handlers->action[info.signo - 1];
        action = *slot;
        if (action.handler > SIG_IGN && (action.flags & SA_RESETHAND))
            slot->handler = SIG_DFL;
        quire_spin_unlock(&process->handlers->lock);
        spin_unlock_interrupts(&process->lock, flags);

        if (action.handler > SIG_IGN) {
            run_handler(frame, &action, &info);
            return;
        }
        if (action_ignores(&action, info.signo))
            continue;
        if (SIGNALS_STOP & SIGNAL_BIT(info.signo))
            stop_process(process, info.signo);
        else
            process_exit_group(info.signo);
    }
    settle_restart(frame, false, 0);
    signal_restore_blocked();
}

/*
 * The short way for a program that handles its own faults (garbage collectors, demand mapping):
 * nothing else is pending that would come before a synchronous signal, so it need not go through
 * the queue.
 */
bool signal_deliver_fault(struct trap_frame *frame, const struct signal_info *info)
{
    struct thread *thread = current_thread();
    struct process *process = thread->process;
    struct signal_action *slot, action;
    unsigned long flags = spin_lock_interrupts(&process->lock);
    bool handled;

    quire_spin_lock(&process->handlers->lock);
    slot = &process->handlers->action[info->signo - 1];
    action = *slot;
    handled = action.handler > SIG_IGN && !(thread->blocked & SIGNAL_BIT(info->signo)) &&
              !thread->dying && !process->stopped && !thread->trace;
    if (handled && (action.flags & SA_RESETHAND))
        slot->handler = SIG_DFL;
    quire_spin_unlock(&process->handlers->lock);
    spin_unlock_interrupts(&process->lock, flags);
    if (handled)
        run_handler(frame, &action, info);
    return handled;
}

void exit_to_user_work(struct trap_frame *frame)
{
    struct thread *thread = current_thread();
    uint32_t work = __atomic_load_n(&thread->context.exit_work, __ATOMIC_ACQUIRE);

    if (work & EXIT_WORK_OTHER) {
        context_clear_exit_work(&thread->context, EXIT_WORK_OTHER);
        thread->reclaim_rounds = 0;
        thread->allocation_struck = false;
        quire_quiescent(&kernel_machine);
        if (thread->set_child_tid) {
            put_user_u32((void *)thread->set_child_tid, (uint32_t)thread->tid);
            thread->set_child_tid = 0;
        }
        if (thread->rseq_interrupted && thread->rseq && !rseq_resume(thread, frame))
            signal_force_fault(SIGSEGV, SI_KERNEL, 0);
        thread->rseq_interrupted = false;
        if (thread->restore_blocked)
            work |= EXIT_WORK_SIGNAL;
    }
    if (work & EXIT_WORK_RESCHEDULE)
        schedule();
    if (work & EXIT_WORK_SIGNAL)
        deliver(frame);
}
