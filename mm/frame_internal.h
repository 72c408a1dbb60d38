/*
 * What frame.c, frame_init.c, the frame managers and the heap share. Not for embedders.
 */
#ifndef QUIRE_FRAME_INTERNAL_H
#define QUIRE_FRAME_INTERNAL_H

#include <quire/frame.h>

/* What debug builds fill free frames with. */
#define QUIRE_FRAME_POISON 0xdf

/* Flags of a frame that lies in the manager and does not start a block. */
QUIRE_INLINE uint8_t quire_frame_flags(const struct quire_frame *frame)
{
    return __atomic_load_n(&frame->flags, __ATOMIC_RELAXED);
}

/*
 * The flags byte is read by other CPUs (a buddy's look at its neighbour), so it is written whole
 * and atomically, which costs nothing. Debug builds keep the mark of a poisoned frame.
 */
QUIRE_INLINE void quire_frame_set_free_flags(struct quire_frame *frame, unsigned flags)
{
#if QUIRE_DEBUG
    flags |= frame->flags & QUIRE_FRAME_POISONED;
#endif
    __atomic_store_n(&frame->flags, (uint8_t)flags, __ATOMIC_RELAXED);
}

/*
 * A CPU's own counter, which others read at any time: nobody else writes it, so a plain addition
 * will do. Thread sanitizers want to be told.
 */
#ifdef __SANITIZE_THREAD__
#define QUIRE_ADD_OWN(counter, n)                                                                  \
    __atomic_store_n(&(counter), (counter) + (uint64_t)(n), __ATOMIC_RELAXED)
#else
#define QUIRE_ADD_OWN(counter, n) ((counter) += (uint64_t)(n))
#endif

/*
 * n contiguous frames, n not only a power of two, aligned to the next power of two: the tail of the
 * buddy block goes straight back. NULL: no memory, or n exceeds the largest block. Records as for
 * quire_frame_alloc. Give back with the same n; the count of the first must be 1.
 */
struct quire_frame *quire_frame_alloc_run(struct quire *q, size_t n, enum quire_frame_kind kind,
                                          unsigned flags);
void quire_frame_free_run(struct quire *q, struct quire_frame *first, size_t n);

/* Frames [first, first + n) of one zone into its manager, in the largest aligned blocks. Lock held.
 */
void quire_frame_give_locked(struct quire *q, struct quire_zone *zone, uint32_t first, uint32_t n);

/* ---- the frame table (frame_table.c) ---- */

/* What check counts in records. */
struct quire_frame_census {
    uint64_t in_manager[QUIRE_ZONE_COUNT];
    uint64_t unwritten[QUIRE_ZONE_COUNT];
    uint64_t in_stacks;
    uint64_t kind[QUIRE_FRAME_KIND_COUNT];
};

/* Bring-up, with the boot map's copy in place and no section written: counts what is there. */
void quire_frame_table_count(struct quire *q);
/* Writes one more section that has free memory of the zone; false: there is none. No zone's lock
 * held. */
bool quire_frame_grow(struct quire *q, struct quire_zone *zone);
/* Adds what the sections that are not written would say; the blocks they would give a zone. */
void quire_frame_census_unwritten(const struct quire *q, struct quire_frame_census *census);
void quire_frame_blocks_unwritten(const struct quire *q, unsigned zone, uint64_t *out);

/* The largest order of a block of at most n frames; n is not 0. */
QUIRE_INLINE unsigned quire_order_within(uint32_t n)
{
    return 31 - (unsigned)__builtin_clz(n);
}

/* The largest aligned block that begins at `first` and has no more than n frames. */
QUIRE_INLINE unsigned quire_block_order(uint32_t first, uint32_t n)
{
    unsigned order = first == 0 ? QUIRE_MAX_ORDER : (unsigned)__builtin_ctz(first);
    unsigned fits = quire_order_within(n);

    order = order < fits ? order : fits;
    return order < QUIRE_MAX_ORDER ? order : QUIRE_MAX_ORDER;
}

/* One line to the log: text, then up to two numbers in hexadecimal. */
void quire_report(struct quire *q, const char *text, uint64_t first, uint64_t second);

#endif
