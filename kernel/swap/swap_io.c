/*
 * Pages between frames and slots: the library's hooks.
 *
 * Reading fills frames while the caller sleeps; others run meanwhile. Writing is only started. A
 * write's request comes from a few that the device got when it was switched on; when all are under
 * way the writer sleeps until one ends, which needs no memory.
 *
 * A finished write is noted by the interrupt handler, and brought to the library by the thread
 * `swap`, as the library must not be called with interrupts off. Where a run of several pages
 * failed, that thread writes each by itself: one bad place costs one slot.
 */
#include "swap/swap.h"

#include <quire/hooks.h>

#include "core/init.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/spinlock.h"
#include "linux/errno.h"
#include "proc/tree.h"

#define WRITES        32 /* under way for one device */
#define FAILURES_TOLD 8  /* of reads and of writes of one device */
#define PAGE_SECTORS  (QUIRE_PAGE_SIZE >> SECTOR_SHIFT)

struct swap_write {
    struct block_request request;
    struct block_segment segments[QUIRE_SLOT_RUN];
    struct list node; /* spare of the device, or finished */
    struct swap_device *device;
    uint64_t slot;
    unsigned count;
    struct quire_frame *frames[QUIRE_SLOT_RUN];
};

static struct list finished = LIST_INIT(finished); /* (finished_lock) writes */
static struct quire_spinlock finished_lock;        /* with interrupts off */
static struct wait_queue finished_queue;

static uint64_t sector_of(const struct swap_device *device, uint64_t slot)
{
    return (slot - device->area->first + 1) * PAGE_SECTORS;
}

/*
 * Pages [0, *count) of a run that fit into one request, built from them. A device with small
 * segments takes fewer than are asked for, but one page it takes.
 */
static void build(struct block_request *request, struct swap_device *device,
                  enum block_operation operation, uint64_t slot, struct quire_frame *const *frames,
                  unsigned *count, struct block_segment *segments)
{
    unsigned fits = 0;

    block_prepare(request, device->block, operation, sector_of(device, slot), segments,
                  QUIRE_SLOT_RUN);
    while (
        fits < *count &&
        block_add_memory(request, quire_frame_phys(&kernel_machine, frames[fits]), QUIRE_PAGE_SIZE))
        fits++;
    *count = fits;
}

/* Returns when it is done; 0 or -errno. */
static int transfer(struct swap_device *device, enum block_operation operation, uint64_t slot,
                    struct quire_frame *const *frames, unsigned count)
{
    struct block_segment segments[QUIRE_SLOT_RUN];
    struct block_request request;
    int error = 0;

    while (count > 0 && error == 0) {
        unsigned part = count;

        build(&request, device, operation, slot, frames, &part, segments);
        error = block_execute(&request);
        slot += part;
        frames += part;
        count -= part;
    }
    return error;
}

static struct swap_device *device_of(struct quire *q, uint64_t slot)
{
    return quire_slot_area_of(q, slot)->device;
}

/* A device that is gone fails thousands: the first ones tell it. A page of it is not used again. */
static void tell_failure(struct swap_device *device, uint64_t slot, const char *what, int error,
                         unsigned long *count)
{
    unsigned long before = __atomic_fetch_add(count, 1, __ATOMIC_RELAXED);

    if (before < FAILURES_TOLD)
        log_error("swap: %s: page %llu cannot be %s (%s)%s", device->name,
                  (unsigned long long)(slot - device->area->first + 1), what,
                  error == -ENODEV ? "the device is gone" : "input/output error",
                  before == FAILURES_TOLD - 1 ? "; further ones are only counted" : "");
}

enum quire_status quire_hook_slot_read(struct quire *q, uint64_t slot,
                                       struct quire_frame *const *frames, unsigned n)
{
    struct swap_device *device = device_of(q, slot);
    int error = transfer(device, BLOCK_READ, slot, frames, n);

    current_thread()->reads++;
    if (error == 0)
        return QUIRE_OK;
    if (n == 1)
        tell_failure(device, slot, "read", error, &device->failed_reads);
    return QUIRE_IO_ERROR;
}

/* ---- writing ---- */

/* Interrupt context. */
static void write_done(struct block_request *request)
{
    struct swap_write *write = container_of(request, struct swap_write, request);
    unsigned long flags = spin_lock_interrupts(&finished_lock);

    list_add_tail(&finished, &write->node);
    spin_unlock_interrupts(&finished_lock, flags);
    wake_all(&finished_queue);
}

static struct swap_write *take_spare(struct swap_device *device)
{
    struct swap_write *write = NULL;
    unsigned long flags = spin_lock_interrupts(&device->lock);

    if (!list_empty(&device->spare)) {
        write = container_of(device->spare.next, struct swap_write, node);
        list_remove(&write->node);
    }
    spin_unlock_interrupts(&device->lock, flags);
    return write;
}

static void give_spare(struct swap_write *write)
{
    struct swap_device *device = write->device;
    unsigned long flags = spin_lock_interrupts(&device->lock);

    list_add_tail(&device->spare, &write->node);
    spin_unlock_interrupts(&device->lock, flags);
    wake_one(&device->freed);
}

void quire_hook_slot_write(struct quire *q, uint64_t slot, struct quire_frame *const *frames,
                           unsigned n)
{
    struct swap_device *device = device_of(q, slot);

    while (n > 0) {
        struct swap_write *write;
        unsigned part = n;

        wait_event(&device->freed, (write = take_spare(device)) != NULL);
        build(&write->request, device, BLOCK_WRITE, slot, frames, &part, write->segments);
        write->request.done = write_done;
        write->slot = slot;
        write->count = part;
        for (unsigned i = 0; i < part; i++)
            write->frames[i] = frames[i];
        block_submit(&write->request);
        slot += part;
        frames += part;
        n -= part;
    }
}

/* Thread context. The library may free the frames as soon as it knows. */
static void finish_write(struct swap_write *write)
{
    struct quire *q = &kernel_machine;
    int error = write->request.error;

    for (unsigned i = 0; i < write->count; i++) {
        uint64_t slot = write->slot + i;
        int status = error;

        if (error != 0 && error != -ENODEV && write->count > 1)
            status = transfer(write->device, BLOCK_WRITE, slot, &write->frames[i], 1);
        if (status != 0)
            tell_failure(write->device, slot, "written", status, &write->device->failed_writes);
        quire_slot_written(q, slot, status != 0);
    }
    give_spare(write);
}

static struct swap_write *take_finished(void)
{
    struct swap_write *write = NULL;
    unsigned long flags = spin_lock_interrupts(&finished_lock);

    if (!list_empty(&finished)) {
        write = container_of(finished.next, struct swap_write, node);
        list_remove(&write->node);
    }
    spin_unlock_interrupts(&finished_lock, flags);
    return write;
}

static void serve(void *argument)
{
    struct swap_write *write;

    (void)argument;
    for (;;) {
        wait_event(&finished_queue, (write = take_finished()) != NULL);
        finish_write(write);
    }
}

/* ---- of one device ---- */

int swap_io_create(struct swap_device *device)
{
    quire_spin_init(&device->lock);
    list_init(&device->spare);
    wait_queue_init(&device->freed);
    device->writes = kernel_alloc_zeroed(WRITES * sizeof device->writes[0]);
    if (!device->writes)
        return -ENOMEM;
    for (unsigned i = 0; i < WRITES; i++) {
        device->writes[i].device = device;
        list_add_tail(&device->spare, &device->writes[i].node);
    }
    return 0;
}

/* A write's last act, giving its request back, comes after the library knows that it is done. */
void swap_io_destroy(struct swap_device *device)
{
    struct swap_write *write;

    for (unsigned i = 0; device->writes && i < WRITES; i++)
        wait_event(&device->freed, (write = take_spare(device)) != NULL);
    kernel_free(device->writes);
}

static int swap_io_init(void)
{
    wait_queue_init(&finished_queue);
    return kernel_thread_start("swap", serve, NULL) ? 0 : -ENOMEM;
}
INITCALL(INIT_DRIVER, swap_io_init);
