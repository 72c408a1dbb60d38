/*
 * Calls about files on i386. Positions and sizes of 64 bits come in two registers, low half first,
 * where they come at all: the first calls have 31 bits.
 */
#include "linux/file_calls.h"

#include "core/string.h"

static int64_t wide(word low, word high)
{
    return (int64_t)((uint64_t)high << 32 | low);
}

long sys_pread64(word fd, word buffer, word count, word low, word high)
{
    return pread_call(fd, buffer, count, wide(low, high));
}

long sys_pwrite64(word fd, word buffer, word count, word low, word high)
{
    return pwrite_call(fd, buffer, count, wide(low, high));
}

/* A position that does not fit has been set all the same, as on Linux. */
long sys_lseek(word fd, word offset, word whence)
{
    int64_t at = seek_call(fd, (long)offset, whence);

    return (long)at == at ? (long)at : -EOVERFLOW;
}

long sys_llseek(word fd, word high, word low, word result, word whence)
{
    int64_t at = seek_call(fd, wide(low, high), whence);

    if (at < 0)
        return (long)at;
    return put_user_u64((void *)result, (uint64_t)at);
}

long sys_truncate(word name, word length)
{
    return truncate_call(name, (long)length);
}

long sys_truncate64(word name, word low, word high)
{
    return truncate_call(name, wide(low, high));
}

long sys_ftruncate(word fd, word length)
{
    return ftruncate_call(fd, (long)length);
}

long sys_ftruncate64(word fd, word low, word high)
{
    return ftruncate_call(fd, wide(low, high));
}

long sys_fallocate(word fd, word mode, word low, word high, word length_low, word length_high)
{
    return fallocate_call(fd, mode, wide(low, high), wide(length_low, length_high));
}

long sys_sync_file_range(word fd, word low, word high, word length_low, word length_high,
                         word flags)
{
    return sync_file_range_call(fd, wide(low, high), wide(length_low, length_high), flags);
}

long sys_readahead(word fd, word low, word high, word count)
{
    return readahead_call(fd, wide(low, high), count);
}

long sys_fadvise64(word fd, word low, word high, word length, word advice)
{
    return fadvise_call(fd, wide(low, high), length, advice);
}

long sys_fadvise64_64(word fd, word low, word high, word length_low, word length_high, word advice)
{
    return fadvise_call(fd, wide(low, high), wide(length_low, length_high), advice);
}

long sys_sendfile64(word out, word in, word position, word count)
{
    return sendfile_call(out, in, position, count, sizeof(uint64_t));
}

/* ---- locks: the first struct flock has no 64-bit numbers ---- */

#define F_GETLK64 12

struct small_lock {
    int16_t type, whence;
    long start, length;
    int32_t pid;
};
_Static_assert(sizeof(struct small_lock) == 16, "Linux's struct flock");

static long lock_small(struct file *file, int command, word argument)
{
    struct small_lock in;
    struct flock_abi lock;
    int error;

    if (copy_from_user(&in, (void *)argument, sizeof in) != 0)
        return -EFAULT;
    lock = (struct flock_abi){in.type, in.whence, in.start, in.length, in.pid};
    error = file_lock_range(file, command, &lock, current_thread()->files);
    if (error != 0 || command != F_GETLK)
        return error;
    in = (struct small_lock){lock.l_type, lock.l_whence, (long)lock.l_start, (long)lock.l_length,
                             lock.l_pid};
    if (in.type != F_UNLCK && (in.start != lock.l_start || in.length != lock.l_length))
        return -EOVERFLOW;
    return copy_to_user((void *)argument, &in, sizeof in) != 0 ? -EFAULT : 0;
}

static long lock_with_fcntl(struct file *file, int command, word argument)
{
    switch (command) {
    case F_GETLK:
    case F_SETLK:
    case F_SETLKW:
        return lock_small(file, command, argument);
    default:
        return -EINVAL;
    }
}

static long lock_with_fcntl64(struct file *file, int command, word argument)
{
    switch (command) {
    case F_GETLK64:
    case F_SETLK64:
    case F_SETLKW64:
        return range_lock(file, command - F_GETLK64 + F_GETLK, argument);
    case F_OFD_GETLK:
    case F_OFD_SETLK:
    case F_OFD_SETLKW:
        return range_lock(file, command, argument);
    default:
        return lock_with_fcntl(file, command, argument);
    }
}

long sys_fcntl(word fd, word command, word argument)
{
    return fcntl_call(fd, command, argument, lock_with_fcntl);
}

long sys_fcntl64(word fd, word command, word argument)
{
    return fcntl_call(fd, command, argument, lock_with_fcntl64);
}

/* ---- listing, one name a call ---- */

/* struct old_linux_dirent: an inode's number, the name's place, its length, the name. */
struct one_name {
    struct directory_sink sink;
    bool found;
    int error;
    struct {
        word inode, place;
        uint16_t length;
        char name[VFS_NAME_MAX + 1];
    } out;
};

/* The directory's lock may be held: what is found is kept here, not yet given to the program. */
static bool take_one(struct directory_sink *base, const char *name, size_t length, uint64_t inode,
                     unsigned type, uint64_t next)
{
    struct one_name *one = container_of(base, struct one_name, sink);

    (void)type;
    if (one->found || one->error)
        return false;
    one->out.inode = (word)inode;
    one->out.place = (word)next;
    one->out.length = (uint16_t)length;
    memcpy(one->out.name, name, length);
    one->out.name[length] = '\0';
    if (one->out.inode != inode)
        one->error = -EOVERFLOW;
    else
        one->found = true;
    return one->found;
}

static long read_one(struct file *file, word out)
{
    struct one_name one = {.sink.name = take_one};
    uint64_t before = file->position;
    size_t size;
    long result = file->operations->list(file, &one.sink);

    if (result != 0 || one.error != 0)
        return one.error != 0 ? one.error : result;
    if (!one.found)
        return 0;
    size = offsetof(struct one_name, out.name) - offsetof(struct one_name, out);
    if (copy_to_user((void *)out, &one.out, size + one.out.length + 1) != 0) {
        file->position = before;
        return -EFAULT;
    }
    return 1;
}

long sys_old_readdir(word fd, word out, word count)
{
    struct file *file = descriptor_file(fd);
    long result = -ENOTDIR;

    (void)count;
    if (file == NULL)
        return -EBADF;
    if (file->operations->list != NULL) {
        file_position_lock(file);
        result = read_one(file, out);
        file_position_unlock(file);
    }
    file_put(file);
    return result;
}

/* ---- more of the first calls ---- */

/* Five arguments in memory. */
long sys_old_select(word user)
{
    word in[5];

    if (copy_from_user(in, (void *)user, sizeof in) != 0)
        return -EFAULT;
    return sys_select(in[0], in[1], in[2], in[3], in[4]);
}

long sys_old_umount(word name)
{
    return sys_umount2(name, 0);
}
