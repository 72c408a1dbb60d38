/*
 * Files of a 9P server as inodes.
 *
 * Identity is the server's qid path: however many names lead to a file, there is one inode, one
 * object, one cache of its pages. The session's table finds it.
 *
 * An inode has up to three fids: `fid` names the file by the path that it was found by (attributes,
 * links to it, walks from it), read_fid and write_fid are open. Open ones reach the file also when
 * its last name is gone; `fid` then does not, and what it served is answered from memory.
 *
 * Changes by the host are seen when a file is opened or asked about (stat): the server's size and
 * time of change against those that were seen last. If they differ, pages that came from the server
 * are forgotten. Where this side has written what the server does not have yet, its own content
 * stands until it is written.
 *
 * Locks: node->mutex for what is known of the server's file, taken inside the VFS's mutexes;
 * messages are sent and pages dropped under it. Inside it node->opening, for making open fids: a
 * page fault takes only that, and only where none exists. Write-back takes neither: whatever is
 * dirty has an open fid to be written by.
 */
#ifndef KERNEL_FS_9P_INODE_H
#define KERNEL_FS_9P_INODE_H

#include "fs/9p/session.h"
#include "fs/vfs.h"

#define NINEP_RETIRED 4

/* In a session's list of inodes that are kept: one of them, or (inode NULL) a place in it that
 * somebody who goes through it holds. */
struct ninep_kept {
    struct list node;
    struct ninep_inode *inode;
};

struct ninep_inode {
    struct ninep_session *session; /* (c) with a reference */
    struct vfs_inode *inode;       /* (c) */
    struct ninep_inode *chain;     /* (session->inode_lock) */
    bool hashed;                   /* (session->inode_lock) */
    struct ninep_kept kept;        /* (session->inode_lock) in session->kept, with a reference */
    uint64_t path;                 /* (c) of the qid */
    struct mutex mutex;            /* what is known of the server's file */
    struct mutex writing;          /* outside mutex: one write-back at a time, or change of times */
    struct mutex opening;          /* inside mutex: the open fids are made */
    uint32_t fid;                  /* (a) changed under mutex */
    uint32_t read_fid, write_fid;  /* (a) open; made under opening */
    bool fresh;                    /* (a) just made: nobody else knows it yet */
    unsigned long asked;           /* (mutex) walk_number() of the walk that found it; 0: used */
    bool write_reads;              /* (opening) write_fid can read, too */
    bool unlinked;                 /* (a) the last name is gone: attributes are ours alone */
    uint32_t retired[NINEP_RETIRED]; /* (mutex) what fid was before: a message may still name it */
    unsigned next_retired;           /* (mutex) */
    bool lost;                       /* (mutex) fid's path leads elsewhere, and no other is known */
    uint32_t removals; /* (a) names that left this directory; changed under session->names */
    uint32_t opens;    /* (session->inode_lock) */
    uint64_t known_size, known_modified; /* (mutex) of the server's file when we last looked */
    uint64_t size, blocks;               /* (mutex) for stat: of what has no object; of all */

    /* Regular files: pages.c. */
    struct quire_spinlock lock;
    bool dirty;           /* (lock) something may have to be written */
    uint64_t dirty_since; /* (lock) monotonic ns, where dirty */
    uint32_t cleaning;    /* (lock) write-backs that are under way */
    bool touched;         /* (lock) by write or truncation: our time of change is the true one */
    bool written;         /* (lock) something was, since the last look at the server's file */
    int failure;          /* (lock) of the last write-back: 0 or -errno */
    uint32_t failures;    /* (lock) times that write-back began to fail */
    uint64_t server_size; /* (lock) the server's file is not longer */
};

static inline struct ninep_inode *ninep_of(const struct vfs_inode *inode)
{
    return inode->data;
}

/*
 * The inode of a file that was walked to, with a reference; new or known. fid is taken over, also
 * on failure.
 */
int ninep_inode_find(struct vfs_filesystem *filesystem, struct ninep_session *session, uint32_t fid,
                     struct vfs_inode **out);
/* Asks the server. -ESTALE: its name leads elsewhere now. */
int ninep_refresh(struct vfs_inode *inode);
/* An open fid for reading or writing. -errno of the server, -ESTALE. */
int ninep_io_fid(struct ninep_inode *node, bool write, uint32_t *out);
/* The last name is gone: it is not found any more. */
void ninep_inode_unlinked(struct vfs_inode *inode);
/* Stays in memory, with its open fids, until the worker finds it unused. */
void ninep_keep(struct ninep_inode *node);
/*
 * Names went that fid's path may have been one of: another is looked for. False: the server's file
 * cannot be reached but by fids that are open.
 */
bool ninep_find_path(struct ninep_inode *node, bool look);
/* Size and time of the server's file are what we made them. */
void ninep_note(struct ninep_inode *node);
struct ninep_time ninep_time_of(uint64_t ns);
/* Of the VFS, for every type. */
int ninep_change(struct vfs_inode *inode, const struct vfs_change *change);
void ninep_inode_release(struct vfs_inode *inode);
void ninep_measure(struct vfs_inode *inode, uint64_t *size, uint64_t *blocks);

/* names.c */
extern const struct vfs_inode_operations ninep_directory_operations;
extern const struct vfs_inode_operations ninep_link_operations;
extern const struct vfs_inode_operations ninep_special_operations;
/* What is below an entry leaves the tables, with it if `itself`; what is in use lives on. */
void ninep_forget_tree(struct vfs_entry *top, bool itself);
/* directory.c */
int ninep_directory_open(struct vfs_inode *inode, struct file *file);
/* regular.c */
extern const struct vfs_inode_operations ninep_regular_operations;
/* pages.c */
extern const struct quire_pager ninep_pager;
/* What is dirty goes to the server. 0, or -EIO: some could not be written, see ninep_write_error.
 */
int ninep_write_back(struct ninep_inode *node);
/* The same by who holds node->writing. */
int ninep_write_back_locked(struct ninep_inode *node);
/* The error of writes that failed since *seen was taken, once: 0, -ENOSPC, -EDQUOT or -EIO. */
int ninep_write_error(struct ninep_inode *node, uint32_t *seen);
/* Something may have to be written from now on, if not since before. node->lock is held. */
void ninep_set_dirty_locked(struct ninep_inode *node);
int ninep_resize(struct vfs_inode *inode, uint64_t size);
uint64_t ninep_pages_writing(void);

#endif
