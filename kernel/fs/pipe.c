/*
 * Pipes and fifos: a ring of slots, each a page with the bytes [offset, offset + length).
 *
 * Writes of up to PIPE_BUF (4096) bytes are atomic: they go whole into the last page where they
 * fit, or into a new one. A reader takes what is there and waits only for the first byte. One
 * emptied page is kept for the next write.
 *
 * The mutex is held while bytes are copied, which may fault; it is dropped to wait. `head` and
 * `tail` are also read without it, by the conditions of waits and by poll: whoever makes the ring
 * non-empty or non-full changes them first and wakes then.
 *
 * A pipe lives as long as an end of it is open; its inode points at it meanwhile.
 */
#include "fs/vfs.h"

#include "core/memory.h"
#include "linux/errno.h"
#include "proc/process.h"
#include "x86/usercopy.h"

#define PIPE_BUF         4096
#define PIPE_SLOTS       16  /* 64 KiB */
#define PIPE_SLOTS_LIMIT 256 /* /proc/sys/fs/pipe-max-size: 1 MiB; uid 0 may have more */
#define PIPE_SLOTS_MOST  (1u << 19)

struct pipe_slot {
    struct quire_frame *frame;
    uint16_t offset, length;
};

struct pipe {
    struct mutex mutex;
    struct wait_queue data, space; /* readers wait for data, writers for space */
    uint32_t head, tail;           /* (m; read anywhere) slots written and read so far */
    uint32_t slots;                /* (m) a power of two */
    uint32_t readers, writers;     /* (inode->lock; read anywhere) open ends */
    uint32_t reader_opens,
        writer_opens;          /* (inode->lock) so far, for opens that wait for the other end */
    bool nameless;             /* (c) from pipe(2): opening an end again never waits */
    struct pipe_slot *ring;    /* (m) */
    struct quire_frame *spare; /* (m) or NULL */
};

static const struct file_operations pipe_operations;

static bool pipe_empty(const struct pipe *pipe)
{
    return __atomic_load_n(&pipe->head, __ATOMIC_ACQUIRE) ==
           __atomic_load_n(&pipe->tail, __ATOMIC_ACQUIRE);
}

static bool pipe_full(const struct pipe *pipe)
{
    return __atomic_load_n(&pipe->head, __ATOMIC_ACQUIRE) -
               __atomic_load_n(&pipe->tail, __ATOMIC_ACQUIRE) >=
           pipe->slots;
}

static struct pipe *pipe_alloc(void)
{
    struct pipe *pipe = kernel_alloc_zeroed(sizeof *pipe);

    if (pipe == NULL)
        return NULL;
    pipe->ring = kernel_alloc_zeroed(PIPE_SLOTS * sizeof pipe->ring[0]);
    if (pipe->ring == NULL) {
        kernel_free(pipe);
        return NULL;
    }
    pipe->slots = PIPE_SLOTS;
    mutex_init(&pipe->mutex);
    wait_queue_init(&pipe->data);
    wait_queue_init(&pipe->space);
    return pipe;
}

static void pipe_free(struct pipe *pipe)
{
    for (; pipe->tail != pipe->head; pipe->tail++)
        quire_frame_put(&kernel_machine, pipe->ring[pipe->tail & (pipe->slots - 1)].frame);
    if (pipe->spare != NULL)
        quire_frame_put(&kernel_machine, pipe->spare);
    kernel_free(pipe->ring);
    kernel_free(pipe);
}

/* ---- write ---- */

static struct quire_frame *take_page(struct pipe *pipe)
{
    struct quire_frame *frame = pipe->spare;

    pipe->spare = NULL;
    while (frame == NULL) {
        frame = quire_frame_alloc_one(&kernel_machine, QUIRE_FRAME_KERNEL, 0);
        if (frame == NULL && !memory_reclaim(1))
            break;
    }
    return frame;
}

static void give_page(struct pipe *pipe, struct quire_frame *frame)
{
    if (pipe->spare == NULL)
        pipe->spare = frame;
    else
        quire_frame_put(&kernel_machine, frame);
}

/* Behind what the last page holds. Bytes, 0 when they do not go there, or -EFAULT: a piece that
 * memory cuts short goes in as a whole or not at all, as on Linux. */
static long append_to_last(struct pipe *pipe, struct transfer *from, bool atomic)
{
    struct pipe_slot *last = &pipe->ring[(pipe->head - 1) & (pipe->slots - 1)];
    size_t used, n, moved;

    if (pipe_empty(pipe))
        return 0;
    used = (size_t)last->offset + last->length;
    n = PAGE_SIZE - used < from->length ? PAGE_SIZE - used : from->length;
    if (n == 0 || (atomic && n < from->length))
        return 0;
    moved = transfer_in(from, (char *)quire_frame_direct(&kernel_machine, last->frame) + used, n);
    if (moved < n)
        return -EFAULT;
    last->length = (uint16_t)(last->length + moved);
    return (long)moved;
}

static long append_page(struct pipe *pipe, struct transfer *from)
{
    size_t n = from->length < PAGE_SIZE ? from->length : PAGE_SIZE, moved;
    struct quire_frame *frame = take_page(pipe);

    if (frame == NULL)
        return -ENOMEM;
    moved = transfer_in(from, quire_frame_direct(&kernel_machine, frame), n);
    if (moved < n) {
        give_page(pipe, frame);
        return -EFAULT;
    }
    pipe->ring[pipe->head & (pipe->slots - 1)] =
        (struct pipe_slot){.frame = frame, .length = (uint16_t)moved};
    __atomic_store_n(&pipe->head, pipe->head + 1, __ATOMIC_RELEASE);
    return (long)moved;
}

enum when_full { WAIT_FOR_ALL, WAIT_FOR_SOME, WAIT_NEVER };

static long write_pipe(struct file *file, struct transfer *from, enum when_full when)
{
    struct pipe *pipe = file->data;
    bool atomic = from->length <= PIPE_BUF;
    long done = 0, moved;

    if (from->length == 0)
        return 0;
    mutex_lock(&pipe->mutex);
    for (;;) {
        if (unlikely(__atomic_load_n(&pipe->readers, __ATOMIC_ACQUIRE) == 0)) {
            moved = -EPIPE;
            break;
        }
        moved = append_to_last(pipe, from, atomic && done == 0);
        if (moved == 0 && !pipe_full(pipe))
            moved = append_page(pipe, from);
        if (moved < 0)
            break;
        done += moved;
        if (moved > 0) /* each piece is news to who waits for changes (EPOLLET) */
            wake_news(&pipe->data);
        if (from->length == 0)
            break;
        if (moved > 0)
            continue;
        if (when == WAIT_NEVER || (when == WAIT_FOR_SOME && done > 0)) {
            moved = -EAGAIN;
            break;
        }
        mutex_unlock(&pipe->mutex);
        moved = wait_event_interruptible(
            &pipe->space,
            !pipe_full(pipe) || __atomic_load_n(&pipe->readers, __ATOMIC_ACQUIRE) == 0);
        mutex_lock(&pipe->mutex);
        if (moved != 0)
            break;
    }
    mutex_unlock(&pipe->mutex);
    return done > 0 ? done : moved;
}

static long pipe_write(struct file *file, struct transfer *from, uint64_t *position)
{
    (void)position;
    return write_pipe(file, from, file->flags & O_NONBLOCK ? WAIT_NEVER : WAIT_FOR_ALL);
}

long pipe_write_some(struct file *file, struct transfer *from, bool nonblock)
{
    return write_pipe(file, from, nonblock ? WAIT_NEVER : WAIT_FOR_SOME);
}

/* ---- read ---- */

static long take_bytes(struct pipe *pipe, struct transfer *to)
{
    long done = 0;

    while (to->length > 0 && !pipe_empty(pipe)) {
        struct pipe_slot *slot = &pipe->ring[pipe->tail & (pipe->slots - 1)];
        size_t n = slot->length < to->length ? slot->length : to->length;
        size_t moved = transfer_out(
            to, (char *)quire_frame_direct(&kernel_machine, slot->frame) + slot->offset, n);

        if (moved < n) /* what was cut short stays in the pipe */
            return done > 0 ? done : -EFAULT;
        slot->offset = (uint16_t)(slot->offset + moved);
        slot->length = (uint16_t)(slot->length - moved);
        done += (long)moved;
        if (slot->length == 0) {
            give_page(pipe, slot->frame);
            __atomic_store_n(&pipe->tail, pipe->tail + 1, __ATOMIC_RELEASE);
        }
    }
    return done;
}

static long pipe_read(struct file *file, struct transfer *to, uint64_t *position)
{
    struct pipe *pipe = file->data;
    long done;

    (void)position;
    if (to->length == 0)
        return 0;
    for (;;) {
        mutex_lock(&pipe->mutex);
        if (likely(!pipe_empty(pipe))) {
            bool was_full = pipe_full(pipe);

            done = take_bytes(pipe, to);
            mutex_unlock(&pipe->mutex);
            if (was_full && !pipe_full(pipe))
                wake_news(&pipe->space);
            return done;
        }
        mutex_unlock(&pipe->mutex);
        if (__atomic_load_n(&pipe->writers, __ATOMIC_ACQUIRE) == 0)
            return 0;
        if (file->flags & O_NONBLOCK)
            return -EAGAIN;
        done = wait_event_interruptible(&pipe->data,
                                        !pipe_empty(pipe) ||
                                            __atomic_load_n(&pipe->writers, __ATOMIC_ACQUIRE) == 0);
        if (done != 0)
            return done;
    }
}

/* The oldest bytes, which stay where they are. */
static size_t peek(struct pipe *pipe, char *copy, size_t length)
{
    size_t n = 0;

    mutex_lock(&pipe->mutex);
    for (uint32_t at = pipe->tail; at != pipe->head && n < length; at++) {
        struct pipe_slot *slot = &pipe->ring[at & (pipe->slots - 1)];
        size_t piece = slot->length < length - n ? slot->length : length - n;

        __builtin_memcpy(copy + n,
                         (char *)quire_frame_direct(&kernel_machine, slot->frame) + slot->offset,
                         piece);
        n += piece;
    }
    mutex_unlock(&pipe->mutex);
    return n;
}

/* Copies the oldest bytes of one pipe to another; neither mutex is held while the other is waited
 * for. */
long pipe_tee(struct file *in, struct file *out, size_t length, bool nonblock)
{
    struct pipe *pipe = in->data;
    struct transfer from;
    char *copy;
    size_t n;
    long result;

    if (pipe == out->data || in->operations != &pipe_operations ||
        out->operations != &pipe_operations)
        return -EINVAL;
    if (length == 0)
        return 0;
    copy = kernel_alloc(PIPE_SLOTS * PAGE_SIZE);
    if (copy == NULL)
        return -ENOMEM;
    do { /* until another reader does not take it first */
        result = pipe_wait_data(in, nonblock);
        if (result == 0)
            result = pipe_wait_room(out, nonblock);
        n = result > 0 ? peek(pipe, copy, length < (size_t)result ? length : (size_t)result) : 0;
    } while (result > 0 && n == 0 && !nonblock &&
             __atomic_load_n(&pipe->writers, __ATOMIC_ACQUIRE) != 0);
    if (result > 0 && n == 0)
        result = __atomic_load_n(&pipe->writers, __ATOMIC_ACQUIRE) == 0 ? 0 : -EAGAIN;
    if (n > 0) {
        from = transfer_kernel(copy, n);
        result = pipe_write_some(out, &from, nonblock);
    }
    kernel_free(copy);
    return result;
}

long pipe_wait_room(struct file *out, bool nonblock)
{
    struct pipe *pipe = out->data;
    uint32_t room;
    int error;

    do {
        error = nonblock
                    ? 0
                    : wait_event_interruptible(
                          &pipe->space, !pipe_full(pipe) ||
                                            __atomic_load_n(&pipe->readers, __ATOMIC_ACQUIRE) == 0);
        if (error != 0)
            return error;
        if (__atomic_load_n(&pipe->readers, __ATOMIC_ACQUIRE) == 0)
            return -EPIPE;
        mutex_lock(&pipe->mutex);
        room = pipe->slots - (pipe->head - pipe->tail);
        mutex_unlock(&pipe->mutex);
    } while (room == 0 && !nonblock);
    if (room > PIPE_SLOTS)
        room = PIPE_SLOTS;
    return room > 0 ? (long)room * PAGE_SIZE : -EAGAIN;
}

int pipe_wait_data(struct file *in, bool nonblock)
{
    struct pipe *pipe = in->data;

    if (nonblock)
        return !pipe_empty(pipe) || __atomic_load_n(&pipe->writers, __ATOMIC_ACQUIRE) == 0
                   ? 0
                   : -EAGAIN;
    return wait_event_interruptible(
        &pipe->data, !pipe_empty(pipe) || __atomic_load_n(&pipe->writers, __ATOMIC_ACQUIRE) == 0);
}

/* ---- poll, ioctl, size ---- */

static unsigned pipe_poll(struct file *file, struct poll_table *table)
{
    struct pipe *pipe = file->data;
    unsigned mode = file->flags & O_ACCMODE, events = 0;

    if (mode != O_WRONLY) {
        poll_wait(table, &pipe->data);
        if (!pipe_empty(pipe))
            events |= POLLIN | POLLRDNORM;
        /* A fifo that never had a writer since this end was opened has not been hung up. */
        if (__atomic_load_n(&pipe->writers, __ATOMIC_ACQUIRE) == 0 &&
            file->position != pipe->writer_opens)
            events |= POLLHUP;
    }
    if (mode != O_RDONLY) {
        poll_wait(table, &pipe->space);
        if (!pipe_full(pipe))
            events |= POLLOUT | POLLWRNORM;
        if (__atomic_load_n(&pipe->readers, __ATOMIC_ACQUIRE) == 0)
            events |= POLLERR;
    }
    return events;
}

static int pipe_ioctl(struct file *file, unsigned command, unsigned long argument, long *result)
{
    struct pipe *pipe = file->data;
    int32_t bytes = 0;

    if (command != FIONREAD)
        return -ENOTTY;
    mutex_lock(&pipe->mutex);
    for (uint32_t at = pipe->tail; at != pipe->head; at++)
        bytes += pipe->ring[at & (pipe->slots - 1)].length;
    mutex_unlock(&pipe->mutex);
    *result = put_user(bytes, (int32_t *)argument);
    return 0;
}

long pipe_size(struct file *file)
{
    struct pipe *pipe = file->data;

    return file->operations == &pipe_operations ? (long)pipe->slots * PAGE_SIZE : -EBADF;
}

long pipe_resize(struct file *file, unsigned long bytes)
{
    struct pipe *pipe = file->data;
    struct pipe_slot *ring;
    uint32_t slots = 1, used;

    if (file->operations != &pipe_operations)
        return -EBADF;
    if (bytes > (unsigned long)PIPE_SLOTS_MOST * PAGE_SIZE)
        return -EINVAL;
    while ((unsigned long)slots * PAGE_SIZE < bytes)
        slots *= 2;
    if (slots > pipe->slots && slots > PIPE_SLOTS_LIMIT && current_process()->credentials.euid != 0)
        return -EPERM;
    ring = kernel_alloc_zeroed(slots * sizeof ring[0]);
    if (ring == NULL)
        return -ENOMEM;
    mutex_lock(&pipe->mutex);
    used = pipe->head - pipe->tail;
    if (used > slots) {
        mutex_unlock(&pipe->mutex);
        kernel_free(ring);
        return -EBUSY;
    }
    for (uint32_t i = 0; i < used; i++)
        ring[i] = pipe->ring[(pipe->tail + i) & (pipe->slots - 1)];
    kernel_free(pipe->ring);
    pipe->ring = ring;
    pipe->slots = slots;
    pipe->tail = 0;
    __atomic_store_n(&pipe->head, used, __ATOMIC_RELEASE);
    mutex_unlock(&pipe->mutex);
    wake_all(&pipe->space);
    return (long)slots * PAGE_SIZE;
}

/* ---- ends ---- */

/* inode->lock is held. */
static void count_end(struct pipe *pipe, unsigned flags, uint32_t change)
{
    unsigned mode = flags & O_ACCMODE;

    if (mode != O_WRONLY)
        __atomic_fetch_add(&pipe->readers, change, __ATOMIC_RELEASE);
    if (mode != O_RDONLY)
        __atomic_fetch_add(&pipe->writers, change, __ATOMIC_RELEASE);
    if (change == 1) {
        pipe->reader_opens += mode != O_WRONLY;
        pipe->writer_opens += mode != O_RDONLY;
    }
}

static void pipe_close(struct vfs_inode *inode, struct pipe *pipe, unsigned flags)
{
    bool last;

    quire_spin_lock(&inode->lock);
    count_end(pipe, flags, -1u);
    last = pipe->readers == 0 && pipe->writers == 0;
    if (last)
        inode->pipe = NULL;
    quire_spin_unlock(&inode->lock);
    if (last) {
        pipe_free(pipe);
        return;
    }
    wake_all(&pipe->data);
    wake_all(&pipe->space);
}

static void pipe_release(struct file *file)
{
    pipe_close(file->inode, file->data, file->flags);
}

static const struct file_operations pipe_operations = {
    .read = pipe_read,
    .write = pipe_write,
    .poll = pipe_poll,
    .ioctl = pipe_ioctl,
    .release = pipe_release,
};

static int wait_for_other_end(struct pipe *pipe, unsigned flags)
{
    unsigned mode = flags & O_ACCMODE;

    if (pipe->nameless)
        return 0;
    if (mode == O_RDONLY && pipe->writers == 0 && !(flags & O_NONBLOCK)) {
        uint32_t seen = pipe->writer_opens;

        return wait_event_interruptible(
            &pipe->data, __atomic_load_n(&pipe->writer_opens, __ATOMIC_ACQUIRE) != seen);
    }
    if (mode == O_WRONLY && pipe->readers == 0) {
        uint32_t seen = pipe->reader_opens;

        if (flags & O_NONBLOCK)
            return -ENXIO;
        return wait_event_interruptible(
            &pipe->space, __atomic_load_n(&pipe->reader_opens, __ATOMIC_ACQUIRE) != seen);
    }
    return 0;
}

int fifo_open(struct vfs_inode *inode, struct file *file)
{
    struct pipe *pipe, *fresh = pipe_alloc();
    int error;

    if (fresh == NULL)
        return -ENOMEM;
    if ((file->flags & O_ACCMODE) == O_ACCMODE) {
        pipe_free(fresh);
        return -EINVAL;
    }
    quire_spin_lock(&inode->lock);
    if (inode->pipe == NULL) {
        inode->pipe = fresh;
        fresh = NULL;
    }
    pipe = inode->pipe;
    file->position = pipe->writer_opens;
    count_end(pipe, file->flags, 1);
    quire_spin_unlock(&inode->lock);
    if (fresh != NULL)
        pipe_free(fresh);
    wake_all(&pipe->data);
    wake_all(&pipe->space);
    error = wait_for_other_end(pipe, file->flags);
    if (error != 0) {
        pipe_close(inode, pipe, file->flags);
        return error;
    }
    file->data = pipe;
    file->operations = &pipe_operations;
    return 0;
}

static struct file *pipe_end(struct vfs_inode *inode, struct pipe *pipe, unsigned flags)
{
    struct file *file = file_create(&pipe_operations, pipe, flags);

    if (file == NULL)
        return NULL;
    inode_get(inode);
    file->inode = inode;
    count_end(pipe, flags, 1);
    if ((flags & O_ACCMODE) == O_WRONLY)
        inode->writers++;
    return file;
}

int pipe_create(unsigned flags, struct file **out_read, struct file **out_write)
{
    struct vfs_inode *inode = nameless_inode(S_IFIFO | 0600);
    struct pipe *pipe = pipe_alloc();
    struct file *reader = NULL;

    flags &= O_NONBLOCK | O_DIRECT;
    if (inode != NULL && pipe != NULL) {
        pipe->nameless = true;
        inode->pipe = pipe;
        reader = pipe_end(inode, pipe, O_RDONLY | flags);
    }
    if (reader != NULL) {
        *out_write = pipe_end(inode, pipe, O_WRONLY | flags);
        if (*out_write != NULL) {
            *out_read = reader;
            inode_put(inode);
            return 0;
        }
        file_put(reader); /* with it goes the pipe */
        inode_put(inode);
        return -ENOMEM;
    }
    if (pipe != NULL)
        pipe_free(pipe);
    if (inode != NULL) {
        inode->pipe = NULL;
        inode_put(inode);
    }
    return -ENOMEM;
}
