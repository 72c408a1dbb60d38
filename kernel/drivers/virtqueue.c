/*
 * Split virtqueues (virtio 1.1, 2.6).
 *
 * Concepts
 *   Three rings in memory that both sides see. The descriptor table holds pieces of memory, chained
 *   to requests; the driver publishes the first descriptor's number in the available ring, the
 *   device gives it back in the used ring. Both rings' indices count on without end (mod 2^16).
 *
 * Invariants
 *   free_count descriptors hang on free_first; every other one belongs to exactly one request that
 *   is in flight, whose token lies at its first descriptor. A request becomes visible to the device
 *   only after its descriptors: the index is stored with release; what the device wrote is read
 *   only after its index, loaded with acquire.
 *
 * A device that gives back a number that is not in flight is broken; it is reported once per event
 * and the entry is skipped, so that it cannot corrupt the free list.
 */
#include "drivers/virtqueue.h"

#include "core/log.h"
#include "core/memory.h"
#include "core/string.h"

#include <quire/frame.h>

#define ALIGN_UP(value, to) (((value) + (to)-1) & ~((size_t)(to)-1))

static size_t available_offset(unsigned size)
{
    return sizeof(struct virtq_descriptor) * size;
}

static size_t used_offset(unsigned size)
{
    return ALIGN_UP(available_offset(size) + 6 + 2 * (size_t)size, 4);
}

static size_t ring_bytes(unsigned size)
{
    return used_offset(size) + 6 + sizeof(struct virtq_used_entry) * size;
}

/* Small rings share a page through the heap, whose blocks up to a page are contiguous and aligned
   to their (power of two) size. */
static bool allocate_rings(struct virtqueue *queue)
{
    size_t bytes = ring_bytes(queue->size), rounded = 64;
    unsigned order = 0;

    while (rounded < bytes)
        rounded *= 2;
    if (rounded <= PAGE_SIZE) {
        queue->memory = kernel_alloc_zeroed(rounded);
    } else {
        struct quire_frame *frame;

        while (((size_t)PAGE_SIZE << order) < bytes)
            order++;
        frame = quire_frame_alloc(&kernel_machine, order, QUIRE_FRAME_KERNEL, QUIRE_ALLOC_ZERO);
        queue->memory = frame ? quire_frame_direct(&kernel_machine, frame) : NULL;
        queue->memory_frames = true;
        queue->memory_order = order;
    }
    return queue->memory != NULL;
}

void virtqueue_reset(struct virtqueue *queue)
{
    unsigned size = queue->size;

    memset(queue->memory, 0, ring_bytes(size));
    memset(queue->token, 0, sizeof(queue->token[0]) * size);
    for (unsigned i = 0; i < size; i++)
        queue->descriptors[i].next = (uint16_t)(i + 1 < size ? i + 1 : VIRTQ_NONE);
    queue->free_first = queue->used_seen = 0;
    queue->free_count = (uint16_t)size;
}

struct virtqueue *virtqueue_create(unsigned index, unsigned size)
{
    struct virtqueue *queue = kernel_alloc_zeroed(sizeof(*queue) + sizeof(queue->token[0]) * size);
    char *memory;

    if (!queue)
        return NULL;
    queue->index = (uint16_t)index;
    queue->size = (uint16_t)size;
    if (!allocate_rings(queue)) {
        kernel_free(queue);
        return NULL;
    }
    memory = queue->memory;
    queue->descriptors = (void *)memory;
    queue->available = (void *)(memory + available_offset(size));
    queue->used = (void *)(memory + used_offset(size));
    virtqueue_reset(queue);
    return queue;
}

void virtqueue_destroy(struct virtqueue *queue)
{
    if (queue->memory_frames)
        (void)quire_frame_free(&kernel_machine,
                               quire_frame_of(&kernel_machine, direct_phys(queue->memory)));
    else
        kernel_free(queue->memory);
    kernel_free(queue);
}

unsigned virtqueue_free(const struct virtqueue *queue)
{
    return queue->free_count;
}

unsigned virtqueue_size(const struct virtqueue *queue)
{
    return queue->size;
}

bool virtqueue_add(struct virtqueue *queue, const struct virtio_buffer *buffers, unsigned readable,
                   unsigned writable, void *token)
{
    unsigned count = readable + writable;
    uint16_t first = queue->free_first, at = first;

    if (count == 0 || count > queue->free_count)
        return false;
    if (unlikely(queue->breaks != 0) && --queue->breaks == 0)
        readable = count; /* no room for an answer */
    for (unsigned i = 0; i < count; i++) {
        struct virtq_descriptor *descriptor = &queue->descriptors[at];
        uint16_t next = descriptor->next;

        descriptor->address = buffers[i].address;
        descriptor->length = buffers[i].length;
        descriptor->flags = (uint16_t)((i + 1 < count ? VIRTQ_DESC_NEXT : 0) |
                                       (i >= readable ? VIRTQ_DESC_WRITE : 0));
        at = next;
    }
    queue->free_first = at;
    queue->free_count = (uint16_t)(queue->free_count - count);
    queue->token[first] = token;
    queue->available->ring[queue->available->index & (queue->size - 1)] = first;
    __atomic_store_n(&queue->available->index, (uint16_t)(queue->available->index + 1),
                     __ATOMIC_RELEASE);
    return true;
}

void virtqueue_kick(struct virtqueue *queue)
{
    /* The index must be visible before the device's wish is read (2.6.13.4.1). */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (!(queue->used->flags & VIRTQ_USED_NO_NOTIFY))
        *queue->notify = queue->index;
}

bool virtqueue_has_used(const struct virtqueue *queue)
{
    return __atomic_load_n(&queue->used->index, __ATOMIC_ACQUIRE) != queue->used_seen;
}

static void release_chain(struct virtqueue *queue, uint16_t first)
{
    uint16_t last = first;
    unsigned count = 1;

    while (queue->descriptors[last].flags & VIRTQ_DESC_NEXT) {
        last = queue->descriptors[last].next;
        count++;
    }
    queue->descriptors[last].next = queue->free_first;
    queue->free_first = first;
    queue->free_count = (uint16_t)(queue->free_count + count);
}

void *virtqueue_take(struct virtqueue *queue, uint32_t *out_written)
{
    while (virtqueue_has_used(queue)) {
        unsigned slot = queue->used_seen++ & (queue->size - 1u);
        uint32_t id = queue->used->ring[slot].id;
        uint32_t written = queue->used->ring[slot].written;
        void *token;

        if (id >= queue->size || !queue->token[id]) {
            log_warn("virtio: queue %u: the device gave back entry %u, which it does not have",
                     queue->index, id);
            continue;
        }
        token = queue->token[id];
        queue->token[id] = NULL;
        release_chain(queue, (uint16_t)id);
        if (out_written)
            *out_written = written;
        return token;
    }
    return NULL;
}

void virtqueue_set_interrupt(struct virtqueue *queue, bool on)
{
    __atomic_store_n(&queue->available->flags, (uint16_t)(on ? 0 : VIRTQ_AVAIL_NO_INTERRUPT),
                     __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}
