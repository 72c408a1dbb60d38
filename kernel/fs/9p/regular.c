/*
 * Open regular files on 9P servers. Content is regular.c's business, which works on the object's
 * pages; here stands what a file that is kept elsewhere needs beside that: host's changes are
 * looked at when it is opened, and errors of write-back are told.
 */
#include "fs/9p/inode.h"

#include "core/memory.h"
#include "core/string.h"
#include "proc/process.h"

/* What a descriptor has been told of failed writes: kept where others have a pointer. */
static uint32_t *seen_failures(struct file *file)
{
    return (uint32_t *)&file->data;
}

static long file_read_9p(struct file *file, struct transfer *to, uint64_t *position)
{
    return regular_operations.read(file, to, position);
}

static void note_dirty(struct ninep_inode *node)
{
    quire_spin_lock(&node->lock);
    ninep_set_dirty_locked(node);
    node->touched = true;
    quire_spin_unlock(&node->lock);
}

/* While writes fail: an error, unless they work again. */
static int retry_failed(struct ninep_inode *node)
{
    int failure;

    if (__atomic_load_n(&node->failure, __ATOMIC_RELAXED) == 0)
        return 0;
    if (ninep_write_back(node) == 0)
        return 0;
    quire_spin_lock(&node->lock);
    failure = node->failure;
    quire_spin_unlock(&node->lock);
    return failure == -ENOSPC || failure == -EDQUOT ? failure : -EIO;
}

static long after_write(struct file *file, long written)
{
    int error = 0;

    if (file->flags & O_DSYNC)
        error = file->operations->sync(file, (file->flags & O_SYNC) != O_SYNC);
    return error != 0 ? error : written;
}

static long file_write_9p(struct file *file, struct transfer *from, uint64_t *position)
{
    struct vfs_inode *inode = file->inode;
    struct ninep_inode *node = ninep_of(inode);
    long result = retry_failed(node);

    if (result != 0)
        return result;
    note_dirty(node); /* before: from now on the server's size is not the truth */
    result = regular_operations.write(file, from, position);
    note_dirty(node);
    return result > 0 ? after_write(file, result) : result;
}

static int64_t file_seek(struct file *file, int64_t offset, int whence)
{
    return regular_operations.seek(file, offset, whence);
}

static int file_ioctl(struct file *file, unsigned command, unsigned long argument, long *result)
{
    return regular_operations.ioctl(file, command, argument, result);
}

/* A shared mapping of a writable descriptor may write at any time, until it goes. */
static int file_map(struct file *file, bool shared, struct quire_object **out_object)
{
    struct ninep_inode *node = ninep_of(file->inode);

    if (shared && (file->flags & O_ACCMODE) == O_RDWR) {
        quire_spin_lock(&node->lock);
        ninep_set_dirty_locked(node);
        quire_spin_unlock(&node->lock);
    }
    return regular_operations.map(file, shared, out_object);
}

static int file_sync(struct file *file, bool data_only)
{
    struct ninep_inode *node = ninep_of(file->inode);
    uint32_t fid = __atomic_load_n(&node->write_fid, __ATOMIC_ACQUIRE);
    int error = ninep_write_back(node), told = ninep_write_error(node, seen_failures(file));

    if (told != 0)
        return told;
    if (error != 0)
        return error;
    if (fid == NINEP_NO_FID && ninep_io_fid(node, false, &fid) != 0)
        return 0;
    return ninep_fsync(node->session, fid, data_only);
}

static int file_flush(struct file *file)
{
    return ninep_write_error(ninep_of(file->inode), seen_failures(file));
}

static void count_open(struct ninep_inode *node, int by)
{
    quire_spin_lock(&node->session->inode_lock);
    node->opens += (uint32_t)by;
    quire_spin_unlock(&node->session->inode_lock);
}

static void file_release(struct file *file)
{
    struct ninep_inode *node = ninep_of(file->inode);

    count_open(node, -1);
    if (ninep_is_hasty(node))
        ninep_worker_wake();
}

static const struct file_operations ninep_file_operations = {
    .read = file_read_9p,
    .write = file_write_9p,
    .seek = file_seek,
    .ioctl = file_ioctl,
    .map = file_map,
    .sync = file_sync,
    .flush = file_flush,
    .release = file_release,
};

static int regular_open(struct vfs_inode *inode, struct file *file)
{
    struct ninep_inode *node = ninep_of(inode);
    unsigned access = file->flags & O_ACCMODE;
    uint32_t fid;
    int error;

    count_open(node, 1); /* before: the worker closes what nobody has open */
    ninep_keep(node);
    error = __atomic_exchange_n(&node->fresh, false, __ATOMIC_RELAXED) ? 0 : ninep_refresh(inode);
    if (error == 0 && access != O_RDONLY)
        error = ninep_io_fid(node, true, &fid);
    /* Who writes parts of pages reads them; if that cannot be, it is told then. */
    if (error == 0 && access != O_WRONLY)
        error = ninep_io_fid(node, false, &fid);
    if (error != 0) {
        count_open(node, -1);
        ninep_worker_wake();
        return error;
    }
    quire_spin_lock(&node->lock);
    *seen_failures(file) = node->failures;
    quire_spin_unlock(&node->lock);
    file->operations = &ninep_file_operations;
    return 0;
}

const struct vfs_inode_operations ninep_regular_operations = {
    .open = regular_open,
    .update = ninep_refresh,
    .measure = ninep_measure,
    .change = ninep_change,
    .resize = ninep_resize,
    .release = ninep_inode_release,
};
