/* System calls: opening, reading and writing. Checks of arguments; the work is in kernel/fs. */
#include "linux/file_calls.h"

#include "linux/memory.h"
#include "linux/vectors.h"

/* ---- open ---- */

#define OPEN_FLAGS                                                                                 \
    (O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND | O_NONBLOCK | O_SYNC |          \
     O_ASYNC | O_DIRECT | O_LARGEFILE | O_DIRECTORY | O_NOFOLLOW | O_NOATIME | O_CLOEXEC |         \
     O_PATH | O_TMPFILE_BIT)

#define PLACE_FLAGS (O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) /* with O_PATH */

int lookup_user(int start, const void *user_name, unsigned flags, struct vfs_path *out)
{
    struct user_name name;
    int error = user_name_get(&name, user_name, flags & LOOKUP_EMPTY);

    if (error != 0)
        return error;
    error = path_lookup(start, name.text, flags, out);
    user_name_done(&name);
    return error;
}

static long open_descriptor(int start, word user_name, unsigned flags, unsigned mode,
                            unsigned resolve)
{
    struct user_name name;
    struct file *file;
    int fd, error = user_name_get(&name, (void *)user_name, false);

    if (error != 0)
        return error;
    error = file_table_reserve(current_thread()->files);
    if (error == 0)
        error = vfs_open(start, name.text, flags | O_LARGEFILE_FORCED,
                         mode & S_PERMISSIONS & ~current_thread()->fs->umask, resolve, &file);
    user_name_done(&name);
    if (error != 0)
        return error;
    fd = file_table_add(current_thread()->files, file, 0, flags & O_CLOEXEC);
    if (fd < 0)
        file_put(file);
    return fd;
}

long sys_openat(word start, word name, word flags, word mode)
{
    return open_descriptor((int)start, name, (unsigned)flags & OPEN_FLAGS, (unsigned)mode, 0);
}

long sys_open(word name, word flags, word mode)
{
    return sys_openat((word)AT_FDCWD, name, flags, mode);
}

long sys_creat(word name, word mode)
{
    return sys_openat((word)AT_FDCWD, name, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

struct open_how_abi {
    uint64_t flags, mode, resolve;
};

#define RESOLVE_NO_XDEV       0x01u
#define RESOLVE_NO_MAGICLINKS 0x02u
#define RESOLVE_NO_SYMLINKS   0x04u
#define RESOLVE_BENEATH       0x08u
#define RESOLVE_IN_ROOT       0x10u
#define RESOLVE_CACHED        0x20u

long sys_openat2(word start, word name, word user_how, word size)
{
    struct open_how_abi how = {0};
    unsigned resolve = 0;

    if (size < sizeof how)
        return -EINVAL;
    if (size > PAGE_SIZE)
        return -E2BIG;
    if (copy_from_user(&how, (void *)user_how, sizeof how) != 0)
        return -EFAULT;
    for (word at = sizeof how; at < size; at++) {
        uint8_t byte;

        if (get_user_u8(&byte, (void *)(user_how + at)) != 0)
            return -EFAULT;
        if (byte != 0)
            return -E2BIG;
    }
    if ((how.flags & ~(uint64_t)OPEN_FLAGS) || (how.resolve & ~0x3full) ||
        (how.mode & ~(uint64_t)S_PERMISSIONS) ||
        (how.mode != 0 && !(how.flags & (O_CREAT | O_TMPFILE_BIT))) ||
        ((how.resolve & RESOLVE_BENEATH) && (how.resolve & RESOLVE_IN_ROOT)))
        return -EINVAL;
    /* What open() leaves out silently is an error here. */
    if (((how.flags & O_PATH) && (how.flags & ~(uint64_t)PLACE_FLAGS)) ||
        ((how.flags & O_TMPFILE_BIT) && (how.flags & O_CREAT)))
        return -EINVAL;
    resolve |= (how.resolve & RESOLVE_NO_XDEV) ? LOOKUP_NO_MOUNTS : 0;
    resolve |= (how.resolve & RESOLVE_NO_MAGICLINKS) ? LOOKUP_NO_MAGIC : 0;
    resolve |= (how.resolve & RESOLVE_NO_SYMLINKS) ? LOOKUP_NO_LINKS : 0;
    resolve |= (how.resolve & RESOLVE_BENEATH) ? LOOKUP_BENEATH : 0;
    resolve |= (how.resolve & RESOLVE_IN_ROOT) ? LOOKUP_IN_ROOT : 0;
    return open_descriptor((int)start, name, (unsigned)how.flags, (unsigned)how.mode, resolve);
}

long sys_close(word fd)
{
    struct file_table *table = current_thread()->files;
    struct file *file = file_table_take(table, (int)fd);
    long result = 0;

    if (file == NULL)
        return -EBADF;
    file_locks_descriptor_closed(file, table);
    if (unlikely(file->operations->flush != NULL))
        result = file->operations->flush(file);
    file_put(file);
    return result;
}

#define CLOSE_RANGE_UNSHARE 2u
#define CLOSE_RANGE_CLOEXEC 4u

long sys_close_range(word first, word last, word flags)
{
    struct thread *thread = current_thread();
    unsigned from = (unsigned)first, to = (unsigned)last;

    if ((flags & ~(word)(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC)) || from > to)
        return -EINVAL;
    if (flags & CLOSE_RANGE_UNSHARE) {
        struct file_table *old = thread->files, *own = file_table_clone(old);

        if (own == NULL)
            return -ENOMEM;
        thread->files = own;
        file_table_put(old);
    }
    if (from > INT32_MAX)
        return 0;
    for (int fd = file_table_next(thread->files, (int)from); fd >= 0 && (unsigned)fd <= to;
         fd = file_table_next(thread->files, fd + 1)) {
        if (flags & CLOSE_RANGE_CLOEXEC)
            file_table_flag(thread->files, fd, 1);
        else
            sys_close((word)fd);
    }
    return 0;
}

/* ---- read and write ---- */

static long do_read(struct file *file, struct transfer *to, uint64_t *position)
{
    if (unlikely(!file_readable(file)))
        return -EBADF;
    if (unlikely(file->operations->read == NULL))
        return -EINVAL;
    return file->operations->read(file, to, position);
}

static long do_write(struct file *file, struct transfer *from, uint64_t *position)
{
    if (unlikely(!file_writable(file)))
        return -EBADF;
    if (unlikely(file->operations->write == NULL))
        return -EINVAL;
    return file_written(file->operations->write(file, from, position));
}

static long transfer_at_position(word fd, struct transfer *transfer, bool write)
{
    struct file *file = descriptor_file(fd);
    uint64_t *position;
    long result;

    if (unlikely(file == NULL))
        return -EBADF;
    position = file_position_lock(file);
    result = write ? do_write(file, transfer, position) : do_read(file, transfer, position);
    file_position_unlock(file);
    file_put(file);
    return result;
}

static long transfer_at(word fd, struct transfer *transfer, int64_t at, bool write)
{
    struct file *file;
    uint64_t position = (uint64_t)at;
    long result;

    if (at < 0)
        return -EINVAL;
    file = descriptor_file(fd);
    if (file == NULL)
        return -EBADF;
    if (file->operations->seek == NULL)
        result = -ESPIPE;
    else
        result = write ? do_write(file, transfer, &position) : do_read(file, transfer, &position);
    file_put(file);
    return result;
}

/* Moves bytes at the file's own position, or at *at. */
static long transfer_file(word fd, struct transfer *transfer, const int64_t *at, bool write)
{
    return at != NULL ? transfer_at(fd, transfer, *at, write)
                      : transfer_at_position(fd, transfer, write);
}

/* A buffer that is not even in the user half is refused before anything is moved, but what is wrong
 * with the descriptor is told first. */
static long refuse_buffer(word fd, const int64_t *at, bool write)
{
    struct file *file;
    long error = -EFAULT;

    if (at != NULL && *at < 0)
        return -EINVAL;
    file = descriptor_file(fd);
    if (file == NULL)
        return -EBADF;
    if (at != NULL && file->operations->seek == NULL)
        error = -ESPIPE;
    else if (write ? !file_writable(file) : !file_readable(file))
        error = -EBADF;
    else if (write ? file->operations->write == NULL : file->operations->read == NULL)
        error = -EINVAL;
    file_put(file);
    return error;
}

static inline long buffer_call(word fd, word buffer, word count, const int64_t *at, bool write)
{
    struct transfer transfer;

    if (unlikely(!user_range_ok((void *)buffer, count)))
        return refuse_buffer(fd, at, write);
    transfer = transfer_user((void *)buffer, count > RW_LIMIT ? RW_LIMIT : count);
    return transfer_file(fd, &transfer, at, write);
}

long sys_read(word fd, word buffer, word count)
{
    return buffer_call(fd, buffer, count, NULL, false);
}

long sys_write(word fd, word buffer, word count)
{
    return buffer_call(fd, buffer, count, NULL, true);
}

long pread_call(word fd, word buffer, word count, int64_t at)
{
    return buffer_call(fd, buffer, count, &at, false);
}

long pwrite_call(word fd, word buffer, word count, int64_t at)
{
    return buffer_call(fd, buffer, count, &at, true);
}

/* ---- vectors ---- */

long vector_call(word fd, word list, word count, const int64_t *at, bool write)
{
    struct file *file = descriptor_file(fd);
    struct vectors v;
    long result;

    if (file == NULL)
        return -EBADF; /* before anything is said about the list */
    result = vectors_get(&v, list, count);
    if (result == 0) {
        result = transfer_file(fd, &v.transfer, at, write);
        vectors_done(&v);
    }
    file_put(file);
    return result;
}

long sys_readv(word fd, word vectors, word count)
{
    return vector_call(fd, vectors, count, NULL, false);
}

long sys_writev(word fd, word vectors, word count)
{
    return vector_call(fd, vectors, count, NULL, true);
}

/* A position in two words; on x86-64 all of it is in `low`. */
static int64_t position_of(word low, word high)
{
    const unsigned half = 4 * sizeof(word); /* shifting by a word's bits at once is undefined */

    return (int64_t)((uint64_t)high << half << half | low);
}

long sys_preadv(word fd, word vectors, word count, word low, word high)
{
    int64_t at = position_of(low, high);

    return vector_call(fd, vectors, count, &at, false);
}

long sys_pwritev(word fd, word vectors, word count, word low, word high)
{
    int64_t at = position_of(low, high);

    return vector_call(fd, vectors, count, &at, true);
}

#define RWF_KNOWN (RWF_HIPRI | RWF_DSYNC | RWF_SYNC | RWF_NOWAIT | RWF_APPEND)

long sys_preadv2(word fd, word vectors, word count, word low, word high, word flags)
{
    if (flags & ~(word)(RWF_KNOWN & ~RWF_APPEND))
        return -EOPNOTSUPP;
    return position_of(low, high) == -1 ? sys_readv(fd, vectors, count)
                                        : sys_preadv(fd, vectors, count, low, high);
}

/* Writes behind the end whatever the position says: an append that leaves the file's flags alone.
 */
static long append_vectors(word fd, word vectors, word count)
{
    struct file *file = descriptor_file(fd);
    struct file view;
    struct vectors v;
    uint64_t position = 0;
    long result;

    if (file == NULL)
        return -EBADF;
    result = vectors_get(&v, vectors, count);
    if (result == 0) {
        view = *file;
        view.flags |= O_APPEND;
        result = file->operations->seek != NULL ? do_write(&view, &v.transfer, &position)
                                                : do_write(file, &v.transfer, NULL);
        vectors_done(&v);
    }
    file_put(file);
    return result;
}

long sys_pwritev2(word fd, word vectors, word count, word low, word high, word flags)
{
    if (flags & ~(word)RWF_KNOWN)
        return -EOPNOTSUPP;
    if (flags & RWF_APPEND)
        return append_vectors(fd, vectors, count);
    return position_of(low, high) == -1 ? sys_writev(fd, vectors, count)
                                        : sys_pwritev(fd, vectors, count, low, high);
}

int64_t seek_call(word fd, int64_t offset, word whence)
{
    struct file *file = descriptor_file(fd);
    int64_t result;

    if (file == NULL)
        return -EBADF;
    if (whence > SEEK_HOLE) {
        result = -EINVAL;
    } else if (file->operations->seek == NULL) {
        result = -ESPIPE;
    } else {
        file_position_lock(file);
        result = file->operations->seek(file, offset, (int)whence);
        file_position_unlock(file);
    }
    file_put(file);
    return result;
}

long sys_memfd_create(word user_name, word flags)
{
    char name[8 + 250] = "/memfd:";
    struct file *file;
    long length;
    word known = MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_HUGETLB, size_code = 0;
    int fd, error;

    flags = (uint32_t)flags;
    if (flags & MFD_HUGETLB) {
        size_code = flags >> MFD_HUGE_SHIFT & MFD_HUGE_MASK;
        known |= (word)MFD_HUGE_MASK << MFD_HUGE_SHIFT;
    }
    if (flags & ~known)
        return -EINVAL;
    length = strncpy_from_user(name + 7, (void *)user_name, 250);
    if (length < 0)
        return -EFAULT;
    if (length == 250)
        return -EINVAL;
    if (size_code != 0 && size_code != HUGE_PAGE_SHIFT)
        return -ENODEV;
    error = tmpfs_file_create(name, 0, &file);
    if (error != 0)
        return error;
    file->inode->huge_pool = (flags & MFD_HUGETLB) != 0;
    file->inode->seals = (flags & MFD_ALLOW_SEALING) ? 0 : F_SEAL_SEAL;
    fd = file_table_add(current_thread()->files, file, 0, flags & MFD_CLOEXEC);
    if (fd < 0)
        file_put(file);
    return fd;
}
