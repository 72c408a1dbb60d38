/*
 * fork, vfork, clone, clone3.
 *
 * Everything the child needs is made first; then, under the tree lock and when no signal waits (one
 * that came while the child was not in its group yet would miss it), it enters the tree; from there
 * on nothing fails.
 */
#include "proc/fork.h"

#include "core/memory.h"
#include "core/string.h"
#include "fs/vfs.h"
#include "linux/errno.h"
#include "linux/resource.h"
#include "proc/pidfd.h"
#include "proc/scheduler.h"
#include "proc/signals.h"
#include "proc/trace.h"
#include "proc/tree.h"
#include "x86/usercopy.h"

#define FLAGS_KNOWN                                                                                \
    (CSIGNAL | CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_VFORK | CLONE_PARENT |    \
     CLONE_THREAD | CLONE_SYSVSEM | CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID |    \
     CLONE_DETACHED | CLONE_UNTRACED | CLONE_CHILD_SETTID | CLONE_PTRACE | CLONE_IO |              \
     CLONE_PIDFD | CLONE_CLEAR_SIGHAND)

static int check_flags(const struct clone_arguments *arguments)
{
    uint64_t flags = arguments->flags;

    if (flags & ~(uint64_t)FLAGS_KNOWN)
        return -EINVAL;
    if ((flags & CLONE_THREAD) && !(flags & CLONE_SIGHAND))
        return -EINVAL;
    if ((flags & CLONE_SIGHAND) && !(flags & CLONE_VM))
        return -EINVAL;
    if ((flags & CLONE_SIGHAND) && (flags & CLONE_CLEAR_SIGHAND))
        return -EINVAL;
    if ((flags & CLONE_PIDFD) && (flags & (CLONE_DETACHED | CLONE_THREAD)))
        return -EINVAL;
    return 0;
}

/* RLIMIT_NPROC: threads of one user. It binds everyone but uid 0; counting is for those who have
 * such a limit. */
static bool too_many_threads(const struct process *mine)
{
    uint64_t limit = mine->limits[RLIMIT_NPROC].soft, count = 0;
    struct process *process;

    if (limit == RLIM_INFINITY || mine->credentials.uid == 0)
        return false;
    for (int number = 1; (process = process_next(number)) != NULL;) {
        number = process->number + 1;
        if (process->credentials.uid == mine->credentials.uid)
            count += process->thread_count;
        process_put(process);
    }
    return count >= limit;
}

/* A share of the parent's, or a copy. */
static int share_resources(struct thread *child, const struct thread *parent, uint64_t flags)
{
    if (flags & CLONE_FILES) {
        file_table_get(parent->files);
        child->files = parent->files;
    } else if (!(child->files = file_table_clone(parent->files))) {
        return -ENOMEM;
    }
    if (flags & CLONE_FS) {
        fs_context_get(parent->fs);
        child->fs = parent->fs;
    } else if (!(child->fs = fs_context_clone(parent->fs))) {
        return -ENOMEM;
    }
    if (flags & CLONE_VM) {
        memory_get(parent->memory);
        child->memory = parent->memory;
    } else if (!(child->memory = memory_clone(parent->memory))) {
        return -ENOMEM;
    }
    return 0;
}

static int share_handlers(struct process *child, struct process *parent, uint64_t flags)
{
    if (flags & CLONE_SIGHAND) {
        __atomic_fetch_add(&parent->handlers->references, 1, __ATOMIC_RELAXED);
        child->handlers = parent->handlers;
        return 0;
    }
    child->handlers = signal_handlers_clone(parent->handlers);
    if (!child->handlers)
        return -ENOMEM;
    if (flags & CLONE_CLEAR_SIGHAND)
        signal_handlers_reset(child->handlers);
    return 0;
}

static int copy_thread(struct thread *child, const struct thread *parent,
                       const struct clone_arguments *arguments)
{
    uint64_t flags = arguments->flags;
    struct trap_frame frame = *trap_user_frame();
    int error = 0;

    frame.ax = 0;
    if (arguments->stack)
        frame.sp = arguments->stack;
    trap_frame_changed(&frame);
    context_copy_user(&child->context);
    if (flags & CLONE_SETTLS)
        error = thread_set_tls(&child->context, arguments->tls);
    if (error)
        return error;
    context_prepare_user(&child->context, &frame);

    memcpy(child->name, parent->name, sizeof child->name);
    child->nice = parent->nice;
    child->policy = parent->policy;
    child->memory_policy = parent->memory_policy;
    child->personality = parent->personality;
    child->memory_nodes = parent->memory_nodes;
    child->priority = parent->priority;
    child->blocked = parent->restore_blocked ? parent->saved_blocked : parent->blocked;
    /* A child on the parent's stack keeps its alternate stack only when it may use it alone. */
    child->signal_stack =
        (flags & (CLONE_VM | CLONE_VFORK)) == CLONE_VM ? SIGNAL_STACK_NONE : parent->signal_stack;
    if (flags & CLONE_CHILD_SETTID) {
        child->set_child_tid = arguments->child_tid;
        context_set_exit_work(&child->context, EXIT_WORK_OTHER);
    }
    if (flags & CLONE_CHILD_CLEARTID)
        child->clear_child_tid = arguments->child_tid;
    if (!(flags & CLONE_VM)) {
        child->rseq = parent->rseq;
        child->rseq_signature = parent->rseq_signature;
    }
    child->vfork_waited = (flags & CLONE_VFORK) != 0;
    wait_queue_init(&child->vfork_wait);
    return 0;
}

/* Undoes whatever was made. */
static void discard(struct thread *thread, struct process *process, struct pid *pid)
{
    bool free;
    uint64_t flags;

    if (thread->files)
        file_table_put(thread->files);
    if (thread->fs)
        fs_context_put(thread->fs);
    memory_put(thread->memory);
    thread_put(thread);
    if (process)
        process_put(process);
    if (pid) {
        flags = tree_lock_interrupts();
        free = pid_unuse_locked(pid);
        tree_unlock_interrupts(flags);
        if (free)
            pid_free(pid);
    }
}

static int enter_tree(struct thread *child, struct process *process, struct pid *pid,
                      const struct clone_arguments *arguments)
{
    struct process *mine = current_process();
    uint64_t flags = tree_lock_interrupts();
    int error = 0;

    if (signal_pending() || mine->group_exit) {
        error = -ERESTARTNOINTR;
    } else if (process) {
        struct process *parent = arguments->flags & CLONE_PARENT ? mine->parent : mine;

        process_link_locked(process, parent, pid);
        process->leader = child;
        process->creator = current_thread()->tid;
        thread_get(child);
        process->exit_signal =
            arguments->flags & CLONE_PARENT ? mine->exit_signal : (int)arguments->exit_signal;
        process_add_thread_locked(process, child, pid);
    } else {
        process_add_thread_locked(mine, child, pid);
    }
    tree_unlock_interrupts(flags);
    return error;
}

/* Only death ends this wait: the child uses our memory. */
static void wait_for_vfork(struct thread *child)
{
    struct waiter waiter = {0};

    wait_prepare(&child->vfork_wait, &waiter);
    while (__atomic_load_n(&child->vfork_waited, __ATOMIC_ACQUIRE) && !kill_pending()) {
        schedule();
        wait_prepare(&child->vfork_wait, &waiter);
    }
    wait_finish(&waiter);
}

static struct pid *choose_number(const struct clone_arguments *arguments, int *out_error)
{
    return arguments->number ? pid_create_number(arguments->number, out_error)
                             : pid_create(out_error);
}

/* Another thread may have closed it meanwhile. */
static void remove_descriptor(int fd)
{
    struct file *file = fd >= 0 ? file_table_take(current_thread()->files, fd) : NULL;

    if (file)
        file_put(file);
}

/* The parent's descriptor for the child, which the child does not get. */
static int make_descriptor(struct process *process, const struct clone_arguments *arguments)
{
    struct file *file;
    int error = pidfd_create(process, 0, &file);
    int fd = error ? error : file_table_add(current_thread()->files, file, 0, true);

    if (fd < 0) {
        if (!error)
            file_put(file);
        return fd;
    }
    if (put_user_u32((void *)arguments->pidfd, (uint32_t)fd) == 0)
        return fd;
    remove_descriptor(fd);
    return -EFAULT;
}

long thread_clone(const struct clone_arguments *arguments)
{
    struct thread *parent = current_thread(), *child;
    struct process *process = NULL;
    struct pid *pid = NULL;
    int error = check_flags(arguments), number, event, descriptor = -1;
    uint64_t flags = arguments->flags;

    if (error)
        return error;
    if (too_many_threads(parent->process))
        return -EAGAIN;
    child = thread_create(parent->name);
    if (!child)
        return -ENOMEM;
    error = share_resources(child, parent, flags);
    if (error)
        goto failed;
    error = -ENOMEM;
    if (!(flags & CLONE_THREAD)) {
        process = process_create();
        if (!process || process_inherit(process, parent->process) != 0 ||
            share_handlers(process, parent->process, flags) != 0)
            goto failed;
    }
    pid = choose_number(arguments, &error);
    if (!pid)
        goto failed;
    if (flags & CLONE_PIDFD) {
        descriptor = error = make_descriptor(process, arguments);
        if (error < 0)
            goto failed;
    }
    error = copy_thread(child, parent, arguments);
    if (error)
        goto failed;
    number = pid->number;
    if (flags & CLONE_PARENT_SETTID) {
        /* As on Linux a bad address is not an error: the number is lost. */
        put_user_u32((void *)arguments->parent_tid, (uint32_t)number);
    }
    error = enter_tree(child, process, pid, arguments);
    if (error)
        goto failed;
    if (flags & CLONE_VFORK)
        thread_get(child);
    event = trace_clone(child, flags, arguments->exit_signal);
    thread_start(child);
    if (event)
        trace_event(event, (unsigned long)number);
    if (flags & CLONE_VFORK) {
        wait_for_vfork(child);
        thread_put(child);
        trace_event(EVENT_VFORK_DONE, (unsigned long)number);
    }
    return number;

failed:
    remove_descriptor(descriptor);
    discard(child, process, pid);
    return error;
}
