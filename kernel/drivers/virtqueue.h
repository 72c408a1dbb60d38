/* The inside of a split virtqueue, shared by virtqueue.c and the transport (virtio.c). */
#ifndef KERNEL_DRIVERS_VIRTQUEUE_H
#define KERNEL_DRIVERS_VIRTQUEUE_H

#include "drivers/virtio.h"

/* Virtio 1.1, 2.6.5: the layouts below are the device's. */
#define VIRTQ_DESC_NEXT          1u
#define VIRTQ_DESC_WRITE         2u
#define VIRTQ_AVAIL_NO_INTERRUPT 1u
#define VIRTQ_USED_NO_NOTIFY     1u
#define VIRTQ_NONE               0xffffu

struct virtq_descriptor {
    uint64_t address;
    uint32_t length;
    uint16_t flags;
    uint16_t next;
};

struct virtq_available {
    uint16_t flags;
    uint16_t index;
    uint16_t ring[];
};

struct virtq_used_entry {
    uint32_t id;
    uint32_t written;
};

struct virtq_used {
    uint16_t flags;
    uint16_t index;
    struct virtq_used_entry ring[];
};

struct virtqueue {
    uint16_t index, size;
    uint16_t free_first; /* free descriptors, chained by next */
    uint16_t free_count;
    uint16_t used_seen;   /* entries of the used ring that were taken */
    unsigned long breaks; /* the n-th request from now on is one that breaks the device; 0: none */
    struct virtq_descriptor *descriptors;
    struct virtq_available *available;
    volatile struct virtq_used *used;
    volatile uint16_t *notify;
    void *memory; /* the three rings; physically contiguous, direct-mapped */
    unsigned memory_order;
    bool memory_frames; /* from the frame layer, otherwise from the heap */
    virtqueue_handler handler;
    void *argument;
    void *token[]; /* by the first descriptor of the request */
};

/* NULL: no memory. size is a power of two, at most 32768. */
struct virtqueue *virtqueue_create(unsigned index, unsigned size);
/* As it was made. The device does not use it, and what was in flight is forgotten. */
void virtqueue_reset(struct virtqueue *queue);
/* The device must not use it any more. */
void virtqueue_destroy(struct virtqueue *queue);

#endif
