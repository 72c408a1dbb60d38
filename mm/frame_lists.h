/*
 * What the frame managers that keep one list of free blocks for each order share: buddy.c and
 * frame_freelist.c. Not for embedders.
 */
#ifndef QUIRE_FRAME_LISTS_H
#define QUIRE_FRAME_LISTS_H

#include "frame_internal.h"

/* The links are in the frames' records: no memory is needed beside them. */
size_t quire_frame_lists_storage(uint32_t frames);
void quire_frame_lists_init(struct quire *q, struct quire_zone *zone, void *storage);

/*
 * Walks a zone's lists: lengths, bounds, alignment, and each block's records; check_block, where
 * not NULL, looks at what else the manager promises of a listed block and returns the number of
 * faults it has reported. Returns the number of all. The zone's lock is held.
 */
unsigned quire_frame_lists_check(struct quire *q, struct quire_zone *zone,
                                 unsigned (*check_block)(struct quire *q, struct quire_zone *zone,
                                                         uint32_t number, unsigned order));

#endif
