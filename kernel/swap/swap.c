/*
 * Switching swap areas on and off.
 *
 * swapoff: the area is closed, so that no page goes there any more; quire_reclaim_drain brings
 * those back that are there; then its records go. Meanwhile programs run and fork, and may be paged
 * out to other areas: it is done again until nothing is left there. What does not fit back leaves
 * the area as it was, open again, with those pages in memory that came; nobody is killed for it.
 *
 * Locking: change_mutex is held while one is switched on or off, which may take long; list_mutex
 * for a look at the list, and inside the other one for a change of it. The library's calls for
 * pages take neither: a slot in use keeps its area's device.
 */
#include "swap/swap.h"

#include <quire/commit.h>
#include <quire/hooks.h>
#include <quire/machine.h>
#include <quire/reclaim.h>

#include "core/boot_info.h"
#include "core/init.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/string.h"
#include "linux/errno.h"
#include "proc/tree.h"
#include "reclaim/reclaim.h"

static struct list devices = LIST_INIT(devices); /* (list_mutex) in order of their numbers */
static struct mutex change_mutex, list_mutex;
static int lowest = -1; /* (change_mutex) priority of the last that came without one */

/* ---- on ---- */

static void free_device(struct swap_device *device)
{
    swap_io_destroy(device);
    kernel_free(device->name);
    kernel_free(device);
}

static int status_error(enum quire_status status)
{
    return status == QUIRE_OK ? 0 : status == QUIRE_NO_MEMORY ? -ENOMEM : -EINVAL;
}

/* As many slots as page table entries can name, if the device has more. */
static uint64_t usable_pages(const struct swap_layout *layout, const char *name)
{
    uint64_t taken = 0, limit;

    for (const struct quire_slot_area *area = kernel_machine.slots; area; area = area->next)
        if (area->first + area->count - 1 > taken)
            taken = area->first + area->count - 1;
    limit = QUIRE_ENTRY_SLOTS - taken;
    if (layout->last_page <= limit)
        return layout->last_page;
    log_warn("swap: %s: only %llu of its %llu pages can be named by page table entries", name,
             (unsigned long long)limit, (unsigned long long)layout->last_page);
    return limit;
}

/* Nothing sleeps between making the area and marking its bad pages: nobody writes to them. */
static int create_area(struct swap_device *device, const struct swap_layout *layout, int priority)
{
    uint64_t count = usable_pages(layout, device->name);
    int error;

    error = status_error(
        quire_slot_area_create(&kernel_machine, count, priority, device, &device->area));
    if (error == -ENOMEM)
        log_warn("swap: %s: no memory for the records of its %llu pages (%llu KiB)", device->name,
                 (unsigned long long)count,
                 (unsigned long long)(count * sizeof(struct quire_slot) >> 10));
    if (error != 0)
        return error;
    for (uint32_t i = 0; i < layout->bad_count; i++)
        if (layout->bad[i] <= count)
            quire_slot_area_exclude(device->area, layout->bad[i] - 1);
    device->pages = device->area->free;
    return 0;
}

/* Into the first gap of the numbers, as Linux lists them. */
static void add_locked(struct swap_device *device)
{
    struct list *at = devices.next;

    while (at != &devices && container_of(at, struct swap_device, node)->number == device->number) {
        device->number++;
        at = at->next;
    }
    list_add_tail(at, &device->node); /* before it */
}

static int on_locked(struct swap_device *device, int priority)
{
    struct swap_layout *layout = NULL;
    int error = swap_header_read(device->block, device->name, &layout);

    if (error == 0)
        error = swap_io_create(device);
    if (error == 0)
        error = create_area(device, layout, priority < 0 ? lowest - 1 : priority);
    kernel_free(layout);
    if (error != 0)
        return error;
    if (priority < 0)
        lowest--;
    mutex_lock(&list_mutex);
    add_locked(device);
    mutex_unlock(&list_mutex);
    reclaim_swap_changed();
    log_info("swap: %s is on: %llu KiB, priority %d", device->name,
             (unsigned long long)device->pages * (QUIRE_PAGE_SIZE / 1024), device->area->priority);
    return 0;
}

int swap_on(struct block_device *block, const char *name, int priority)
{
    struct swap_device *device = kernel_alloc_zeroed(sizeof *device);
    int error = -ENOMEM;

    if (!device)
        return -ENOMEM;
    device->block = block;
    device->name = kernel_alloc(strlen(name) + 1);
    if (device->name) {
        memcpy(device->name, name, strlen(name) + 1);
        error = block_claim(block, device);
    }
    if (error == 0) {
        mutex_lock(&change_mutex);
        error = on_locked(device, priority);
        mutex_unlock(&change_mutex);
        block->swaps = error == 0;
        if (error != 0)
            block_release(block);
    }
    if (error != 0)
        free_device(device);
    return error;
}

/* ---- off ---- */

static struct swap_device *find_locked(const struct block_device *block)
{
    list_for_each(node, &devices)
    {
        struct swap_device *device = container_of(node, struct swap_device, node);

        if (device->block == block)
            return device;
    }
    return NULL;
}

/* As in Linux, those without a priority of their own stay numbered without gaps. */
static void close_gap_locked(int priority)
{
    if (priority >= 0)
        return;
    list_for_each(node, &devices)
    {
        struct swap_device *other = container_of(node, struct swap_device, node);

        if (other->area->priority < priority)
            other->area->priority++;
    }
    lowest++;
}

/* Times that an area is emptied anew because someone forked meanwhile. */
#define DRAIN_ROUNDS 100

/* Who looks at the list finds no device whose area is gone. */
static enum quire_status destroy_area(struct swap_device *device)
{
    int priority = device->area->priority;
    enum quire_status status;

    mutex_lock(&list_mutex);
    status = quire_slot_area_destroy(device->area);
    if (status == QUIRE_OK) {
        list_remove(&device->node);
        close_gap_locked(priority);
    }
    mutex_unlock(&list_mutex);
    return status;
}

static int drain_locked(struct swap_device *device)
{
    struct thread *thread = current_thread();
    enum quire_status status;
    unsigned rounds = 0;

    thread->spares_others = true;
    do {
        status = quire_reclaim_drain(device->area);
        if (status == QUIRE_OK)
            status = destroy_area(device);
    } while (status == QUIRE_BUSY && ++rounds < DRAIN_ROUNDS && quire_hook_pause(&kernel_machine));
    thread->spares_others = false;
    switch (status) {
    case QUIRE_OK:
        return 0;
    case QUIRE_IO_ERROR:
        return -EIO;
    case QUIRE_NO_MEMORY:
        return kill_pending() ? -EINTR : -ENOMEM;
    default:
        return kill_pending() ? -EINTR : -EBUSY;
    }
}

static int off_locked(struct swap_device *device)
{
    struct quire_slot_area *area = device->area;
    int error;

    /* What was promised must find room without it, where promises are kept strictly. */
    if (!quire_commit_charge(&kernel_machine, current_thread()->memory->space, device->pages))
        return -ENOMEM;
    quire_commit_release(&kernel_machine, device->pages);
    quire_slot_area_close(area, true);
    reclaim_swap_changed();
    error = drain_locked(device);
    if (error == 0)
        return 0;
    quire_slot_area_close(area, false);
    reclaim_swap_changed();
    log_warn("swap: %s stays on: %s", device->name,
             error == -ENOMEM  ? "its pages do not fit into memory"
             : error == -EINTR ? "swapoff was killed"
             : error == -EIO   ? "some of its pages cannot be read"
                               : "its pages are in use");
    return error;
}

int swap_off(const struct block_device *block)
{
    struct swap_device *device;
    int error = -EINVAL;

    mutex_lock(&change_mutex);
    device = find_locked(block);
    if (device)
        error = off_locked(device);
    mutex_unlock(&change_mutex);
    if (error == 0) {
        device->block->swaps = false;
        block_release(device->block);
        log_info("swap: %s is off", device->name);
        free_device(device);
    }
    return error;
}

/* ---- reports ---- */

void swap_totals_quick(uint64_t *out_total, uint64_t *out_free)
{
    *out_total = *out_free = 0;
    mutex_lock(&list_mutex);
    list_for_each(node, &devices)
    {
        const struct swap_device *device = container_of(node, struct swap_device, node);

        if (__atomic_load_n(&device->area->closing, __ATOMIC_RELAXED))
            continue;
        *out_total += device->pages;
        *out_free += __atomic_load_n(&device->area->free, __ATOMIC_RELAXED);
    }
    mutex_unlock(&list_mutex);
}

void swap_totals(struct swap_totals *out)
{
    struct quire_reclaim_stats stats;

    mutex_lock(&list_mutex);
    quire_reclaim_stats(&kernel_machine, &stats); /* no area goes meanwhile: nothing sleeps in it */
    mutex_unlock(&list_mutex);
    swap_totals_quick(&out->total, &out->free);
    out->cached = stats.cached;
}

bool swap_report(size_t n, struct swap_report *out)
{
    bool found = false;

    mutex_lock(&list_mutex);
    list_for_each(node, &devices)
    {
        const struct swap_device *device = container_of(node, struct swap_device, node);

        if (n-- > 0)
            continue;
        strlcpy(out->name, device->name, sizeof out->name);
        out->pages = device->pages;
        out->used = device->pages - device->area->free;
        out->priority = device->area->priority;
        found = true;
        break;
    }
    mutex_unlock(&list_mutex);
    return found;
}

/* ---- at boot ---- */

/*
 * swap=/dev/vda,/dev/vdb: areas to switch on at boot; a blank device becomes one. swap=off, or no
 * such word: none.
 */
static void on_at_boot(const char *name, size_t length)
{
    const size_t folder = sizeof "/dev/" - 1;
    char path[32];
    struct block_device *block = block_next(NULL);
    int error;

    if (length >= sizeof path) {
        log_warn("swap=: %.*s is no block device", (int)length, name);
        return;
    }
    memcpy(path, name, length);
    path[length] = '\0';
    while (block &&
           (strncmp(path, "/dev/", folder) != 0 || strcmp(block->name, path + folder) != 0))
        block = block_next(block);
    if (!block) {
        log_warn("swap=: there is no block device %s", path);
        return;
    }
    error = swap_header_write_if_blank(block, path);
    if (error == 0)
        error = swap_on(block, path, -1);
    if (error != 0)
        log_warn("swap=: %s cannot be switched on: error %d", path, -error);
}

static int swap_boot(void)
{
    const char *list = boot_option("swap");

    if (!list || strcmp(list, "off") == 0)
        return 0;
    while (*list) {
        const char *comma = strchr(list, ',');
        size_t length = comma ? (size_t)(comma - list) : strlen(list);

        if (length > 0)
            on_at_boot(list, length);
        list += length + (list[length] != '\0');
    }
    return 0;
}
INITCALL(INIT_LATE, swap_boot);

static int swap_init(void)
{
    mutex_init(&change_mutex);
    mutex_init(&list_mutex);
    return 0;
}
INITCALL(INIT_SCHEDULER, swap_init);
