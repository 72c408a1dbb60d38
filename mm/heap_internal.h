/* What heap.c and the managers behind it share. Not for embedders. */
#ifndef QUIRE_HEAP_INTERNAL_H
#define QUIRE_HEAP_INTERNAL_H

#include <quire/heap.h>

/* What debug builds fill free objects with, and what stands behind those that are out. */
#define QUIRE_HEAP_POISON 0x6b
#define QUIRE_HEAP_RED    0xbb

QUIRE_INLINE size_t quire_round_up(size_t size, size_t alignment)
{
    return (size + alignment - 1) & ~(alignment - 1);
}

QUIRE_INLINE bool quire_bytes_are(const void *start, size_t length, uint8_t value)
{
    const uint8_t *bytes = start;
    uint8_t difference = 0;

    for (size_t i = 0; i < length; i++)
        difference |= (uint8_t)(bytes[i] ^ value);
    return difference == 0;
}

/*
 * Whole frames, contiguous, as a block of the heap; NULL: no memory. Their first record says how
 * many bytes. A manager marks the records of frames that it cuts up itself with this bit there.
 */
#define QUIRE_HEAP_CUT 1u
void *quire_heap_alloc_frames(struct quire *q, size_t frames);
void quire_heap_free_frames(struct quire *q, struct quire_frame *first);

#endif
