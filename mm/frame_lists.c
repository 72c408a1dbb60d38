/* Lists of free blocks, one for each order, as two frame managers have them: their common part. */
#include "frame_lists.h"

size_t quire_frame_lists_storage(uint32_t frames)
{
    (void)frames;
    return 0;
}

void quire_frame_lists_init(struct quire *q, struct quire_zone *zone, void *storage)
{
    (void)q;
    (void)storage;
    for (unsigned order = 0; order <= QUIRE_MAX_ORDER; order++) {
        zone->list[order] = QUIRE_FRAME_NONE;
        zone->blocks[order] = 0;
    }
}

static unsigned check_records(struct quire *q, uint32_t number, unsigned order)
{
    unsigned faults = 0;

    for (uint32_t i = 0; i < (uint32_t)1 << order; i++) {
        const struct quire_frame *frame = quire_frame_at(q, number + i);
        unsigned flags =
            quire_frame_flags(frame) & ~(unsigned)(QUIRE_FRAME_POISONED | QUIRE_FRAME_ZEROED);

        if (frame->kind == QUIRE_FRAME_FREE && frame->count == 0 &&
            flags == (i == 0 ? QUIRE_FRAME_HEAD : 0))
            continue;
        quire_report(q, "frames: free block holds a frame that is not free: frame, flags",
                     number + i, flags);
        faults++;
    }
    return faults;
}

static unsigned check_list(struct quire *q, struct quire_zone *zone, unsigned order,
                           unsigned (*check_block)(struct quire *, struct quire_zone *, uint32_t,
                                                   unsigned))
{
    uint32_t size = (uint32_t)1 << order, number = zone->list[order];
    uint64_t length = 0;
    unsigned faults = 0;

    while (number != QUIRE_FRAME_NONE) {
        if (number < zone->first || number >= zone->end || zone->end - number < size ||
            (number & (size - 1)) != 0 || quire_frame_at(q, number)->order != order ||
            ++length > zone->blocks[order]) {
            quire_report(q, "frames: list is broken: frame, order", number, order);
            return faults + 1; /* what follows cannot be trusted */
        }
        faults += check_records(q, number, order);
        if (check_block != NULL)
            faults += check_block(q, zone, number, order);
        number = quire_frame_at(q, number)->free.next;
    }
    if (length != zone->blocks[order]) {
        quire_report(q, "frames: list is shorter than its count: length, count", length,
                     zone->blocks[order]);
        faults++;
    }
    return faults;
}

unsigned quire_frame_lists_check(struct quire *q, struct quire_zone *zone,
                                 unsigned (*check_block)(struct quire *q, struct quire_zone *zone,
                                                         uint32_t number, unsigned order))
{
    uint64_t total = 0;
    unsigned faults = 0;

    for (unsigned order = 0; order <= QUIRE_MAX_ORDER; order++) {
        faults += check_list(q, zone, order, check_block);
        total += zone->blocks[order] << order;
    }
    if (total != zone->free) {
        quire_report(q, "frames: free frames in lists and in the zone differ: lists, zone", total,
                     zone->free);
        faults++;
    }
    return faults;
}
