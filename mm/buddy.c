/*
 * The buddy system as a frame manager (Knowlton 1965; Knuth, The Art of Computer Programming 2.5).
 *
 * Concepts. A block of order k is 2^k frames at a multiple of 2^k. Its buddy is the other half of
 * the block of order k + 1: the number with bit k flipped. A zone keeps one doubly linked list of
 * free blocks for each order; the links are frame numbers inside the records of the blocks' first
 * frames, so a list costs no memory of its own and a block leaves the middle of one in constant
 * time.
 *
 * Invariants, with the zone's lock free:
 *  - The first frame of a listed block has kind FREE, count 0, flag HEAD and the block's order.
 * Every other free frame in the manager has no HEAD flag. Frames in CPU caches have CACHED instead,
 * so that they are never taken for a buddy.
 *  - Blocks lie inside the zone. Two free buddies of equal order below the top are never both
 * listed.
 *  - zone->blocks[k] is the length of list k.
 *
 * A block's record says HEAD only under the zone's lock, so a look at a neighbour that somebody
 * else owns at this moment can see anything but HEAD. A zone's first and last block may have a
 * buddy outside the zone, whose records another lock protects: the bounds are checked before the
 * look.
 *
 * Single frames are taken from the smallest blocks first: scraps are used up before anything large
 * is split.
 *
 * Lists against one bitmap per order. Both were measured behind the same interface, in a zone of 1
 * GiB; the bitmaps had two levels of summary bits, so that a free block was three bit searches
 * away. For each frame or block taken and given back, with the loop around it: instructions
 * (callgrind, difference of two lengths) and cycles (time-stamp counter on a busy host, least of
 * seven), the latter with the frames' records written as the layer writes them:
 *
 *                                                     lists              bitmaps
 *     64 frames at once, back one by one          110 instr,  46 cy   119 instr,  62 cy
 *     one frame, at random, half of them free     127        597      166        570
 *     64 at once, back one by one at random       141        489      173        635
 *     orders 0 to 4 at random, 20000 blocks       147        706      190        660
 *
 * Lists take 7 to 24 % fewer instructions, and time does not tell them apart: what a list misses in
 * the cache is a record that the layer needs anyway. (Where nobody writes the records, bitmaps are
 * the faster ones at random, 197 cycles against 733.) Without the summaries the second row is 2634
 * instructions. So lists, which need no memory and no bound on a zone.
 */

#include "frame_lists.h"

static void list_push(struct quire *q, struct quire_zone *zone, uint32_t number, unsigned order)
{
    struct quire_frame *frame = quire_frame_at(q, number);
    uint32_t next = zone->list[order];

    frame->order = (uint8_t)order;
    frame->free.next = next;
    frame->free.previous = QUIRE_FRAME_NONE;
    quire_frame_set_free_flags(frame, QUIRE_FRAME_HEAD);
    if (next != QUIRE_FRAME_NONE)
        quire_frame_at(q, next)->free.previous = number;
    zone->list[order] = number;
    zone->blocks[order]++;
}

static void list_remove(struct quire *q, struct quire_zone *zone, uint32_t number, unsigned order)
{
    struct quire_frame *frame = quire_frame_at(q, number);
    uint32_t next = frame->free.next, previous = frame->free.previous;

    if (next != QUIRE_FRAME_NONE)
        quire_frame_at(q, next)->free.previous = previous;
    if (previous != QUIRE_FRAME_NONE)
        quire_frame_at(q, previous)->free.next = next;
    else
        zone->list[order] = next;
    zone->blocks[order]--;
    quire_frame_set_free_flags(frame, 0);
}

/* Gives the upper halves back until the block has the order that is wanted. */
static void split(struct quire *q, struct quire_zone *zone, uint32_t number, unsigned have,
                  unsigned want)
{
    while (have > want) {
        have--;
        list_push(q, zone, number + ((uint32_t)1 << have), have);
    }
}

static uint32_t buddy_alloc(struct quire *q, struct quire_zone *zone, unsigned order)
{
    for (unsigned have = order; have <= QUIRE_MAX_ORDER; have++) {
        uint32_t number = zone->list[have];

        if (number == QUIRE_FRAME_NONE)
            continue;
        list_remove(q, zone, number, have);
        split(q, zone, number, have, order);
        return number;
    }
    return QUIRE_FRAME_NONE;
}

static bool is_free_block(const struct quire *q, const struct quire_zone *zone, uint32_t number,
                          unsigned order)
{
    const struct quire_frame *frame = quire_frame_at(q, number);

    if (number < zone->first || zone->end - number < (uint32_t)1 << order)
        return false;
    return (quire_frame_flags(frame) & QUIRE_FRAME_HEAD) != 0 && frame->order == order;
}

static void buddy_free(struct quire *q, struct quire_zone *zone, uint32_t number, unsigned order)
{
    while (order < QUIRE_MAX_ORDER) {
        uint32_t buddy = number ^ ((uint32_t)1 << order);

        if (!is_free_block(q, zone, buddy, order))
            break;
        list_remove(q, zone, buddy, order);
        number &= buddy;
        order++;
    }
    list_push(q, zone, number, order);
}

/*
 * Each block's numbers are written from its last frame to its first: a stack that is filled this
 * way gives neighbours in rising order, which later come back as runs.
 */
static uint32_t buddy_take(struct quire *q, struct quire_zone *zone, uint32_t n, uint32_t *out)
{
    uint32_t taken = 0;
    unsigned order = 0;

    while (taken < n && order <= QUIRE_MAX_ORDER) {
        uint32_t number = zone->list[order];
        unsigned fits = quire_order_within(n - taken);
        unsigned use = order < fits ? order : fits;

        if (number == QUIRE_FRAME_NONE) {
            order++;
            continue;
        }
        list_remove(q, zone, number, order);
        split(q, zone, number, order, use);
        number += (uint32_t)1 << use;
        taken += (uint32_t)1 << use;
        for (uint32_t *end = out + ((size_t)1 << use); out < end; out++)
            *out = --number;
        if (use < order)
            order = use;
    }
    return taken;
}

/* Links lead both ways, and free buddies were merged. */
static unsigned check_block(struct quire *q, struct quire_zone *zone, uint32_t number,
                            unsigned order)
{
    uint32_t previous = quire_frame_at(q, number)->free.previous;
    uint32_t buddy = number ^ ((uint32_t)1 << order);
    unsigned faults = 0;

    if (previous == QUIRE_FRAME_NONE
            ? zone->list[order] != number
            : previous >= q->frame.count || quire_frame_at(q, previous)->free.next != number) {
        quire_report(q, "buddy: the link back is broken: frame, order", number, order);
        faults++;
    }
    if (order < QUIRE_MAX_ORDER && is_free_block(q, zone, buddy, order)) {
        quire_report(q, "buddy: two free buddies were not merged: frame, order", number, order);
        faults++;
    }
    return faults;
}

static unsigned buddy_check(struct quire *q, struct quire_zone *zone)
{
    return quire_frame_lists_check(q, zone, check_block);
}

const struct quire_frame_manager quire_frame_buddy = {
    .name = "buddy",
    .capabilities = QUIRE_MANAGER_CONTIGUOUS,
    .storage = quire_frame_lists_storage,
    .init = quire_frame_lists_init,
    .alloc = buddy_alloc,
    .free = buddy_free,
    .take = buddy_take,
    .check = buddy_check,
};
