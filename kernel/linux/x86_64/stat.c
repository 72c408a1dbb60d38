/* The stat and statfs calls' structures on x86-64. */
#include "linux/stat.h"

#include "linux/file_calls.h"
#include "x86/time.h"

struct stat_abi {
    uint64_t st_dev, st_ino, st_nlink;
    uint32_t st_mode, st_uid, st_gid, pad0;
    uint64_t st_rdev;
    int64_t st_size, st_blksize, st_blocks;
    uint64_t st_atime, st_atime_nsec, st_mtime, st_mtime_nsec, st_ctime, st_ctime_nsec;
    int64_t unused[3];
};
_Static_assert(sizeof(struct stat_abi) == 144, "Linux's struct stat");

static long write_stat(const struct file_facts *facts, word user_out)
{
    const uint64_t second = NANOSECONDS_PER_SECOND;
    struct stat_abi out = {.st_dev = facts->device,
                           .st_ino = facts->number,
                           .st_nlink = facts->links,
                           .st_mode = facts->mode,
                           .st_uid = facts->uid,
                           .st_gid = facts->gid,
                           .st_rdev = facts->special,
                           .st_size = (int64_t)facts->size,
                           .st_blksize = PAGE_SIZE,
                           .st_blocks = (int64_t)facts->blocks,
                           .st_atime = facts->accessed / second,
                           .st_atime_nsec = facts->accessed % second,
                           .st_mtime = facts->modified / second,
                           .st_mtime_nsec = facts->modified % second,
                           .st_ctime = facts->changed / second,
                           .st_ctime_nsec = facts->changed % second};

    return copy_to_user((void *)user_out, &out, sizeof out) == 0 ? 0 : -EFAULT;
}

long sys_newfstatat(word start, word name, word out, word flags)
{
    struct file_facts facts;
    int error = stat_name(start, name, flags, &facts);

    return error != 0 ? error : write_stat(&facts, out);
}

long sys_stat(word name, word out)
{
    return sys_newfstatat((word)AT_FDCWD, name, out, 0);
}

long sys_lstat(word name, word out)
{
    return sys_newfstatat((word)AT_FDCWD, name, out, AT_SYMLINK_NOFOLLOW);
}

long sys_fstat(word fd, word out)
{
    struct file_facts facts;
    int error = stat_descriptor(fd, &facts);

    return error != 0 ? error : write_stat(&facts, out);
}

long sys_statfs(word name, word user_out)
{
    struct statfs_abi out;
    int error = statfs_name(name, &out);

    if (error != 0)
        return error;
    return copy_to_user((void *)user_out, &out, sizeof out) == 0 ? 0 : -EFAULT;
}

long sys_fstatfs(word fd, word user_out)
{
    struct statfs_abi out;
    int error = statfs_descriptor(fd, &out);

    if (error != 0)
        return error;
    return copy_to_user((void *)user_out, &out, sizeof out) == 0 ? 0 : -EFAULT;
}
