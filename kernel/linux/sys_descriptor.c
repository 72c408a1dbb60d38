/* System calls on descriptors: ioctl, fcntl, dup, pipe, eventfd, locks. */
#include "linux/file_calls.h"

#include "core/memory.h"
#include "linux/resource.h"

/* ---- ioctl ---- */

static long set_flag(struct file *file, unsigned flag, word argument)
{
    int32_t on;

    if (get_user(&on, (int32_t *)argument) != 0)
        return -EFAULT;
    if (on)
        __atomic_fetch_or(&file->flags, flag, __ATOMIC_RELAXED);
    else
        __atomic_fetch_and(&file->flags, ~flag, __ATOMIC_RELAXED);
    return 0;
}

long sys_ioctl(word fd, word command, word argument)
{
    struct file *file = descriptor_file(fd);
    long result = 0;

    if (file == NULL)
        return -EBADF;
    switch ((unsigned)command) {
    case FIOCLEX:
        result = file_table_flag(current_thread()->files, (int)fd, 1) < 0 ? -EBADF : 0;
        break;
    case FIONCLEX:
        result = file_table_flag(current_thread()->files, (int)fd, 0) < 0 ? -EBADF : 0;
        break;
    case FIONBIO:
        result = set_flag(file, O_NONBLOCK, argument);
        break;
    case FIOASYNC:
        result = set_flag(file, O_ASYNC, argument);
        break;
    default:
        if (file->operations->ioctl == NULL) {
            result = -ENOTTY;
        } else {
            int error = file->operations->ioctl(file, (unsigned)command, argument, &result);

            if (error != 0)
                result = error;
        }
    }
    file_put(file);
    return result;
}

/* ---- fcntl ---- */

static long duplicate(struct file *file, int lowest, bool close_on_exec)
{
    int fd;

    if (lowest < 0 || (uint64_t)lowest >= current_process()->limits[RLIMIT_NOFILE].soft)
        return -EINVAL;
    file_get(file);
    fd = file_table_add(current_thread()->files, file, lowest, close_on_exec);
    if (fd < 0)
        file_put(file);
    return fd;
}

long range_lock(struct file *file, int command, word argument)
{
    struct flock_abi lock;
    int error;

    if (copy_from_user(&lock, (void *)argument, sizeof lock) != 0)
        return -EFAULT;
    error = file_lock_range(file, command, &lock, current_thread()->files);
    if (error == 0 && (command == F_GETLK || command == F_OFD_GETLK) &&
        copy_to_user((void *)argument, &lock, sizeof lock) != 0)
        error = -EFAULT;
    return error;
}

static long add_seals(struct file *file, unsigned seals)
{
    struct vfs_inode *inode = file->inode;
    long result = 0;

    if (!file_writable(file))
        return -EPERM;
    if (inode == NULL || !inode_is(inode, S_IFREG) || inode->object == NULL ||
        (seals & ~(F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)))
        return -EINVAL;
    mutex_lock(&inode->mutex);
    if (inode->seals & F_SEAL_SEAL)
        result = -EPERM;
    else if ((seals & F_SEAL_WRITE) && !(inode->seals & F_SEAL_WRITE) &&
             inode->object->writable_mappings > 0)
        result = -EBUSY;
    else
        inode->seals |= seals;
    mutex_unlock(&inode->mutex);
    return result;
}

static long get_seals(struct file *file)
{
    struct vfs_inode *inode = file->inode;

    if (inode == NULL || !inode_is(inode, S_IFREG) || inode->object == NULL)
        return -EINVAL;
    return inode->seals;
}

/* A lock of the table's that came when the descriptor was closed: who closed it has not seen it. */
static long check_still_open(struct file *file, int fd)
{
    struct file_table *table = current_thread()->files;
    struct file *now = file_table_find(table, fd);

    if (now != file)
        file_locks_descriptor_closed(file, table);
    if (now != NULL)
        file_put(now);
    return now == file ? 0 : -EBADF;
}

static long do_fcntl(struct file *file, int fd, int command, word argument, range_lock_call *lock)
{
    struct file_table *table = current_thread()->files;
    long result;

    switch (command) {
    case F_DUPFD:
    case F_DUPFD_CLOEXEC:
        return duplicate(file, (int)argument, command == F_DUPFD_CLOEXEC);
    case F_GETFD:
        return file_table_flag(table, fd, -1);
    case F_SETFD:
        return file_table_flag(table, fd, (argument & FD_CLOEXEC) != 0) < 0 ? -EBADF : 0;
    case F_GETFL:
        return (long)file->flags;
    case F_SETFL:
        __atomic_store_n(&file->flags,
                         (file->flags & ~O_SETTABLE) | ((unsigned)argument & O_SETTABLE),
                         __ATOMIC_RELAXED);
        return 0;
    case F_SETOWN:
        file->owner = (int)argument;
        return 0;
    case F_GETOWN:
        return file->owner;
    case F_SETSIG:
        if (argument > SIGNAL_COUNT)
            return -EINVAL;
        file->owner_signal = (int)argument;
        return 0;
    case F_GETSIG:
        return file->owner_signal;
    case F_SETPIPE_SZ:
        return pipe_resize(file, argument & 0xffffffff);
    case F_GETPIPE_SZ:
        return pipe_size(file);
    case F_ADD_SEALS:
        return add_seals(file, (unsigned)argument);
    case F_GET_SEALS:
        return get_seals(file);
    default:
        result = lock(file, command, argument);
        return result == 0 && (command == F_SETLK || command == F_SETLKW || command == F_SETLK64 ||
                               command == F_SETLKW64)
                   ? check_still_open(file, fd)
                   : result;
    }
}

long fcntl_call(word fd, word command, word argument, range_lock_call *lock)
{
    struct file *file = descriptor_any(fd);
    long result;

    if (file == NULL)
        return -EBADF;
    if ((file->flags & O_PATH) && command != F_DUPFD && command != F_DUPFD_CLOEXEC &&
        command != F_GETFD && command != F_SETFD && command != F_GETFL)
        result = -EBADF;
    else
        result = do_fcntl(file, (int)fd, (int)command, argument, lock);
    file_put(file);
    return result;
}

long sys_flock(word fd, word operation)
{
    struct file *file = descriptor_file(fd);
    long result;

    if (file == NULL)
        return -EBADF;
    result = file_lock_whole(file, (unsigned)operation);
    file_put(file);
    return result;
}

/* ---- dup ---- */

long sys_dup(word fd)
{
    struct file *file = descriptor_any(fd);
    int copy;

    if (file == NULL)
        return -EBADF;
    copy = file_table_add(current_thread()->files, file, 0, false);
    if (copy < 0)
        file_put(file);
    return copy;
}

long sys_dup3(word from, word to, word flags)
{
    struct file *file;
    int result;

    if (flags & ~(word)O_CLOEXEC)
        return -EINVAL;
    if ((int)from == (int)to)
        return -EINVAL;
    file = descriptor_any(from);
    if (file == NULL)
        return -EBADF;
    result = file_table_replace(current_thread()->files, file, (int)to, (flags & O_CLOEXEC) != 0);
    if (result < 0)
        file_put(file);
    return result;
}

long sys_dup2(word from, word to)
{
    if ((int)from == (int)to) {
        struct file *file = descriptor_any(from);

        if (file == NULL)
            return -EBADF;
        file_put(file);
        return (long)to;
    }
    return sys_dup3(from, to, 0);
}

/* ---- pipe, eventfd ---- */

long sys_pipe2(word user_fds, word flags)
{
    struct file_table *table = current_thread()->files;
    struct file *ends[2];
    int32_t fds[2];
    int error;

    if (flags & ~(word)(O_CLOEXEC | O_NONBLOCK | O_DIRECT))
        return -EINVAL;
    error = pipe_create((unsigned)flags, &ends[0], &ends[1]);
    if (error != 0)
        return error;
    fds[0] = file_table_add(table, ends[0], 0, (flags & O_CLOEXEC) != 0);
    if (fds[0] < 0) {
        file_put(ends[0]);
        file_put(ends[1]);
        return fds[0];
    }
    fds[1] = file_table_add(table, ends[1], 0, (flags & O_CLOEXEC) != 0);
    if (fds[1] < 0) {
        sys_close((word)fds[0]);
        file_put(ends[1]);
        return fds[1];
    }
    if (copy_to_user((void *)user_fds, fds, sizeof fds) != 0) {
        sys_close((word)fds[0]);
        sys_close((word)fds[1]);
        return -EFAULT;
    }
    return 0;
}

long sys_pipe(word fds)
{
    return sys_pipe2(fds, 0);
}

long sys_eventfd2(word initial, word flags)
{
    struct file *file;
    int fd, error;

    if (flags & ~(word)(EFD_SEMAPHORE | O_CLOEXEC | O_NONBLOCK))
        return -EINVAL;
    error = eventfd_create((uint32_t)initial, (unsigned)flags, &file);
    if (error != 0)
        return error;
    fd = file_table_add(current_thread()->files, file, 0, (flags & O_CLOEXEC) != 0);
    if (fd < 0)
        file_put(file);
    return fd;
}

long sys_eventfd(word initial)
{
    return sys_eventfd2(initial, 0);
}
