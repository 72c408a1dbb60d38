/*
 * The PCI transport of virtio 1.0 (virtio 1.1, 4.1): four structures that the device's vendor
 * capabilities point to, in memory behind its BARs. Devices of the transitional kind (0x1000..)
 * have them too. Completion is told by the device's interrupt line; reading ISR acknowledges it.
 */
#include "drivers/virtio.h"

#include "core/boot_info.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/string.h"
#include "drivers/virtqueue.h"
#include "x86/interrupt.h"

#include <quire/area.h>

#define VIRTIO_VENDOR             0x1af4
#define VIRTIO_TRANSITIONAL_FIRST 0x1000
#define VIRTIO_TRANSITIONAL_LAST  0x103f
#define VIRTIO_MODERN_FIRST       0x1040
#define VIRTIO_MODERN_LAST        0x107f

/* struct virtio_pci_cap (4.1.4): offsets in configuration space. */
#define CAPABILITY_TYPE       3
#define CAPABILITY_BAR        4
#define CAPABILITY_OFFSET     8
#define CAPABILITY_LENGTH     12
#define CAPABILITY_MULTIPLIER 16

enum { STRUCTURE_COMMON = 1, STRUCTURE_NOTIFY, STRUCTURE_ISR, STRUCTURE_DEVICE, STRUCTURES };

#define STATUS_ACKNOWLEDGE 1u
#define STATUS_DRIVER      2u
#define STATUS_DRIVER_OK   4u
#define STATUS_FEATURES_OK 8u
#define STATUS_NEEDS_RESET 64u
#define STATUS_FAILED      128u

#define ISR_QUEUE  1u
#define ISR_CONFIG 2u

/* struct virtio_pci_common_cfg (4.1.4.3). */
struct common_structure {
    uint32_t device_feature_select, device_feature;
    uint32_t driver_feature_select, driver_feature;
    uint16_t msix_config, queue_count;
    uint8_t status, generation;
    uint16_t queue_select, queue_size, queue_msix_vector, queue_enable, queue_notify_offset;
    uint32_t queue_descriptors[2], queue_available[2], queue_used[2];
};

_Static_assert(sizeof(struct common_structure) == 56, "virtio 1.1, 4.1.4.3");

struct virtio_device {
    struct pci_device *pci;
    volatile struct common_structure *common;
    volatile uint8_t *isr;
    volatile uint8_t *notify;
    volatile uint8_t *config;
    uint64_t length[STRUCTURES];
    uint32_t notify_multiplier;
    uint64_t features;
    unsigned queue_count;
    struct virtqueue **queues; /* by index; NULL where not set up */
    virtio_change_handler changed;
    void *changed_argument;
};

static unsigned virtio_type(const struct pci_device *pci)
{
    if (pci->vendor != VIRTIO_VENDOR)
        return 0;
    if (pci->device >= VIRTIO_TRANSITIONAL_FIRST && pci->device <= VIRTIO_TRANSITIONAL_LAST)
        return pci->subsystem;
    if (pci->device >= VIRTIO_MODERN_FIRST && pci->device <= VIRTIO_MODERN_LAST)
        return pci->device - VIRTIO_MODERN_FIRST;
    return 0;
}

struct pci_device *virtio_find(unsigned type, struct pci_device *after)
{
    struct list *node = after ? after->node.next : pci_devices.next;

    for (; node != &pci_devices; node = node->next) {
        struct pci_device *pci = container_of(node, struct pci_device, node);

        if (virtio_type(pci) == type)
            return pci;
    }
    return NULL;
}

static volatile uint8_t *map_structure(struct virtio_device *device, unsigned type)
{
    struct pci_device *pci = device->pci;

    for (unsigned at = pci_capability(pci, PCI_CAPABILITY_VENDOR, 0); at;
         at = pci_capability(pci, PCI_CAPABILITY_VENDOR, at)) {
        volatile void *memory;

        if (pci_read8(pci, at + CAPABILITY_TYPE) != type)
            continue;
        memory = pci_map_bar(pci, pci_read8(pci, at + CAPABILITY_BAR),
                             pci_read32(pci, at + CAPABILITY_OFFSET),
                             pci_read32(pci, at + CAPABILITY_LENGTH));
        if (!memory)
            continue;
        device->length[type] = pci_read32(pci, at + CAPABILITY_LENGTH);
        if (type == STRUCTURE_NOTIFY)
            device->notify_multiplier = pci_read32(pci, at + CAPABILITY_MULTIPLIER);
        return memory;
    }
    return NULL;
}

static bool map_structures(struct virtio_device *device)
{
    device->common = (volatile void *)map_structure(device, STRUCTURE_COMMON);
    device->notify = map_structure(device, STRUCTURE_NOTIFY);
    device->isr = map_structure(device, STRUCTURE_ISR);
    device->config = map_structure(device, STRUCTURE_DEVICE); /* not every device has one */
    return device->common && device->notify && device->isr &&
           device->length[STRUCTURE_COMMON] >= sizeof(*device->common);
}

static void unmap_structures(struct virtio_device *device)
{
    volatile void *mapped[] = {device->common, device->notify, device->isr, device->config};

    for (unsigned i = 0; i < ARRAY_SIZE(mapped); i++)
        if (mapped[i])
            (void)quire_area_free(&kernel_machine, (void *)(uintptr_t)mapped[i]);
}

static bool agree_on_features(struct virtio_device *device, uint64_t wanted)
{
    volatile struct common_structure *common = device->common;
    uint64_t offered;

    common->device_feature_select = 0;
    offered = common->device_feature;
    common->device_feature_select = 1;
    offered |= (uint64_t)common->device_feature << 32;
    device->features = offered & (wanted | 1ull << VIRTIO_FEATURE_VERSION_1);
    if (!virtio_has(device, VIRTIO_FEATURE_VERSION_1))
        return false;
    common->driver_feature_select = 0;
    common->driver_feature = (uint32_t)device->features;
    common->driver_feature_select = 1;
    common->driver_feature = (uint32_t)(device->features >> 32);
    common->status |= STATUS_FEATURES_OK;
    return (common->status & STATUS_FEATURES_OK) != 0;
}

bool virtio_has(const struct virtio_device *device, unsigned feature)
{
    return (device->features >> feature & 1) != 0;
}

static void reset(struct virtio_device *device)
{
    device->common->status = 0;
    while (device->common->status != 0)
        cpu_relax();
}

struct virtio_device *virtio_open(struct pci_device *pci, uint64_t wanted)
{
    struct virtio_device *device = kernel_alloc_zeroed(sizeof(*device));

    if (!device)
        return NULL;
    device->pci = pci;
    pci_enable(pci);
    if (!map_structures(device)) {
        log_warn("virtio %02x:%02x.%x: no virtio 1.0 structures that can be mapped", pci->bus,
                 pci->slot, pci->function);
        unmap_structures(device);
        kernel_free(device);
        return NULL;
    }
    reset(device);
    device->common->status = STATUS_ACKNOWLEDGE;
    device->common->status |= STATUS_DRIVER;
    device->queue_count = device->common->queue_count;
    if (device->queue_count)
        device->queues = kernel_alloc_zeroed(device->queue_count * sizeof(device->queues[0]));
    if (!device->queues || !agree_on_features(device, wanted)) {
        log_warn("virtio %02x:%02x.%x: no agreement about features", pci->bus, pci->slot,
                 pci->function);
        device->common->status = STATUS_FAILED;
        kernel_free(device->queues);
        unmap_structures(device);
        kernel_free(device);
        return NULL;
    }
    return device;
}

/* Kernel options for tests: `break9p=N`, `breakdisk=N`: the N-th request to such a device is one
 * that it cannot accept, so that it stops and wants to be reset. */
static unsigned long breaks_at(const struct virtio_device *device)
{
    switch (virtio_type(device->pci)) {
    case VIRTIO_TYPE_9P:
        return boot_option_number("break9p", 0);
    case VIRTIO_TYPE_BLOCK:
        return boot_option_number("breakdisk", 0);
    default:
        return 0;
    }
}

static void write_address(volatile uint32_t field[2], const volatile void *memory)
{
    quire_phys address = direct_phys((const void *)(uintptr_t)memory);

    field[0] = (uint32_t)address;
    field[1] = (uint32_t)(address >> 32);
}

/* The queue is selected. */
static void give_queue(volatile struct common_structure *common, const struct virtqueue *queue)
{
    common->queue_size = queue->size;
    write_address(common->queue_descriptors, queue->descriptors);
    write_address(common->queue_available, queue->available);
    write_address(common->queue_used, queue->used);
    common->queue_enable = 1;
}

struct virtqueue *virtio_queue(struct virtio_device *device, unsigned index, unsigned limit,
                               virtqueue_handler handler, void *argument)
{
    volatile struct common_structure *common = device->common;
    struct virtqueue *queue;
    uint64_t notify_at;
    unsigned size;

    if (index >= device->queue_count)
        return NULL;
    common->queue_select = (uint16_t)index;
    size = common->queue_size;
    notify_at = (uint64_t)common->queue_notify_offset * device->notify_multiplier;
    if (size == 0 || notify_at + sizeof(uint16_t) > device->length[STRUCTURE_NOTIFY])
        return NULL;
    if (size > limit)
        size = limit;
    queue = virtqueue_create(index, size);
    if (!queue)
        return NULL;
    queue->notify = (volatile void *)(device->notify + notify_at);
    queue->handler = handler;
    queue->argument = argument;
    if (!handler)
        virtqueue_set_interrupt(queue, false);
    queue->breaks = breaks_at(device);
    give_queue(common, queue);
    device->queues[index] = queue;
    return queue;
}

static void on_interrupt(struct trap_frame *frame, void *argument)
{
    struct virtio_device *device = argument;
    uint8_t reason;

    (void)frame;
    /* The line is shared: reading says whether it was this device, and takes the request back. */
    reason = *device->isr;
    if ((reason & ISR_CONFIG) && device->changed)
        device->changed(device->changed_argument);
    if (!(reason & ISR_QUEUE))
        return;
    for (unsigned i = 0; i < device->queue_count; i++) {
        struct virtqueue *queue = device->queues[i];

        if (queue && queue->handler && virtqueue_has_used(queue))
            queue->handler(queue->argument);
    }
}

bool virtio_start(struct virtio_device *device)
{
    if (irq_register(device->pci->interrupt_line, on_interrupt, device) != 0) {
        log_warn("virtio %02x:%02x.%x: interrupt line %u cannot be used", device->pci->bus,
                 device->pci->slot, device->pci->function, device->pci->interrupt_line);
        device->common->status |= STATUS_FAILED;
        return false;
    }
    device->common->status |= STATUS_DRIVER_OK;
    return true;
}

void virtio_on_change(struct virtio_device *device, virtio_change_handler handler, void *argument)
{
    device->changed_argument = argument;
    device->changed = handler;
}

bool virtio_needs_reset(const struct virtio_device *device)
{
    return (device->common->status & STATUS_NEEDS_RESET) != 0;
}

bool virtio_restart(struct virtio_device *device)
{
    volatile struct common_structure *common = device->common;

    reset(device);
    common->status = STATUS_ACKNOWLEDGE;
    common->status |= STATUS_DRIVER;
    if (!agree_on_features(device, device->features)) {
        common->status = STATUS_FAILED;
        return false;
    }
    for (unsigned i = 0; i < device->queue_count; i++) {
        struct virtqueue *queue = device->queues[i];

        if (!queue)
            continue;
        virtqueue_reset(queue);
        if (!queue->handler)
            virtqueue_set_interrupt(queue, false);
        common->queue_select = (uint16_t)i;
        give_queue(common, queue);
    }
    common->status |= STATUS_DRIVER_OK;
    return true;
}

void virtio_stop(struct virtio_device *device)
{
    reset(device);
}

uint32_t virtio_config32(const struct virtio_device *device, unsigned offset)
{
    if (!device->config || offset + 4 > device->length[STRUCTURE_DEVICE])
        return 0;
    return *(volatile uint32_t *)(device->config + offset);
}

uint8_t virtio_config8(const struct virtio_device *device, unsigned offset)
{
    if (!device->config || offset >= device->length[STRUCTURE_DEVICE])
        return 0;
    return *(device->config + offset);
}

/* Two reads are one value only if the configuration did not change between them (2.4.1). */
uint64_t virtio_config64(const struct virtio_device *device, unsigned offset)
{
    uint64_t value;
    uint8_t generation;

    do {
        generation = device->common->generation;
        value = virtio_config32(device, offset);
        value |= (uint64_t)virtio_config32(device, offset + 4) << 32;
    } while (device->common->generation != generation);
    return value;
}
