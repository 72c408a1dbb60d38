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
    QUIRE_SLOT_ZERO,    /* the content is zeros, and on no device */
    QUIRE_SLOT_READING, /* a frame is being filled */
    QUIRE_SLOT_BAD,     /* the device failed here: never given out again */
};

struct quire_slot {
    uint32_t entries; /* (l) page table entries, and places in objects, that hold the number */
    uint32_t frame;   /* (l) the cached frame's number, QUIRE_FRAME_NONE: none; the cache holds a
                         reference */
    struct quire_spinlock lock; /* (l) */
    uint8_t state;              /* (l) */
    bool unread;                /* (l) the last time that it was read the device failed */
    uint32_t left;              /* (l) when it went out, by the policies' clock */
    uint32_t word;              /* (l) the policy's word of the page then */
    uint32_t seen;              /* entries found by check */
};

struct quire_slot_area {
    struct quire *q;
    uint64_t first, count; /* (c) slot numbers [first, first + count) */
    uint64_t free;         /* (lock) */
    uint64_t bad;          /* (lock) slots that failed */
    uint64_t hint;         /* (lock) where the search for a free slot goes on */
    uint64_t *free_map;    /* (lock) a bit per slot, set: free */
    struct quire_spinlock lock;
    bool closing;                 /* (lock) nothing is given out any more */
    int priority;                 /* (c) */
    uint32_t given;               /* (lock) slots given out, for areas of equal priority */
    struct quire_slot *slot;      /* (c) count of them */
    void *device;                 /* (c) the embedder's */
    struct quire_slot_area *next; /* (g) lower or equal priority; read without the lock */
    struct quire_deferred deferred;
};

/*
 * A new area of `count` slots behind `device`. Areas of a higher priority are filled first; equals
 * take turns. QUIRE_NO_MEMORY, QUIRE_INVALID (count 0, or slot numbers used up).
 */
enum quire_status quire_slot_area_create(struct quire *q, uint64_t count, int priority,
                                         void *device, struct quire_slot_area **out);
/* A slot of an area that is no use (a bad block, the device's header). Before anything is written.
 */
void quire_slot_area_exclude(struct quire_slot_area *area, uint64_t index);
/* From now on nothing is written to it: before its pages are brought back (quire_reclaim_drain). */
void quire_slot_area_close(struct quire_slot_area *area, bool closing);
/* QUIRE_BUSY: slots are in use. */
enum quire_status quire_slot_area_destroy(struct quire_slot_area *area);

/* A free slot: entries 0, state WRITING, `frame` cached with one more reference. 0: none left. */
uint64_t quire_slot_alloc(struct quire *q, struct quire_frame *frame);
/*
 * The frame's way out has ended. Success: a frame that nobody maps is freed. Failure: the slot is
 * bad, and the frame stays with it for the entries that refer to it, so nothing is lost.
 */
void quire_slot_written(struct quire *q, uint64_t slot, bool failed);
/* A slot that is WRITING need not be written: its frame holds zeros. */
void quire_slot_set_zero(struct quire *q, uint64_t slot);
/* One more entry refers to it (fork, remap). */
void quire_slot_get(struct quire *q, uint64_t slot);
/*
 * An entry of the frame goes out: the slot that has, or will have, its content gets one more entry,
 * and is returned. 0: there is none that may be used, because the frame is in no slot cache (or has
 * just left it: the slot's area is closing); or, *out_stays, its only copy would be in the cache,
 * where it does not become free. The caller has the entry's table locked.
 */
uint64_t quire_slot_reuse(struct quire *q, struct quire_frame *frame, bool *out_stays);
/* One entry less; the last one frees the slot, unless its frame is mapped and still equals it: then
 * the slot stays as that frame's clean copy. */
void quire_slot_put(struct quire *q, uint64_t slot);

/*
 * The slot's content in a frame, from the cache or from the device (waits for I/O in flight). The
 * caller gets a reference. May sleep; no lock held. QUIRE_IO_ERROR, QUIRE_NO_MEMORY.
 */
enum quire_status quire_slot_read(struct quire *q, uint64_t slot, struct quire_frame **out);
/* Most slots that are read at once. */
#define QUIRE_SLOT_RUN 32
/*
 * The same for a run of slots [first, first + count) that contains `slot`; count at most
 * QUIRE_SLOT_RUN, and the caller holds each by an entry of its own. Those that need I/O and can be
 * had without waiting come with it; out[i] is NULL for the others. The status is that of `slot`.
 */
enum quire_status quire_slot_read_run(struct quire *q, uint64_t slot, uint64_t first,
                                      unsigned count, struct quire_frame **out);
/*
 * The caller has an entry of this frame, under its table's lock, and wants to write to it. True:
 * nobody else has it, it is in no slot cache any more, and its count is 1.
 */
bool quire_slot_take(struct quire *q, struct quire_frame *frame);
/* A reference of a frame that the slot cache had was dropped: it may be the cache's alone now. */
void quire_slot_forget(struct quire *q, uint64_t slot, const struct quire_frame *frame);

/* Slots that only keep a clean copy of a frame in memory become free; how many did. */
uint64_t quire_slot_trim(struct quire *q, uint64_t wanted);

/* The same for all of an area that is closing. */
void quire_slot_trim_area(struct quire_slot_area *area);

struct quire_slot_stats {
    uint64_t total, free, bad; /* slots */
    uint64_t cached;           /* frames that the cache knows */
};
void quire_slot_stats(const struct quire_slot_area *area, struct quire_slot_stats *out);

struct quire_slot *quire_slot_find(struct quire *q, uint64_t slot);
struct quire_slot_area *quire_slot_area_of(struct quire *q, uint64_t slot);
unsigned quire_slot_check(struct quire *q);

#endif
