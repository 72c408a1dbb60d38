/* System calls that move bytes from one file to another: sendfile, copy_file_range, splice, tee,
 * vmsplice. */
#include "linux/file_calls.h"

#include "core/memory.h"
#include "linux/vectors.h"

#define COPY_CHUNK (16 * PAGE_SIZE)

/*
 * How much may go now without waiting for a pipe, at most `want`. A pipe is waited for while
 * nothing has gone yet (done 0), unless nonblock: -EAGAIN.
 */
static long copy_step(struct file *in, struct file *out, size_t want, size_t done, bool nonblock)
{
    long result = 0;

    if (file_is_pipe(in))
        result = pipe_wait_data(in, nonblock || done > 0);
    if (result == 0 && file_is_pipe(out))
        result = pipe_wait_room(out, nonblock || done > 0);
    if (result < 0)
        return result;
    return result > 0 && (size_t)result < want ? result : (long)want;
}

/*
 * Bytes from one file to another through a kernel buffer. Positions NULL: the files' own. What a
 * short write left over is not read: the reader's position goes back by it (of streams
 * that cannot go back, a write that follows a successful read is repeated until it is whole or
 * fails). nonblock: pipes are not waited for.
 */
static long copy_between(struct file *in, uint64_t *in_at, struct file *out, uint64_t *out_at,
                         size_t count, bool nonblock)
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
    while (done < count) {
        size_t sent = 0;
        long want = copy_step(in, out, count - done < size ? count - done : size, done, nonblock);
        long got = want <= 0 ? want : file_read(in, buffer, (size_t)want, in_at);

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
        if (got < want && in->operations->seek == NULL)
            break; /* a stream gave what it had */
    }
    kernel_free(buffer);
    return done > 0 ? (long)done : file_written(result);
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

/*
 * What copy_file_range may copy: up to the source's end as it is now, or a file copied to its own
 * end would never be done. -EINVAL: a range of a file onto one that it overlaps.
 */
static int limit_copy_range(struct file *in, uint64_t in_at, struct file *out, uint64_t out_at,
                            word *count)
{
    /* Files of /proc have no pages, and the size 0. */
    struct quire_object *object = in->inode->object;
    uint64_t size = object != NULL ? __atomic_load_n(&object->size, __ATOMIC_ACQUIRE) : 0;
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

/* A pipe's own O_NONBLOCK. */
static bool never_waits(const struct file *in, const struct file *out)
{
    return (file_is_pipe(in) && (in->flags & O_NONBLOCK)) ||
           (file_is_pipe(out) && (out->flags & O_NONBLOCK));
}

/* Runs copy_between with positions in user memory (0: the files' own). */
static long copy_call(word in_fd, word in_user, word out_fd, word out_user, word count,
                      size_t width, bool nonblock, int (*check)(struct file *in, struct file *out))
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
        result =
            copy_between(in, in_user != 0 ? &in_at : NULL, out, out_user != 0 ? &out_at : NULL,
                         count < RW_LIMIT ? count : RW_LIMIT, nonblock || never_waits(in, out));
    if (check == check_copy_range && result == 0) /* alone leaves positions alone then */
        in_user = out_user = 0;
    if (result >= 0 && in_user != 0 && copy_to_user((void *)in_user, &in_at, width) != 0)
        result = -EFAULT;
    if (result >= 0 && out_user != 0 && copy_to_user((void *)out_user, &out_at, width) != 0)
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
    return copy_call(in, position, out, 0, count, width, false, check_sendfile);
}

long sys_sendfile(word out, word in, word position, word count)
{
    return sendfile_call(out, in, position, count, sizeof(word));
}

long sys_copy_file_range(word in, word in_position, word out, word out_position, word length,
                         word flags)
{
    if (flags != 0)
        return -EINVAL;
    return copy_call(in, in_position, out, out_position, length, sizeof(uint64_t), false,
                     check_copy_range);
}

static int check_splice(struct file *in, struct file *out)
{
    if (!file_is_pipe(in) && !file_is_pipe(out))
        return -EINVAL;
    if (file_is_pipe(in) && file_is_pipe(out) && in->data == out->data)
        return -EINVAL;
    return (out->flags & O_APPEND) && !file_is_pipe(out) ? -EINVAL : 0;
}

#define SPLICE_NONBLOCK 2u
#define SPLICE_ALL      15u

long sys_splice(word in, word in_position, word out, word out_position, word length, word flags)
{
    if (flags & ~(word)SPLICE_ALL)
        return -EINVAL;
    return copy_call(in, in_position, out, out_position, length, sizeof(uint64_t),
                     (flags & SPLICE_NONBLOCK) != 0, check_splice);
}

long sys_tee(word in, word out, word length, word flags)
{
    struct file *from = descriptor_file(in), *to = descriptor_file(out);
    long result = from == NULL || to == NULL ? -EBADF : 0;

    if (result == 0 && (!file_readable(from) || !file_writable(to)))
        result = -EBADF;
    if (result == 0 && ((flags & ~(word)SPLICE_ALL) || !file_is_pipe(from) || !file_is_pipe(to)))
        result = -EINVAL;
    if (result == 0)
        result = file_written(
            pipe_tee(from, to, length, (flags & SPLICE_NONBLOCK) != 0 || never_waits(from, to)));
    if (from != NULL)
        file_put(from);
    if (to != NULL)
        file_put(to);
    return result;
}

long sys_vmsplice(word fd, word vectors, word count, word flags)
{
    bool nonblock = (flags & SPLICE_NONBLOCK) != 0;
    struct file *file;
    struct vectors v;
    long result;

    if (flags & ~(word)SPLICE_ALL)
        return -EINVAL;
    file = descriptor_file(fd);
    if (file == NULL)
        return -EBADF;
    result = file_is_pipe(file) ? vectors_get(&v, vectors, count) : -EBADF;
    if (result != 0) {
        file_put(file);
        return result;
    }
    if (v.transfer.length > 0) {
        if (file_writable(file)) {
            result = file_written(pipe_write_some(file, &v.transfer, nonblock));
        } else {
            result = pipe_wait_data(file, nonblock);
            if (result == 0)
                result = file->operations->read(file, &v.transfer, NULL);
        }
    }
    vectors_done(&v);
    file_put(file);
    return result;
}
