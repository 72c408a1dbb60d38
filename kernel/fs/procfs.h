/*
 * What the files of /proc and /sys share: a file is a name, a mode and a function that says its
 * text; a directory is a table of files.
 *
 * Rights. Who may open a file is said by its mode, and for what belongs to a process also by
 * `access`: to look into a process takes the same user and group ids, and a process that lets
 * itself be dumped; uid 0 may always. Settings below /proc/sys go by their mode alone: where nobody
 * may write, uid 0 may not either.
 *
 * A process that executes another program gets other memory. A file of /proc/PID that was opened
 * before does not show it: `space` of the target says whose memory it was.
 */
#ifndef KERNEL_FS_PROCFS_H
#define KERNEL_FS_PROCFS_H

#include "core/mutex.h"
#include "fs/text.h"
#include "proc/process.h"

/* The numbers of /proc count memory in KiB. */
#define KIB(pages) ((unsigned long)(pages) << (PAGE_SHIFT - 10))

enum proc_access {
    PROC_ANYONE,  /* whom the mode lets */
    PROC_LOOK,    /* only who may look into the process */
    PROC_ATTACH,  /* only who may trace it */
    PROC_SETTING, /* the mode counts for uid 0 too */
};

/* What an inode of /proc or /sys is about. */
struct proc_target {
    const struct proc_file *file;
    struct process *process; /* with a reference; NULL: the whole system */
    int tid;                 /* of a thread's directory; 0: the process's own */
    int descriptor;          /* of fd and fdinfo; the CPU below /sys */
    quire_virt start, end;   /* of map_files */
    uint64_t space;          /* of the open file: number of the space, plus 1; 0: any */
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
    const struct file_operations *file_operations; /* files that are no text */
    enum proc_access access;
    bool seeks_end;   /* the end to seek from is 0, as the size says; else there is no such seek */
    bool once;        /* what is read from another position than 0 is nothing */
    const void *data; /* of the functions above: a setting's struct, for example */
};

/* An open file: file->data. */
struct proc_open {
    struct mutex lock;         /* of the text: reads may come from several threads */
    struct text text;          /* (lock) */
    bool made;                 /* (lock) the text was shown without an error */
    struct proc_target target; /* (c) the inode's, with `space` */
    void *data;                /* (lock) the file operations' own */
};

#define PROC_TEXT(file_name, permissions, function)                                                \
    {                                                                                              \
        .name = file_name, .mode = S_IFREG | (permissions), .show = function                       \
    }
#define PROC_SECRET(file_name, permissions, function)                                              \
    {                                                                                              \
        .name = file_name, .mode = S_IFREG | (permissions), .show = function, .access = PROC_LOOK  \
    }
#define PROC_BYTES(file_name, permissions, table)                                                  \
    {                                                                                              \
        .name = file_name, .mode = S_IFREG | (permissions), .file_operations = &(table)            \
    }
#define PROC_DIRECTORY(file_name, table)                                                           \
    {                                                                                              \
        .name = file_name, .mode = S_IFDIR | 0555, .children = table                               \
    }
#define PROC_LINK(file_name, function)                                                             \
    {                                                                                              \
        .name = file_name, .mode = S_IFLNK | 0777, .read_link = function                           \
    }

/* ---- procfs.c ---- */

/* An entry with a reference for a file of /proc; target->process gets one more. */
int proc_entry(struct vfs_entry *directory, const char *name, size_t length, uint64_t number,
               const struct proc_target *target, struct vfs_entry **out);

/* A file system whose root is this directory, and whose inodes are all made by proc_entry. NULL: no
 * memory. */
struct vfs_filesystem *proc_filesystem_create(const struct vfs_filesystem_type *type,
                                              const struct proc_file *root);

static inline const struct proc_target *proc_target(const struct vfs_inode *inode)
{
    return inode->data;
}

/*
 * Inode numbers of /proc are put together from process and place. Where a word has 32 bits they are
 * mixed into one: programs without large files there know no larger numbers.
 */
static inline uint64_t proc_inode_number(uint64_t parts)
{
    return sizeof(long) == 8 ? parts : (parts * 0x9e3779b97f4a7c15ull >> 32 | 1);
}

/* A decimal number without leading zeros; -1: it is none. */
int proc_parse_number(const char *name, size_t length);
/* A number as programs write settings: blanks around it, a sign, 0x or 0. 0 or -EINVAL. */
int proc_parse_setting(const char *text, int64_t *out);

/* What a text file answers to read. */
long proc_read(struct file *file, struct transfer *to, uint64_t *position);
/* Where reading starts, not below 0. */
int64_t proc_seek(struct file *file, int64_t offset, int whence);
/* The last reference of an open file went. */
void proc_release(struct file *file);

static inline const struct proc_target *proc_open_target(const struct file *file)
{
    return &((const struct proc_open *)file->data)->target;
}

/* 0, or -EACCES: may the running process look into that one (memory, descriptors)? */
int proc_may_look(const struct process *process);

extern const struct vfs_inode_operations proc_table_operations; /* directories with children */
/* Whose /proc/PID it is, with a reference, or NULL. */
struct process *procfs_process(const struct file *file);
int proc_own_permission(struct vfs_inode *inode);
void proc_inode_refresh(struct vfs_inode *inode);
void proc_inode_release(struct vfs_inode *inode);

/* ---- what is in them ---- */

extern const struct proc_file proc_system_files[];   /* procfs_system.c: of /proc itself */
extern const struct proc_file proc_process_files[];  /* procfs_process.c: of /proc/PID */
extern const struct proc_file proc_setting_files[];  /* procfs_settings.c: of /proc/sys */
extern const struct proc_file proc_pressure_files[]; /* procfs_pressure.c: of /proc/pressure */
extern const struct proc_file proc_quire_files[];    /* procfs_quire.c: of /proc/quire */

/* procfs_mounts.c: shared by /proc/mounts and /proc/PID/mounts. */
int proc_show_mounts(struct text *text, const struct proc_target *target);
int proc_show_mountinfo(struct text *text, const struct proc_target *target);
int proc_show_mountstats(struct text *text, const struct proc_target *target);

/* procfs_machine.c: the machine's memory. */
int proc_show_meminfo(struct text *text, const struct proc_target *target);
int proc_show_vmstat(struct text *text, const struct proc_target *target);
int proc_show_zoneinfo(struct text *text, const struct proc_target *target);
int proc_show_buddyinfo(struct text *text, const struct proc_target *target);
int proc_show_pagetypeinfo(struct text *text, const struct proc_target *target);
int proc_show_slabinfo(struct text *text, const struct proc_target *target);
int proc_show_vmallocinfo(struct text *text, const struct proc_target *target);
int proc_show_iomem(struct text *text, const struct proc_target *target);
int proc_show_node_meminfo(struct text *text, const struct proc_target *target);

/* procfs_status.c */
int proc_show_stat(struct text *text, const struct proc_target *target);
int proc_show_statm(struct text *text, const struct proc_target *target);
int proc_show_status(struct text *text, const struct proc_target *target);
/* comm: a running thread's name, or that of the leader, whose name outlives it. */
void proc_target_name(struct process *process, struct thread *thread, char out[16]);

/* procfs_maps.c */
int proc_show_maps(struct text *text, const struct proc_target *target);
int proc_show_smaps(struct text *text, const struct proc_target *target);
int proc_show_smaps_rollup(struct text *text, const struct proc_target *target);
int proc_show_numa_maps(struct text *text, const struct proc_target *target);
extern const struct vfs_inode_operations proc_map_files_operations;

/* procfs_memory.c: the bytes and pages of a process. */
int proc_show_cmdline(struct text *text, const struct proc_target *target);
int proc_show_environ(struct text *text, const struct proc_target *target);
int proc_show_auxv(struct text *text, const struct proc_target *target);
int proc_store_reclaim(char *text, size_t length, const struct proc_target *target);
int proc_store_clear_refs(char *text, size_t length, const struct proc_target *target);
extern const struct file_operations proc_memory_operations, proc_pagemap_operations;

/* procfs_frames.c: one word for each frame of RAM. */
extern const struct file_operations proc_frame_count_operations, proc_frame_flags_operations;
extern const struct file_operations proc_frame_group_operations;

/* procfs_descriptor.c */
extern const struct vfs_inode_operations proc_fd_operations, proc_fdinfo_operations;

/* The thread that the target is about, with a reference: the one of its number, or the first that
 * lives. */
struct thread *proc_target_thread(const struct proc_target *target);
/* Its memory with a reference; NULL: it has none, or another than when the file was opened. */
struct memory *proc_target_memory(const struct proc_target *target);

extern const struct file_operations proc_failnth_operations; /* procfs_failnth.c */
#define PROC_FAILNTH_FILE PROC_BYTES("fail-nth", 0644, proc_failnth_operations)

/* procfs_oom.c: of /proc/PID and of its threads. */
int proc_show_oom_score(struct text *text, const struct proc_target *target);
int proc_show_oom_score_adj(struct text *text, const struct proc_target *target);
int proc_store_oom_score_adj(char *text, size_t length, const struct proc_target *target);
int proc_show_oom_adj(struct text *text, const struct proc_target *target);
int proc_store_oom_adj(char *text, size_t length, const struct proc_target *target);

#define PROC_OOM_FILES                                                                             \
    {.name = "oom_adj",                                                                            \
     .mode = S_IFREG | 0644,                                                                       \
     .show = proc_show_oom_adj,                                                                    \
     .store = proc_store_oom_adj},                                                                 \
        {.name = "oom_score", .mode = S_IFREG | 0444, .show = proc_show_oom_score},                \
    {                                                                                              \
        .name = "oom_score_adj", .mode = S_IFREG | 0644, .show = proc_show_oom_score_adj,          \
        .store = proc_store_oom_score_adj                                                          \
    }

#endif
