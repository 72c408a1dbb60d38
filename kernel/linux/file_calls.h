#ifndef KERNEL_LINUX_FILE_CALLS_H
#define KERNEL_LINUX_FILE_CALLS_H

/* What the files of system calls about files share. */

#include "fs/vfs.h"
#include "linux/errno.h"
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

/* A user's path looked up: 0 and references, or -errno. flags: LOOKUP_*. */
int lookup_user(int start, const void *name, unsigned flags, struct vfs_path *out);

#endif
