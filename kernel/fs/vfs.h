/*
 * Files: inodes (a thing with content), entries (names in a tree), files (an open inode with a position), descriptor tables.
 *
 * Regular files keep their content in a quire_object: read, write and every mapping use the same frames. Functions return 0 or a
 * positive result, or a negative Linux errno. Content moves through `struct transfer`, which is a buffer in user memory or in kernel memory.
 */
#ifndef KERNEL_FS_VFS_H
#define KERNEL_FS_VFS_H

#include "kernel/core/list.h"
#include "kernel/proc/wait.h"
#include <quire/object.h>
#include <stdint.h>

struct file;
struct vfs_inode;
struct vfs_entry;
struct poll_table;

/* A buffer in user memory (user == true: may fault, copy returns short) or kernel memory, consumed front to back. */
struct transfer {
    bool user;
    void *address;
    size_t length;  /* bytes left */
};
/* Bytes moved; less than n only when user memory is bad (then the caller returns what it has, or -EFAULT for nothing). */
size_t transfer_out(struct transfer *transfer, const void *from, size_t n); /* kernel → buffer (read) */
size_t transfer_in(struct transfer *transfer, void *to, size_t n);          /* buffer → kernel (write) */

/* poll: a file's poll() says its events now and, when table is not NULL, registers the queues that will announce changes. */
void poll_wait(struct poll_table *table, struct wait_queue *queue);

struct file_operations {
    /* position: NULL for streams. Returns bytes, 0 at the end, -errno. Honour file->flags & O_NONBLOCK. */
    long (*read)(struct file *file, struct transfer *to, uint64_t *position);
    long (*write)(struct file *file, struct transfer *from, uint64_t *position);
    long (*seek)(struct file *file, int64_t offset, int whence);   /* NULL: -ESPIPE */
    int (*ioctl)(struct file *file, unsigned command, unsigned long argument, long *result); /* NULL: -ENOTTY */
    unsigned (*poll)(struct file *file, struct poll_table *table); /* NULL: always readable and writable. POLLIN.. */
    /* Which object and rights a mapping gets. NULL: -ENODEV. */
    int (*map)(struct file *file, bool shared, struct quire_object **out_object);
    int (*list)(struct file *file, struct directory_sink *sink);   /* getdents64; NULL: -ENOTDIR */
    int (*sync)(struct file *file);
    void (*release)(struct file *file);                            /* the last reference went */
};

#include "kernel/fs/vfs_private.h" /* struct file, vfs_inode, vfs_entry, mounts: owned by kernel/fs */

/* An open file without a name in the tree (pipe ends, channel streams, tty): reference 1. flags: O_*. */
struct file *file_create(const struct file_operations *operations, void *data, unsigned flags);
void file_get(struct file *file);
void file_put(struct file *file);

struct file_table *file_table_create(void);
void file_table_put(struct file_table *table);
/* Lowest free descriptor >= lowest; takes over the reference on success. -EMFILE, -ENOMEM. */
int file_table_add(struct file_table *table, struct file *file, int lowest, bool close_on_exec);
/* With a reference, or NULL. */
struct file *file_table_find(struct file_table *table, int descriptor);

/* Character devices: /dev/NAME appears; open() makes file->data and operations. Also used by ttys. */
struct device_driver {
    const char *name;
    unsigned major, minor, mode;
    int (*open)(struct file *file); /* sets file->operations and file->data; 0 or -errno */
    void *data;
};
int devfs_add(const struct device_driver *driver);

#endif
