/*
 * Block devices: what a driver offers, and requests to it.
 *
 * A request moves the sectors from `sector` on to or from the pieces of memory in `segments`. It is
 * handed over by block_submit() and given back by a call of its done(), in an interrupt handler,
 * or before block_submit() returns. The memory of requests and segments is the caller's, so that
 * who writes pages out because memory is short needs none for it. Many may be under way; the device
 * ends them in any order. What depends on an order waits for the first to end.
 *
 * Sectors are 512 bytes whatever the device's own block is, as everywhere in this field.
 */
#ifndef KERNEL_BLOCK_BLOCK_H
#define KERNEL_BLOCK_BLOCK_H

#include "core/compiler.h"
#include "core/list.h"
#include "core/mutex.h"
#include "proc/wait.h"

#include <quire/types.h>

#define SECTOR_SHIFT 9
#define SECTOR_SIZE  (1u << SECTOR_SHIFT)

/* Physically contiguous memory anywhere in RAM; a multiple of the device's block. */
struct block_segment {
    quire_phys address;
    uint32_t length;
};

enum block_operation { BLOCK_READ, BLOCK_WRITE, BLOCK_FLUSH };

struct block_device;

struct block_request {
    struct list node; /* (device->lock) among those that wait, then the finished ones */
    enum block_operation operation;
    uint64_t sector;
    struct block_segment *segments;
    unsigned segment_count;
    unsigned capacity; /* segments that there is room for */
    uint64_t length;   /* bytes, the sum of the segments */
    int error;         /* when done: 0, -EIO, -EOPNOTSUPP, -ENODEV */
    /* Interrupts off, no lock held; must not sleep or call the library. */
    void (*done)(struct block_request *request);
    struct block_device *device;
};

struct block_driver {
    /* Hands a request to the device; false: it has no room now. The device's lock is held. */
    bool (*start)(struct block_device *device, struct block_request *request);
    /* Behind one or more that were started. The device's lock is held. */
    void (*kick)(struct block_device *device);
};

struct block_device {
    struct list node;
    char name[12];                     /* (c) "vda" */
    char serial[21];                   /* (c) what the device calls itself, or "" */
    uint32_t major, minor;             /* (c) */
    const struct block_driver *driver; /* (c) */
    void *data;                        /* (c) the driver's */
    uint64_t sectors;                  /* (a) may change while it is in use */
    uint32_t block_size;               /* (c) bytes: a power of two from SECTOR_SIZE to a page */
    uint32_t segment_limit;            /* (c) segments of one request */
    uint32_t segment_size;             /* (c) bytes of one segment, a multiple of block_size */
    bool read_only, flushes;           /* (c) */
    struct quire_spinlock lock;        /* with interrupts off */
    bool gone;                         /* (lock) every request fails */
    struct list waiting;               /* (lock) requests that the device had no room for */
    uint32_t in_flight;                /* (lock) at the device, or waiting for it */
    const void *holder;                /* (lock) who has it for itself, or NULL */
    bool swaps;                        /* (lock) the holder pages to it: programs do not write */
    struct mutex mutex;                /* writes of parts of a block */
    uint64_t requests[2], moved[2];    /* (lock) done, and sectors: read, written */
};

/* ---- for users ---- */

/* By number, or NULL. Devices never leave the list: one that is gone fails its requests. */
struct block_device *block_find(uint64_t number);
/* The next one in order of appearance; NULL: the first. */
struct block_device *block_next(const struct block_device *after);

/* For oneself. -EBUSY: another has it, -ENODEV: it is gone. */
int block_claim(struct block_device *device, const void *holder);
void block_release(struct block_device *device);

/* An empty request with room for `capacity` segments. */
void block_prepare(struct block_request *request, struct block_device *device,
                   enum block_operation operation, uint64_t sector, struct block_segment *segments,
                   unsigned capacity);
/* One more piece of memory; false: it does not fit any more, and nothing changed. */
bool block_add_memory(struct block_request *request, quire_phys address, uint32_t length);
/* Any context with interrupts on or off, no lock of this device held. */
void block_submit(struct block_request *request);
/* Submits it and sleeps until it is done: its error. Signals do not end that. */
int block_execute(struct block_request *request);
/* What the device has told as written is on its medium. 0, -EIO, -ENODEV. */
int block_flush(struct block_device *device);

/* ---- for drivers ---- */

/* First of all, of a device that is all zeros. */
void block_init(struct block_device *device);
/*
 * Gives it a name, vda onwards, and a place in /dev. The driver has filled in what is constant. 0,
 * -ENOMEM.
 */
int block_add(struct block_device *device);
/* The device ended a request that it was given; its lock is held. Into `done`. */
void block_ended(struct block_request *request, int error, struct list *done);
/* Requests that wait are started, as far as there is room; the lock is held. */
void block_start_waiting(struct block_device *device);
/* Behind block_ended: calls their done(); without the lock. */
void block_finish(struct list *done);
/* From now on all fails; those that wait go into `done`. The lock is held. */
void block_set_gone(struct block_device *device, struct list *done);

/* ---- special files (block_file.c) ---- */

struct file;
int block_open(struct block_device *device, struct file *file);
/* The device of an open special file, or NULL. */
struct block_device *block_of_file(const struct file *file);

#endif
