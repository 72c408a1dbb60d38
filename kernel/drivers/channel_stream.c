/*
 * The channel's streams 0, 1 and 2 as open files: to programs they are pipes.
 *
 * Output
 *   A writer reserves credit (bytes that the host has said it takes) and a buffer of the port,
 * copies into the buffer, and sends it as one message. Without credit it sleeps, as on a full pipe.
 * A write of at most PIPE_BUF bytes is one message, so that writers do not cut each other's lines.
 *
 * Input
 *   The host sends only what it was granted, and is granted nothing before somebody reads or polls:
 *   what a program does not read stays with the host, for whoever reads there next. Then the whole
 *   ring is kept granted, renewed in halves.
 */
#include "core/memory.h"
#include "core/mutex.h"
#include "core/string.h"
#include "drivers/channel_private.h"
#include "fs/vfs.h"
#include "linux/errno.h"
#include "linux/file_abi.h"
#include "linux/signal.h"
#include "proc/process.h"
#include "x86/usercopy.h"

#define PIPE_ATOMIC 4096u /* PIPE_BUF */

/* ---- input ---- */

static uint32_t input_ready(void)
{
    return channel.input.head - channel.input.tail;
}

static bool input_ended(void)
{
    return channel.input.ended || channel.finished;
}

/* Grants what the ring has room for, if that is worth a message. */
static void renew_grant(void)
{
    struct channel_input *input = &channel.input;
    uint32_t room;

    quire_spin_lock(&channel.lock);
    room = CHANNEL_INPUT_SIZE - input_ready() - input->granted;
    if (input_ended() || (room < CHANNEL_INPUT_SIZE / 2 && input->granted + input_ready() > 0))
        room = 0;
    input->granted += room;
    quire_spin_unlock(&channel.lock);
    if (room)
        channel_grant(CHANNEL_STDIN, room);
}

bool channel_input_received(const char *bytes, size_t length)
{
    struct channel_input *input = &channel.input;
    bool allowed;

    quire_spin_lock(&channel.lock);
    allowed = length <= input->granted;
    if (allowed) {
        size_t at = input->head % CHANNEL_INPUT_SIZE;
        size_t first = length < CHANNEL_INPUT_SIZE - at ? length : CHANNEL_INPUT_SIZE - at;

        memcpy(input->ring + at, bytes, first);
        memcpy(input->ring, bytes + first, length - first);
        input->head += (uint32_t)length;
        input->granted -= (uint32_t)length;
    }
    quire_spin_unlock(&channel.lock);
    wake_all(&input->changed);
    return allowed;
}

void channel_input_ended(void)
{
    quire_spin_lock(&channel.lock);
    channel.input.ended = true;
    quire_spin_unlock(&channel.lock);
    wake_all(&channel.input.changed);
}

/*
 * One reader at a time takes bytes out: the copy may sleep, and until it is over the bytes count as
 * occupied, so that nothing is received over them.
 */
static struct mutex input_mutex = {.waiters = {.waiters = LIST_INIT(input_mutex.waiters.waiters)}};

static size_t take_input(struct transfer *to)
{
    struct channel_input *input = &channel.input;
    size_t at = input->tail % CHANNEL_INPUT_SIZE;
    size_t length = input_ready();

    if (length > CHANNEL_INPUT_SIZE - at)
        length = CHANNEL_INPUT_SIZE - at;
    if (length > to->length)
        length = to->length;
    length = transfer_out(to, input->ring + at, length);
    quire_spin_lock(&channel.lock);
    input->tail += (uint32_t)length;
    quire_spin_unlock(&channel.lock);
    return length;
}

static long input_read(struct file *file, struct transfer *to, uint64_t *position)
{
    size_t total = 0;

    (void)position;
    if (to->length == 0)
        return 0;
    for (;;) {
        bool ended = input_ended(); /* before looking for bytes: they came first */
        int result;

        mutex_lock(&input_mutex);
        while (to->length > 0 && input_ready() > 0) {
            size_t taken = take_input(to);

            if (taken == 0) {
                mutex_unlock(&input_mutex);
                return total ? (long)total : -EFAULT;
            }
            total += taken;
        }
        mutex_unlock(&input_mutex);
        renew_grant();
        if (total > 0)
            return (long)total;
        if (ended)
            return 0;
        if (file->flags & O_NONBLOCK)
            return -EAGAIN;
        result =
            wait_event_interruptible(&channel.input.changed, input_ready() > 0 || input_ended());
        if (result)
            return result;
    }
}

static unsigned input_poll(struct file *file, struct poll_table *table)
{
    unsigned events = 0;

    (void)file;
    poll_wait(table, &channel.input.changed);
    renew_grant();
    if (input_ready() > 0)
        events |= POLLIN;
    if (input_ended())
        events |= POLLHUP;
    return events;
}

#define FIONREAD 0x541bu

static int input_ioctl(struct file *file, unsigned command, unsigned long argument, long *result)
{
    uint32_t ready = input_ready();

    (void)file;
    if (command != FIONREAD)
        return -ENOTTY;
    *result = 0;
    return copy_to_user((void *)argument, &ready, sizeof(ready)) ? -EFAULT : 0;
}

static void input_release(struct file *file)
{
    bool tell;

    (void)file;
    quire_spin_lock(&channel.lock);
    tell = !channel.input.dropped && !channel.finished;
    channel.input.dropped = true;
    quire_spin_unlock(&channel.lock);
    if (tell)
        channel_send(CHANNEL_CLOSED, CHANNEL_STDIN, NULL, 0);
}

static const struct file_operations input_operations = {
    .read = input_read,
    .poll = input_poll,
    .ioctl = input_ioctl,
    .release = input_release,
};

/* ---- output ---- */

static enum channel_stream stream_of(const struct file *file)
{
    return (enum channel_stream)(uintptr_t)file->data;
}

static bool output_closed(enum channel_stream stream)
{
    return channel.output[stream].closed || channel.finished;
}

void channel_output_closed(enum channel_stream stream)
{
    quire_spin_lock(&channel.lock);
    channel.output[stream].closed = true;
    quire_spin_unlock(&channel.lock);
    wake_all(&channel.output[stream].changed);
}

/* At least `least` and at most `most` bytes of credit; 0: not so many there, or closed. */
static size_t take_credit(enum channel_stream stream, size_t least, size_t most)
{
    struct channel_output *output = &channel.output[stream];
    size_t taken = 0;

    quire_spin_lock(&channel.lock);
    if (!output_closed(stream) && output->credit >= least) {
        taken = output->credit < most ? output->credit : most;
        output->credit -= (uint32_t)taken;
    }
    quire_spin_unlock(&channel.lock);
    return taken;
}

static void return_credit(enum channel_stream stream, size_t bytes)
{
    quire_spin_lock(&channel.lock);
    channel.output[stream].credit += (uint32_t)bytes;
    quire_spin_unlock(&channel.lock);
    wake_all(&channel.output[stream].changed);
}

/* Credit and a buffer to use it; bytes or -errno. */
static long reserve(enum channel_stream stream, size_t least, size_t most, bool wait,
                    char **out_buffer)
{
    size_t credit = take_credit(stream, least, most);
    int result;

    if (credit == 0 && !output_closed(stream)) {
        if (!wait)
            return -EAGAIN;
        result = wait_event_interruptible(&channel.output[stream].changed,
                                          (credit = take_credit(stream, least, most)) != 0 ||
                                              output_closed(stream));
        if (result)
            return result;
    }
    if (credit == 0) {
        (void)signal_send_self(SIGPIPE);
        return -EPIPE;
    }
    result = channel_buffer_interruptible(wait, out_buffer);
    if (result) {
        return_credit(stream, credit);
        return result;
    }
    return (long)credit;
}

static long output_write(struct file *file, struct transfer *from, uint64_t *position)
{
    enum channel_stream stream = stream_of(file);
    size_t total = 0, least = from->length <= PIPE_ATOMIC ? from->length : 1;

    (void)position;
    while (from->length > 0) {
        size_t most = from->length < CHANNEL_PART ? from->length : CHANNEL_PART, copied;
        char *buffer;
        long credit = reserve(stream, least, most, !(file->flags & O_NONBLOCK), &buffer);

        if (credit < 0)
            return total ? (long)total : credit;
        copied = transfer_in(from, buffer + sizeof(struct channel_header), (size_t)credit);
        if (copied)
            channel_send_buffer(buffer, CHANNEL_DATA, stream, copied);
        else
            channel_buffer_discard(buffer);
        total += copied;
        if (copied < (size_t)credit) {
            return_credit(stream, (size_t)credit - copied);
            return total ? (long)total : -EFAULT;
        }
    }
    return (long)total;
}

static unsigned output_poll(struct file *file, struct poll_table *table)
{
    enum channel_stream stream = stream_of(file);

    poll_wait(table, &channel.output[stream].changed);
    if (output_closed(stream))
        return POLLOUT | POLLERR;
    return channel.output[stream].credit >= PIPE_ATOMIC ? POLLOUT : 0;
}

static const struct file_operations output_operations = {
    .write = output_write,
    .poll = output_poll,
};

struct file *channel_stream_open(enum channel_stream stream, unsigned flags)
{
    return file_create(stream == CHANNEL_STDIN ? &input_operations : &output_operations,
                       (void *)(uintptr_t)stream, flags);
}
