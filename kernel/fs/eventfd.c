/* eventfd(2): a counter that is waited for. */
#include "fs/vfs.h"

#include "core/memory.h"
#include "linux/errno.h"
#include "proc/process.h"

struct event_counter {
    struct quire_spinlock lock;
    struct wait_queue changed;
    uint64_t count; /* (lock; read anywhere) */
    bool semaphore; /* (c) reads take 1 */
};

#define COUNT_LIMIT (UINT64_MAX - 1)

static bool take(struct event_counter *event, uint64_t *out)
{
    bool got;

    quire_spin_lock(&event->lock);
    got = event->count > 0;
    *out = event->semaphore ? 1 : event->count;
    if (got)
        event->count -= *out;
    quire_spin_unlock(&event->lock);
    return got;
}

static bool add(struct event_counter *event, uint64_t value)
{
    bool fits;

    quire_spin_lock(&event->lock);
    fits = value <= COUNT_LIMIT - event->count;
    if (fits)
        event->count += value;
    quire_spin_unlock(&event->lock);
    return fits;
}

static long event_read(struct file *file, struct transfer *to, uint64_t *position)
{
    struct event_counter *event = file->data;
    uint64_t value;
    int error = 0;

    (void)position;
    if (to->length < sizeof value)
        return -EINVAL;
    if (!take(event, &value)) {
        if (file->flags & O_NONBLOCK)
            return -EAGAIN;
        error = wait_event_interruptible(&event->changed, take(event, &value));
        if (error != 0)
            return error;
    }
    wake_all(&event->changed);
    return transfer_out(to, &value, sizeof value) == sizeof value ? (long)sizeof value : -EFAULT;
}

static long event_write(struct file *file, struct transfer *from, uint64_t *position)
{
    struct event_counter *event = file->data;
    uint64_t value;
    int error = 0;

    (void)position;
    if (from->length < sizeof value)
        return -EINVAL;
    if (transfer_in(from, &value, sizeof value) != sizeof value)
        return -EFAULT;
    if (value == UINT64_MAX)
        return -EINVAL;
    if (!add(event, value)) {
        if (file->flags & O_NONBLOCK)
            return -EAGAIN;
        error = wait_event_interruptible(&event->changed, add(event, value));
        if (error != 0)
            return error;
    }
    wake_all(&event->changed);
    return sizeof value;
}

static unsigned event_poll(struct file *file, struct poll_table *table)
{
    struct event_counter *event = file->data;
    uint64_t count;

    poll_wait(table, &event->changed);
    count = __atomic_load_n(&event->count, __ATOMIC_ACQUIRE);
    return (count > 0 ? POLLIN | POLLRDNORM : 0) | (count < COUNT_LIMIT ? POLLOUT | POLLWRNORM : 0);
}

static void event_release(struct file *file)
{
    kernel_free(file->data);
}

static const struct file_operations event_operations = {
    .read = event_read, .write = event_write, .poll = event_poll, .release = event_release};

int eventfd_create(uint64_t initial, unsigned flags, struct file **out)
{
    struct event_counter *event = kernel_alloc_zeroed(sizeof *event);
    struct file *file;

    if (event == NULL)
        return -ENOMEM;
    wait_queue_init(&event->changed);
    event->count = initial;
    event->semaphore = (flags & EFD_SEMAPHORE) != 0;
    file = file_create(&event_operations, event, O_RDWR | (flags & O_NONBLOCK));
    if (file == NULL) {
        kernel_free(event);
        return -ENOMEM;
    }
    file->label = "[eventfd]";
    *out = file;
    return 0;
}
