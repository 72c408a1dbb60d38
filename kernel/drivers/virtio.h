/*
 * Virtio 1.0 devices on PCI, and their split virtqueues (OASIS virtio 1.1: 2.6, 4.1).
 *
 * A driver finds its device with virtio_find(), opens it (reset, features), sets up its queues,
 * says virtio_start(), and then moves requests: virtqueue_add() hands a chain of buffers to the
 * device, virtqueue_kick() tells it, virtqueue_take() collects what the device has finished, in the
 * device's order. Several requests may be in flight. A queue has one lock, the caller's: calls on
 * the same queue must exclude each other.
 */
#ifndef KERNEL_DRIVERS_VIRTIO_H
#define KERNEL_DRIVERS_VIRTIO_H

#include "core/compiler.h"
#include "drivers/pci.h"

#include <quire/types.h>

/* Device types (virtio 1.1, 5). */
#define VIRTIO_TYPE_BLOCK   2
#define VIRTIO_TYPE_CONSOLE 3
#define VIRTIO_TYPE_9P      9

#define VIRTIO_FEATURE_VERSION_1 32

struct virtio_device;
struct virtqueue;

/* One piece of a request: physically contiguous memory, anywhere. */
struct virtio_buffer {
    quire_phys address;
    uint32_t length;
};

/* Interrupt context, interrupts off: the device has used buffers of this queue. Wakes someone. */
typedef void (*virtqueue_handler)(void *argument);

/* The next device of a type that nobody has opened, NULL: none. */
struct pci_device *virtio_find(unsigned type, struct pci_device *after);

/*
 * Resets the device and agrees on features: those of `wanted` that it offers, and VERSION_1. NULL:
 * no memory, not a modern device, or it refuses; the log says which.
 */
struct virtio_device *virtio_open(struct pci_device *pci, uint64_t wanted);
bool virtio_has(const struct virtio_device *device, unsigned feature);

/*
 * Queue `index` with at most `limit` entries (a power of two), fewer if the device has fewer. NULL:
 * the device has no such queue, or no memory. handler may be NULL for a queue that is polled.
 */
struct virtqueue *virtio_queue(struct virtio_device *device, unsigned index, unsigned limit,
                               virtqueue_handler handler, void *argument);

/* The driver is ready; from here on the device works and interrupts come. False: no interrupt. */
bool virtio_start(struct virtio_device *device);

/*
 * Interrupt context, interrupts off: the device's configuration changed, or it has failed and works
 * no more until it is reset (virtio_needs_reset). Before virtio_start().
 */
typedef void (*virtio_change_handler)(void *argument);
void virtio_on_change(struct virtio_device *device, virtio_change_handler handler, void *argument);
bool virtio_needs_reset(const struct virtio_device *device);

/*
 * The device, which was stopped, works again as it did at first; what its queues had in flight is
 * forgotten. False: it refuses.
 */
bool virtio_restart(struct virtio_device *device);

/* The device is not used any more: reset, so that it stops touching memory. */
void virtio_stop(struct virtio_device *device);

/* The device's own configuration fields (little-endian, offset within its structure). */
uint32_t virtio_config32(const struct virtio_device *device, unsigned offset);
uint8_t virtio_config8(const struct virtio_device *device, unsigned offset);
uint64_t virtio_config64(const struct virtio_device *device, unsigned offset);

/*
 * Offers a request: `readable` buffers that the device reads, then `writable` ones that it fills.
 * The token comes back with the completion. False: the queue has too few free entries; nothing
 * changed. The device may start at once, and does so at the latest after virtqueue_kick().
 */
bool virtqueue_add(struct virtqueue *queue, const struct virtio_buffer *buffers, unsigned readable,
                   unsigned writable, void *token);
void virtqueue_kick(struct virtqueue *queue);

/* The next finished request's token, NULL: none. *out_written: bytes the device has filled. */
void *virtqueue_take(struct virtqueue *queue, uint32_t *out_written);
bool virtqueue_has_used(const struct virtqueue *queue);

/* Requests that the device has not given back, and entries for more. */
unsigned virtqueue_free(const struct virtqueue *queue);
unsigned virtqueue_size(const struct virtqueue *queue);

/*
 * Whether the device interrupts for this queue; on at first. After turning it on look once more
 * with virtqueue_has_used(): what was used before raises no interrupt.
 */
void virtqueue_set_interrupt(struct virtqueue *queue, bool on);

#endif
