#ifndef KERNEL_LINUX_FILE_CALLS_H
#define KERNEL_LINUX_FILE_CALLS_H

/* What the files of system calls about files share. */

#include "fs/vfs.h"
#include "linux/errno.h"
#include "linux/signal.h"
#include "linux/sys_file.h"
#include "proc/process.h"
#include "x86/usercopy.h"

/* An open file by descriptor, with a reference; NULL: -EBADF. O_PATH files only where the caller
 * says so. */
static inline struct file *descriptor_file(word fd)
{
    struct file *file = file_table_find(current_thread()->files, (int)fd);

    if (unlikely(file != NULL && (file->flags & O_PATH))) {
        file_put(file);
        return NULL;
    }
    return file;
}

static inline struct file *descriptor_any(word fd)
{
    return file_table_find(current_thread()->files, (int)fd);
}

static inline bool file_readable(const struct file *file)
{
    unsigned mode = file->flags & O_ACCMODE; /* 3 is neither, for ioctl alone */

    return mode == O_RDONLY || mode == O_RDWR;
}

static inline bool file_writable(const struct file *file)
{
    unsigned mode = file->flags & O_ACCMODE;

    return mode == O_WRONLY || mode == O_RDWR;
}

static inline bool file_is_pipe(const struct file *file)
{
    return file->inode != NULL && inode_is(file->inode, S_IFIFO);
}

/* A user's path looked up: 0 and references, or -errno. flags: LOOKUP_*. */
int lookup_user(int start, const void *name, unsigned flags, struct vfs_path *out);

/* What writing came to: SIGPIPE goes with -EPIPE, for every way of writing. */
static inline long file_written(long result)
{
    if (unlikely(result == -EPIPE))
        signal_send_self(SIGPIPE);
    return result;
}

/* The user's list of buffers read or written at *at, or NULL: at the file's position. */
long vector_call(word fd, word list, word count, const int64_t *at, bool write);

/* Calls whose 64-bit numbers are in one register or in two: x86_64/file.c, i386/file.c. */
long pread_call(word fd, word buffer, word count, int64_t at);
long pwrite_call(word fd, word buffer, word count, int64_t at);
int64_t seek_call(word fd, int64_t offset, word whence);
long truncate_call(word name, int64_t length);
long ftruncate_call(word fd, int64_t length);
long fallocate_call(word fd, word mode, int64_t offset, int64_t length);
long sync_file_range_call(word fd, int64_t offset, int64_t length, word flags);
long readahead_call(word fd, int64_t offset, word count);
long fadvise_call(word fd, int64_t offset, int64_t length, word advice);
/* fcntl: what is not a command of it goes to `lock`, which knows the machine's struct flock. */
typedef long range_lock_call(struct file *file, int command, word argument);
long fcntl_call(word fd, word command, word argument, range_lock_call *lock);
/* Any command with struct flock_abi. */
long range_lock(struct file *file, int command, word argument);
/* width: bytes of the position in user memory. */
long sendfile_call(word out, word in, word position, word count, size_t width);

#endif
