/*
 * The list of block devices, and the way of a request.
 *
 *     block_submit → waiting → driver->start → (the device) → block_ended → block_finish → done()
 *
 * A request waits only while the device has no room, and in the order of arrival; each end of one
 * starts more. So nobody sleeps to hand one over, and none is lost while one is under way. There is
 * no sorting and no merging: who has much to move makes large requests.
 *
 * A device that is gone (block_set_gone) fails what waits and what comes, with -ENODEV; its driver
 * gives back what was under way.
 *
 * Locking: device->lock, taken by interrupt handlers too. done() is called without it, so that it
 * may submit the next. The list of devices only grows, under devices_lock.
 */
#include "block/block.h"

#include "core/log.h"
#include "core/printf.h"
#include "core/spinlock.h"
#include "core/string.h"
#include "fs/vfs.h"
#include "linux/errno.h"
#include "proc/scheduler.h"
#include "reclaim/pressure.h"

#define MAJOR           254 /* the first that Linux gives to drivers without one of their own */
#define MINORS_PER_DISK 16

static struct list devices = LIST_INIT(devices); /* (devices_lock) in order of appearance */
static struct quire_spinlock devices_lock;
static unsigned device_count; /* (devices_lock) */

/* ---- the list ---- */

/* a to z, aa to zz, ...: digits of base 26 without a zero. */
static void name_device(struct block_device *device, unsigned index)
{
    char letters[8];
    unsigned at = sizeof letters - 1;

    letters[at] = '\0';
    for (unsigned left = index + 1; left > 0; left = (left - 1) / 26)
        letters[--at] = (char)('a' + (left - 1) % 26);
    snprintf(device->name, sizeof device->name, "vd%s", letters + at);
}

void block_init(struct block_device *device)
{
    quire_spin_init(&device->lock);
    list_init(&device->waiting);
    mutex_init(&device->mutex);
}

int block_add(struct block_device *device)
{
    struct vfs_node node;
    unsigned index;
    int error;

    quire_spin_lock(&devices_lock);
    index = device_count++;
    quire_spin_unlock(&devices_lock);
    name_device(device, index);
    device->major = MAJOR;
    device->minor = index * MINORS_PER_DISK;
    node = (struct vfs_node){.mode = S_IFBLK | 0660,
                             .device = device_number(device->major, device->minor)};
    error = devfs_make(device->name, &node);
    if (error != 0)
        return error;
    quire_spin_lock(&devices_lock);
    list_add_tail(&devices, &device->node);
    quire_spin_unlock(&devices_lock);
    log_info("%s: %llu KiB, blocks of %u bytes%s%s%s", device->name,
             (unsigned long long)device->sectors / 2, device->block_size,
             device->read_only ? ", read-only" : "", device->serial[0] ? ", serial " : "",
             device->serial);
    return 0;
}

struct block_device *block_next(const struct block_device *after)
{
    const struct list *node;

    quire_spin_lock(&devices_lock);
    node = after ? after->node.next : devices.next;
    quire_spin_unlock(&devices_lock);
    return node == &devices ? NULL : container_of(node, struct block_device, node);
}

struct block_device *block_find(uint64_t number)
{
    struct block_device *device = block_next(NULL);

    while (device && device_number(device->major, device->minor) != number)
        device = block_next(device);
    return device;
}

int block_claim(struct block_device *device, const void *holder)
{
    unsigned long flags = spin_lock_interrupts(&device->lock);
    int error = device->gone ? -ENODEV : device->holder ? -EBUSY : 0;

    if (error == 0)
        device->holder = holder;
    spin_unlock_interrupts(&device->lock, flags);
    return error;
}

void block_release(struct block_device *device)
{
    unsigned long flags = spin_lock_interrupts(&device->lock);

    device->holder = NULL;
    spin_unlock_interrupts(&device->lock, flags);
}

/* ---- requests ---- */

void block_prepare(struct block_request *request, struct block_device *device,
                   enum block_operation operation, uint64_t sector, struct block_segment *segments,
                   unsigned capacity)
{
    request->device = device;
    request->operation = operation;
    request->sector = sector;
    request->segments = segments;
    request->segment_count = 0;
    request->capacity = capacity < device->segment_limit ? capacity : device->segment_limit;
    request->length = 0;
    request->error = 0;
}

/* Frames that lie one behind the other become one segment. */
bool block_add_memory(struct block_request *request, quire_phys address, uint32_t length)
{
    uint32_t limit = request->device->segment_size;
    unsigned count = request->segment_count;
    struct block_segment *last = count > 0 ? &request->segments[count - 1] : NULL;
    uint32_t joined = 0;

    if (last && last->address + last->length == address && last->length < limit)
        joined = limit - last->length < length ? limit - last->length : length;
    for (uint32_t left = length - joined; left > 0; left -= left < limit ? left : limit)
        count++;
    if (count > request->capacity)
        return false;
    if (joined > 0)
        last->length += joined;
    for (uint32_t at = joined; at < length;) {
        uint32_t part = length - at < limit ? length - at : limit;

        request->segments[request->segment_count++] = (struct block_segment){address + at, part};
        at += part;
    }
    request->length += length;
    return true;
}

void block_ended(struct block_request *request, int error, struct list *done)
{
    struct block_device *device = request->device;

    request->error = error;
    device->in_flight--;
    io_end();
    if (error == 0 && request->operation != BLOCK_FLUSH) {
        device->requests[request->operation == BLOCK_WRITE]++;
        device->moved[request->operation == BLOCK_WRITE] += request->length >> SECTOR_SHIFT;
    }
    list_add_tail(done, &request->node);
}

void block_start_waiting(struct block_device *device)
{
    bool any = false;

    while (!list_empty(&device->waiting)) {
        struct block_request *request =
            container_of(device->waiting.next, struct block_request, node);

        list_remove(&request->node);
        if (!device->driver->start(device, request)) {
            list_add_head(&device->waiting, &request->node);
            break;
        }
        any = true;
    }
    if (any)
        device->driver->kick(device);
}

void block_finish(struct list *done)
{
    while (!list_empty(done)) {
        struct block_request *request = container_of(done->next, struct block_request, node);

        list_remove(&request->node);
        request->done(request);
    }
}

void block_set_gone(struct block_device *device, struct list *done)
{
    device->gone = true;
    while (!list_empty(&device->waiting)) {
        struct block_request *request =
            container_of(device->waiting.next, struct block_request, node);

        list_remove(&request->node);
        block_ended(request, -ENODEV, done);
    }
}

/* Beyond the end, or not whole blocks: the device would say the same, less clearly. */
static bool is_possible(const struct block_request *request)
{
    const struct block_device *device = request->device;
    uint64_t sectors = __atomic_load_n(&device->sectors, __ATOMIC_RELAXED);
    uint64_t count = request->length >> SECTOR_SHIFT;

    if (request->operation == BLOCK_FLUSH)
        return true;
    return request->length > 0 && (request->length & (device->block_size - 1)) == 0 &&
           (request->sector << SECTOR_SHIFT & (device->block_size - 1)) == 0 && count <= sectors &&
           request->sector <= sectors - count &&
           !(request->operation == BLOCK_WRITE && device->read_only);
}

void block_submit(struct block_request *request)
{
    struct block_device *device = request->device;
    struct list done = LIST_INIT(done);
    unsigned long flags = spin_lock_interrupts(&device->lock);

    device->in_flight++;
    io_begin();
    if (device->gone) {
        block_ended(request, -ENODEV, &done);
    } else if (!is_possible(request)) {
        block_ended(request, -EIO, &done);
    } else {
        list_add_tail(&device->waiting, &request->node);
        block_start_waiting(device);
    }
    spin_unlock_interrupts(&device->lock, flags);
    if (!list_empty(&done)) {
        flags = interrupts_save();
        block_finish(&done);
        interrupts_restore(flags);
    }
}

/* ---- waiting for one ---- */

struct execution {
    struct block_request request;
    struct wait_queue queue;
    bool done;
};

static void executed(struct block_request *request)
{
    struct execution *execution = container_of(request, struct execution, request);

    __atomic_store_n(&execution->done, true, __ATOMIC_RELEASE);
    wake_all(&execution->queue);
}

int block_execute(struct block_request *request)
{
    struct execution execution = {.request = *request};

    wait_queue_init(&execution.queue);
    execution.request.done = executed;
    block_submit(&execution.request);
    pressure_io(true);
    wait_event(&execution.queue, __atomic_load_n(&execution.done, __ATOMIC_ACQUIRE));
    pressure_io(false);
    request->error = execution.request.error;
    return request->error;
}

int block_flush(struct block_device *device)
{
    struct block_request request;

    if (!device->flushes)
        return device->gone ? -ENODEV : 0;
    block_prepare(&request, device, BLOCK_FLUSH, 0, NULL, 0);
    return block_execute(&request);
}
