/* Calls about files whose positions and sizes fill a register on x86-64. */
#include "linux/file_calls.h"

long sys_pread64(word fd, word buffer, word count, word position)
{
    return pread_call(fd, buffer, count, (int64_t)position);
}

long sys_pwrite64(word fd, word buffer, word count, word position)
{
    return pwrite_call(fd, buffer, count, (int64_t)position);
}

long sys_lseek(word fd, word offset, word whence)
{
    return seek_call(fd, (int64_t)offset, whence);
}

long sys_truncate(word name, word length)
{
    return truncate_call(name, (int64_t)length);
}

long sys_ftruncate(word fd, word length)
{
    return ftruncate_call(fd, (int64_t)length);
}

long sys_fallocate(word fd, word mode, word offset, word length)
{
    return fallocate_call(fd, mode, (int64_t)offset, (int64_t)length);
}

long sys_sync_file_range(word fd, word offset, word length, word flags)
{
    return sync_file_range_call(fd, (int64_t)offset, (int64_t)length, flags);
}

long sys_readahead(word fd, word offset, word count)
{
    return readahead_call(fd, (int64_t)offset, count);
}

long sys_fadvise64(word fd, word offset, word length, word advice)
{
    return fadvise_call(fd, (int64_t)offset, (int64_t)length, advice);
}

static long lock_range(struct file *file, int command, word argument)
{
    switch (command) {
    case F_GETLK:
    case F_SETLK:
    case F_SETLKW:
    case F_OFD_GETLK:
    case F_OFD_SETLK:
    case F_OFD_SETLKW:
        return range_lock(file, command, argument);
    default:
        return -EINVAL;
    }
}

long sys_fcntl(word fd, word command, word argument)
{
    return fcntl_call(fd, command, argument, lock_range);
}
