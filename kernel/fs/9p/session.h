/*
 * A session with a 9P server: its fids, and one function per message.
 *
 * A fid is a number by which the server knows a file of ours: it comes from a walk, may be opened
 * once, and ends with Tclunk. Numbers are kept in a bitmap. Clunking takes no memory and no time of
 * who lets go of a fid: it is marked, and the worker (worker.c) tells the server. For fids that are
 * not open, and cost the server nothing but a name, it waits until there are some.
 */
#ifndef KERNEL_FS_9P_SESSION_H
#define KERNEL_FS_9P_SESSION_H

#include "core/list.h"
#include "core/mutex.h"
#include "fs/9p/transport.h"

struct ninep_inode;
struct vfs_entry;

struct ninep_session {
    uint32_t references; /* (a) the file system's, each inode's */
    struct list node;    /* (sessions' lock) all sessions */
    struct ninep_device *device;
    uint32_t message_size; /* (c) agreed with the server */
    uint32_t root;         /* (c) fid of the root */
    uint32_t uid;          /* (c) as whom we attached */

    struct quire_spinlock fid_lock;
    uint64_t *fid_used, *fid_doomed; /* (fid_lock) bitmaps of fid_words words */
    size_t fid_words;
    uint32_t fid_count, doomed_count; /* (fid_lock) */

    struct quire_spinlock inode_lock;
    struct ninep_inode **table; /* (inode_lock) by qid path, chained */
    size_t table_size;          /* (inode_lock) a power of two */
    size_t inode_count;         /* (inode_lock) */
    struct list kept;           /* (inode_lock) inodes that are open, mapped, dirty, or were */
    size_t kept_count;          /* (inode_lock) */
    bool crowded;               /* (a) what is kept and not in use is to be let go at once */
    struct vfs_entry *top;      /* (names) the file system's root; NULL: it is gone */
    struct mutex names;         /* entries come to directories' tables and leave them */
};

/* Version and attach. -errno of the device or the server, -EPROTO: another protocol. */
int ninep_session_open(const char *tag, const char *folder, uint32_t message_size,
                       struct ninep_session **out);
void ninep_session_get(struct ninep_session *session);
/* The last one: the worker clunks what is left and gives the device back. */
void ninep_session_put(struct ninep_session *session);
/* The worker's: nothing refers to the session. Its memory stays. */
void ninep_session_close(struct ninep_session *session);

/* A free number. -ENOMEM. */
int ninep_fid_new(struct ninep_session *session, uint32_t *out);
/* The server does not know it (any more). NINEP_NO_FID is fine. */
void ninep_fid_forget(struct ninep_session *session, uint32_t fid);
/* To be clunked, some time if it is not open, soon if it is. NINEP_NO_FID is fine. */
void ninep_fid_drop(struct ninep_session *session, uint32_t fid);
void ninep_fid_close(struct ninep_session *session, uint32_t fid);
/* The worker's: one doomed fid is clunked; false: there was none. */
bool ninep_fid_clunk_one(struct ninep_session *session);

/* ---- messages: 0 or -errno. Names need no end. ---- */

/* A new fid for a name in a directory, or for the same file (length 0). */
int ninep_walk(struct ninep_session *session, uint32_t from, const char *name, size_t length,
               uint32_t *out_fid, struct ninep_qid *out_qid);
int ninep_open(struct ninep_session *session, uint32_t fid, uint32_t flags,
               struct ninep_qid *out_qid);
/* The directory's fid becomes that of the new, open file. */
int ninep_create(struct ninep_session *session, uint32_t fid, const char *name, size_t length,
                 uint32_t flags, uint32_t mode, uint32_t gid);
int ninep_getattr(struct ninep_session *session, uint32_t fid, struct ninep_attributes *out);
int ninep_setattr(struct ninep_session *session, uint32_t fid, const struct ninep_setattr *change);
int ninep_statfs(struct ninep_session *session, uint32_t fid, struct ninep_statfs *out);
int ninep_mkdir(struct ninep_session *session, uint32_t fid, const char *name, size_t length,
                uint32_t mode, uint32_t gid);
int ninep_symlink(struct ninep_session *session, uint32_t fid, const char *name, size_t length,
                  const char *target, uint32_t gid);
int ninep_mknod(struct ninep_session *session, uint32_t fid, const char *name, size_t length,
                uint32_t mode, uint32_t major, uint32_t minor, uint32_t gid);
int ninep_link(struct ninep_session *session, uint32_t directory, uint32_t fid, const char *name,
               size_t length);
int ninep_unlink(struct ninep_session *session, uint32_t directory, const char *name, size_t length,
                 uint32_t flags);
int ninep_rename(struct ninep_session *session, uint32_t from, const char *old, size_t old_length,
                 uint32_t to, const char *name, size_t length);
/* Length of the text, or -errno. */
long ninep_readlink(struct ninep_session *session, uint32_t fid, char *buffer, size_t size);
int ninep_fsync(struct ninep_session *session, uint32_t fid, bool data_only);
/* Bytes of names (struct ninep_entry) from offset on, at most NINEP_MESSAGE_SIZE; 0: the end. */
long ninep_readdir(struct ninep_session *session, uint32_t fid, uint64_t offset, void *buffer,
                   size_t size);
/* Into, from n whole frames. read: *out_done less than asked is the file's end. */
int ninep_read(struct ninep_session *session, uint32_t fid, uint64_t offset,
               struct quire_frame *const *frames, unsigned n, size_t *out_done);
int ninep_write(struct ninep_session *session, uint32_t fid, uint64_t offset,
                struct quire_frame *const *frames, unsigned n, size_t length, size_t *out_done);

/* ---- worker.c ---- */

/* Something is to be clunked, written or given back. Any context. */
void ninep_worker_wake(void);
struct ninep_inode;
/* When nobody has it open, its fids go back at once, not with the end of the period. */
bool ninep_is_hasty(struct ninep_inode *node);
/* Before the first session: nothing is written or let go without it. False: no memory. */
bool ninep_worker_start(void);
void ninep_worker_add(struct ninep_session *session);
/*
 * What was closed, or has been dirty for long, is written, or (at_once) what is dirty. Inodes that
 * are not in use any more and should go soon are let go, or all.
 */
void ninep_session_serve(struct ninep_session *session, bool all, bool at_once);
/* Names that nobody uses leave the tables; returns how many. */
size_t ninep_session_shrink(struct ninep_session *session, size_t limit);
/* Waits until sessions that are not mounted any more, and that nothing uses, have ended; false:
 * there was none. */
bool ninep_session_wait_end(void);
/* Everything that is dirty is written. 0, -EIO. */
int ninep_session_sync(struct ninep_session *session);

#endif
