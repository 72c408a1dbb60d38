/*
 * The content of regular files: read, write, resize over an object's pages.
 *
 * Bytes are copied between the page's frame and the user's buffer with a reference on the frame and
 * without a spinlock: a fault on the buffer is an ordinary fault, also when the buffer maps the
 * very page. Truncation may take the page out of the object meanwhile; the frame stays until the
 * reference is dropped.
 *
 * Writers hold the inode's mutex: writes are atomic towards each other, and the end of an appending
 * write is the end of the file. Readers hold nothing. Holes are read as zeros without making pages.
 *
 * Failure: a write that meets a bad buffer or the end of memory returns what it moved; pages that
 * it made stay as zeros.
 */
#include "fs/vfs.h"
#include "fs/writeback.h"

#include "core/memory.h"
#include "linux/errno.h"
#include "linux/file_abi.h"
#include "linux/memory.h"
#include "linux/signal.h"
#include "proc/process.h"
#include "reclaim/reclaim.h"
#include "x86/usercopy.h"

#define READ_BATCH      16 /* pages looked up at a time */
#define FILE_SIZE_LIMIT (FILE_SIZE_MAX & ~(uint64_t)(PAGE_SIZE - 1))
#define RLIMIT_FSIZE    1

/* A frame beyond the direct map is reachable through a slot of this CPU: its holder may not fault,
 * so faults come first. */
static size_t copy_far(struct quire_frame *frame, size_t offset, struct transfer *transfer,
                       size_t n, bool out)
{
    size_t done = 0;

    while (done < n) {
        size_t before = done;
        char *bytes = quire_frame_map(&kernel_machine, frame);

        usercopy_nofault_begin();
        done += out ? transfer_out(transfer, bytes + offset + done, n - done)
                    : transfer_in(transfer, bytes + offset + done, n - done);
        usercopy_nofault_end();
        quire_frame_unmap(&kernel_machine, frame, bytes);
        if (done == before && done < n &&
            (!transfer->user || usercopy_fault_in(transfer->address, 1, out) != 0))
            break;
    }
    return done;
}

static size_t copy_frame(struct quire_frame *frame, size_t offset, struct transfer *transfer,
                         size_t n, bool out)
{
    if (!out)
        quire_frame_mark_dirty(frame);
    if (likely(quire_frame_phys(&kernel_machine, frame) < kernel_machine.frame.direct_end)) {
        char *bytes = quire_frame_direct(&kernel_machine, frame);

        return out ? transfer_out(transfer, bytes + offset, n)
                   : transfer_in(transfer, bytes + offset, n);
    }
    return copy_far(frame, offset, transfer, n, out);
}

static int status_error(enum quire_status status)
{
    switch (status) {
    case QUIRE_OK:
        return 0;
    case QUIRE_NO_MEMORY:
        return -ENOMEM;
    case QUIRE_COMMIT_LIMIT:
        return -ENOSPC;
    case QUIRE_IO_ERROR:
        return -EIO;
    default:
        return -EINVAL;
    }
}

/* ---- read ---- */

/*
 * The frames of [index, index + n), holes NULL; a paged object's are brought in one at a time, and
 * so are a memory object's while some of its pages are out.
 */
static int read_lookup(struct quire_object *object, uint64_t index, size_t n, unsigned flags,
                       struct quire_frame **frames)
{
    enum quire_status status;

    if (object->kind == QUIRE_OBJECT_MEMORY && n > 1 &&
        __atomic_load_n(&object->swapped, __ATOMIC_RELAXED) == 0) {
        quire_object_pages(object, index, n, frames);
        if (likely(__atomic_load_n(&object->swapped, __ATOMIC_RELAXED) == 0))
            return (int)n;
        for (size_t i = 0; i < n; i++) /* one may have gone just now */
            if (frames[i] != NULL)
                quire_frame_put(&kernel_machine, frames[i]);
    }
    status = quire_object_page(
        object, index, object->kind == QUIRE_OBJECT_MEMORY ? 0 : QUIRE_OBJECT_ALLOCATE | flags,
        frames);
    if (status == QUIRE_NO_MAPPING || status == QUIRE_BEYOND_END)
        frames[0] = NULL;
    else if (status != QUIRE_OK)
        return status_error(status);
    return 1;
}

static size_t read_page(struct quire_frame *frame, size_t offset, struct transfer *to, size_t n)
{
    size_t moved;

    if (frame == NULL)
        return transfer_out(to, (char *)direct_map(kernel_machine.frame.zero) + offset, n);
    moved = copy_frame(frame, offset, to, n, true);
    quire_frame_put(&kernel_machine, frame);
    return moved;
}

static long regular_read(struct file *file, struct transfer *to, uint64_t *position)
{
    struct vfs_inode *inode = file->inode;
    struct quire_object *object = inode->object;
    uint64_t at = *position, size = __atomic_load_n(&object->size, __ATOMIC_ACQUIRE);
    size_t left = to->length, done = 0;
    bool bad = false;
    int error = 0;

    if (at >= size)
        return 0;
    if (left > size - at)
        left = size - at;
    while (done < left && !bad) {
        struct quire_frame *frames[READ_BATCH];
        uint64_t last = (at + left - done - 1) >> PAGE_SHIFT, index = at >> PAGE_SHIFT;
        size_t want = last - index + 1 < READ_BATCH ? last - index + 1 : READ_BATCH;
        int got = read_lookup(object, index, want, file->read_flags, frames);

        if (got < 0) {
            error = got;
            break;
        }
        for (int i = 0; i < got; i++) {
            size_t offset = at & (PAGE_SIZE - 1);
            size_t n = PAGE_SIZE - offset < left - done ? PAGE_SIZE - offset : left - done;
            size_t moved = 0;

            if (!bad)
                moved = read_page(frames[i], offset, to, n);
            else if (frames[i] != NULL)
                quire_frame_put(&kernel_machine, frames[i]);
            bad |= moved < n;
            done += moved;
            at += moved;
        }
        give_way();
        if (kill_pending())
            break;
    }
    *position = at;
    if (!(file->flags & O_NOATIME) && done > 0 &&
        (inode->accessed <= inode->modified || inode->accessed <= inode->changed))
        inode->accessed = vfs_now(); /* relatime */
    if (done == 0)
        return bad ? -EFAULT : error;
    return (long)done;
}

/* ---- write ---- */

void regular_count(struct vfs_inode *inode, uint64_t pages)
{
    if (pages == inode->counted)
        return;
    __atomic_fetch_add(&inode->filesystem->used, (unsigned long)(pages - inode->counted),
                       __ATOMIC_RELAXED);
    inode->counted = pages;
}

/*
 * A file system has a limit, or (the root) leaves as much as one sixteenth of memory free, there or
 * in swap, so that the machine can still act when it is full. When memory is full before that, the
 * out-of-memory killer acts.
 */
static bool room_for_page(struct vfs_inode *inode)
{
    struct vfs_filesystem *filesystem = inode->filesystem;
    struct quire_frame_stats frames;
    uint64_t swap, free_swap;

    if (filesystem->limit != FILESYSTEM_ALL_BUT_SOME) {
        regular_count(inode, quire_object_pages_held(inode->object));
        return __atomic_load_n(&filesystem->used, __ATOMIC_RELAXED) < filesystem->limit;
    }
    quire_frame_stats(&kernel_machine, &frames);
    if (likely(frames.free > frames.total / 16))
        return true;
    /* Others can go for it: to swap, or back to their files. */
    reclaim_swap(&swap, &free_swap);
    return frames.free + free_swap + reclaim_file_pages() > frames.total / 16;
}

int regular_page(struct vfs_inode *inode, uint64_t index, unsigned flags, struct quire_frame **out)
{
    /* One that was made ahead before counts as used, as on Linux. */
    enum quire_status status =
        quire_object_page(inode->object, index,
                          QUIRE_OBJECT_ANY_INDEX | (flags & ~(unsigned)QUIRE_OBJECT_AHEAD), out);

    if (status == QUIRE_NO_MAPPING) {
        if (!room_for_page(inode))
            return -ENOSPC;
        status = quire_object_page(inode->object, index,
                                   QUIRE_OBJECT_ALLOCATE | QUIRE_OBJECT_ANY_INDEX | flags, out);
    }
    return status_error(status);
}

static int size_limit(const struct file *file, uint64_t at, uint64_t *end)
{
    uint64_t limit = current_thread()->process->limits[RLIMIT_FSIZE].soft;
    uint64_t most = file->flags & O_LARGEFILE ? FILE_SIZE_LIMIT : SMALL_FILE_MAX;

    if (limit<FILE_SIZE_LIMIT && * end> limit) {
        if (at >= limit) {
            signal_send_self(SIGXFSZ);
            return -EFBIG;
        }
        *end = limit;
    }
    if (*end > most) {
        if (at >= most)
            return -EFBIG;
        *end = most;
    }
    return 0;
}

/* Makes or finds the page, copies into it. Bytes moved, or -errno before the first. */
static long write_page(struct vfs_inode *inode, uint64_t at, struct transfer *from, size_t n,
                       unsigned long *newly_dirty)
{
    /* Kernel memory cannot fault half-way, and nobody maps what is beyond the end: no need to clear
     * first. */
    bool overwrite =
        !from->user && from->vectors == NULL && n == PAGE_SIZE && at >= inode->object->size;
    struct quire_frame *frame;
    size_t moved;
    int error;

    if (!transfer_readable(from))
        return -EFAULT; /* and no page is made for nothing */
    error = regular_page(inode, at >> PAGE_SHIFT, overwrite ? QUIRE_OBJECT_OVERWRITE : 0, &frame);
    if (error != 0)
        return error;
    *newly_dirty += !quire_frame_is_dirty(frame);
    moved = copy_frame(frame, at & (PAGE_SIZE - 1), from, n, false);
    quire_frame_mark_dirty(frame); /* it may have been written back during the copy */
    quire_frame_put(&kernel_machine, frame);
    return moved > 0 ? (long)moved : -EFAULT;
}

/* Pages up to here were made dirty: of a file elsewhere not too many may be. What lies beyond the
 * end is not written back: so the end comes first. */
static void note_dirty(struct vfs_inode *inode, uint64_t at, unsigned long *count)
{
    unsigned long newly = *count;

    *count = 0;
    if (inode->object->kind != QUIRE_OBJECT_PAGED || newly == 0)
        return;
    if (at > inode->object->size)
        quire_object_resize(inode->object, at);
    writeback_dirtied(inode, newly);
}

static long write_pages(struct vfs_inode *inode, struct transfer *from, uint64_t at, uint64_t end)
{
    struct quire_object *object = inode->object;
    size_t done = 0, total = end - at;
    unsigned long dirty = 0;
    long error = 0;

    while (done < total) {
        size_t offset = at & (PAGE_SIZE - 1);
        size_t n = PAGE_SIZE - offset < total - done ? PAGE_SIZE - offset : total - done;
        long moved;

        moved = write_page(inode, at, from, n, &dirty);
        /* The buffer may be this file's end, mapped: what was written so far is there to be read.
         */
        if (moved == -EFAULT && done > 0 && at > object->size) {
            quire_object_resize(object, at);
            moved = write_page(inode, at, from, n, &dirty);
        }
        if (moved < 0) {
            error = moved;
            break;
        }
        done += (size_t)moved;
        at += (uint64_t)moved;
        /* A short copy ends the call only if the next byte is still not there: it may be this
         * file's, mapped, and just have come into being. */
        if ((size_t)moved < n && at > object->size)
            quire_object_resize(object, at);
        if (dirty >= WRITEBACK_LOOK)
            note_dirty(inode, at, &dirty);
        give_way();
        if (kill_pending())
            break;
    }
    if (done > 0 && at > object->size)
        quire_object_resize(object, at);
    if (done > 0)
        note_dirty(inode, at, &dirty);
    regular_count(inode, quire_object_pages_held(object));
    return done > 0 ? (long)done : error;
}

/* Write-back that comes before the new size must not leave the end of a page behind. */
static void set_write_end(struct vfs_inode *inode, uint64_t end)
{
    if (inode->object->kind == QUIRE_OBJECT_MEMORY)
        return;
    quire_spin_lock(&inode->lock);
    inode->write_end = end;
    quire_spin_unlock(&inode->lock);
}

static long regular_write(struct file *file, struct transfer *from, uint64_t *position)
{
    struct vfs_inode *inode = file->inode;
    uint64_t at, end;
    long result;

    if (inode->huge_pool)
        return -EINVAL;
    if (from->length == 0)
        return 0;
    mutex_lock(&inode->mutex);
    at = (file->flags & O_APPEND) ? inode->object->size : *position;
    end = at + from->length;
    result = size_limit(file, at, &end);
    /* A buffer that cannot be read is told before a seal. */
    if (result == 0 && inode->seals != 0 && !transfer_readable(from))
        result = -EFAULT;
    if (result == 0 && (inode->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)))
        result = -EPERM;
    if (result == 0 && (inode->seals & F_SEAL_GROW) && end > inode->object->size) {
        if (at >= inode->object->size)
            result = -EPERM;
        else
            end = inode->object->size;
    }
    if (result == 0) {
        set_write_end(inode, end);
        result = write_pages(inode, from, at, end);
        set_write_end(inode, 0);
    }
    if (result > 0) {
        if (inode->mode & (S_ISUID | S_ISGID)) {
            if (current_process()->credentials.fsuid != 0)
                inode->mode &= ~(S_ISUID | ((inode->mode & 010) ? S_ISGID : 0));
        }
        inode_touch(inode, true, true);
        *position = at + (uint64_t)result;
    }
    mutex_unlock(&inode->mutex);
    return result;
}

/* ---- size ---- */

int regular_resize_locked(struct vfs_inode *inode, uint64_t size)
{
    struct quire_object *object = inode->object;

    if (size > FILE_SIZE_MAX)
        return -EFBIG;
    if ((inode->seals & F_SEAL_SHRINK) && size < object->size)
        return -EPERM;
    if ((inode->seals & F_SEAL_GROW) && size > object->size)
        return -EPERM;
    if (inode->operations->resize != NULL) {
        int error = inode->operations->resize(inode, size);

        if (error != 0)
            return error;
    } else {
        int error = status_errno(quire_object_resize(object, size));

        if (error != 0)
            return error;
    }
    regular_count(inode, quire_object_pages_held(object));
    inode_touch(inode, true, true);
    return 0;
}

int vfs_truncate(struct vfs_inode *inode, uint64_t size)
{
    uint64_t limit = current_process()->limits[RLIMIT_FSIZE].soft;
    int error;

    if (inode_is(inode, S_IFDIR))
        return -EISDIR;
    if (!inode_is(inode, S_IFREG))
        return -EINVAL;
    /* A file that is made when it is read, in /proc or /sys, has no size. */
    if (inode->object == NULL)
        return 0;
    if (size > limit && size > inode->object->size) {
        signal_send_self(SIGXFSZ);
        return -EFBIG;
    }
    mutex_lock(&inode->mutex);
    error = regular_resize_locked(inode, size);
    mutex_unlock(&inode->mutex);
    return error;
}

int vfs_punch(struct vfs_inode *inode, uint64_t start, uint64_t end)
{
    struct quire_object *object = inode->object;
    int error = -EPERM;

    if (object->kind != QUIRE_OBJECT_MEMORY)
        return -EOPNOTSUPP;
    mutex_lock(&inode->mutex);
    if (!(inode->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE))) {
        error = status_errno(quire_object_punch(object, start, end));
        /* Its file system may be gone when only mappings are left. */
        if (__atomic_load_n(&inode->references, __ATOMIC_RELAXED) != 0)
            regular_count(inode, quire_object_pages_held(object));
        if (error == 0)
            inode_touch(inode, true, true);
    }
    mutex_unlock(&inode->mutex);
    return error;
}

/* The first page at or after `at` that is there (or is not), as a byte position; the end where
 * there is none. */
static uint64_t find_page(struct quire_object *object, uint64_t at, uint64_t end, bool present)
{
    while (at < end) {
        struct quire_frame *frames[READ_BATCH];
        bool hit = false;
        uint64_t place = at;

        quire_object_pages(object, at >> PAGE_SHIFT, READ_BATCH, frames);
        for (unsigned i = 0; i < READ_BATCH; i++) {
            bool exists = frames[i] != NULL;

            if (!exists && __atomic_load_n(&object->swapped, __ATOMIC_RELAXED) != 0)
                exists = quire_object_exists(object, at >> PAGE_SHIFT);
            if (!hit && exists == present) {
                hit = true;
                place = at;
            }
            if (frames[i] != NULL)
                quire_frame_put(&kernel_machine, frames[i]);
            at = (at & ~(uint64_t)(PAGE_SIZE - 1)) + PAGE_SIZE;
        }
        if (hit)
            return place < end ? place : end;
        give_way();
        if (kill_pending())
            break;
    }
    return end;
}

static int64_t regular_seek(struct file *file, int64_t offset, int whence)
{
    struct quire_object *object = file->inode->object;
    int64_t size = (int64_t)__atomic_load_n(&object->size, __ATOMIC_ACQUIRE);
    int64_t base = 0;

    switch (whence) {
    case SEEK_SET:
        break;
    case SEEK_CUR:
        base = (int64_t)file->position;
        break;
    case SEEK_END:
        base = size;
        break;
    case SEEK_DATA:
    case SEEK_HOLE:
        if (offset < 0 || offset >= size)
            return -ENXIO;
        if (object->kind == QUIRE_OBJECT_MEMORY)
            offset =
                (int64_t)find_page(object, (uint64_t)offset, (uint64_t)size, whence == SEEK_DATA);
        else if (whence == SEEK_HOLE)
            offset = size;
        if (whence == SEEK_DATA && offset == size)
            return -ENXIO;
        break;
    default:
        return -EINVAL;
    }
    if (__builtin_add_overflow(base, offset, &offset))
        return -EOVERFLOW;
    if (offset < 0)
        return -EINVAL;
    file->position = (uint64_t)offset;
    return offset;
}

static int regular_map(struct file *file, bool shared, struct quire_object **out_object)
{
    (void)shared;
    if (file->inode->huge_pool)
        return -ENOMEM; /* it is empty */
    *out_object = file->inode->object;
    quire_object_get(*out_object);
    return 0;
}

static int regular_ioctl(struct file *file, unsigned command, unsigned long argument, long *result)
{
    uint64_t size = file->inode->object->size;

    if (command == FIONREAD) {
        int64_t left = (int64_t)(size - file->position);

        *result = put_user((int32_t)left, (int32_t *)argument);
        return 0;
    }
    if (command == FIOQSIZE) {
        *result = put_user((int64_t)size, (int64_t *)argument);
        return 0;
    }
    return -ENOTTY;
}

const struct file_operations regular_operations = {
    .read = regular_read,
    .write = regular_write,
    .seek = regular_seek,
    .ioctl = regular_ioctl,
    .map = regular_map,
};
