/* System calls on descriptors of processes; their own checks are process_access and kill's. */
#include "fs/procfs.h"
#include "fs/vfs.h"
#include "linux/errno.h"
#include "linux/syscalls.h"
#include "proc/pidfd.h"
#include "proc/signals.h"
#include "x86/usercopy.h"

/* With a reference, or NULL. or_directory: /proc/PID does as well. */
static struct process *target_of(word fd, bool or_directory)
{
    struct file *file = file_table_find(current_thread()->files, (int)fd);
    struct process *process;

    if (!file)
        return NULL;
    process = pidfd_process(file);
    if (!process && or_directory && !(file->flags & O_PATH))
        process = procfs_process(file);
    file_put(file);
    return process;
}

static long install(struct file *file)
{
    int fd = file_table_add(current_thread()->files, file, 0, true);

    if (fd < 0)
        file_put(file);
    return fd;
}

long sys_pidfd_open(word pid, word flags)
{
    struct process *process;
    struct thread *thread;
    struct file *file;
    int error;

    if ((flags & ~(word)O_NONBLOCK) || (int)pid <= 0)
        return -EINVAL;
    process = process_find((int)pid);
    if (!process) {
        thread = thread_find((int)pid); /* a thread that is not its process's first */
        if (!thread)
            return -ESRCH;
        thread_put(thread);
        return -EINVAL;
    }
    error = pidfd_create(process, (unsigned)flags, &file);
    process_put(process);
    return error ? error : install(file);
}

long sys_pidfd_send_signal(word fd, word signal, word user, word flags)
{
    int signo = (int)signal;
    struct signal_info info = {.signo = signo, .code = SI_USER};
    struct process *process;
    long error = 0;

    if (flags)
        return -EINVAL;
    process = target_of(fd, true);
    if (!process)
        return -EBADF;
    info.pid = current_process()->number;
    info.uid = current_process()->credentials.uid;
    if (user) {
        if (copy_from_user(&info, (void *)user, sizeof info) != 0)
            error = -EFAULT;
        else if (info.signo != signo)
            error = -EINVAL;
        else if (process != current_process() && (info.code >= 0 || info.code == SI_TKILL))
            error = -EPERM;
    }
    if (!error && (signo < 0 || signo > SIGNAL_COUNT))
        error = -EINVAL;
    if (!error && !process_has_number(process))
        error = -ESRCH;
    if (!error)
        error = signal_permission(process, signo);
    if (!error)
        error = signal_send_process(process, signo, &info);
    process_put(process);
    return error;
}

long sys_pidfd_getfd(word fd, word wanted, word flags)
{
    struct file_table *files;
    struct process *process;
    struct file *file = NULL;
    long error;

    if (flags)
        return -EINVAL;
    process = target_of(fd, false);
    if (!process)
        return -EBADF;
    files = process_files(process);
    if (!files) {
        error = -ESRCH;
    } else if (process_access(process, PROCESS_ATTACH) != 0) {
        error = -EPERM;
    } else {
        file = file_table_find(files, (int)wanted);
        error = file ? 0 : -EBADF;
    }
    if (files)
        file_table_put(files);
    process_put(process);
    return error ? error : install(file);
}

/*
 * The memory of a process that is being killed is free when this returns. A killed process gives it
 * back by itself, as soon as its threads have been told; all that is done here is to wait for it.
 */
long sys_process_mrelease(word fd, word flags)
{
    struct process *process;
    long result = 0;

    if (flags)
        return -EINVAL;
    process = target_of(fd, false);
    if (!process)
        return -EBADF;
    if (__atomic_load_n(&process->zombie, __ATOMIC_ACQUIRE))
        result = -ESRCH;
    else if (!process->group_exit)
        result = -EINVAL;
    else
        result = wait_event_interruptible(&process->end_wait,
                                          __atomic_load_n(&process->zombie, __ATOMIC_ACQUIRE));
    process_put(process);
    return result == -ERESTARTSYS ? -EINTR : result;
}
