/*
 * quire/frame.h, layer 1: give me 2^n contiguous frames, or n frames as an array; take them back.
 *
 * A frame table of 32 bytes a frame, zones, a stack of free frames per CPU on top of an
 * exchangeable frame manager. Context: any CPU, not from interrupt handlers. Nothing here sleeps or
 * reclaims: shortage is QUIRE_NO_MEMORY.
 */
#ifndef QUIRE_FRAME_H
#define QUIRE_FRAME_H

#include <quire/bootmap.h>
#include <quire/machine.h>

/*
 * Where a frame may come from (each falls back to the zones below it, of which it leaves a share to
 * those who can use no other: QUIRE_LOW_SHARE) and how. Default: NORMAL.
 */
enum {
    QUIRE_ALLOC_DMA = 1 << 0,     /* below 16 MiB */
    QUIRE_ALLOC_DMA32 = 1 << 1,   /* below 4 GiB */
    QUIRE_ALLOC_HIGH = 1 << 2,    /* beyond the direct map is welcome (user and object pages) */
    QUIRE_ALLOC_ZERO = 1 << 3,    /* filled with zeros */
    QUIRE_ALLOC_RESERVE = 1 << 4, /* may use the reserve: write-out only */
};

/* What a frame manager can do; the same tests run on each, these say what they may expect. */
enum {
    QUIRE_MANAGER_CONTIGUOUS = 1 << 0,      /* blocks of order > 0 in O(log n) */
    QUIRE_MANAGER_CONTIGUOUS_SLOW = 1 << 1, /* blocks of order > 0 by linear search */
    /* blocks of order > 0 only as long as some were never cut; what is free is not joined again */
    QUIRE_MANAGER_CONTIGUOUS_FRESH = 1 << 2,
};

/*
 * The exchangeable part: each works on one zone, with the zone's lock held (init: before anybody
 * else runs). Frames it is given have kind FREE and count 0, and the same is expected of those that
 * it returns. zone->free is kept by the layer, and is the number of frames that the manager has.
 */
struct quire_frame_manager {
    const char *name;
    unsigned capabilities;
    /* bytes of boot memory that the manager wants for a zone of that many frames (bitmaps), 0 for
     * none */
    size_t (*storage)(uint32_t frames);
    void (*init)(struct quire *q, struct quire_zone *zone, void *storage);
    /* a block's first frame number, or QUIRE_FRAME_NONE */
    uint32_t (*alloc)(struct quire *q, struct quire_zone *zone, unsigned order);
    void (*free)(struct quire *q, struct quire_zone *zone, uint32_t number, unsigned order);
    /* up to n single frames into out[], the number taken is returned; NULL: alloc is called n times
     */
    uint32_t (*take)(struct quire *q, struct quire_zone *zone, uint32_t n, uint32_t *out);
    /* adds the free blocks of each order to out[0 .. QUIRE_MAX_ORDER]; NULL: zone->blocks has them
     */
    void (*blocks)(struct quire *q, struct quire_zone *zone, uint64_t *out);
    /* every disagreement inside the zone's state is logged; their number is returned */
    unsigned (*check)(struct quire *q, struct quire_zone *zone);
};

extern const struct quire_frame_manager quire_frame_buddy;    /* the default */
extern const struct quire_frame_manager quire_frame_bitmap;   /* first fit */
extern const struct quire_frame_manager quire_frame_freelist; /* last in, first out */

/* The manager with that name; NULL: there is none. */
const struct quire_frame_manager *quire_frame_manager_find(const char *name);

struct quire_frame_config {
    unsigned cpu_count;    /* at least 1 */
    quire_phys direct_end; /* the direct map covers physical [0, direct_end) */
    quire_phys ram_limit;  /* the CPU's physical addresses end here; 0: where the format's do */
    const struct quire_frame_manager *manager; /* NULL: buddy */
    uint32_t reserve;                          /* frames kept back for QUIRE_ALLOC_RESERVE */
};

/*
 * Builds the frame table, the zones and the per-CPU data from a finished boot map; takes its own
 * memory out of the map, from high addresses below direct_end, which the direct map must already
 * reach. After it the boot map gives nothing more. Memory that the map calls in use at boot has
 * kind BOOT and count 1 in each frame: an archive that was unpacked is given back frame by frame
 * with quire_frame_free. RAM beyond 16 TiB has no frame number and is left out. QUIRE_NO_MEMORY or
 * QUIRE_NO_SPACE: no room for the table, or in the map's storage. QUIRE_INVALID: map not finished,
 * or no CPU. After a failure the machine cannot be used.
 */
enum quire_status quire_frame_init(struct quire *q, struct quire_bootmap *map,
                                   const struct quire_frame_config *config);

/* Another reserve than the configuration's. Any context. */
void quire_frame_set_reserve(struct quire *q, uint64_t frames);

/* Free frames that requests for a zone and those below it may have, the reserve among them: not
 * those of other CPUs' stacks, nor what is kept for requests that can use nothing else. */
uint64_t quire_frame_offered(const struct quire *q, enum quire_zone_id zone);
/* The same for direct-mapped memory, or for pages that may lie beyond it: what is less. */
uint64_t quire_frame_available(const struct quire *q);

/* ---- numbers, addresses, pointers ---- */

QUIRE_INLINE struct quire_frame *quire_frame_at(const struct quire *q, uint32_t number)
{
    return &q->frame.table[number];
}

QUIRE_INLINE uint32_t quire_frame_number(const struct quire *q, const struct quire_frame *frame)
{
    return (uint32_t)(frame - q->frame.table);
}

QUIRE_INLINE quire_phys quire_frame_phys(const struct quire *q, const struct quire_frame *frame)
{
    return (quire_phys)quire_frame_number(q, frame) << QUIRE_PAGE_SHIFT;
}

/*
 * The frame that holds a physical byte; the caller knows that it is inside the table, and that its
 * record is written: the frame is somebody's. For any other address: quire_frame_find.
 */
QUIRE_INLINE struct quire_frame *quire_frame_of(const struct quire *q, quire_phys address)
{
    return &q->frame.table[address >> QUIRE_PAGE_SHIFT];
}

#define QUIRE_WORD_BITS (8 * (uint32_t)sizeof(unsigned long))

/* Records are written section by section, when they are first needed (mm/frame_table.c). */
QUIRE_INLINE bool quire_frame_is_written(const struct quire *q, uint32_t number)
{
    uint32_t section = number >> QUIRE_SECTION_ORDER;
    unsigned long bits =
        __atomic_load_n(&q->frame.written[section / QUIRE_WORD_BITS], __ATOMIC_ACQUIRE);

    return (bits >> section % QUIRE_WORD_BITS) & 1;
}

/* Writes the section that holds the frame, unless it is written. Takes locks. */
struct quire_frame *quire_frame_write(struct quire *q, uint32_t number);

/* The first frame from `number` on whose record is written; q->frame.count: there is none. */
uint32_t quire_frame_next_written(const struct quire *q, uint32_t number);

/* NULL where there is no frame record (devices, memory holes past the end). No zone's lock held. */
QUIRE_INLINE struct quire_frame *quire_frame_find(struct quire *q, quire_phys address)
{
    quire_phys number = address >> QUIRE_PAGE_SHIFT;

    if (number >= q->frame.count)
        return NULL;
    if (QUIRE_UNLIKELY(!quire_frame_is_written(q, (uint32_t)number)))
        return quire_frame_write(q, (uint32_t)number);
    return quire_frame_of(q, address);
}

/* A frame's bytes. Tables, heap and area frames are always direct-mapped: quire_frame_direct. */
QUIRE_INLINE void *quire_frame_direct(const struct quire *q, const struct quire_frame *frame)
{
    return quire_platform_direct(q, quire_frame_phys(q, frame));
}

void *quire_frame_map_slow(struct quire *q, quire_phys address);
void quire_frame_unmap_slow(struct quire *q, void *address);

/* Any frame's bytes: pair with quire_frame_unmap, last in first out, without sleeping or faulting
 * in between. */
QUIRE_INLINE void *quire_frame_map(struct quire *q, const struct quire_frame *frame)
{
    quire_phys address = quire_frame_phys(q, frame);

    if (QUIRE_LIKELY(address < q->frame.direct_end))
        return quire_platform_direct(q, address);
    return quire_frame_map_slow(q, address);
}

QUIRE_INLINE void quire_frame_unmap(struct quire *q, const struct quire_frame *frame, void *bytes)
{
    if (QUIRE_UNLIKELY(quire_frame_phys(q, frame) >= q->frame.direct_end))
        quire_frame_unmap_slow(q, bytes);
}

/* ---- allocation ---- */

/*
 * 2^order contiguous frames, aligned to their size. The first one's count is 1 and it has the given
 * kind and order (the others: count 0, same kind). NULL: no memory. The union of the record is
 * zeroed.
 */
struct quire_frame *quire_frame_alloc(struct quire *q, unsigned order, enum quire_frame_kind kind,
                                      unsigned flags);

/* One frame: the fast path, from this CPU's stack. */
struct quire_frame *quire_frame_alloc_one(struct quire *q, enum quire_frame_kind kind,
                                          unsigned flags);

/*
 * n single frames (each with count 1) into out[]; all or none. QUIRE_NO_MEMORY leaves nothing
 * allocated.
 */
enum quire_status quire_frame_alloc_many(struct quire *q, size_t n, enum quire_frame_kind kind,
                                         unsigned flags, struct quire_frame **out);

/*
 * Give back a block whose count is 1 (the caller's own reference). QUIRE_BUSY: others hold it;
 * QUIRE_NOT_ALLOCATED: it is free already or not RAM. In both cases nothing changes.
 */
enum quire_status quire_frame_free(struct quire *q, struct quire_frame *frame);

/* n single frames whose count has already dropped to 0 (the end of an unmapping). Not checked
 * outside debug builds. */
void quire_frame_free_bulk(struct quire *q, struct quire_frame *const *frames, size_t n);

/* One more reference to an allocated frame. */
QUIRE_INLINE void quire_frame_get(struct quire_frame *frame)
{
    quire_platform_point();
    __atomic_fetch_add(&frame->count, 1, __ATOMIC_RELAXED);
}

/* One reference less; true when it was the last: the caller frees it, at the latest after the TLB
 * flush. */
QUIRE_INLINE bool quire_frame_drop(struct quire_frame *frame)
{
    quire_platform_point();
    return __atomic_sub_fetch(&frame->count, 1, __ATOMIC_ACQ_REL) == 0;
}

/*
 * The frame's bytes were changed by the kernel itself: it differs from what stands behind it. Call
 * it after the change (and after the object's size has grown over it): what is written back clears
 * the mark first and looks at the bytes then. No short cut where the mark is set already: the
 * locked instruction keeps the change before it.
 */
QUIRE_INLINE void quire_frame_mark_dirty(struct quire_frame *frame)
{
    __atomic_fetch_or(&frame->flags, QUIRE_FRAME_DIRTY, __ATOMIC_SEQ_CST);
}

QUIRE_INLINE bool quire_frame_is_dirty(const struct quire_frame *frame)
{
    return (__atomic_load_n(&frame->flags, __ATOMIC_ACQUIRE) & QUIRE_FRAME_DIRTY) != 0;
}

/* The sole owner makes it another kind; the union of the record is the new kind's, and zeroed. */
void quire_frame_set_kind(struct quire *q, struct quire_frame *frame, enum quire_frame_kind kind);

/* Drop, and free when it was the last. Only where no TLB can hold the frame. */
void quire_frame_put(struct quire *q, struct quire_frame *frame);

/* Give this CPU's stack back to the manager (memory short, CPU going away). */
void quire_frame_drain(struct quire *q);

/* ---- reports ---- */

QUIRE_INLINE uint32_t quire_zone_unwritten(const struct quire_zone *zone)
{
    return __atomic_load_n(&zone->unwritten, __ATOMIC_RELAXED);
}

/* Free frames of a zone, those that CPUs keep left out. */
QUIRE_INLINE uint64_t quire_zone_free(const struct quire_zone *zone)
{
    return (uint64_t)__atomic_load_n(&zone->free, __ATOMIC_RELAXED) + quire_zone_unwritten(zone);
}

struct quire_frame_stats {
    uint64_t total;                        /* frames of RAM under management */
    uint64_t free;                         /* free ones, CPU stacks included */
    uint64_t kind[QUIRE_FRAME_KIND_COUNT]; /* frames by kind; FREE as above */
};

/* Sums what zones and CPUs count, without stopping anyone: O(CPUs). */
void quire_frame_stats(const struct quire *q, struct quire_frame_stats *out);

/* Free blocks of a zone by order, out[0 .. QUIRE_MAX_ORDER]; what CPUs keep is in none. */
void quire_frame_blocks(struct quire *q, enum quire_zone_id zone, uint64_t *out);

/* Disagreements found in zones, lists, caches and records; each is logged. */
unsigned quire_frame_check(struct quire *q);

const char *quire_frame_kind_string(enum quire_frame_kind kind);
const char *quire_zone_string(enum quire_zone_id zone);

#endif
