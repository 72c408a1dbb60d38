/*
 * Files: inodes (a thing with content), entries (names in a tree), files (an open inode with a
 * position), descriptor tables.
 *
 * Regular files keep their content in a quire_object: read, write and every mapping use the same
 * frames. Functions return 0 or a positive result, or a negative Linux errno. Content moves through
 * `struct transfer`, which is a buffer in user memory or in kernel memory.
 */
#ifndef KERNEL_FS_VFS_H
#define KERNEL_FS_VFS_H

#include "core/list.h"
#include "proc/wait.h"
#include <quire/object.h>
#include <stdint.h>

struct file;
struct vfs_inode;
struct vfs_entry;
struct poll_table;
struct file_table;
struct iovec_abi;

/*
 * A buffer in user memory (user == true: may fault, copy returns short) or kernel memory, consumed
 * front to back. With vectors (readv, writev) address and segment are the current piece and the
 * vectors are those that follow it.
 */
struct transfer {
    bool user;
    void *address;
    size_t length;                   /* bytes left, in all pieces */
    size_t segment;                  /* with vectors: bytes left in this piece */
    const struct iovec_abi *vectors; /* kernel memory; NULL: address and length are all */
    size_t vector_count;
};
/* Bytes moved; less than n only when user memory is bad (then the caller returns what it has, or
 * -EFAULT for nothing). */
size_t transfer_out(struct transfer *transfer, const void *from,
                    size_t n);                                     /* kernel → buffer (read) */
size_t transfer_in(struct transfer *transfer, void *to, size_t n); /* buffer → kernel (write) */
/* The next byte of a buffer can be read now: asked before anything is made for what it holds. */
bool transfer_readable(struct transfer *transfer);

/* poll: a file's poll() says its events now and, when table is not NULL, registers the queues that
 * will announce changes. */
void poll_wait(struct poll_table *table, struct wait_queue *queue);

/* Takes the names of a directory, one call each; false: no room, stop before it. next:
 * file->position after this name. */
struct directory_sink {
    bool (*name)(struct directory_sink *sink, const char *name, size_t length, uint64_t inode,
                 unsigned type, uint64_t next);
};

struct file_operations {
    /* position: NULL for streams. Returns bytes, 0 at the end, -errno. Honour file->flags &
     * O_NONBLOCK. */
    long (*read)(struct file *file, struct transfer *to, uint64_t *position);
    long (*write)(struct file *file, struct transfer *from, uint64_t *position);
    int64_t (*seek)(struct file *file, int64_t offset, int whence); /* NULL: -ESPIPE */
    int (*ioctl)(struct file *file, unsigned command, unsigned long argument,
                 long *result); /* NULL: -ENOTTY */
    unsigned (*poll)(struct file *file,
                     struct poll_table *table); /* NULL: always readable and writable. POLLIN.. */
    /* Which object and rights a mapping gets. NULL: -ENODEV. */
    int (*map)(struct file *file, bool shared, struct quire_object **out_object);
    int (*list)(struct file *file, struct directory_sink *sink); /* getdents64; NULL: -ENOTDIR */
    /* What was written to it is safe when this returns, attributes too unless data_only. fsync,
     * fdatasync; NULL: nothing to do for files and directories, -EINVAL for others. */
    int (*sync)(struct file *file, bool data_only);
    /* A descriptor is closed: an error that nobody was told yet. May be NULL. */
    int (*flush)(struct file *file);
    void (*release)(struct file *file); /* the last reference went */
};

#include "fs/vfs_private.h" /* struct file, vfs_inode, vfs_entry, mounts: owned by kernel/fs */

/* An open file without a name in the tree (pipe ends, channel streams, tty): reference 1. flags:
 * O_*. */
struct file *file_create(const struct file_operations *operations, void *data, unsigned flags);
void file_get(struct file *file);
void file_put(struct file *file);

struct file_table *file_table_create(void);
void file_table_put(struct file_table *table);
/* Is there room for one more descriptor? Before a name is made for it. 0, -EMFILE, -ENOMEM. */
int file_table_reserve(struct file_table *table);
/* Lowest free descriptor >= lowest; takes over the reference on success. -EMFILE, -ENOMEM. */
int file_table_add(struct file_table *table, struct file *file, int lowest, bool close_on_exec);
/* With a reference, or NULL. */
struct file *file_table_find(struct file_table *table, int descriptor);

/* Character devices: /dev/NAME appears; open() makes file->data and operations. Also used by ttys.
 */
struct device_driver {
    const char *name;
    unsigned major, minor, mode;    /* minor: or DEVICE_ANY_MINOR */
    int (*open)(struct file *file); /* sets file->operations (and file->data); 0 or -errno */
    void *data;                     /* what file->data is when open() is called */
};
/* For each minor of the major that has no driver of its own; its files are devfs_make's. */
#define DEVICE_ANY_MINOR UINT32_MAX
int devfs_add(const struct device_driver *driver);

/*
 * Memory with an inode but no name in the tree: memfd_create, System V shared memory,
 * MAP_SHARED|MAP_ANONYMOUS. `name` is how /proc/PID/maps calls it, without " (deleted)":
 * "/memfd:x", "/SYSV0000002a", "/dev/zero". The object's one reference is the caller's. 0 or
 * -ENOMEM.
 */
int tmpfs_object_create(const char *name, uint64_t size, struct quire_object **out);
/* The same as an open file (O_RDWR), for memfd_create. */
int tmpfs_file_create(const char *name, uint64_t size, struct file **out);

#endif
