/* System calls about signals: arguments in, kernel/proc/signal.c does the work. */
#include "core/string.h"
#include "linux/errno.h"
#include "linux/syscalls.h"
#include "linux/time.h"
#include "proc/scheduler.h"
#include "proc/signals.h"
#include "proc/tree.h"
#include "x86/usercopy.h"

struct stack_abi {
    word start;
    int32_t flags;
    word size;
};

static int read_set(word user, word size, signal_set *out)
{
    if (size != sizeof *out)
        return -EINVAL;
    return get_user_u64(out, (void *)user);
}

long sys_rt_sigaction(word signo, word action, word old, word size)
{
    struct signal_action in = {0}, out;

    if (size != sizeof(signal_set) || signo < 1 || signo > SIGNAL_COUNT)
        return -EINVAL;
    if (action && copy_from_user(&in, (void *)action, sizeof in) != 0)
        return -EFAULT;
    if (action && (SIGNALS_UNBLOCKABLE & SIGNAL_BIT(signo)))
        return -EINVAL;
    in.flags &= SA_KNOWN;
    signal_action_set(current_process(), (int)signo, action ? &in : NULL, &out);
    return old && copy_to_user((void *)old, &out, sizeof out) != 0 ? -EFAULT : 0;
}

long sys_rt_sigprocmask(word how, word set, word old, word size)
{
    signal_set before = current_thread()->blocked, change;

    if (size != sizeof(signal_set))
        return -EINVAL;
    if (set) {
        if (get_user_u64(&change, (void *)set) != 0)
            return -EFAULT;
        if (how == SIG_BLOCK)
            change |= before;
        else if (how == SIG_UNBLOCK)
            change = before & ~change;
        else if (how != SIG_SETMASK)
            return -EINVAL;
        signal_set_blocked(change);
    }
    return old ? put_user_u64((void *)old, before) : 0;
}

long sys_rt_sigpending(word set, word size)
{
    signal_set pending = signal_set_pending() & current_thread()->blocked;

    if (size > sizeof pending)
        return -EINVAL;
    return copy_to_user((void *)set, &pending, size) != 0 ? -EFAULT : 0;
}

/* Sleeps until a signal's handler ran: the old mask comes back in the handler's frame. */
static long wait_for_signal(void)
{
    struct thread *thread = current_thread();

    for (;;) {
        __atomic_store_n(&thread->state, THREAD_SLEEPING, __ATOMIC_SEQ_CST);
        if (signal_pending())
            break;
        schedule();
    }
    __atomic_store_n(&thread->state, THREAD_RUNNABLE, __ATOMIC_RELAXED);
    return -ERESTARTNOHAND;
}

long sys_rt_sigsuspend(word set, word size)
{
    signal_set blocked;
    int error = read_set(set, size, &blocked);

    if (error)
        return error;
    signal_set_blocked_for_call(blocked);
    return wait_for_signal();
}

long sys_pause(void)
{
    return wait_for_signal();
}

long rt_sigtimedwait_call(word set, word info, word timeout, word size, enum time_width width)
{
    struct thread *thread = current_thread();
    struct signal_info found;
    uint8_t rest[SIGNAL_INFO_SIZE - sizeof found] = {0};
    signal_set wanted;
    uint64_t deadline;
    int error = read_set(set, size, &wanted);
    bool taken;

    if (!error)
        error = deadline_from_user((void *)timeout, width, &deadline);
    if (error)
        return error;
    wanted &= ~SIGNALS_UNBLOCKABLE;
    thread->waiting_for = wanted;
    for (;;) {
        __atomic_store_n(&thread->state, THREAD_SLEEPING, __ATOMIC_SEQ_CST);
        taken = signal_take(wanted, &found);
        if (taken || error)
            break;
        if (signal_pending())
            error = -EINTR;
        else
            error = schedule_until(deadline) ? -EAGAIN : 0;
    }
    __atomic_store_n(&thread->state, THREAD_RUNNABLE, __ATOMIC_RELAXED);
    thread->waiting_for = 0;
    if (!taken)
        return error;
    if (info && (copy_to_user((void *)info, &found, sizeof found) != 0 ||
                 copy_to_user((void *)(info + sizeof found), rest, sizeof rest) != 0))
        return -EFAULT;
    return found.signo;
}

long sys_rt_sigtimedwait(word set, word info, word timeout, word size)
{
    return rt_sigtimedwait_call(set, info, timeout, size, TIME_WORDS);
}

long sys_sigaltstack(word stack, word old)
{
    struct thread *thread = current_thread();
    struct signal_stack before = thread->signal_stack;
    uint64_t rsp = trap_user_frame()->sp;
    bool in_use = on_signal_stack(thread, rsp);
    struct stack_abi in, out;
    int error;

    if (stack) {
        if (copy_from_user(&in, (void *)stack, sizeof in) != 0)
            return -EFAULT;
        error = signal_stack_set(in.start, in.size, in.flags, rsp, false);
        if (error)
            return error;
    }
    memset(&out, 0, sizeof out); /* padding goes to the program, too */
    out.start = (word)before.start;
    out.size = (word)before.size;
    out.flags = (before.size == 0 ? SS_DISABLE
                 : in_use         ? SS_ONSTACK
                                  : 0) |
                (int)((unsigned)before.flags & SS_AUTODISARM);
    return old && copy_to_user((void *)old, &out, sizeof out) != 0 ? -EFAULT : 0;
}

/* ---- sending ---- */

static struct signal_info user_info(int signo, int code)
{
    struct signal_info info = {.signo = signo, .code = code};

    info.pid = current_process()->number;
    info.uid = current_process()->credentials.uid;
    return info;
}

static int send_checked(struct process *process, int signo, const struct signal_info *info)
{
    int error = signal_permission(process, signo);

    return error ? error : signal_send_process(process, signo, info);
}

/* To each process for which the number fits: its group, or everyone but process 1 and the sender.
 */
static long send_many(int group, int signo, const struct signal_info *info)
{
    struct process *process;
    int number = 2, reached = 0, error = -ESRCH;

    while ((process = process_next(number)) != NULL) {
        number = process->number + 1;
        if (group ? process_group_number(process) == group : process != current_process()) {
            int result = send_checked(process, signo, info);

            if (result == 0)
                reached++;
            else
                error = result;
        }
        process_put(process);
    }
    return reached ? 0 : error;
}

/* With a reference. A thread's number names its process, as on Linux. */
static struct process *process_or_thread(int number)
{
    struct process *process = process_find(number);
    struct thread *thread = process ? NULL : thread_find(number);

    if (thread) {
        process = thread->process;
        if (process)
            process_get(process);
        thread_put(thread);
    }
    return process;
}

long sys_kill(word number, word signal)
{
    int pid = (int)number, signo = (int)signal;
    struct signal_info info = user_info(signo, SI_USER);
    struct process *process;
    long error;

    if (signo < 0 || signo > SIGNAL_COUNT)
        return -EINVAL;
    if (pid == INT32_MIN)
        return -ESRCH;
    if (pid == -1)
        return send_many(0, signo, &info);
    if (pid <= 0)
        return send_many(pid ? -pid : process_group_number(current_process()), signo, &info);
    process = process_or_thread(pid);
    if (!process)
        return -ESRCH;
    error = send_checked(process, signo, &info);
    process_put(process);
    return error;
}

static long send_to_thread(int pid, int tid, int signo, const struct signal_info *info)
{
    struct thread *thread;
    long error;

    if (tid <= 0 || signo < 0 || signo > SIGNAL_COUNT)
        return -EINVAL;
    thread = thread_find(tid);
    if (!thread)
        return -ESRCH;
    if (!thread->process || (pid && thread->process->number != pid))
        error = -ESRCH;
    else if ((error = signal_permission(thread->process, signo)) == 0)
        error = signal_send_thread(thread, signo, info);
    thread_put(thread);
    return error;
}

long sys_tkill(word tid, word signo)
{
    struct signal_info info = user_info((int)signo, SI_TKILL);

    return send_to_thread(0, (int)tid, (int)signo, &info);
}

long sys_tgkill(word pid, word tid, word signo)
{
    struct signal_info info = user_info((int)signo, SI_TKILL);

    if ((int)pid <= 0)
        return -EINVAL;
    return send_to_thread((int)pid, (int)tid, (int)signo, &info);
}

/* Programs may not forge what only the kernel or kill() says, except to themselves. */
static int read_info(word user, int signo, bool own, struct signal_info *out)
{
    if (copy_from_user(out, (void *)user, sizeof *out) != 0)
        return -EFAULT;
    if ((out->code >= 0 || out->code == SI_TKILL) && !own)
        return -EPERM;
    out->signo = signo;
    return 0;
}

long sys_rt_sigqueueinfo(word pid, word signo, word user)
{
    struct signal_info info;
    struct process *process;
    int error = read_info(user, (int)signo, (int)pid == current_process()->number, &info);

    if (error)
        return error;
    if ((int)signo < 0 || (int)signo > SIGNAL_COUNT)
        return -EINVAL;
    process = process_or_thread((int)pid);
    if (!process)
        return -ESRCH;
    error = send_checked(process, (int)signo, &info);
    process_put(process);
    return error;
}

long sys_rt_tgsigqueueinfo(word pid, word tid, word signo, word user)
{
    struct signal_info info;
    int error;

    if ((int)pid <= 0 || (int)tid <= 0)
        return -EINVAL;
    error = read_info(user, (int)signo, (int)tid == current_thread()->tid, &info);
    return error ? error : send_to_thread((int)pid, (int)tid, (int)signo, &info);
}
