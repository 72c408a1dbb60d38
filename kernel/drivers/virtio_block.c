/*
 * Virtio block devices (virtio 1.1, 5.2): one queue, a request is a chain of a header that says
 * what and where, the pieces of memory, and a byte of status that the device writes last.
 *
 * Headers and status bytes lie in `flights`, as many as chains of three descriptors fit into the
 * queue, made once: starting a request needs no memory. A flight is taken while its request is at
 * the device.
 *
 * The interrupt handler takes what has ended, starts what waits, and calls the requests' done().
 * The interrupt for a changed configuration means a new size, or that the device has failed and
 * wants to be reset: then it is reset for good, so that it touches no memory any more, and all its
 * requests fail.
 */
#include "block/block.h"

#include "core/init.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/spinlock.h"
#include "core/string.h"
#include "drivers/virtio.h"
#include "linux/errno.h"
#include "x86/time.h"

#define FEATURE_SEGMENT_SIZE  1
#define FEATURE_SEGMENT_COUNT 2
#define FEATURE_READ_ONLY     5
#define FEATURE_BLOCK_SIZE    6
#define FEATURE_FLUSH         9

#define CONFIG_CAPACITY      0
#define CONFIG_SEGMENT_SIZE  8
#define CONFIG_SEGMENT_COUNT 12
#define CONFIG_BLOCK_SIZE    20

#define TYPE_IN     0u
#define TYPE_OUT    1u
#define TYPE_FLUSH  4u
#define TYPE_GET_ID 8u

#define SERIAL_SIZE 20

#define STATUS_OK          0u
#define STATUS_UNSUPPORTED 2u
#define STATUS_NONE        0xffu /* not yet written by the device */

#define QUEUE_LIMIT   1024
#define SEGMENT_LIMIT 128
/* Descriptors beside the segments: header and status. */
#define FRAME_DESCRIPTORS 2

#define SERIAL_NANOSECONDS (2 * NANOSECONDS_PER_SECOND)

struct header {
    uint32_t type, reserved;
    uint64_t sector;
};

/* The device reads `header` and writes `status`: in one page, of the heap. */
struct flight {
    struct header header;
    uint8_t status;
    struct block_request *request; /* NULL: free */
    struct flight *next_free;
};

struct virtio_block {
    struct block_device block;
    struct virtio_device *virtio;
    struct virtqueue *queue;
    struct flight *flights; /* (c) flight_count of them */
    struct flight *free;    /* (block.lock) */
    unsigned flight_count;  /* (c) */
    struct virtio_buffer
        chain[SEGMENT_LIMIT + FRAME_DESCRIPTORS]; /* (block.lock) to build one in */
};

static struct virtio_buffer piece(const void *bytes, uint32_t length)
{
    return (struct virtio_buffer){direct_phys(bytes), length};
}

/* ---- requests ---- */

static bool start(struct block_device *block, struct block_request *request)
{
    static const uint32_t types[] = {
        [BLOCK_READ] = TYPE_IN, [BLOCK_WRITE] = TYPE_OUT, [BLOCK_FLUSH] = TYPE_FLUSH};
    struct virtio_block *device = block->data;
    struct flight *flight = device->free;
    unsigned count = 0, readable;

    if (!flight || virtqueue_free(device->queue) < request->segment_count + FRAME_DESCRIPTORS)
        return false;
    flight->header = (struct header){
        .type = types[request->operation],
        .sector = request->operation == BLOCK_FLUSH ? 0 : request->sector,
    };
    flight->status = STATUS_NONE;
    device->chain[count++] = piece(&flight->header, sizeof flight->header);
    for (unsigned i = 0; i < request->segment_count; i++)
        device->chain[count++] =
            (struct virtio_buffer){request->segments[i].address, request->segments[i].length};
    readable = request->operation == BLOCK_WRITE ? count : 1;
    device->chain[count++] = piece(&flight->status, sizeof flight->status);
    if (!virtqueue_add(device->queue, device->chain, readable, count - readable, flight))
        return false;
    device->free = flight->next_free;
    flight->request = request;
    return true;
}

static void kick(struct block_device *block)
{
    struct virtio_block *device = block->data;

    virtqueue_kick(device->queue);
}

static const struct block_driver driver = {.start = start, .kick = kick};

static void land(struct virtio_block *device, struct flight *flight, int error, struct list *done)
{
    block_ended(flight->request, error, done);
    flight->request = NULL;
    flight->next_free = device->free;
    device->free = flight;
}

static int status_error(uint8_t status)
{
    return status == STATUS_OK ? 0 : status == STATUS_UNSUPPORTED ? -EOPNOTSUPP : -EIO;
}

static void on_queue(void *argument)
{
    struct virtio_block *device = argument;
    struct list done = LIST_INIT(done);
    unsigned long flags = spin_lock_interrupts(&device->block.lock);
    struct flight *flight;

    /* What a device that is gone had done by then was failed with the rest. */
    while (!device->block.gone && (flight = virtqueue_take(device->queue, NULL)) != NULL)
        if (flight->request) /* otherwise the serial number, for which nobody waits any more */
            land(device, flight, status_error(flight->status), &done);
    if (!device->block.gone)
        block_start_waiting(&device->block);
    spin_unlock_interrupts(&device->block.lock, flags);
    block_finish(&done);
}

static void fail_device(struct virtio_block *device)
{
    struct list done = LIST_INIT(done);
    unsigned long flags = spin_lock_interrupts(&device->block.lock);

    if (!device->block.gone) {
        virtio_stop(device->virtio);
        for (unsigned i = 0; i < device->flight_count; i++)
            if (device->flights[i].request)
                land(device, &device->flights[i], -ENODEV, &done);
        block_set_gone(&device->block, &done);
    }
    spin_unlock_interrupts(&device->block.lock, flags);
    block_finish(&done);
}

static void on_change(void *argument)
{
    struct virtio_block *device = argument;
    uint64_t sectors;

    if (virtio_needs_reset(device->virtio)) {
        log_error("%s: the device has failed; all its requests fail from now on",
                  device->block.name);
        fail_device(device);
        return;
    }
    sectors = virtio_config64(device->virtio, CONFIG_CAPACITY);
    if (sectors != device->block.sectors) {
        log_info("%s: its size is now %llu KiB", device->block.name,
                 (unsigned long long)sectors / 2);
        __atomic_store_n(&device->block.sectors, sectors, __ATOMIC_RELAXED);
    }
}

/* ---- bring-up ---- */

static bool make_flights(struct virtio_block *device)
{
    unsigned count = virtqueue_size(device->queue) / (FRAME_DESCRIPTORS + 1);

    _Static_assert(QUEUE_LIMIT / 3 * sizeof(struct flight) <= 4 * QUIRE_PAGE_SIZE, "contiguous");
    device->flights = kernel_alloc_zeroed(count * sizeof(device->flights[0]));
    if (!device->flights)
        return false;
    device->flight_count = count;
    for (unsigned i = 0; i < count; i++) {
        device->flights[i].next_free = device->free;
        device->free = &device->flights[i];
    }
    return true;
}

/* Limits that the device names, brought to what the block layer works with. False: of no use. */
static bool read_limits(struct virtio_block *device)
{
    struct block_device *block = &device->block;
    const struct virtio_device *virtio = device->virtio;
    unsigned room = virtqueue_size(device->queue) - FRAME_DESCRIPTORS;

    block->sectors = virtio_config64(virtio, CONFIG_CAPACITY);
    block->block_size = SECTOR_SIZE;
    if (virtio_has(virtio, FEATURE_BLOCK_SIZE))
        block->block_size = virtio_config32(virtio, CONFIG_BLOCK_SIZE);
    if (block->block_size < SECTOR_SIZE || block->block_size > QUIRE_PAGE_SIZE ||
        (block->block_size & (block->block_size - 1)) != 0) {
        log_warn("virtio-block: blocks of %u bytes are not known here", block->block_size);
        return false;
    }
    block->segment_limit = room < SEGMENT_LIMIT ? room : SEGMENT_LIMIT;
    if (virtio_has(virtio, FEATURE_SEGMENT_COUNT)) {
        uint32_t limit = virtio_config32(virtio, CONFIG_SEGMENT_COUNT);

        if (limit > 0 && limit < block->segment_limit)
            block->segment_limit = limit;
    }
    block->segment_size = 1u << 20;
    if (virtio_has(virtio, FEATURE_SEGMENT_SIZE)) {
        uint32_t size = virtio_config32(virtio, CONFIG_SEGMENT_SIZE) & ~(block->block_size - 1);

        if (size < block->segment_size)
            block->segment_size = size;
    }
    if (block->segment_size == 0) {
        log_warn("virtio-block: no block fits into a segment");
        return false;
    }
    block->read_only = virtio_has(virtio, FEATURE_READ_ONLY);
    block->flushes = virtio_has(virtio, FEATURE_FLUSH);
    return true;
}

/* Polled, before others use the device. It may have no name for itself. */
static void read_serial(struct virtio_block *device)
{
    struct flight *flight = device->free;
    char *serial = kernel_alloc_zeroed(64); /* within one page */
    uint64_t deadline = clock_monotonic_ns() + SERIAL_NANOSECONDS;

    if (!serial)
        return;
    flight->header = (struct header){.type = TYPE_GET_ID};
    flight->status = STATUS_NONE;
    device->chain[0] = piece(&flight->header, sizeof flight->header);
    device->chain[1] = piece(serial, SERIAL_SIZE);
    device->chain[2] = piece(&flight->status, sizeof flight->status);
    virtqueue_set_interrupt(device->queue, false);
    if (virtqueue_add(device->queue, device->chain, 1, 2, flight)) {
        virtqueue_kick(device->queue);
        while (!virtqueue_take(device->queue, NULL)) {
            if (clock_monotonic_ns() > deadline) {
                /* Its memory stays the device's. */
                log_warn("virtio-block: the device does not tell its serial number");
                device->free = flight->next_free;
                virtqueue_set_interrupt(device->queue, true);
                return;
            }
            cpu_relax();
        }
    }
    virtqueue_set_interrupt(device->queue, true);
    if (flight->status == STATUS_OK)
        memcpy(device->block.serial, serial, SERIAL_SIZE);
    kernel_free(serial);
}

static bool start_device(struct virtio_block *device)
{
    device->queue = virtio_queue(device->virtio, 0, QUEUE_LIMIT, on_queue, device);
    if (!device->queue || virtqueue_size(device->queue) <= FRAME_DESCRIPTORS ||
        !read_limits(device) || !make_flights(device))
        return false;
    block_init(&device->block);
    device->block.driver = &driver;
    device->block.data = device;
    virtio_on_change(device->virtio, on_change, device);
    if (!virtio_start(device->virtio))
        return false;
    read_serial(device);
    return block_add(&device->block) == 0;
}

/* A device that could not be started stays reset; what it got of memory stays with it. */
static int virtio_block_init(void)
{
    const uint64_t wanted = 1u << FEATURE_SEGMENT_SIZE | 1u << FEATURE_SEGMENT_COUNT |
                            1u << FEATURE_READ_ONLY | 1u << FEATURE_BLOCK_SIZE |
                            1u << FEATURE_FLUSH;
    struct pci_device *pci = NULL;

    while ((pci = virtio_find(VIRTIO_TYPE_BLOCK, pci)) != NULL) {
        struct virtio_block *device = kernel_alloc_zeroed(sizeof *device);

        if (!device)
            return -1;
        device->virtio = virtio_open(pci, wanted);
        if (!device->virtio) {
            kernel_free(device);
            continue;
        }
        if (!start_device(device)) {
            log_warn("virtio-block %02x:%02x.%x: cannot be started", pci->bus, pci->slot,
                     pci->function);
            virtio_stop(device->virtio);
        }
    }
    return 0;
}
INITCALL(INIT_DRIVER, virtio_block_init);
