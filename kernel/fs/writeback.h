/*
 * Writing back what is dirty in files: settings of /proc/sys/vm, what /proc tells, and how much
 * writers may leave to be written later.
 */
#ifndef KERNEL_FS_WRITEBACK_H
#define KERNEL_FS_WRITEBACK_H

#include <stdint.h>

struct vfs_inode;

extern struct writeback_settings {
    int period; /* dirty_writeback_centisecs; 0: no periodic write-back */
    int expire; /* dirty_expire_centisecs: the period's end writes what has been dirty so long */
    /* From where on it is written in the background, and by who makes it. Of bytes and ratio (of
     * the memory that could be dirty, in hundredths) one counts, and the other is 0. */
    int background_ratio, ratio;
    uint64_t background_bytes, bytes;
} writeback_settings; /* (a) */

/* Settings were changed. */
void writeback_changed(int64_t value);
void writeback_background_bytes_changed(int64_t value);
void writeback_background_ratio_changed(int64_t value);
void writeback_bytes_changed(int64_t value);
void writeback_ratio_changed(int64_t value);

/* In pages. */
struct writeback_limits {
    unsigned long background, most;
};
void writeback_limits(struct writeback_limits *out);

#define WRITEBACK_LOOK 32 /* pages that writers may make dirty before they look at the limits */

/*
 * write() made pages dirty of a file whose content is kept elsewhere; they lie inside the file. If
 * there are too many now, some are written: in the background, or here. May sleep; files' mutexes
 * may be held.
 */
void writeback_dirtied(struct vfs_inode *inode, unsigned long pages);
/* What was dirty so far is about to be written, or is gone. */
void writeback_taken(struct vfs_inode *inode);
/* Pages that were made dirty and not taken since: not fewer than are. */
unsigned long writeback_pages(void);

/* kernel/fs/9p/worker.c: pages of files that are dirty, and that are being written. */
uint64_t ninep_pages_dirty(void);
uint64_t ninep_pages_writing(void);
/* Files are written until writeback_pages() is no more than this, or all were tried. */
void ninep_write_some(unsigned long pages);
/* The worker does so, down to the background limit. */
void ninep_write_in_background(void);

#endif
