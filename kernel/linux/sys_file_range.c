/* System calls about a file's size and about ranges of it: truncation, allocation, writing back,
 * advice. */
#include "linux/file_calls.h"

#include "linux/memory.h"
#include "linux/resource.h"

/* ---- sizes ---- */

long truncate_call(word name, int64_t length)
{
    struct vfs_path path;
    struct vfs_inode *inode;
    int error;

    if (length < 0)
        return -EINVAL;
    error = lookup_user(AT_FDCWD, (void *)name, LOOKUP_FOLLOW, &path);
    if (error != 0)
        return error;
    inode = path.entry->inode;
    if (inode_is(inode, S_IFDIR))
        error = -EISDIR;
    if (error == 0)
        error = inode_permission(inode, MAY_WRITE, false);
    if (error == 0)
        error = mount_writable(path.mount);
    if (error == 0 && inode->deny_write > 0)
        error = -ETXTBSY;
    if (error == 0)
        error = vfs_truncate(inode, (uint64_t)length);
    path_put(&path);
    return error;
}

long ftruncate_call(word fd, int64_t length)
{
    struct file *file;
    long result = -EINVAL;

    if (length < 0)
        return -EINVAL;
    file = descriptor_file(fd);
    if (file == NULL)
        return -EBADF;
    if (file_writable(file) && file->inode != NULL && inode_is(file->inode, S_IFREG))
        result = vfs_truncate(file->inode, (uint64_t)length);
    file_put(file);
    return result;
}

/* Makes the pages of a range that are missing, so that writing there later cannot fail. The inode's
 * mutex is held. */
static int allocate_range(struct vfs_inode *inode, uint64_t start, uint64_t end)
{
    for (uint64_t index = start >> PAGE_SHIFT; index <= (end - 1) >> PAGE_SHIFT; index++) {
        struct quire_frame *frame;
        int error = regular_page(inode, index, QUIRE_OBJECT_AHEAD, &frame);

        if (error != 0)
            return error;
        quire_frame_put(inode->object->q, frame);
        give_way();
        if (signal_pending())
            return -EINTR;
    }
    return 0;
}

static int fallocate_locked(struct vfs_inode *inode, unsigned mode, uint64_t start, uint64_t end)
{
    struct quire_object *object = inode->object;
    uint64_t size = object->size;
    int error = 0;

    if (mode & FALLOC_FL_PUNCH_HOLE) {
        if (inode->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE))
            return -EPERM;
        error = status_errno(quire_object_punch(object, start, end));
    } else {
        /* The limits count for KEEP_SIZE, too. */
        if (end > size && end > current_process()->limits[RLIMIT_FSIZE].soft) {
            signal_send_self(SIGXFSZ);
            return -EFBIG;
        }
        if (end > size && (inode->seals & F_SEAL_GROW))
            return -EPERM;
        error = allocate_range(inode, start, end);
        if (error == 0 && !(mode & FALLOC_FL_KEEP_SIZE) && end > size)
            error = regular_resize_locked(inode, end);
    }
    regular_count(inode, quire_object_pages_held(object));
    if (error == 0)
        inode_touch(inode, true, true);
    return error;
}

/* Modes that contradict themselves; all but two of the others a file in memory does not have. */
static int check_mode(word mode)
{
    const word known = FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE | FALLOC_FL_COLLAPSE_RANGE |
                       FALLOC_FL_ZERO_RANGE | FALLOC_FL_INSERT_RANGE | FALLOC_FL_UNSHARE_RANGE;
    const word punch_and_zero = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE;

    if ((mode & ~known) || (mode & punch_and_zero) == punch_and_zero ||
        ((mode & FALLOC_FL_PUNCH_HOLE) && !(mode & FALLOC_FL_KEEP_SIZE)))
        return -EOPNOTSUPP;
    if (((mode & FALLOC_FL_COLLAPSE_RANGE) && mode != FALLOC_FL_COLLAPSE_RANGE) ||
        ((mode & FALLOC_FL_INSERT_RANGE) && mode != FALLOC_FL_INSERT_RANGE) ||
        ((mode & FALLOC_FL_UNSHARE_RANGE) &&
         (mode & ~(word)(FALLOC_FL_UNSHARE_RANGE | FALLOC_FL_KEEP_SIZE))))
        return -EINVAL;
    return 0;
}

static long check_fallocate(const struct file *file, word mode, int64_t offset, int64_t length)
{
    int error;
    int64_t end;

    if (offset < 0 || length <= 0)
        return -EINVAL;
    error = check_mode(mode);
    if (error)
        return error;
    if (!file_writable(file))
        return -EBADF;
    if (file->inode == NULL || inode_is(file->inode, S_IFIFO))
        return -ESPIPE;
    if (inode_is(file->inode, S_IFDIR))
        return -EISDIR;
    if (!inode_is(file->inode, S_IFREG) || file->inode->object == NULL)
        return -ENODEV;
    if (__builtin_add_overflow(offset, length, &end) || end > FILE_SIZE_MAX)
        return -EFBIG;
    if (file->inode->object->kind != QUIRE_OBJECT_MEMORY)
        return -EOPNOTSUPP; /* whose files are elsewhere */
    return mode & ~(word)(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE) ? -EOPNOTSUPP : 0;
}

long fallocate_call(word fd, word mode, int64_t offset, int64_t length)
{
    struct file *file = descriptor_file(fd);
    long result;

    if (file == NULL)
        return -EBADF;
    result = check_fallocate(file, (uint32_t)mode, offset, length);
    if (result == 0) {
        mutex_lock(&file->inode->mutex);
        result = fallocate_locked(file->inode, (unsigned)mode, offset, offset + length);
        mutex_unlock(&file->inode->mutex);
    }
    file_put(file);
    return result;
}

/* ---- to the disk: files of memory are there already ---- */

static long sync_file(word fd, bool data_only)
{
    struct file *file = descriptor_file(fd);
    long result = 0;

    if (file == NULL)
        return -EBADF;
    if (file->operations->sync != NULL)
        result = file->operations->sync(file, data_only);
    else if (file->inode == NULL ||
             !(inode_is(file->inode, S_IFREG) || inode_is(file->inode, S_IFDIR)))
        result = -EINVAL;
    file_put(file);
    return result;
}

long sys_fsync(word fd)
{
    return sync_file(fd, false);
}

long sys_fdatasync(word fd)
{
    return sync_file(fd, true);
}

/* Says nothing about what failed: that is told to who syncs or closes the file. */
long sys_sync(void)
{
    (void)vfs_sync_all(true);
    return 0;
}

long sys_syncfs(word fd)
{
    struct file *file = descriptor_file(fd);
    struct vfs_filesystem *filesystem;
    long result = 0;

    if (file == NULL)
        return -EBADF;
    filesystem = file->path.mount != NULL ? file->path.mount->filesystem : NULL;
    if (filesystem != NULL && filesystem->type->sync != NULL)
        result = filesystem->type->sync(filesystem, true);
    file_put(file);
    return result;
}

/* Writes all of the file, which is more than was asked for. */
long sync_file_range_call(word fd, int64_t offset, int64_t length, word flags)
{
    struct file *file;
    long result = 0;

    if (offset < 0 || length < 0 || (flags & ~7ul))
        return -EINVAL;
    file = descriptor_file(fd);
    if (file == NULL)
        return -EBADF;
    if (file->inode == NULL || !(inode_is(file->inode, S_IFREG) || inode_is(file->inode, S_IFDIR) ||
                                 inode_is(file->inode, S_IFLNK) || inode_is(file->inode, S_IFBLK)))
        result = -ESPIPE;
    else if (flags != 0 && file->operations->sync != NULL)
        result = file->operations->sync(file, true);
    file_put(file);
    return result;
}

enum { FADVISE_NORMAL, FADVISE_RANDOM, FADVISE_SEQUENTIAL, FADVISE_WILL_NEED, FADVISE_DONT_NEED };

/* Pages that hold bytes of [offset, last]; of what is not needed, whole pages. */
static void advise_file(struct file *file, uint64_t offset, uint64_t last, word advice)
{
    struct quire_object *object = file->inode != NULL ? file->inode->object : NULL;

    if (object == NULL || !inode_is(file->inode, S_IFREG))
        return;
    switch (advice) {
    case FADVISE_NORMAL:
        file->read_flags = 0;
        break;
    case FADVISE_RANDOM:
        file->read_flags = QUIRE_OBJECT_RANDOM;
        break;
    case FADVISE_SEQUENTIAL:
        file->read_flags = QUIRE_OBJECT_SEQUENTIAL;
        break;
    case FADVISE_WILL_NEED:
        (void)quire_object_fetch_ahead(object, offset >> PAGE_SHIFT, last >> PAGE_SHIFT);
        break;
    case FADVISE_DONT_NEED: {
        uint64_t first = (offset + PAGE_SIZE - 1) >> PAGE_SHIFT, end = (last + 1) >> PAGE_SHIFT;

        /* The last page of the file, which has less content, is a whole one. */
        if (last + 1 >= __atomic_load_n(&object->size, __ATOMIC_RELAXED))
            end = (last >> PAGE_SHIFT) + 1;
        if (first >= end)
            break;
        /* What could not be written stays. */
        (void)quire_object_clean(object, first, end - 1);
        (void)quire_object_drop(object, first, end - 1, false);
        break;
    }
    default:
        break;
    }
}

long readahead_call(word fd, int64_t offset, word count)
{
    struct file *file = descriptor_file(fd);
    long result = 0;

    if (file == NULL)
        return -EBADF;
    if (!file_readable(file))
        result = -EBADF;
    else if (file->inode == NULL || !inode_is(file->inode, S_IFREG))
        result = -EINVAL;
    else if (count > 0 && offset >= 0 && count <= (uint64_t)(INT64_MAX - offset))
        advise_file(file, (uint64_t)offset, (uint64_t)offset + count - 1, FADVISE_WILL_NEED);
    file_put(file);
    return result;
}

long fadvise_call(word fd, int64_t offset, int64_t length, word advice)
{
    struct file *file = descriptor_file(fd);
    long result = 0;

    if (file == NULL)
        return -EBADF;
    if (file_is_pipe(file))
        result = -ESPIPE;
    else if (advice > 5 || length < 0)
        result = -EINVAL;
    else if (offset >= 0)
        advise_file(file, (uint64_t)offset,
                    length == 0 || length > INT64_MAX - offset ? INT64_MAX
                                                               : (uint64_t)(offset + length - 1),
                    advice);
    file_put(file);
    return result;
}
