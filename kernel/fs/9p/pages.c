/*
 * Pages of regular files on 9P servers: filled, written back, truncated.
 *
 * What the server has. `server_size` bounds the size of its file: pages beyond it are zeros without
 * a question, so that a file that is written from its start costs no reads. The bound grows with
 * each write-back and is exact after a look at the attributes.
 *
 * Write-back. Dirty pages go to the server when the worker's period ends, the last descriptor is
 * closed, memory is short, or somebody waits for it (fsync, msync, sync, unmounting). The server's
 * time of change would then be that of the write-back: after it, the time of the last write is set,
 * and size and time are noted as known, so that our own writes are not taken for the host's.
 *
 * Failure. A page that cannot be written stays dirty and is tried again with each write-back. The
 * first failure after a success counts up `failures`; a descriptor that was opened before tells it
 * once, at fsync or close. While writes fail, a write first tries again, and tells the error: no
 * more is taken in than can be given away.
 *
 * A file without names is beyond the reach of Tsetattr on some servers: it is truncated by writing
 * zeros.
 */
#include "fs/9p/inode.h"

#include "core/log.h"
#include "core/memory.h"
#include "core/string.h"
#include "fs/writeback.h"
#include "proc/process.h"
#include "proc/tree.h"
#include "x86/time.h"

static unsigned long writing; /* (a) pages that are being written, for /proc */

uint64_t ninep_pages_writing(void)
{
    return __atomic_load_n(&writing, __ATOMIC_RELAXED);
}

/* ---- filling ---- */

/* Zeros behind what was read. */
static void clear_rest(struct quire_frame *const *frames, unsigned n, size_t done)
{
    for (unsigned i = (unsigned)(done / PAGE_SIZE); i < n; i++) {
        size_t from = i == done / PAGE_SIZE ? done % PAGE_SIZE : 0;
        char *bytes = quire_frame_map(&kernel_machine, frames[i]);

        memset(bytes + from, 0, PAGE_SIZE - from);
        quire_frame_unmap(&kernel_machine, frames[i], bytes);
    }
}

static uint64_t server_size(struct ninep_inode *node)
{
    uint64_t size;

    quire_spin_lock(&node->lock);
    size = node->server_size;
    quire_spin_unlock(&node->lock);
    return size;
}

/* A server may read less than it could: from there it is asked again, until it has nothing. */
static int read_pages(struct ninep_inode *node, uint32_t fid, uint64_t offset,
                      struct quire_frame *const *frames, unsigned n, size_t *out_done)
{
    size_t whole = (size_t)n * PAGE_SIZE, got;
    uint64_t size = server_size(node);
    int error = ninep_read(node->session, fid, offset, frames, n, out_done);

    while (error == 0 && *out_done < whole && offset + *out_done < size) {
        unsigned skip = (unsigned)(*out_done / PAGE_SIZE);

        error = ninep_read(node->session, fid, offset + (uint64_t)skip * PAGE_SIZE, frames + skip,
                           n - skip, &got);
        if ((size_t)skip * PAGE_SIZE + got <= *out_done)
            break;
        *out_done = (size_t)skip * PAGE_SIZE + got;
    }
    return error;
}

static enum quire_status fill(struct quire_object *object, uint64_t index,
                              struct quire_frame *const *frames, unsigned n)
{
    struct ninep_inode *node = ninep_of(object->owner);
    uint64_t offset = index << PAGE_SHIFT;
    size_t done = 0;
    uint32_t fid;

    current_thread()->reads++;
    if (offset < server_size(node) && (ninep_io_fid(node, false, &fid) != 0 ||
                                       read_pages(node, fid, offset, frames, n, &done) != 0))
        return QUIRE_IO_ERROR;
    clear_rest(frames, n, done);
    return QUIRE_OK;
}

/* ---- writing ---- */

/* Bytes up to here are the file's: also those of a write that has not told the size yet. */
static uint64_t content_end(struct vfs_inode *inode)
{
    uint64_t size = __atomic_load_n(&inode->object->size, __ATOMIC_RELAXED), end;

    quire_spin_lock(&inode->lock);
    end = inode->write_end;
    quire_spin_unlock(&inode->lock);
    return size > end ? size : end;
}

static void note_written(struct ninep_inode *node, uint64_t end)
{
    quire_spin_lock(&node->lock);
    if (node->server_size < end)
        node->server_size = end;
    node->written = true;
    quire_spin_unlock(&node->lock);
}

static int write_frames(struct ninep_inode *node, uint32_t fid, uint64_t offset,
                        struct quire_frame *const *frames, unsigned n, size_t length)
{
    size_t done = 0;

    while (done < length) {
        unsigned skip = (unsigned)(done / PAGE_SIZE);
        size_t base = (size_t)skip * PAGE_SIZE, part;
        int error = ninep_write(node->session, fid, offset + base, frames + skip, n - skip,
                                length - base, &part);

        if (error != 0)
            return error;
        if (base + part <= done)
            return -ENOSPC; /* no further, and no reason given */
        done = base + part;
        note_written(node, offset + done);
    }
    return 0;
}

/* 0 or -errno: the state of the file's writes. */
static void note_result(struct ninep_inode *node, int error)
{
    quire_spin_lock(&node->lock);
    if (error != 0 && node->failure == 0)
        node->failures++;
    node->failure = error;
    quire_spin_unlock(&node->lock);
}

static enum quire_status clean(struct quire_object *object, uint64_t index,
                               struct quire_frame *const *frames, unsigned n)
{
    struct vfs_inode *inode = object->owner;
    struct ninep_inode *node = ninep_of(inode);
    uint64_t offset = index << PAGE_SHIFT, end = content_end(inode);
    size_t length = (size_t)n * PAGE_SIZE;
    uint32_t fid;
    int error;

    if (offset >= end)
        return QUIRE_OK;
    if (length > end - offset)
        length = (size_t)(end - offset);
    __atomic_fetch_add(&writing, n, __ATOMIC_RELAXED);
    error = ninep_io_fid(node, true, &fid);
    if (error == 0)
        error = write_frames(node, fid, offset, frames, n, length);
    __atomic_fetch_sub(&writing, n, __ATOMIC_RELAXED);
    note_result(node, error);
    return error == 0 ? QUIRE_OK : QUIRE_IO_ERROR;
}

const struct quire_pager ninep_pager = {
    .fill = fill, .clean = clean, .release = inode_object_released};

/* ---- write-back of a file ---- */

int ninep_write_error(struct ninep_inode *node, uint32_t *seen)
{
    int error = 0;

    quire_spin_lock(&node->lock);
    if (*seen != node->failures) {
        *seen = node->failures;
        error = node->failure == -ENOSPC || node->failure == -EDQUOT ? node->failure : -EIO;
    }
    quire_spin_unlock(&node->lock);
    return error;
}

/* What the server's file is like after our writes is no change by the host. */
static void settle(struct ninep_inode *node, bool touched)
{
    struct vfs_inode *inode = node->inode;

    if (!ninep_find_path(node, false))
        return;
    if (touched)
        (void)ninep_setattr(node->session, node->fid,
                            &(struct ninep_setattr){.valid = NINEP_SET_MTIME | NINEP_SET_MTIME_VAL,
                                                    .modified = ninep_time_of(inode->modified)});
    ninep_note(node);
}

void ninep_set_dirty_locked(struct ninep_inode *node)
{
    if (!node->dirty)
        node->dirty_since = clock_monotonic_ns();
    node->dirty = true;
}

int ninep_write_back(struct ninep_inode *node)
{
    int error;

    mutex_lock(&node->writing);
    error = ninep_write_back_locked(node);
    mutex_unlock(&node->writing);
    return error;
}

int ninep_write_back_locked(struct ninep_inode *node)
{
    struct quire_object *object = node->inode->object;
    bool dirty, touched, written;
    enum quire_status status;

    quire_spin_lock(&node->lock);
    /* A write that is under way told before it began, and some of it may be written already. */
    dirty = node->dirty || __atomic_load_n(&node->inode->dirtied, __ATOMIC_RELAXED) > 0;
    touched = node->touched;
    node->cleaning++;
    node->dirty = node->touched = false;
    if (__atomic_load_n(&object->writable_mappings, __ATOMIC_RELAXED) > 0)
        ninep_set_dirty_locked(node); /* a mapping writes without telling */
    quire_spin_unlock(&node->lock);
    writeback_taken(node->inode);
    status = dirty ? quire_object_clean(object, 0, UINT64_MAX) : QUIRE_OK;
    quire_spin_lock(&node->lock);
    written = node->written;
    node->written = false;
    if (status != QUIRE_OK) {
        ninep_set_dirty_locked(node);
        node->touched |= touched;
    }
    quire_spin_unlock(&node->lock);
    if (written && status == QUIRE_OK)
        settle(node, touched);
    quire_spin_lock(&node->lock);
    node->cleaning--;
    quire_spin_unlock(&node->lock);
    return status == QUIRE_OK ? 0 : -EIO;
}

/* ---- size ---- */

/* Zeros from `from` to the end of what the server has, by the open fid. */
static int write_zeros(struct ninep_inode *node, uint64_t from)
{
    struct quire_frame *zero = quire_frame_of(&kernel_machine, kernel_machine.frame.zero);
    struct quire_frame *frames[NINEP_RUN];
    uint64_t end = server_size(node);
    uint32_t fid;
    int error = from < end ? ninep_io_fid(node, true, &fid) : 0;

    for (unsigned i = 0; i < NINEP_RUN; i++)
        frames[i] = zero;
    while (error == 0 && from < end) {
        size_t length = NINEP_RUN * PAGE_SIZE;

        if (length > end - from)
            length = (size_t)(end - from);
        error = write_frames(node, fid, from, frames, NINEP_RUN, length);
        from += length;
    }
    return error;
}

static int set_server_size(struct ninep_inode *node, uint64_t size)
{
    int error = ninep_setattr(node->session, node->fid,
                              &(struct ninep_setattr){.valid = NINEP_SET_SIZE, .size = size});

    if (error == 0) {
        quire_spin_lock(&node->lock);
        node->server_size = size;
        quire_spin_unlock(&node->lock);
    }
    return error;
}

int ninep_resize(struct vfs_inode *inode, uint64_t size)
{
    struct ninep_inode *node = ninep_of(inode);
    bool unlinked = !ninep_find_path(node, false);
    int error = unlinked ? 0 : set_server_size(node, size);

    if (error != 0)
        return error == -ENOENT ? -ESTALE : error;
    quire_object_resize(inode->object, size); /* and no write of what is beyond is under way */
    if (unlinked)
        return write_zeros(node, size);
    /* One that was, may have made it longer again. */
    if (server_size(node) > size)
        error = set_server_size(node, size);
    quire_spin_lock(&node->lock);
    ninep_set_dirty_locked(node);
    node->touched = node->written = true;
    quire_spin_unlock(&node->lock);
    return error;
}
