/*
 * How much may be dirty: see writeback.h. Limits and their names are Linux's.
 *
 * Counted are pages that write() made dirty. A file's count is taken back when it begins to be
 * written: reclaim may have written some of them before, so the sum is never too low. Pages that
 * mappings write are not in it: nobody knows of them before their dirty bits are gathered, which
 * write-back and reclaim do. What could not be written is not counted any more either: its file
 * takes no more until it can be (kernel/fs/9p/regular.c), and other files' writers do not wait for
 * it.
 *
 * Beyond the background limit the worker writes, while programs go on. Beyond the other one a
 * writer writes itself, whatever file it is of, down to between the two: so it makes dirty pages no
 * faster than they can be written.
 */
#include "fs/writeback.h"

#include "core/memory.h"
#include "fs/vfs.h"
#include "reclaim/reclaim.h"

struct writeback_settings writeback_settings = {
    .period = 500, .expire = 3000, .background_ratio = 10, .ratio = 20};

static unsigned long dirty;      /* (a) pages */
static unsigned long since_look; /* (a) pages that were made dirty */

/* Free, or pages of files. */
static uint64_t could_be_dirty(void)
{
    uint64_t free = quire_frame_available(&kernel_machine), reserve = kernel_machine.frame.reserve;

    return (free > reserve ? free - reserve : 0) + reclaim_file_pages();
}

static unsigned long limit_of(uint64_t bytes, int ratio, uint64_t pages)
{
    uint64_t limit = bytes != 0 ? (bytes + PAGE_SIZE - 1) >> PAGE_SHIFT
                                : (uint64_t)((unsigned long)pages / 100 * (unsigned)ratio);

    return limit < INT32_MAX ? (unsigned long)limit : INT32_MAX;
}

void writeback_limits(struct writeback_limits *out)
{
    uint64_t pages = could_be_dirty();

    out->most = limit_of(writeback_settings.bytes, writeback_settings.ratio, pages);
    out->background =
        limit_of(writeback_settings.background_bytes, writeback_settings.background_ratio, pages);
    if (out->background >= out->most)
        out->background = out->most / 2;
}

void writeback_taken(struct vfs_inode *inode)
{
    __atomic_fetch_sub(&dirty, __atomic_exchange_n(&inode->dirtied, 0, __ATOMIC_RELAXED),
                       __ATOMIC_RELAXED);
}

unsigned long writeback_pages(void)
{
    return __atomic_load_n(&dirty, __ATOMIC_RELAXED);
}

static void balance(void)
{
    struct writeback_limits limits;

    writeback_limits(&limits);
    if (writeback_pages() > limits.background)
        ninep_write_in_background();
    if (writeback_pages() > limits.most)
        ninep_write_some((limits.background + limits.most) / 2);
}

void writeback_dirtied(struct vfs_inode *inode, unsigned long pages)
{
    __atomic_fetch_add(&inode->dirtied, pages, __ATOMIC_RELAXED);
    __atomic_fetch_add(&dirty, pages, __ATOMIC_RELAXED);
    if (__atomic_add_fetch(&since_look, pages, __ATOMIC_RELAXED) < WRITEBACK_LOOK)
        return;
    __atomic_store_n(&since_look, 0, __ATOMIC_RELAXED);
    balance();
}

/* ---- settings ---- */

void writeback_background_bytes_changed(int64_t value)
{
    (void)value;
    writeback_settings.background_ratio = 0;
}

void writeback_background_ratio_changed(int64_t value)
{
    (void)value;
    writeback_settings.background_bytes = 0;
}

void writeback_bytes_changed(int64_t value)
{
    (void)value;
    writeback_settings.ratio = 0;
}

void writeback_ratio_changed(int64_t value)
{
    (void)value;
    writeback_settings.bytes = 0;
}
