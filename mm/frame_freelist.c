/*
 * Free lists as a frame manager: what was given back last goes out first, and nothing is merged.
 *
 * Concepts. A zone keeps one singly linked list of free blocks for each order, threaded through the
 * records of the blocks' first frames. Taking a frame pops the list of single frames; when it is
 * empty the smallest larger block is cut in halves, and the upper ones stay behind. Giving back is
 * a push. No neighbour is ever looked at, so both are constant, whatever the state of memory.
 *
 * The price is that memory only ever falls apart: a block of higher order is one that was never
 * cut, or that came back whole. When none is left such a request is refused, although the frames
 * for it may lie free side by side (QUIRE_MANAGER_CONTIGUOUS_FRESH). Who needs contiguous memory
 * takes it early and keeps it; the heap keeps to slabs of one frame; all else is mapped frame by
 * frame (areas, page tables) and does not notice.
 *
 * Invariants, with the zone's lock free: the first frame of a listed block has kind FREE, count 0,
 * flag HEAD and the block's order, every other frame of it no HEAD flag; blocks lie inside the
 * zone, aligned to their size; zone->blocks[k] is the length of list k.
 */

#include "frame_lists.h"

static void list_push(struct quire *q, struct quire_zone *zone, uint32_t number, unsigned order)
{
    struct quire_frame *frame = quire_frame_at(q, number);

    frame->order = (uint8_t)order;
    frame->free.next = zone->list[order];
    quire_frame_set_free_flags(frame, QUIRE_FRAME_HEAD);
    zone->list[order] = number;
    zone->blocks[order]++;
}

/* The list is not empty. */
static uint32_t list_pop(struct quire *q, struct quire_zone *zone, unsigned order)
{
    uint32_t number = zone->list[order];
    struct quire_frame *frame = quire_frame_at(q, number);

    zone->list[order] = frame->free.next;
    zone->blocks[order]--;
    quire_frame_set_free_flags(frame, 0);
    return number;
}

/* The smallest list from `order` on that has a block; above QUIRE_MAX_ORDER: none has. */
static unsigned first_list(const struct quire_zone *zone, unsigned order)
{
    while (order <= QUIRE_MAX_ORDER && zone->list[order] == QUIRE_FRAME_NONE)
        order++;
    return order;
}

/* A block of list `have`, cut down to `want`; the upper halves stay. */
static uint32_t cut(struct quire *q, struct quire_zone *zone, unsigned have, unsigned want)
{
    uint32_t number = list_pop(q, zone, have);

    while (have > want) {
        have--;
        list_push(q, zone, number + ((uint32_t)1 << have), have);
    }
    return number;
}

static uint32_t freelist_alloc(struct quire *q, struct quire_zone *zone, unsigned order)
{
    unsigned have = first_list(zone, order);

    return have > QUIRE_MAX_ORDER ? QUIRE_FRAME_NONE : cut(q, zone, have, order);
}

static void freelist_free(struct quire *q, struct quire_zone *zone, uint32_t number, unsigned order)
{
    list_push(q, zone, number, order);
}

/* Blocks as large as what is still wanted, each from its last frame to its first, so that a stack
 * gives neighbours in rising order. */
static uint32_t freelist_take(struct quire *q, struct quire_zone *zone, uint32_t n, uint32_t *out)
{
    uint32_t taken = 0;

    while (taken < n) {
        unsigned have = first_list(zone, 0), fits = quire_order_within(n - taken), use;
        uint32_t number;

        if (have > QUIRE_MAX_ORDER)
            break;
        use = have < fits ? have : fits;
        number = cut(q, zone, have, use);
        for (uint32_t i = (uint32_t)1 << use; i-- > 0;)
            out[taken++] = number + i;
    }
    return taken;
}

static unsigned freelist_check(struct quire *q, struct quire_zone *zone)
{
    return quire_frame_lists_check(q, zone, NULL);
}

const struct quire_frame_manager quire_frame_freelist = {
    .name = "freelist",
    .capabilities = QUIRE_MANAGER_CONTIGUOUS_FRESH,
    .storage = quire_frame_lists_storage,
    .init = quire_frame_lists_init,
    .alloc = freelist_alloc,
    .free = freelist_free,
    .take = freelist_take,
    .check = freelist_check,
};
