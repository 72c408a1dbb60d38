/* The content of regular files on 9P servers. */
#include "fs/9p/inode.h"

#include "core/memory.h"
#include "core/string.h"

/* ---- pages ---- */

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

static enum quire_status fill(struct quire_object *object, uint64_t index,
                              struct quire_frame *const *frames, unsigned n)
{
    struct vfs_inode *inode = object->owner;
    struct ninep_inode *node = ninep_of(inode);
    size_t done = 0;
    uint32_t fid;

    if (ninep_io_fid(node, false, &fid) != 0 ||
        ninep_read(node->session, fid, index << PAGE_SHIFT, frames, n, &done) != 0)
        return QUIRE_IO_ERROR;
    clear_rest(frames, n, done);
    return QUIRE_OK;
}

const struct quire_pager ninep_pager = {.fill = fill, .release = inode_object_released};

/* ---- open files ---- */

static long file_read_9p(struct file *file, struct transfer *to, uint64_t *position)
{
    return regular_operations.read(file, to, position);
}

static long file_write_9p(struct file *file, struct transfer *from, uint64_t *position)
{
    (void)file, (void)from, (void)position;
    return -EROFS;
}

static int64_t file_seek(struct file *file, int64_t offset, int whence)
{
    return regular_operations.seek(file, offset, whence);
}

static int file_ioctl(struct file *file, unsigned command, unsigned long argument, long *result)
{
    return regular_operations.ioctl(file, command, argument, result);
}

static int file_map(struct file *file, bool shared, struct quire_object **out_object)
{
    return regular_operations.map(file, shared, out_object);
}

static void file_release(struct file *file)
{
    struct ninep_inode *node = ninep_of(file->inode);

    quire_spin_lock(&node->session->inode_lock);
    node->opens--;
    quire_spin_unlock(&node->session->inode_lock);
    ninep_worker_wake();
}

static const struct file_operations ninep_file_operations = {
    .read = file_read_9p,
    .write = file_write_9p,
    .seek = file_seek,
    .ioctl = file_ioctl,
    .map = file_map,
    .release = file_release,
};

static int regular_open(struct vfs_inode *inode, struct file *file)
{
    struct ninep_inode *node = ninep_of(inode);
    unsigned access = file->flags & O_ACCMODE;
    uint32_t fid;
    int error = ninep_refresh(inode);

    if (error == 0 && access != O_RDONLY)
        error = ninep_io_fid(node, true, &fid);
    if (error == 0 && access != O_WRONLY)
        error = ninep_io_fid(node, false, &fid);
    if (error != 0)
        return error;
    quire_spin_lock(&node->session->inode_lock);
    node->opens++;
    quire_spin_unlock(&node->session->inode_lock);
    ninep_keep(node);
    file->operations = &ninep_file_operations;
    return 0;
}

const struct vfs_inode_operations ninep_regular_operations = {
    .open = regular_open,
    .update = ninep_refresh,
    .measure = ninep_measure,
    .release = ninep_inode_release,
};
