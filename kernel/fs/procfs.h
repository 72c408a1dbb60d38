/*
 * What the files of /proc share: a file is a name, a mode and a function that says its text.
 */
#ifndef KERNEL_FS_PROCFS_H
#define KERNEL_FS_PROCFS_H

#include "fs/text.h"
#include "proc/process.h"

/* What an inode of /proc is about. */
struct proc_target {
    const struct proc_file *file;
    struct process *process; /* with a reference; NULL: the whole system */
    int tid;                 /* of a thread's directory; 0: the process's own */
    int descriptor;          /* of fd and fdinfo */
};

struct proc_file {
    const char *name;
    uint32_t mode;
    /* Regular files: the text. 0 or -errno (the process is gone: -ESRCH). */
    int (*show)(struct text *text, const struct proc_target *target);
    /* A write; text is ended. 0 or -errno. */
    int (*store)(char *text, size_t length, const struct proc_target *target);
    /* Links: the place (follow) or the text alone. */
    int (*follow)(const struct proc_target *target, struct vfs_path *out);
    long (*read_link)(const struct proc_target *target, char *buffer, size_t size);
    /* Directories: the names in it; a table ended by a NULL name, or functions. */
    const struct proc_file *children;
    const struct vfs_inode_operations *operations; /* directories that compute their names */
    bool for_owner;                                /* only who may look into the process */
};

/* An entry with a reference for a file of /proc; target->process gets one more. */
int proc_entry(struct vfs_entry *directory, const char *name, size_t length, uint64_t number,
               const struct proc_target *target, struct vfs_entry **out);

static inline const struct proc_target *proc_target(const struct vfs_inode *inode)
{
    return inode->data;
}

/* 0, or -EACCES: may the running process look into that one (memory, descriptors)? */
int proc_may_look(const struct process *process);

extern const struct proc_file proc_system_files[];  /* procfs_system.c: of /proc itself */
extern const struct proc_file proc_process_files[]; /* procfs_process.c: of /proc/PID */
extern const struct vfs_inode_operations proc_table_operations; /* directories with children */
extern const struct vfs_inode_operations proc_root_operations;

/* Shared by /proc/mounts and /proc/PID/mounts. */
int proc_show_mounts(struct text *text, const struct proc_target *target);
int proc_show_mountinfo(struct text *text, const struct proc_target *target);

#endif
