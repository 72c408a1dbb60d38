/*
 * Swap areas: devices whose slots the library writes pages to (<quire/slot.h>), in the form that
 * Linux's mkswap gives them.
 *
 *   swap.c         switching on and off, the list
 *   swap_header.c  what the first page of an area says
 *   swap_io.c      the library's hooks: pages to and from the device
 */
#ifndef KERNEL_SWAP_SWAP_H
#define KERNEL_SWAP_SWAP_H

#include "block/block.h"
#include "core/list.h"

#include <quire/slot.h>

#define SWAP_FLAG_PREFER        0x8000u
#define SWAP_FLAG_PRIORITY      0x7fffu
#define SWAP_FLAG_DISCARD       0x10000u
#define SWAP_FLAG_DISCARD_ONCE  0x20000u
#define SWAP_FLAG_DISCARD_PAGES 0x40000u
#define SWAP_FLAGS                                                                                 \
    (SWAP_FLAG_PREFER | SWAP_FLAG_PRIORITY | SWAP_FLAG_DISCARD | SWAP_FLAG_DISCARD_ONCE |          \
     SWAP_FLAG_DISCARD_PAGES)

#define SWAP_LABEL_SIZE 16

struct swap_write;

/* An area that is switched on. */
struct swap_device {
    struct list node;             /* (swap_mutex) in order of `number` */
    unsigned number;              /* (swap_mutex) the lowest that no other has */
    struct block_device *block;   /* (c) */
    struct quire_slot_area *area; /* (c) slot i of it is page i + 1 of the device */
    char *name;                   /* (c) the path it was switched on by */
    uint64_t pages;               /* (c) that can be used */
    struct swap_write *writes;    /* (c) */
    struct quire_spinlock lock;   /* with interrupts off */
    struct list spare;            /* (lock) of `writes`, those that are not under way */
    struct wait_queue freed;      /* who waits for one */
    unsigned long failed_reads, failed_writes; /* (a) pages */
};

/*
 * Switches a block device on. priority: -1 for one below all others. 0; -EBUSY: it is in use;
 * -EINVAL: no swap area, the log says why; -ENOMEM, -EIO, -ENODEV.
 */
int swap_on(struct block_device *block, const char *name, int priority);
/* Brings every page back. -EINVAL: it is not switched on; -ENOMEM: they do not fit, -EIO: some
 * could not be read, -EINTR: a signal ends the caller; then it is switched on as before. */
int swap_off(const struct block_device *block);

struct swap_totals {
    uint64_t total, free; /* pages, bad ones left out */
    uint64_t cached;      /* frames that have a slot's content */
};
/* counts frames too: a walk over all slots. */
void swap_totals(struct swap_totals *out);
void swap_totals_quick(uint64_t *out_total, uint64_t *out_free);

/* The n-th area for reports; false: there are not so many. */
struct swap_report {
    char name[256];
    uint64_t pages, used;
    int priority;
};
bool swap_report(size_t n, struct swap_report *out);

/* ---- swap_header.c ---- */

/* What the header says, or room for an error's text. */
struct swap_layout {
    uint64_t last_page;
    uint32_t bad_count;
    uint32_t bad[637]; /* the most that fit into the first page */
};
/* Reads the first page. 0; -EINVAL: the log says why it is no swap area; -EIO, -ENOMEM. */
int swap_header_read(struct block_device *block, const char *name, struct swap_layout **out);
/* A header on a device whose first page is all zeros; others are left alone. 0 or -errno. */
int swap_header_write_if_blank(struct block_device *block, const char *name);

/* ---- swap_io.c ---- */

/* What writing to the device needs, so that nothing is needed when memory is short. -ENOMEM. */
int swap_io_create(struct swap_device *device);
void swap_io_destroy(struct swap_device *device);

#endif
