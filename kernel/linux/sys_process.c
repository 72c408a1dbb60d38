/* System calls about processes and threads. */
#include "core/memory.h"
#include "core/string.h"
#include "fs/vfs.h"
#include "linux/errno.h"
#include "linux/memory.h"
#include "linux/resource.h"
#include "linux/process_calls.h"
#include "linux/syscalls.h"
#include "linux/usage.h"
#include "proc/exec.h"
#include "proc/exit.h"
#include "proc/fork.h"
#include "proc/pidfd.h"
#include "proc/scheduler.h"
#include "proc/signals.h"
#include "proc/tree.h"
#include "x86/usercopy.h"

/* ---- fork and its kin ---- */

long sys_fork(void)
{
    return thread_clone(&(struct clone_arguments){.exit_signal = SIGCHLD});
}

long sys_vfork(void)
{
    return thread_clone(
        &(struct clone_arguments){.flags = CLONE_VFORK | CLONE_VM, .exit_signal = SIGCHLD});
}

long clone_call(word flags, word stack, word parent_tid, word child_tid, word tls)
{
    struct clone_arguments arguments = {
        .flags = (uint32_t)flags & ~CSIGNAL,
        .exit_signal = flags & CSIGNAL,
        .stack = stack,
        .tls = tls,
        .parent_tid = parent_tid,
        .child_tid = child_tid,
        .pidfd = parent_tid, /* where clone has no other place for it */
    };

    if ((flags & CLONE_PIDFD) && (flags & CLONE_PARENT_SETTID))
        return -EINVAL;
    return thread_clone(&arguments);
}

/* What the thread shares with others of files becomes its own; memory and handlers must be so
 * already. Namespaces are not to be had, as on a Linux without them. */
long sys_unshare(word flags)
{
    const word alone = CLONE_THREAD | CLONE_SIGHAND | CLONE_VM;
    struct thread *thread = current_thread();
    struct file_table *files = NULL;
    struct fs_context *fs = NULL;

    if (flags & ~(alone | CLONE_FS | CLONE_FILES | CLONE_SYSVSEM))
        return -EINVAL;
    if ((flags & alone) && current_process()->thread_count > 1)
        return -EINVAL;
    if ((flags & CLONE_FS) && !(fs = fs_context_clone(thread->fs)))
        return -ENOMEM;
    if ((flags & CLONE_FILES) && file_table_is_shared(thread->files) &&
        !(files = file_table_clone(thread->files))) {
        if (fs)
            fs_context_put(fs);
        return -ENOMEM;
    }
    if (fs) {
        struct fs_context *old = thread->fs;

        thread->fs = fs;
        fs_context_put(old);
    }
    if (files) {
        struct file_table *old = thread->files;

        thread->files = files;
        file_table_put(old);
    }
    return 0;
}

/* struct clone_args; its first version ended before set_tid, its second before cgroup. */
struct clone_abi {
    uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
    uint64_t set_tid, set_tid_size, cgroup;
};
#define CLONE_ABI_FIRST      64
#define SET_TID_MAX          32 /* levels of process-number namespaces on Linux; here there is one */
#define CLONE3_FLAGS_REFUSED (CLONE_DETACHED | (CSIGNAL & ~CLONE_NEWTIME))

static int read_clone(word user, word size, struct clone_abi *out)
{
    uint8_t extra;

    if (size > PAGE_SIZE)
        return -E2BIG;
    if (size < CLONE_ABI_FIRST)
        return -EINVAL;
    for (word at = sizeof *out; at < size; at++) {
        if (get_user_u8(&extra, (void *)(user + at)) != 0)
            return -EFAULT;
        if (extra)
            return -E2BIG;
    }
    *out = (struct clone_abi){0};
    return copy_from_user(out, (void *)user, size < sizeof *out ? size : sizeof *out) ? -EFAULT : 0;
}

/* The arguments have 64 bits on every machine. */
static bool user_stack_ok(uint64_t start, uint64_t size)
{
    return size <= USER_END && start <= USER_END - size;
}

static int check_clone(const struct clone_abi *in, word size, int *out_number)
{
    uint64_t both = CLONE_SIGHAND | CLONE_CLEAR_SIGHAND;

    *out_number = 0;
    if (in->set_tid_size > SET_TID_MAX || (in->set_tid == 0) != (in->set_tid_size == 0) ||
        in->exit_signal > SIGNAL_COUNT)
        return -EINVAL;
    if ((in->flags & CLONE_INTO_CGROUP) && (in->cgroup > INT32_MAX || size < sizeof *in))
        return -EINVAL;
    if (in->set_tid && get_user_u32((uint32_t *)out_number, (void *)(word)in->set_tid) != 0)
        return -EFAULT;
    if ((in->flags & CLONE3_FLAGS_REFUSED) || (in->flags & both) == both ||
        ((in->flags & (CLONE_THREAD | CLONE_PARENT)) && in->exit_signal))
        return -EINVAL;
    if (in->stack ? in->stack_size == 0 || !user_stack_ok(in->stack, in->stack_size)
                  : in->stack_size != 0)
        return -EINVAL;
    if (in->set_tid_size > 1 || (in->set_tid && *out_number < 1))
        return -EINVAL;
    if (in->set_tid && current_process()->credentials.euid != 0)
        return -EPERM;
    /* There are no control groups: no descriptor is one. */
    return in->flags & CLONE_INTO_CGROUP ? -EBADF : 0;
}

long sys_clone3(word user, word size)
{
    struct clone_arguments arguments;
    struct clone_abi in;
    int number, error = read_clone(user, size, &in);

    if (!error)
        error = check_clone(&in, size, &number);
    if (error)
        return error;
    arguments = (struct clone_arguments){
        .flags = in.flags,
        .exit_signal = (word)in.exit_signal,
        .stack = (word)(in.stack + in.stack_size),
        .tls = (word)in.tls,
        .parent_tid = (word)in.parent_tid,
        .child_tid = (word)in.child_tid,
        .pidfd = (word)in.pidfd,
        .number = number,
    };
    return thread_clone(&arguments);
}

/* ---- exec ---- */

static long exec_common(int start, word name, word argv, word envp, unsigned flags)
{
    struct exec_strings strings;
    struct user_name path;
    struct trap_frame frame;
    int error = user_name_get(&path, (void *)name, (flags & AT_EMPTY_PATH) != 0);

    if (error)
        return error;
    exec_strings_init(&strings);
    error = exec_strings_from_user(&strings, (void *)argv, (void *)envp);
    if (!error)
        error = exec_program(start, path.text, flags, &strings, &frame);
    exec_strings_done(&strings);
    user_name_done(&path);
    if (error)
        return error;
    context_reset_user(&current_thread()->context);
    *trap_user_frame() = frame;
    return 0;
}

long sys_execve(word name, word argv, word envp)
{
    return exec_common(AT_FDCWD, name, argv, envp, 0);
}

long sys_execveat(word start, word name, word argv, word envp, word flags)
{
    if (flags & ~(word)(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW))
        return -EINVAL;
    return exec_common((int)start, name, argv, envp, (unsigned)flags);
}

/* ---- the end ---- */

long sys_exit(word status)
{
    thread_exit((int)(status & 0xff) << 8);
}

long sys_exit_group(word status)
{
    process_exit_group((int)(status & 0xff) << 8);
}

static int put_usage(word user, const struct wait_result *result)
{
    struct rusage_abi usage;

    if (!user)
        return 0;
    usage_fill(&usage, &result->times, result->resident_peak);
    return copy_to_user((void *)user, &usage, sizeof usage) != 0 ? -EFAULT : 0;
}

long sys_wait4(word number, word status, word options, word usage)
{
    int pid = (int)number;
    struct wait_request request = {.options = (unsigned)options | WAIT_EXITED};
    struct wait_result result;
    int taken;

    if ((uint32_t)options & ~(uint32_t)(WAIT_NO_HANG | WAIT_STOPPED | WAIT_CONTINUED |
                                        WAIT_NO_THREAD | WAIT_ALL | WAIT_CLONE))
        return -EINVAL;
    if (pid == INT32_MIN)
        return -ESRCH;
    if (pid > 0)
        request.pid = pid;
    else if (pid != -1)
        request.group = pid ? -pid : process_group_number(current_process());
    taken = process_wait(&request, &result);
    if (taken <= 0)
        return taken;
    if (status && put_user_u32((void *)status, (uint32_t)result.status) != 0)
        return -EFAULT;
    return put_usage(usage, &result) ? -EFAULT : result.pid;
}

static struct signal_info child_info(const struct wait_result *result)
{
    struct signal_info info = {.signo = SIGCHLD};
    int status = result->status;

    info.pid = result->pid;
    info.uid = result->uid;
    if (status == 0xffff) {
        info.code = CLD_CONTINUED;
        info.status = SIGCONT;
    } else if ((status & 0xff) == 0x7f) {
        info.code = result->trapped ? CLD_TRAPPED : CLD_STOPPED;
        info.status = result->trapped ? status >> 8 : WEXITSTATUS(status);
    } else if (WIFSIGNALED(status)) {
        info.code = CLD_KILLED;
        info.status = WTERMSIG(status);
    } else {
        info.code = CLD_EXITED;
        info.status = WEXITSTATUS(status);
    }
    return info;
}

enum { P_ALL = 0, P_PID = 1, P_PGID = 2, P_PIDFD = 3 };

/* The process behind a pidfd; *options gets WAIT_NO_HANG where the descriptor does not wait. */
static int pidfd_number(word fd, unsigned *options, bool *out_quiet)
{
    struct file *file = file_table_find(current_thread()->files, (int)fd);
    struct process *process = file ? pidfd_process(file) : NULL;
    int number = process ? process->number : -EBADF;

    *out_quiet = file && (file->flags & O_NONBLOCK) && !(*options & WAIT_NO_HANG);
    if (*out_quiet)
        *options |= WAIT_NO_HANG;
    if (process && !process_has_number(process))
        number = -ECHILD;
    if (process)
        process_put(process);
    if (file)
        file_put(file);
    return number;
}

long sys_waitid(word type, word id, word user, word options, word usage)
{
    struct wait_request request = {.options = (unsigned)options};
    struct signal_info info = {0};
    struct wait_result result;
    bool quiet = false;
    int taken;

    if ((uint32_t)options & ~(uint32_t)(WAIT_NO_HANG | WAIT_STOPPED | WAIT_EXITED | WAIT_CONTINUED |
                                        WAIT_NO_REAP | WAIT_NO_THREAD | WAIT_ALL | WAIT_CLONE))
        return -EINVAL;
    if (!(options & (WAIT_STOPPED | WAIT_EXITED | WAIT_CONTINUED)))
        return -EINVAL;
    if (type == P_PID && (int)id > 0)
        request.pid = (int)id;
    else if (type == P_PGID && (int)id >= 0)
        request.group = id ? (int)id : process_group_number(current_process());
    else if (type == P_PIDFD && (int)id >= 0)
        request.pid = pidfd_number(id, &request.options, &quiet);
    else if (type != P_ALL)
        return -EINVAL;
    if (request.pid < 0)
        return request.pid;
    taken = process_wait(&request, &result);
    if (taken < 0)
        return taken;
    if (taken == 0 && quiet)
        return -EAGAIN;
    if (taken > 0)
        info = child_info(&result);
    if (user && copy_to_user((void *)user, &info, 32) != 0)
        return -EFAULT;
    return taken > 0 ? put_usage(usage, &result) : 0;
}

/* ---- numbers, groups, sessions ---- */

long sys_getpid(void)
{
    return current_process()->number;
}

long sys_gettid(void)
{
    return current_thread()->tid;
}

long sys_getppid(void)
{
    uint64_t flags = tree_lock_interrupts();
    const struct process *parent = current_process()->parent;
    int number = parent ? parent->number : 0;

    tree_unlock_interrupts(flags);
    return number;
}

static long group_or_session(word pid, int (*ask)(const struct process *))
{
    struct process *process;
    long number;

    if (pid == 0)
        return ask(current_process());
    process = process_find((int)pid);
    if (!process)
        return -ESRCH;
    number = ask(process);
    process_put(process);
    return number;
}

long sys_getpgid(word pid)
{
    return group_or_session(pid, process_group_number);
}

long sys_getsid(word pid)
{
    return group_or_session(pid, process_session_number);
}

long sys_getpgrp(void)
{
    return process_group_number(current_process());
}

static int set_group_locked(struct process *mine, int number, int group, struct pid **out_free)
{
    struct pid *pid = pid_find_locked(number), *target;
    struct process *process = pid ? pid->process : NULL;

    *out_free = NULL;
    if (!process || (process != mine && process->parent != mine))
        return -ESRCH;
    if (process != mine) {
        if (process->session != mine->session)
            return -EPERM;
        if (process->exec_done)
            return -EACCES;
    }
    if (process->session && process->session->number == process->number)
        return -EPERM; /* a session's leader */
    target = pid_find_locked(group);
    if (number != group) {
        if (!target || list_empty(&target->group) ||
            container_of(target->group.next, struct process, group_node)->session != mine->session)
            return -EPERM;
    }
    if (process->group != target)
        process_set_group_locked(process, target, out_free);
    return 0;
}

long sys_setpgid(word pid, word group)
{
    struct process *mine = current_process();
    int number = pid ? (int)pid : mine->number;
    struct pid *free;
    uint64_t flags;
    int error;

    if ((int)group < 0)
        return -EINVAL;
    flags = tree_lock_interrupts();
    error = set_group_locked(mine, number, group ? (int)group : number, &free);
    tree_unlock_interrupts(flags);
    pid_free(free);
    return error;
}

long sys_setsid(void)
{
    struct process *mine = current_process();
    struct pid *free_group = NULL, *free_session = NULL;
    uint64_t flags = tree_lock_interrupts();
    long result = mine->number;

    /* The number of an existing group, its leader's included, cannot become a session's. */
    if (!list_empty(&mine->pid->group)) {
        result = -EPERM;
    } else {
        process_set_session_locked(mine, mine->pid, &free_session);
        process_set_group_locked(mine, mine->pid, &free_group);
    }
    tree_unlock_interrupts(flags);
    pid_free(free_group);
    pid_free(free_session);
    return result;
}

/* ---- bits of a thread's and a process's state ---- */

long sys_set_tid_address(word address)
{
    current_thread()->clear_child_tid = address;
    return current_thread()->tid;
}

enum {
    PR_SET_PDEATHSIG = 1,
    PR_GET_PDEATHSIG = 2,
    PR_GET_DUMPABLE = 3,
    PR_SET_DUMPABLE = 4,
    PR_GET_KEEPCAPS = 7,
    PR_SET_KEEPCAPS = 8,
    PR_GET_TIMING = 13,
    PR_SET_NAME = 15,
    PR_GET_NAME = 16,
    PR_GET_SECCOMP = 21,
    PR_CAPBSET_READ = 23,
    PR_GET_TSC = 25,
    PR_GET_SECUREBITS = 27,
    PR_SET_TIMERSLACK = 29,
    PR_GET_TIMERSLACK = 30,
    PR_SET_CHILD_SUBREAPER = 36,
    PR_GET_CHILD_SUBREAPER = 37,
    PR_SET_NO_NEW_PRIVS = 38,
    PR_GET_NO_NEW_PRIVS = 39,
    PR_SET_MM = 35,
    PR_SET_THP_DISABLE = 41,
    PR_GET_THP_DISABLE = 42,
};
#define CAPABILITY_LAST 40

static long set_name(word address)
{
    struct thread *thread = current_thread();
    char name[sizeof thread->name];
    long n = strncpy_from_user(name, (void *)address, sizeof name - 1);

    if (n < 0)
        return -EFAULT;
    name[n] = '\0';
    strlcpy(thread->name, name, sizeof thread->name);
    return 0;
}

long sys_prctl(word option, word a, word b, word c, word d)
{
    struct thread *thread = current_thread();
    struct process *process = thread->process;

    switch (option) {
    case PR_SET_PDEATHSIG:
        if (a > SIGNAL_COUNT)
            return -EINVAL;
        thread->parent_death_signal = (int)a;
        return 0;
    case PR_GET_PDEATHSIG:
        return put_user_u32((void *)a, (uint32_t)thread->parent_death_signal);
    case PR_GET_DUMPABLE:
        return process->dumpable;
    case PR_SET_DUMPABLE:
        if (a > 1)
            return -EINVAL;
        process->dumpable = a != 0;
        return 0;
    case PR_SET_NAME:
        return set_name(a);
    case PR_GET_NAME:
        return copy_to_user((void *)a, thread->name, sizeof thread->name) != 0 ? -EFAULT : 0;
    case PR_CAPBSET_READ:
        return a > CAPABILITY_LAST ? -EINVAL : 1;
    case PR_SET_TIMERSLACK:
    case PR_SET_KEEPCAPS:
    case PR_GET_KEEPCAPS:
    case PR_GET_TIMING:
    case PR_GET_SECCOMP:
    case PR_GET_SECUREBITS:
        return 0;
    case PR_GET_TIMERSLACK:
        return 50000;
    case PR_GET_TSC:
        return put_user_u32((void *)a, 1);
    case PR_SET_CHILD_SUBREAPER:
        process->child_subreaper = a != 0;
        return 0;
    case PR_GET_CHILD_SUBREAPER:
        return put_user_u32((void *)a, process->child_subreaper);
    case PR_SET_NO_NEW_PRIVS:
        if (a != 1 || b || c || d)
            return -EINVAL;
        process->no_new_privileges = true;
        return 0;
    case PR_SET_MM:
        return prctl_set_memory(a, b, c, d);
    case PR_SET_THP_DISABLE:
        if (b || c || d)
            return -EINVAL;
        process->no_huge_pages = a != 0;
        return 0;
    case PR_GET_THP_DISABLE:
        return a || b || c || d ? -EINVAL : process->no_huge_pages;
    case PR_GET_NO_NEW_PRIVS:
        return a || b || c || d ? -EINVAL : process->no_new_privileges;
    default:
        return -EINVAL;
    }
}

long sys_umask(word mask)
{
    return __atomic_exchange_n(&current_thread()->fs->umask, (unsigned)mask & 0777,
                               __ATOMIC_RELAXED);
}

/* All is kept and told; what acts is READ_IMPLIES_EXEC. */
long sys_personality(word persona)
{
    struct thread *thread = current_thread();
    uint32_t old = thread->personality;

    if ((uint32_t)persona != 0xffffffff)
        thread->personality = (uint32_t)persona;
    return (long)old;
}
