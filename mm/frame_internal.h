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

/* One line to the log: text, then up to two numbers in hexadecimal. */
void quire_report(struct quire *q, const char *text, uint64_t first, uint64_t second);

#endif
