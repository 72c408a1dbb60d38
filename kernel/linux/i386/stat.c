/*
 * The stat and statfs calls' structures on i386. There are three generations of struct stat; the
 * first two have no room for large files, and say so with EOVERFLOW.
 */
#include "linux/stat.h"

#include "core/string.h"
#include "linux/file_calls.h"
#include "x86/time.h"

/* Which generation a call wants. */
typedef long write_stat(const struct file_facts *facts, word user_out);

#define OVERFLOW_ID 65534

static uint16_t narrow(uint32_t id)
{
    return id > UINT16_MAX ? OVERFLOW_ID : (uint16_t)id;
}

static word seconds(uint64_t ns)
{
    return (word)(ns / NANOSECONDS_PER_SECOND);
}

static word rest(uint64_t ns)
{
    return (word)(ns % NANOSECONDS_PER_SECOND);
}

/* The device number of 16 bits; false: it does not fit. */
static bool old_device(uint64_t device, uint16_t *out)
{
    *out = (uint16_t)(device_major(device) << 8 | device_minor(device));
    return device_major(device) < 256 && device_minor(device) < 256;
}

/* ---- the first ---- */

struct oldest_stat_abi {
    uint16_t st_dev, st_ino, st_mode, st_nlink, st_uid, st_gid, st_rdev;
    word st_size, st_atime, st_mtime, st_ctime;
};
_Static_assert(sizeof(struct oldest_stat_abi) == 32, "Linux's struct __old_kernel_stat");

static long write_oldest(const struct file_facts *facts, word user_out)
{
    struct oldest_stat_abi out;

    memset(&out, 0, sizeof out);
    if (!old_device(facts->device, &out.st_dev) || !old_device(facts->special, &out.st_rdev))
        return -EOVERFLOW;
    out.st_ino = (uint16_t)facts->number;
    out.st_mode = (uint16_t)facts->mode;
    out.st_nlink = (uint16_t)facts->links;
    if (out.st_ino != facts->number || out.st_nlink != facts->links || facts->size > SMALL_FILE_MAX)
        return -EOVERFLOW;
    out.st_uid = narrow(facts->uid);
    out.st_gid = narrow(facts->gid);
    out.st_size = (word)facts->size;
    out.st_atime = seconds(facts->accessed);
    out.st_mtime = seconds(facts->modified);
    out.st_ctime = seconds(facts->changed);
    return copy_to_user((void *)user_out, &out, sizeof out) == 0 ? 0 : -EFAULT;
}

/* ---- the second ---- */

struct stat_abi {
    word st_dev, st_ino;
    uint16_t st_mode, st_nlink, st_uid, st_gid;
    word st_rdev, st_size, st_blksize, st_blocks;
    word st_atime, st_atime_nsec, st_mtime, st_mtime_nsec, st_ctime, st_ctime_nsec;
    word unused[2];
};
_Static_assert(sizeof(struct stat_abi) == 64, "Linux's struct stat");

static long write_second(const struct file_facts *facts, word user_out)
{
    struct stat_abi out = {.st_dev = (word)facts->device,
                           .st_ino = (word)facts->number,
                           .st_mode = (uint16_t)facts->mode,
                           .st_nlink = (uint16_t)facts->links,
                           .st_uid = narrow(facts->uid),
                           .st_gid = narrow(facts->gid),
                           .st_rdev = (word)facts->special,
                           .st_size = (word)facts->size,
                           .st_blksize = PAGE_SIZE,
                           .st_blocks = (word)facts->blocks,
                           .st_atime = seconds(facts->accessed),
                           .st_atime_nsec = rest(facts->accessed),
                           .st_mtime = seconds(facts->modified),
                           .st_mtime_nsec = rest(facts->modified),
                           .st_ctime = seconds(facts->changed),
                           .st_ctime_nsec = rest(facts->changed)};

    if (facts->size > SMALL_FILE_MAX || out.st_ino != facts->number || out.st_nlink != facts->links)
        return -EOVERFLOW;
    return copy_to_user((void *)user_out, &out, sizeof out) == 0 ? 0 : -EFAULT;
}

/* ---- the third: stat64 ---- */

struct stat64_abi {
    uint64_t st_dev;
    uint32_t pad0, st_ino_low, st_mode, st_nlink;
    word st_uid, st_gid;
    uint64_t st_rdev;
    uint32_t pad3;
    int64_t st_size;
    word st_blksize;
    uint64_t st_blocks;
    word st_atime, st_atime_nsec, st_mtime, st_mtime_nsec, st_ctime, st_ctime_nsec;
    uint64_t st_ino;
};
_Static_assert(sizeof(struct stat64_abi) == 96, "Linux's struct stat64");

static long write_stat64(const struct file_facts *facts, word user_out)
{
    struct stat64_abi out = {.st_dev = facts->device,
                             .st_ino_low = (uint32_t)facts->number,
                             .st_mode = facts->mode,
                             .st_nlink = facts->links,
                             .st_uid = facts->uid,
                             .st_gid = facts->gid,
                             .st_rdev = facts->special,
                             .st_size = (int64_t)facts->size,
                             .st_blksize = PAGE_SIZE,
                             .st_blocks = facts->blocks,
                             .st_atime = seconds(facts->accessed),
                             .st_atime_nsec = rest(facts->accessed),
                             .st_mtime = seconds(facts->modified),
                             .st_mtime_nsec = rest(facts->modified),
                             .st_ctime = seconds(facts->changed),
                             .st_ctime_nsec = rest(facts->changed),
                             .st_ino = facts->number};

    return copy_to_user((void *)user_out, &out, sizeof out) == 0 ? 0 : -EFAULT;
}

/* ---- the calls ---- */

static long stat_call(word start, word name, word flags, word out, write_stat *write)
{
    struct file_facts facts;
    int error = stat_name(start, name, flags, &facts);

    return error != 0 ? error : write(&facts, out);
}

static long descriptor_call(word fd, word out, write_stat *write)
{
    struct file_facts facts;
    int error = stat_descriptor(fd, &facts);

    return error != 0 ? error : write(&facts, out);
}

long sys_old_stat(word name, word out)
{
    return stat_call((word)AT_FDCWD, name, 0, out, write_oldest);
}

long sys_old_lstat(word name, word out)
{
    return stat_call((word)AT_FDCWD, name, AT_SYMLINK_NOFOLLOW, out, write_oldest);
}

long sys_old_fstat(word fd, word out)
{
    return descriptor_call(fd, out, write_oldest);
}

long sys_stat(word name, word out)
{
    return stat_call((word)AT_FDCWD, name, 0, out, write_second);
}

long sys_lstat(word name, word out)
{
    return stat_call((word)AT_FDCWD, name, AT_SYMLINK_NOFOLLOW, out, write_second);
}

long sys_fstat(word fd, word out)
{
    return descriptor_call(fd, out, write_second);
}

long sys_stat64(word name, word out)
{
    return stat_call((word)AT_FDCWD, name, 0, out, write_stat64);
}

long sys_lstat64(word name, word out)
{
    return stat_call((word)AT_FDCWD, name, AT_SYMLINK_NOFOLLOW, out, write_stat64);
}

long sys_fstat64(word fd, word out)
{
    return descriptor_call(fd, out, write_stat64);
}

long sys_fstatat64(word start, word name, word out, word flags)
{
    return stat_call(start, name, flags, out, write_stat64);
}

/* ---- statfs ---- */

struct statfs_words_abi {
    uint32_t f_type, f_bsize, f_blocks, f_bfree, f_bavail, f_files, f_ffree;
    int32_t f_fsid[2];
    uint32_t f_namelen, f_frsize, f_flags, f_spare[4];
};
_Static_assert(sizeof(struct statfs_words_abi) == 64, "Linux's struct statfs");

struct statfs64_abi {
    uint32_t f_type, f_bsize;
    uint64_t f_blocks, f_bfree, f_bavail, f_files, f_ffree;
    int32_t f_fsid[2];
    uint32_t f_namelen, f_frsize, f_flags, f_spare[4];
};
_Static_assert(sizeof(struct statfs64_abi) == 84, "Linux's struct statfs64");

static long write_statfs(const struct statfs_abi *in, word user_out)
{
    struct statfs_words_abi out = {.f_type = (uint32_t)in->f_type,
                                   .f_bsize = (uint32_t)in->f_bsize,
                                   .f_blocks = (uint32_t)in->f_blocks,
                                   .f_bfree = (uint32_t)in->f_bfree,
                                   .f_bavail = (uint32_t)in->f_bavail,
                                   .f_files = (uint32_t)in->f_files,
                                   .f_ffree = (uint32_t)in->f_ffree,
                                   .f_fsid = {in->f_fsid[0], in->f_fsid[1]},
                                   .f_namelen = (uint32_t)in->f_namelen,
                                   .f_frsize = (uint32_t)in->f_frsize,
                                   .f_flags = (uint32_t)in->f_flags};

    if (out.f_blocks != in->f_blocks || out.f_bfree != in->f_bfree ||
        out.f_bavail != in->f_bavail || out.f_files != in->f_files || out.f_ffree != in->f_ffree)
        return -EOVERFLOW;
    return copy_to_user((void *)user_out, &out, sizeof out) == 0 ? 0 : -EFAULT;
}

static long write_statfs64(const struct statfs_abi *in, word user_out)
{
    struct statfs64_abi out = {.f_type = (uint32_t)in->f_type,
                               .f_bsize = (uint32_t)in->f_bsize,
                               .f_blocks = in->f_blocks,
                               .f_bfree = in->f_bfree,
                               .f_bavail = in->f_bavail,
                               .f_files = in->f_files,
                               .f_ffree = in->f_ffree,
                               .f_fsid = {in->f_fsid[0], in->f_fsid[1]},
                               .f_namelen = (uint32_t)in->f_namelen,
                               .f_frsize = (uint32_t)in->f_frsize,
                               .f_flags = (uint32_t)in->f_flags};

    return copy_to_user((void *)user_out, &out, sizeof out) == 0 ? 0 : -EFAULT;
}

long sys_statfs(word name, word out)
{
    struct statfs_abi found;
    int error = statfs_name(name, &found);

    return error != 0 ? error : write_statfs(&found, out);
}

long sys_fstatfs(word fd, word out)
{
    struct statfs_abi found;
    int error = statfs_descriptor(fd, &found);

    return error != 0 ? error : write_statfs(&found, out);
}

long sys_statfs64(word name, word size, word out)
{
    struct statfs_abi found;
    int error = size != sizeof(struct statfs64_abi) ? -EINVAL : statfs_name(name, &found);

    return error != 0 ? error : write_statfs64(&found, out);
}

long sys_fstatfs64(word fd, word size, word out)
{
    struct statfs_abi found;
    int error = size != sizeof(struct statfs64_abi) ? -EINVAL : statfs_descriptor(fd, &found);

    return error != 0 ? error : write_statfs64(&found, out);
}
