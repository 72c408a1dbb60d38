/*
 * quire/slot.h, layer 4: records of swap slots. A slot is one page on a swap device; page table
 * entries, and objects, refer to slots by number. Layer 5 decides what is written to them; the
 * records belong here because fork, unmap and remap count them.
 *
 * Slot numbers start at 1, so that 0 means none.
 */
#ifndef QUIRE_SLOT_H
#define QUIRE_SLOT_H

#include <quire/frame.h>

enum quire_slot_state {
    QUIRE_SLOT_FREE = 0,
    QUIRE_SLOT_WRITING, /* the cached frame is on its way out */
    QUIRE_SLOT_VALID,   /* the device has the content */
    QUIRE_SLOT_READING, /* the cached frame is being filled */
    QUIRE_SLOT_BAD,     /* the device failed here: never given out again */
};

struct quire_slot {
    uint32_t entries; /* (l) page table entries that hold the number */
    uint32_t
        frame; /* (l) cached frame's number, QUIRE_FRAME_NONE: none; the cache holds a reference */
    uint8_t state;              /* (l) */
    struct quire_spinlock lock; /* (l) */
    uint32_t seen;              /* entries found by check */
};

struct quire_slot_area {
    struct quire *q;
    uint64_t first, count; /* (c) slot numbers [first, first + count) */
    uint64_t free;         /* (lock) */
    uint64_t hint;         /* (lock) */
    struct quire_spinlock lock;
    struct quire_slot *slot; /* (c) count of them, area memory */
    void *device;            /* (c) the embedder's */
    struct quire_slot_area *next;
};

/* A new area of `count` slots behind `device`. QUIRE_NO_MEMORY, QUIRE_INVALID (count 0). */
enum quire_status quire_slot_area_create(struct quire *q, uint64_t count, void *device,
                                         struct quire_slot_area **out);
/* QUIRE_BUSY: slots are in use. */
enum quire_status quire_slot_area_destroy(struct quire_slot_area *area);

/* A free slot: entries 0, state WRITING, `frame` cached with one more reference. 0: none left. */
uint64_t quire_slot_alloc(struct quire *q, struct quire_frame *frame);
/*
 * The frame's way out has ended. Success: the cache lets the frame go. Failure: the slot is bad,
 * and the frame stays with it for the entries that refer to it, so nothing is lost.
 */
void quire_slot_written(struct quire *q, uint64_t slot, bool failed);
/* One more entry refers to it (fork, remap). */
void quire_slot_get(struct quire *q, uint64_t slot);
/* One entry less; the last one frees the slot and its cached frame. */
void quire_slot_put(struct quire *q, uint64_t slot);

/*
 * The slot's content in a frame, from the cache or from the device (waits for I/O in flight). The
 * caller gets a reference. May sleep; no lock held. QUIRE_IO_ERROR, QUIRE_NO_MEMORY.
 */
enum quire_status quire_slot_read(struct quire *q, uint64_t slot, struct quire_frame **out);
/* The frame leaves the slot cache (it will be written to): the slot stays for the other entries. */
void quire_slot_uncache(struct quire *q, struct quire_frame *frame);

struct quire_slot *quire_slot_find(struct quire *q, uint64_t slot);
unsigned quire_slot_check(struct quire *q);

#endif
