/* System calls: opening, reading and writing, copying between files, sizes. Checks of arguments;
 * the work is in kernel/fs. */
#include "linux/file_calls.h"

#include "core/memory.h"
#include "core/string.h"
#include "linux/memory.h"
#include "linux/resource.h"
#include "linux/signal.h"
#include "linux/vectors.h"

/* ---- open ---- */

#define OPEN_FLAGS                                                                                 \
    (O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND | O_NONBLOCK | O_SYNC |          \
     O_ASYNC | O_DIRECT | O_LARGEFILE | O_DIRECTORY | O_NOFOLLOW | O_NOATIME | O_CLOEXEC |         \
     O_PATH | O_TMPFILE_BIT)

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

/* SIGPIPE goes with -EPIPE, for every way of writing. */
static long written(long result)
{
    if (unlikely(result == -EPIPE))
        signal_send_self(SIGPIPE);
    return result;
}

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
    return written(file->operations->write(file, from, position));
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

static long vector_call(word fd, word list, word count, const int64_t *at, bool write)
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

/* ---- file to file ---- */

#define COPY_CHUNK (16 * PAGE_SIZE)

/*
 * Bytes from one file to another through a kernel buffer. Positions NULL: the files' own. What a
 * short write left over is not read: the reader's position goes back by it (streams that cannot go
 * back are asked for no more than fits a page at a time, and a write that follows a successful read
 * of a stream is repeated until it is whole or fails).
 */
static long copy_between(struct file *in, uint64_t *in_at, struct file *out, uint64_t *out_at,
                         size_t count)
{
    size_t done = 0, size = count < COPY_CHUNK ? quire_page_up(count) : COPY_CHUNK;
    char *buffer;
    long result = 0;

    if (!file_readable(in) || !file_writable(out))
        return -EBADF;
    if (in->operations->read == NULL || out->operations->write == NULL)
        return -EINVAL;
    if (count == 0)
        return 0;
    buffer = kernel_alloc(size);
    if (buffer == NULL)
        return -ENOMEM;
    while (done < count && result == 0) {
        size_t want = count - done < size ? count - done : size, sent = 0;
        long got = file_read(in, buffer, want, in_at);

        if (got <= 0) {
            result = got;
            break;
        }
        while (sent < (size_t)got) {
            long moved = file_write(out, buffer + sent, (size_t)got - sent, out_at);

            if (moved <= 0) {
                result = moved < 0 ? moved : -EIO;
                break;
            }
            sent += (size_t)moved;
            if (in->operations->seek == NULL)
                continue;
            if (sent < (size_t)got && (out->flags & O_NONBLOCK))
                break;
        }
        if (sent < (size_t)got && in->operations->seek != NULL) {
            if (in_at != NULL)
                *in_at -= (size_t)got - sent;
            else
                in->position -= (size_t)got - sent;
        }
        done += sent;
        give_way();
        if (sent < (size_t)got || signal_pending())
            break;
        if (got < (long)want && in->operations->seek == NULL)
            break; /* a stream gave what it had */
    }
    kernel_free(buffer);
    return done > 0 ? (long)done : written(result);
}

static int check_copy_range(struct file *in, struct file *out);

/*
 * What copy_file_range may copy: up to the source's end as it is now, or a file copied to its own
 * end would never be done. -EINVAL: a range of a file onto one that it overlaps.
 */
static int limit_copy_range(struct file *in, uint64_t in_at, struct file *out, uint64_t out_at,
                            word *count)
{
    uint64_t size = __atomic_load_n(&in->inode->object->size, __ATOMIC_ACQUIRE);
    uint64_t left = in_at < size ? size - in_at : 0;

    if (*count > left)
        *count = left;
    return *count > 0 && in->inode == out->inode && out_at < in_at + *count &&
                   in_at < out_at + *count
               ? -EINVAL
               : 0;
}

/* A position in user memory, of 8 bytes or a word. */
static int get_position(struct file *file, word user, size_t width, uint64_t *out)
{
    uint64_t at = 0;

    if (file->operations->seek == NULL)
        return -ESPIPE;
    if (copy_from_user(&at, (void *)user, width) != 0)
        return -EFAULT;
    if (width < sizeof at)
        at = (uint64_t)(int64_t)(int32_t)at;
    *out = at;
    return (int64_t)at < 0 ? -EINVAL : 0;
}

/* Runs copy_between with positions in user memory (0: the files' own). */
static long copy_call(word in_fd, word in_user, word out_fd, word out_user, word count,
                      size_t width, int (*check)(struct file *in, struct file *out))
{
    struct file *in = descriptor_file(in_fd), *out = descriptor_file(out_fd);
    uint64_t in_at = 0, out_at = 0;
    long result = in == NULL || out == NULL ? -EBADF : check != NULL ? check(in, out) : 0;

    if (result == 0 && in_user != 0)
        result = get_position(in, in_user, width, &in_at);
    if (result == 0 && out_user != 0)
        result = get_position(out, out_user, width, &out_at);
    if (result == 0 && check == check_copy_range)
        result = limit_copy_range(in, in_user != 0 ? in_at : in->position, out,
                                  out_user != 0 ? out_at : out->position, &count);
    if (result == 0 && width < sizeof in_at) {
        if (in_at >= SMALL_FILE_MAX)
            result = -EOVERFLOW;
        else if (count > SMALL_FILE_MAX - in_at)
            count = (word)(SMALL_FILE_MAX - in_at);
    }
    if (result == 0)
        result = copy_between(in, in_user != 0 ? &in_at : NULL, out, out_user != 0 ? &out_at : NULL,
                              count < RW_LIMIT ? count : RW_LIMIT);
    if (result > 0 && in_user != 0 && copy_to_user((void *)in_user, &in_at, width) != 0)
        result = -EFAULT;
    if (result > 0 && out_user != 0 && copy_to_user((void *)out_user, &out_at, width) != 0)
        result = -EFAULT;
    if (in != NULL)
        file_put(in);
    if (out != NULL)
        file_put(out);
    return result;
}

static int check_sendfile(struct file *in, struct file *out)
{
    if (out->flags & O_APPEND)
        return -EINVAL;
    /* As on Linux, from what has pages; programs fall back to read and write. */
    return in->inode != NULL && inode_is(in->inode, S_IFREG) ? 0 : -EINVAL;
}

long sendfile_call(word out, word in, word position, word count, size_t width)
{
    return copy_call(in, position, out, 0, count, width, check_sendfile);
}

long sys_sendfile(word out, word in, word position, word count)
{
    return sendfile_call(out, in, position, count, sizeof(word));
}

static int check_copy_range(struct file *in, struct file *out)
{
    if (in->inode == NULL || out->inode == NULL)
        return -EINVAL;
    if (inode_is(in->inode, S_IFDIR) || inode_is(out->inode, S_IFDIR))
        return -EISDIR;
    if (!inode_is(in->inode, S_IFREG) || !inode_is(out->inode, S_IFREG))
        return -EINVAL;
    if (in->inode->filesystem != out->inode->filesystem)
        return -EXDEV;
    return (out->flags & O_APPEND) ? -EBADF : 0;
}

long sys_copy_file_range(word in, word in_position, word out, word out_position, word length,
                         word flags)
{
    if (flags != 0)
        return -EINVAL;
    return copy_call(in, in_position, out, out_position, length, sizeof(uint64_t),
                     check_copy_range);
}

static bool is_pipe(const struct file *file)
{
    return file->inode != NULL && inode_is(file->inode, S_IFIFO);
}

static int check_splice(struct file *in, struct file *out)
{
    return is_pipe(in) || is_pipe(out) ? 0 : -EINVAL;
}

long sys_splice(word in, word in_position, word out, word out_position, word length, word flags)
{
    if (flags & ~0xful)
        return -EINVAL;
    return copy_call(in, in_position, out, out_position, length, sizeof(uint64_t), check_splice);
}

long sys_tee(word in, word out, word length, word flags)
{
    struct file *from = descriptor_file(in), *to = descriptor_file(out);
    long result = from == NULL || to == NULL ? -EBADF : 0;

    if (result == 0 && ((flags & ~0xful) || !is_pipe(from) || !is_pipe(to)))
        result = -EINVAL;
    if (result == 0)
        result = pipe_tee(from, to, length, (flags & 2) != 0); /* SPLICE_F_NONBLOCK */
    if (from != NULL)
        file_put(from);
    if (to != NULL)
        file_put(to);
    return result;
}

long sys_vmsplice(word fd, word vectors, word count, word flags)
{
    struct file *file = descriptor_file(fd);
    bool write;

    if (file == NULL)
        return -EBADF;
    write = file_writable(file);
    if (!is_pipe(file) || (flags & ~0xful)) {
        file_put(file);
        return file->inode == NULL ? -EBADF : -EINVAL;
    }
    file_put(file);
    return vector_call(fd, vectors, count, NULL, write);
}

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
        int error = regular_page(inode, index, false, &frame);

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
        quire_object_punch(object, start, end);
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
    if (flags != 0 && file->operations->sync != NULL)
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
    if (is_pipe(file))
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
