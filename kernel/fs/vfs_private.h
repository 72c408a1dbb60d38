/*
 * The structures behind vfs.h; include that, not this.
 *
 *   struct vfs_inode       a thing with content: regular file, directory, link, pipe, device
 *   struct vfs_entry       a name in a directory; a tree by `parent`; refers to one inode
 *   struct vfs_filesystem  what entries and inodes belong to: its root entry, its device number
 *   struct vfs_mount       a file system's tree hung on an entry of another
 *   struct vfs_path        (mount, entry): a place
 *   struct file            an open inode (or stream) with a position; what descriptors point at
 *   struct fs_context      root and current directory of processes
 *
 * References: a file holds its path and inode; an entry its parent and inode; a directory's table
 * its entries (they are pinned as long as the name exists). A regular file's object points back at
 * the inode through object->owner: the inode's memory lives until the object is released, so that a
 * region may outlast every name and descriptor.
 *
 * Locks, outer first:
 *   rename_mutex → inode->mutex (directories by ancestry, then address) → inode->lock → tree_lock
 * inode->mutex may be slept under, a directory's is held across changes of its names, a file's
 * across writes and changes of size. inode->lock protects a directory's table for lookups and the
 * attributes. tree_lock protects parent pointers and the mount tree: short, never slept under. A
 * page fault takes none of these locks.
 *
 * Tags: (c) constant, (a) atomic, (m) inode->mutex, (l) inode->lock, (t) tree_lock, (f) file->lock.
 */
#ifndef KERNEL_FS_VFS_PRIVATE_H
#define KERNEL_FS_VFS_PRIVATE_H

#include "core/compiler.h"
#include "core/mutex.h"
#include "linux/errno.h"
#include "linux/file_abi.h"

#define VFS_NAME_MAX 255
#define VFS_PATH_MAX 4096 /* with the end */
#define VFS_LINK_MAX 40   /* links followed in one lookup */

struct vfs_filesystem;
struct vfs_mount;
struct file_locks;
struct pipe;

struct vfs_path {
    struct vfs_mount *mount;
    struct vfs_entry *entry;
};

/* What create makes: a file, directory, symbolic link (target), fifo or device. mode holds type and
 * permissions. */
struct vfs_node {
    uint32_t mode;
    uint64_t device;    /* character and block devices: as device_number() */
    const char *target; /* links: ends with 0; copied */
    uint32_t uid, gid;
};

/* New attributes of an inode; times in ns since 1970. */
enum {
    CHANGE_MODE = 1 << 0,
    CHANGE_UID = 1 << 1,
    CHANGE_GID = 1 << 2,
    CHANGE_ACCESSED = 1 << 3,
    CHANGE_MODIFIED = 1 << 4,
};
struct vfs_change {
    unsigned what; /* CHANGE_* */
    uint32_t mode, uid, gid;
    uint64_t accessed, modified;
};

/*
 * Of an inode. NULL: the operation does not exist (-EPERM or as said). A directory's operations are
 * called with the directory's mutex held, except lookup, which may run beside others of its kind.
 */
struct vfs_inode_operations {
    /* A name that is not in the directory's table; the entry is the caller's reference. -ENOENT.
     * NULL: the table is all. */
    int (*lookup)(struct vfs_entry *directory, const char *name, size_t length,
                  struct vfs_entry **out);
    /* A name that the table has, where the table is a cache: 0, or -ESTALE: it is out of the table
     * now, look it up. NULL: it is good. */
    int (*revalidate)(struct vfs_entry *directory, struct vfs_entry *entry);
    /* The caller has checked that the name is free. Entry with a reference for the caller. */
    int (*create)(struct vfs_entry *directory, const char *name, size_t length,
                  const struct vfs_node *node, struct vfs_entry **out);
    int (*link)(struct vfs_entry *directory, const char *name, size_t length,
                struct vfs_inode *inode);
    /* unlink and rmdir; the VFS has checked the types and that a directory is empty. */
    int (*remove)(struct vfs_entry *directory, struct vfs_entry *entry);
    /* Move or, with exchange, swap; `victim` (NULL: none) is replaced. Both directories' mutexes
     * are held. */
    int (*rename)(struct vfs_entry *from, struct vfs_entry *entry, struct vfs_entry *to,
                  const char *name, size_t length, struct vfs_entry *victim, bool exchange);
    /* A file without a name (O_TMPFILE): an entry that is in no table, with a reference. NULL:
     * -EOPNOTSUPP. */
    int (*temporary)(struct vfs_entry *directory, const struct vfs_node *node,
                     struct vfs_entry **out);
    /* Called for each open; sets file->operations and data. NULL: by the inode's type. */
    int (*open)(struct vfs_inode *inode, struct file *file);
    /* The text of a symbolic link, not ended; length or -errno. */
    long (*read_link)(struct vfs_inode *inode, char *buffer, size_t size);
    /* A link that is a place, not a text (/proc/PID/exe): with references. */
    int (*follow)(struct vfs_inode *inode, struct vfs_path *out);
    /* Names of a directory from file->position on. NULL: the table's. */
    int (*list)(struct vfs_inode *inode, struct file *file, struct directory_sink *sink);
    /* May the running process use it, whatever for? 0, -errno, or 1: as mode and owner say.
     * NULL: 1. */
    int (*permission)(struct vfs_inode *inode);
    /* Brings mode, owner, times up to date before they are looked at (proc). */
    void (*refresh)(struct vfs_inode *inode);
    /* The same where the truth is elsewhere, before stat tells them: 0, -errno, or -ESTALE: the
     * name by which it was found leads to another file now. */
    int (*update)(struct vfs_inode *inode);
    /* For stat, where the pages in memory do not tell: size and blocks of 512 bytes are given as
     * they seem, and may be changed. */
    void (*measure)(struct vfs_inode *inode, uint64_t *size, uint64_t *blocks);
    /* Attributes change where the truth is, before they do here; the VFS has asked for
     * permissions. */
    int (*change)(struct vfs_inode *inode, const struct vfs_change *change);
    /* The new size of a regular file, its object's included; the inode's mutex is held. NULL: the
     * object's size is all. */
    int (*resize)(struct vfs_inode *inode, uint64_t size);
    /* The last reference is gone. */
    void (*release)(struct vfs_inode *inode);
};

/* A directory's names: a list, newest first, in the order of `place`; hashed once there are more
 * than a few. */
struct vfs_directory {
    struct list names;        /* (l) vfs_entry.sibling, cursors of open directories among them */
    struct vfs_entry **table; /* (l) table_size chains, or NULL */
    uint32_t table_size;      /* (l) a power of two */
    uint32_t count;           /* (l) */
    uint64_t next_place;      /* (l) counts down: place of the next name */
};

struct vfs_inode {
    uint32_t references; /* (a) */
    uint32_t mode;       /* (l) type and permissions */
    uint32_t uid, gid;   /* (l) */
    uint32_t links;      /* (l) names that refer to it */
    uint32_t seals;      /* (m) F_SEAL_* of memfd_create */
    bool huge_pool;      /* (c) memfd_create's MFD_HUGETLB: of the pool of large pages */
    bool linkable;       /* (c) made by O_TMPFILE without O_EXCL: may get its first name */
    uint64_t number;     /* (c) */
    uint64_t device;     /* (c) of a device node */
    uint64_t accessed, modified, changed, born;    /* (l) ns since 1970 */
    struct vfs_filesystem *filesystem;             /* (c) may be gone when only mappings are left */
    uint64_t filesystem_device;                    /* (c) st_dev */
    const struct vfs_inode_operations *operations; /* (c) */
    const struct file_operations *file_operations; /* (c) of open files; NULL: by type */
    struct quire_spinlock lock;
    struct mutex mutex;
    struct list entries; /* (l) names that refer to it: vfs_entry.alias */
    char
        *deleted_name; /* (l) path it last had, for a mapping that outlasts its names; NULL: none */
    struct file_locks *locks; /* (lock of locks.c) flock and fcntl; NULL: never locked */
    uint32_t writers;         /* (l) files open for writing: execve then fails, ETXTBSY */
    uint64_t write_end;       /* (l) of a write that is under way; 0: none */
    uint64_t counted;         /* (m) its pages in filesystem->used */
    unsigned long dirtied;    /* (a) pages: writeback.h */
    uint32_t deny_write;      /* (l) programs that run from it: opening for writing then fails */
    union {
        struct quire_object *object; /* (c) regular files: one reference */
        struct vfs_directory directory;
        char *target;      /* (c) symbolic links */
        struct pipe *pipe; /* (l) fifos: while open */
    };
    void *data; /* the file system's */
};

struct vfs_entry {
    uint32_t references;      /* (a) */
    uint32_t hash;            /* of the name */
    struct vfs_entry *parent; /* (t) with a reference; a root's own self without one */
    struct vfs_inode *inode;  /* (c) with a reference; NULL only in cursors */
    struct list sibling;      /* (l of the directory) */
    struct vfs_entry *chain;  /* (l of the directory) next with the same hash */
    struct list alias;        /* (l of the inode) */
    uint64_t place;           /* (l of the directory) position in listings */
    uint32_t mounts;          /* (t) mounts on this entry */
    uint16_t length;          /* bytes of name */
    bool in_directory;        /* (l of the directory) the name exists */
    char *name;               /* (t) ends with 0; in short_name or on the heap */
    char short_name[24];
};

struct vfs_filesystem_type {
    const char *name;
    bool no_device; /* "nodev" in /proc/filesystems */
    uint32_t magic; /* statfs f_type */
    /* A new instance (or the one there is) with a reference. options may be NULL. */
    int (*mount)(const char *source, const char *options, struct vfs_filesystem **out);
    /* Fills the fields that differ from zero; NULL: none. */
    void (*statistics)(struct vfs_filesystem *filesystem, struct statfs_abi *out);
    /* What is dirty is written, now (wait) or soon. 0 or -errno of what failed. NULL: nothing is
     * ever dirty. */
    int (*sync)(struct vfs_filesystem *filesystem, bool wait);
    void (*release)(struct vfs_filesystem *filesystem);
    struct vfs_filesystem_type *next;
};

/* Limits of a file system that are no number of pages. */
#define FILESYSTEM_ALL_BUT_SOME UINT64_MAX /* the machine can still act when it is full */
#define FILESYSTEM_ALL_MEMORY   (UINT64_MAX - 1)

struct vfs_filesystem {
    uint32_t references; /* (a) mounts and the kernel itself */
    const struct vfs_filesystem_type *type;
    uint64_t device;          /* st_dev */
    unsigned long next_inode; /* (a) */
    struct vfs_entry *root;   /* with a reference */
    uint64_t limit;           /* pages of files, or FILESYSTEM_ALL_* */
    unsigned long used;       /* (a) pages, as of each file's last change */
    char options[64];         /* for /proc/mounts: ",size=4k", or "" */
    void *data;
};

struct vfs_mount {
    uint32_t references; /* (a) */
    uint32_t flags;      /* (t) MS_* */
    struct vfs_filesystem *filesystem;
    struct vfs_entry *root; /* what appears here (bind mounts: any entry); with a reference */
    struct vfs_path on;     /* (t) where it hangs; the root mount: NULL */
    struct list node;       /* (t) all mounts, oldest first */
    uint32_t number;
    char source[64];
};

struct file {
    uint32_t references; /* (a) */
    uint32_t flags;      /* (a) O_*: access mode, O_APPEND, O_NONBLOCK, ... */
    const struct file_operations *operations;
    void *data; /* the operations' */
    struct vfs_inode
        *inode;           /* NULL only for kernel-made streams without one; else with a reference */
    struct vfs_path path; /* NULLs: has no name */
    uint64_t position;    /* (f) */
    struct mutex lock;    /* for position, taken when the file is shared */
    struct list watchers; /* epoll registrations, lock of epoll.c */
    struct file *next_closing; /* in a thread's closing_files: epoll.c */
    int owner;                 /* F_SETOWN */
    int owner_signal;          /* F_SETSIG */
    bool deny_write;           /* holds inode->deny_write */
    uint8_t read_flags;        /* (a) QUIRE_OBJECT_RANDOM, _SEQUENTIAL: posix_fadvise */
    const char *label;         /* without a name: "[eventpoll]"; NULL: it is called a pipe */
    uint32_t number;           /* (c) tells open files without an inode apart */
    struct quire_deferred deferred;
};

struct fs_context {
    uint32_t references; /* (a) threads that share it (CLONE_FS) */
    struct quire_spinlock lock;
    struct vfs_path root, directory; /* (lock) */
    unsigned umask;                  /* (a) */
};

/*
 * Tables that may outgrow the heap's largest block: from the heap while they are small, else an
 * area of their own. Zeroed. The size is told again when they are freed.
 */
void *table_alloc(size_t size);
void table_free(void *table, size_t size);

/* ---- places, entries, inodes (vfs.c) ---- */

void path_get(const struct vfs_path *path);
void path_put(const struct vfs_path *path); /* NULLs are fine */
void entry_get(struct vfs_entry *entry);
void entry_put(struct vfs_entry *entry);
/*
 * The name as it is now, for who may sleep while he uses it: a rename frees the old one. *parent is
 * the directory it is in, referenced; NULL: not wanted. Returns the name's length.
 */
size_t entry_name_copy(const struct vfs_entry *entry, char name[VFS_NAME_MAX + 1],
                       struct vfs_entry **parent);
/* Is it the directory, or something below it? */
bool entry_inside(const struct vfs_entry *entry, const struct vfs_inode *directory);
void inode_get(struct vfs_inode *inode);
void inode_put(struct vfs_inode *inode);

static inline bool inode_is(const struct vfs_inode *inode, uint32_t type)
{
    return (inode->mode & S_IFMT) == type;
}

/* A new inode (reference 1, links 0) of a file system, with times set. NULL: no memory. */
struct vfs_inode *inode_create(struct vfs_filesystem *filesystem, uint32_t mode);
/* An entry that is in no directory's table; takes its own references. NULL: no memory. */
struct vfs_entry *entry_create(struct vfs_entry *parent, const char *name, size_t length,
                               struct vfs_inode *inode);
/* Into, out of a directory's table. insert takes a reference for the table; remove drops it. */
void directory_insert(struct vfs_entry *directory, struct vfs_entry *entry);
void directory_remove(struct vfs_entry *directory, struct vfs_entry *entry);
/* The same if nobody but the table refers to it, for tables that are caches. False: it is used. */
bool directory_forget(struct vfs_entry *parent, struct vfs_entry *entry);
/* With a reference, or NULL. */
struct vfs_entry *directory_find(struct vfs_entry *directory, const char *name, size_t length);
bool directory_empty(struct vfs_inode *directory);

#define DIRECTORY_FIRST_PLACE 2 /* positions 0 and 1 of an open directory are "." and ".." */
/* Tells those, from file->position on, which moves; false: the sink is full. */
bool directory_list_dots(struct file *file, struct directory_sink *sink);
/*
 * An entry gets another directory and name, in two steps so that the second cannot fail. room: what
 * entry_name_room() gave, NULL where the name fits in the entry. 0, -ENOMEM.
 */
int entry_name_room(const struct vfs_entry *entry, size_t length, char **out);
void entry_move(struct vfs_entry *from, struct vfs_entry *entry, struct vfs_entry *to,
                const char *name, size_t length, char *room);
uint32_t name_hash(const char *name, size_t length);

/* ns since 1970, for the times of inodes. */
uint64_t vfs_now(void);
void inode_touch(struct vfs_inode *inode, bool modified, bool changed);

/* MAY_READ 4, MAY_WRITE 2, MAY_EXECUTE 1: 0 or -EACCES for the running process. real: its real ids
 * (access(2)). */
int inode_permission(struct vfs_inode *inode, unsigned wanted, bool real);
/* The running process is the owner or uid 0. */
bool inode_owned(const struct vfs_inode *inode);

extern struct vfs_mount *root_mount;
extern struct list mount_list; /* (t) all mounts, oldest first */
extern struct quire_spinlock tree_lock;
extern struct mutex rename_mutex;

/* ---- lookup (path.c) ---- */

enum {
    LOOKUP_FOLLOW = 1 << 0,     /* the last name's link */
    LOOKUP_DIRECTORY = 1 << 1,  /* -ENOTDIR for others */
    LOOKUP_EMPTY = 1 << 2,      /* "" is the start itself (AT_EMPTY_PATH) */
    LOOKUP_NO_LINKS = 1 << 3,   /* openat2 RESOLVE_NO_SYMLINKS */
    LOOKUP_BENEATH = 1 << 4,    /* openat2 RESOLVE_BENEATH: never above the start */
    LOOKUP_IN_ROOT = 1 << 5,    /* openat2 RESOLVE_IN_ROOT: the start is the root */
    LOOKUP_NO_MOUNTS = 1 << 6,  /* openat2 RESOLVE_NO_XDEV */
    LOOKUP_NO_MAGIC = 1 << 7,   /* openat2 RESOLVE_NO_MAGICLINKS */
    LOOKUP_REVALIDATE = 1 << 9, /* names are not taken from caches: after -ESTALE */
    LOOKUP_MODE_MAKE =
        1 << 8, /* parents: the last name is about to be made (a slash behind it: a directory) */
};

/* The last name of a path whose parent was looked up. Points into the path given, or into held. */
struct path_last {
    const char *name;
    size_t length;
    bool slash; /* slashes follow it */
    bool dot;   /* ".", "..", or no name at all ("/") */
    char *held; /* free with path_last_done() */
};

/*
 * A number for the running thread's walk: the same until its next one, or until it asks about an
 * open file. What a file system learnt in a walk that has not ended is what the server says now.
 */
unsigned long walk_number(void);
void walk_forget(void);
/* start: AT_FDCWD or a descriptor. name in kernel memory. 0 and references in *out, or -errno. */
int path_lookup(int start, const char *name, unsigned flags, struct vfs_path *out);
int path_lookup_parent(int start, const char *name, unsigned flags, struct vfs_path *out,
                       struct path_last *last);
void path_last_done(struct path_last *last);
/* The entry of a name, mounts not crossed; with a reference. -ENOENT or the file system's. */
int entry_lookup(struct vfs_entry *directory, const char *name, size_t length,
                 struct vfs_entry **out);
/* A name that a cache has may be wrong: afterwards it is right, or not in the table. 0 or the file
 * system's. */
int entry_revalidate(struct vfs_entry *directory, const char *name, size_t length);
/* The child's path, mounts crossed; links are not followed. */
int path_step(const struct vfs_path *directory, const char *name, size_t length,
              struct vfs_path *out);
/*
 * The absolute path of a place as seen from root (NULL: the running process's), written at the end
 * of the buffer; *out_text points into it. Bytes with the end, or -ENAMETOOLONG; unreachable places
 * start with "(unreachable)"; deleted ones end with " (deleted)" when asked for.
 */
long path_text(const struct vfs_path *path, const struct vfs_path *root, char *buffer, size_t size,
               bool mark_deleted, char **out_text);
/* Path of a name that has an entry in the file system itself (no mounts known); for maps of mapped
 * files. */
long inode_text(struct vfs_inode *inode, char *buffer, size_t size, char **out_text);

/* A user's path into kernel memory. `short_text` serves most; name_done() frees the rest. */
struct user_name {
    char *text;
    char short_text[128];
};
/* 0, -EFAULT, -ENAMETOOLONG, -ENOENT for "" unless empty_ok. */
int user_name_get(struct user_name *name, const void *user_text, bool empty_ok);
void user_name_done(struct user_name *name);

/* ---- opening and changing names (open.c, namespace.c) ---- */

/* The whole of open(2), in kernel terms. file with one reference. */
int vfs_open(int start, const char *name, unsigned flags, unsigned mode, unsigned resolve,
             struct file **out);
/* Opens a place that was looked up; no permission checks beyond what the flags need. */
int vfs_open_path(const struct vfs_path *path, unsigned flags, struct file **out);
/* For execve: regular, executable, not on a noexec mount; writes to it are refused (ETXTBSY) while
 * the file lives. */
int vfs_open_executable(int start, const char *name, unsigned at_flags, struct file **out);
int vfs_make(int start, const char *name, struct vfs_node *node, unsigned mask);
int vfs_remove(int start, const char *name, bool directory);
int vfs_link(int from_start, const char *from, unsigned at_flags, int to_start, const char *to);
int vfs_rename(int from_start, const char *from, int to_start, const char *to, unsigned flags);
/* Names may be made in and taken from it by the running process: 0, -EACCES, -EROFS, -ENOENT when
 * it was removed. */
int directory_changeable(const struct vfs_path *directory);
int vfs_truncate(struct vfs_inode *inode, uint64_t size);

/* Kernel-side I/O on an open file; position NULL: the file's own. */
long file_read(struct file *file, void *buffer, size_t length, uint64_t *position);
long file_write(struct file *file, const void *buffer, size_t length, uint64_t *position);
/* The file's own position, locked; NULL for streams, which have none and lock nothing. */
uint64_t *file_position_lock(struct file *file);
void file_position_unlock(struct file *file);
/* An empty transfer over a buffer. */
static inline struct transfer transfer_kernel(void *buffer, size_t length)
{
    return (struct transfer){.address = buffer, .length = length};
}
static inline struct transfer transfer_user(void *buffer, size_t length)
{
    return (struct transfer){.user = true, .address = buffer, .length = length};
}

/* What regular files do (regular.c), and directories (directory.c). */
extern const struct file_operations regular_operations;
extern const struct file_operations directory_operations;
int fifo_open(struct vfs_inode *inode, struct file *file);
int device_open(struct vfs_inode *inode, struct file *file);
/* A name in /dev ("a/b": directories are made); for what is no driver. */
int devfs_make(const char *name, const struct vfs_node *node);
/* Takes a name out again: of devices that go. */
int devfs_remove(const char *name);
/* A hole in a regular file: zeros, and the pages are given back. -EPERM by seals. */
int vfs_punch(struct vfs_inode *inode, uint64_t start, uint64_t end);
/* -EPERM by seals, -EFBIG, -ENOSPC; the inode's mutex is held. */
int regular_resize_locked(struct vfs_inode *inode, uint64_t size);

/* ---- without a name (nameless.c) ---- */

/* An inode for an open file without a name, owned by the running process. NULL: no memory. */
struct vfs_inode *nameless_inode(uint32_t mode);
/* "pipe:[12]", "anon_inode:[eventpoll]"; as snprintf. */
int file_label(const struct file *file, char *buffer, size_t size);
/* The place of an open file, an entry of its own where it has none; with references. -ENOMEM. */
int file_place(struct file *file, struct vfs_path *out);

int eventfd_create(uint64_t initial, unsigned flags, struct file **out);

/*
 * The frame of a file's page, made when it is missing, with a reference; the inode's mutex is held.
 * flags: QUIRE_OBJECT_OVERWRITE (from memory that cannot fault), QUIRE_OBJECT_AHEAD. -ENOSPC at the
 * file system's limit or when memory is short, -EIO.
 */
int regular_page(struct vfs_inode *inode, uint64_t index, unsigned flags, struct quire_frame **out);
/* Brings the file system's count of pages up to date. The inode's mutex is held, or it is going
 * away. */
void regular_count(struct vfs_inode *inode, uint64_t pages);

/* Both ends of a new pipe; O_NONBLOCK, O_DIRECT. A pipe's bytes copied to another's without taking
 * them. */
int pipe_create(unsigned flags, struct file **out_read, struct file **out_write);
/* As write, but waits only where nothing can be written at all; nonblock: then -EAGAIN. */
long pipe_write_some(struct file *file, struct transfer *from, bool nonblock);
/* Waits until something can be written: how many bytes surely fit, -EAGAIN, -EPIPE, -ERESTARTSYS.
 */
long pipe_wait_room(struct file *out, bool nonblock);
/* Waits until there is something to read, or no writer: 0, -EAGAIN, -ERESTARTSYS. */
int pipe_wait_data(struct file *in, bool nonblock);
long pipe_tee(struct file *in, struct file *out, size_t length, bool nonblock);
/* F_SETPIPE_SZ (bytes; the new size, or -errno) and F_GETPIPE_SZ. */
long pipe_resize(struct file *file, unsigned long bytes);
long pipe_size(struct file *file);

/* ---- mounts (mount.c) ---- */

void mount_get(struct vfs_mount *mount);
void mount_put(struct vfs_mount *mount);
/* Follows mounts on an entry to the topmost root; and from a mount's root to what it hangs on.
 * References move along. */
void path_cross_down(struct vfs_path *path);
bool path_cross_up(struct vfs_path *path);
void filesystem_register(struct vfs_filesystem_type *type);
/* By name, or the first (NULL); NULL: none. */
struct vfs_filesystem_type *filesystem_type_find(const char *name);
/* A new instance of a type on a directory. on: NULL makes the root. -ENODEV, -ENOTDIR, -ENOMEM, or
 * the type's. */
int vfs_mount_type(const char *type, const char *source, const struct vfs_path *on, unsigned flags,
                   const char *options);
/* Another view of a place (MS_BIND); a mount at its root moved; new flags; taken away. */
int vfs_mount_bind(const struct vfs_path *place, const struct vfs_path *on, unsigned flags);
int vfs_mount_move(const struct vfs_path *from, const struct vfs_path *on);
int vfs_remount(const struct vfs_path *at, unsigned flags);
int vfs_unmount(struct vfs_path *at, unsigned flags);
/* Every file system writes what is dirty: sync(2), and before the machine ends. The first error. */
int vfs_sync_all(bool wait);
/* Memory is short: names and inodes that can be had again, and that nobody uses, are forgotten.
 * Returns how many. Never waits. */
size_t vfs_shrink(void);
/* With a reference, without a root. NULL: no memory. */
struct vfs_filesystem *filesystem_create(const struct vfs_filesystem_type *type);
void filesystem_get(struct vfs_filesystem *filesystem);
void filesystem_put(struct vfs_filesystem *filesystem);
/* A mount that is in no tree: what files of a file system without names lie on (pipes, memfd).
 * NULL: no memory. */
struct vfs_mount *mount_internal(struct vfs_filesystem *filesystem);
/* -EROFS where changes through this mount are forbidden. */
static inline int mount_writable(const struct vfs_mount *mount)
{
    return (mount->flags & MS_RDONLY) ? -EROFS : 0;
}

/* ---- tmpfs ---- */

extern const struct vfs_inode_operations tmpfs_directory_operations;
extern struct vfs_filesystem_type tmpfs_type;
/* The root, once; whoever comes first calls it. Panics without memory. */
void tmpfs_init(void);
/* Makes nodes without permission checks: for the kernel's own trees (initial archive, /dev). */
int tmpfs_make(struct vfs_entry *directory, const char *name, size_t length,
               const struct vfs_node *node, struct vfs_entry **out);

/* ---- waiting for several files (poll.c) ---- */

/* One place in a queue, with the file whose queue it is. */
struct poll_waiter {
    struct waiter waiter;
    struct file *file;
};

#define POLL_SHORT 8

/* begin; then poll_file() on each; arm, look at each again (poll_file with NULL), schedule, ...;
 * end. */
struct poll_table {
    struct wait_queue own_queue; /* so that there is always something to wait on */
    struct waiter own;
    struct file *file; /* whose poll() is being called */
    struct poll_waiter *waiters, short_waiters[POLL_SHORT];
    size_t count, capacity;
    int error;      /* -ENOMEM: a queue could not be joined */
    bool exclusive; /* joins queues so: EPOLLEXCLUSIVE */
    bool counting;  /* joins no queue: adds up their wakeups */
    uint32_t wakes; /* the sum */
};

void poll_begin(struct poll_table *table);
/* Room for so many queues (8 without it); before the first is joined. False: no memory. */
bool poll_reserve(struct poll_table *table, size_t capacity);
/* From here on a wakeup of any queue ends the next schedule(). */
void poll_arm(struct poll_table *table);
void poll_end(struct poll_table *table);
/* The file's events now; with a table also joins its queues. */
unsigned poll_file(struct file *file, struct poll_table *table);

struct poll_item {
    struct file *file; /* NULL: is left out */
    unsigned wanted, found;
};
/* Sleeps until an item has some of what it wants. Their number, 0 at the deadline, -EINTR, -ENOMEM.
 */
long poll_items(struct poll_item *items, size_t count, uint64_t deadline);

int epoll_create(struct file **out);
bool epoll_is(const struct file *file);
int epoll_control(struct file *epoll, int operation, int descriptor, struct file *file,
                  const struct epoll_event_abi *event);
/* Fills at most `limit` events (kernel memory). Their number, 0 at the deadline, -EINTR, -ENOMEM.
 */
long epoll_wait_events(struct file *epoll, struct epoll_event_abi *events, size_t limit,
                       uint64_t deadline);

/* ---- locks.c, epoll.c: what ends with a file ---- */

void file_locks_free(struct vfs_inode *inode);
/* The last descriptor of an open file, or (POSIX locks) any descriptor of a process, went. */
void file_locks_closed(struct file *file);
void file_locks_descriptor_closed(struct file *file, const void *table);
/* operation: LOCK_*. 0 or -errno; may sleep. */
int file_lock_whole(struct file *file, unsigned operation);
/* fcntl's F_GETLK .. F_OFD_SETLKW on a range; owner: the descriptor table, or the file for OFD
 * locks. */
int file_lock_range(struct file *file, int command, struct flock_abi *lock, const void *table);
void epoll_init(void);
void epoll_file_closed(struct file *file);

/* What object->pager is for the object of an inode: object->owner is the inode. */
extern const struct quire_pager inode_pager;
/* Its release, for pagers of other file systems. */
void inode_object_released(struct quire_object *object);

/* The inode behind an object of whatever file system; NULL: there is none. */
static inline struct vfs_inode *inode_of_object(const struct quire_object *object)
{
    bool file = object && object->pager && object->pager->release == inode_object_released;

    return file ? object->owner : NULL;
}

/* ---- contexts and tables: for fork, exec, exit ---- */

/* The first one: root and directory "/". Later ones by clone. NULL: no memory. */
struct fs_context *fs_context_create(void);
struct fs_context *fs_context_clone(struct fs_context *context);
void fs_context_get(struct fs_context *context);
void fs_context_put(struct fs_context *context);
/* The context's paths, with references. */
void fs_context_root(struct fs_context *context, struct vfs_path *out);
void fs_context_directory(struct fs_context *context, struct vfs_path *out);
/* New places (NULL: as it was); takes over their references. */
void fs_context_set(struct fs_context *context, const struct vfs_path *root,
                    const struct vfs_path *directory);
/* Of a context that no process uses yet: its current directory. 0 or -errno. */
int fs_context_change_directory(struct fs_context *context, const char *path);

void file_table_get(struct file_table *table);
/* Another thread holds it too (exec then works on a copy). */
bool file_table_is_shared(const struct file_table *table);
/* A copy that shares the open files. NULL: no memory. */
struct file_table *file_table_clone(struct file_table *table);
void file_table_close_on_exec(struct file_table *table);
/* Takes the file out of the table; with the table's reference, or NULL. */
struct file *file_table_take(struct file_table *table, int descriptor);
/* dup2: closes what was there. Takes over the reference on success: the descriptor. -EBADF beyond
 * the limit, -ENOMEM. */
int file_table_replace(struct file_table *table, struct file *file, int descriptor,
                       bool close_on_exec);
/* Close-on-exec as it was (0, 1) or -EBADF; set 0, 1: changed, -1: left. */
int file_table_flag(struct file_table *table, int descriptor, int set);
/* Iteration for /proc/PID/fd: the first open descriptor >= from, or -1. */
int file_table_next(struct file_table *table, int from);
/* Descriptors it has room for now. */
unsigned file_table_capacity(struct file_table *table);

#endif
