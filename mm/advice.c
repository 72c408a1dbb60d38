/*
 * Advice about pages that are there, or that a slot or a file has: what quire_space_advise does
 * with each page of a piece of a region.
 *
 *   FREE       a page of private anonymous memory loses its dirty bit and is marked. As long as it
 *              is not written to, reclaim may take it without writing it, before all others; then
 *              it is zeros again. What a slot holds is of no more use either, and goes at once.
 *   COLD       a page counts as untouched: the policies' next look finds it unused.
 *   PAGE_OUT   the page goes now (mm/reclaim.c).
 *   WILL_NEED  what slots and files have comes into memory, as long as there is room that nobody
 *              has to be moved out for.
 *
 * Pages that others map too are nobody's to give up: FREE, COLD and PAGE_OUT pass them over.
 *
 * Locking: the space's lock for FREE and COLD, each table under its own lock; none for the others,
 * which sleep. FREE needs tables of the space's own, and can fail for want of memory; then a part
 * is done, and doing all of it once more is right.
 */
#include "region.h"

#include <quire/reclaim.h>

/* ---- FREE ---- */

/* Nobody else has the frame, and no slot its content: it may be marked. */
static bool is_ours_alone(struct quire *q, struct quire_frame *frame)
{
    if (frame->kind != QUIRE_FRAME_ANONYMOUS)
        return false;
    return __atomic_load_n(&frame->count, __ATOMIC_ACQUIRE) == 1 ||
           (quire_frame_slot(frame) != 0 && quire_slot_take(q, frame));
}

/* True: a TLB may know the entry as written or used. */
static bool free_entry_locked(struct quire *q, struct quire_frame *table, quire_entry *place)
{
    const uint8_t dirty = QUIRE_FRAME_DIRTY;
    quire_entry entry = quire_entry_peek(place);
    struct quire_frame *frame;

    if (quire_entry_is_slot(entry)) {
        (void)quire_entry_exchange(place, 0);
        table->table.live--;
        quire_slot_put(q, quire_entry_slot(entry));
        return false;
    }
    if (!quire_entry_is_counted(entry))
        return false;
    frame = quire_frame_of(q, quire_entry_phys(entry));
    if (!is_ours_alone(q, frame))
        return false;
    (void)quire_entry_clear_bits(place, QUIRE_ENTRY_DIRTY | QUIRE_ENTRY_ACCESSED);
    (void)__atomic_and_fetch(&frame->flags, (uint8_t)~dirty, __ATOMIC_RELAXED);
    if (!(__atomic_fetch_or(&frame->flags, (uint8_t)QUIRE_FRAME_LAZY_FREE, __ATOMIC_RELAXED) &
          QUIRE_FRAME_LAZY_FREE))
        quire_count_event(q, QUIRE_EVENT_LAZY_FREE);
    return true;
}

static bool cool_entry_locked(struct quire *q, quire_entry *place)
{
    quire_entry entry = quire_entry_peek(place);
    struct quire_frame *frame;

    if (!quire_entry_is_counted(entry))
        return false;
    frame = quire_frame_of(q, quire_entry_phys(entry));
    if (quire_frame_mappings(frame) > 1)
        return false;
    if (frame->kind == QUIRE_FRAME_OBJECT)
        (void)quire_frame_take_accessed(frame);
    if (!(entry & QUIRE_ENTRY_ACCESSED))
        return false;
    (void)quire_entry_clear_bits(place, QUIRE_ENTRY_ACCESSED);
    return true;
}

/* The leaf table over an address, locked; QUIRE_NO_MAPPING: there is none. own: made the space's
 * own first. */
static enum quire_status lock_leaf(struct quire_space *space, quire_virt at, bool own,
                                   struct quire_leaf *leaf)
{
    for (;;) {
        enum quire_status status = QUIRE_OK;

        if (own)
            status = quire_leaf_own(space, at, false, leaf);
        else if (!quire_leaf_find(space->q, &space->table, at, leaf))
            status = QUIRE_NO_MAPPING;
        if (status != QUIRE_OK)
            return status;
        quire_spin_lock(&leaf->table->table.lock);
        if (quire_leaf_valid_locked(leaf))
            return QUIRE_OK;
        quire_spin_unlock(&leaf->table->table.lock);
    }
}

static enum quire_status visit_entries(struct quire_space *space, quire_virt start, quire_virt end,
                                       bool free)
{
    struct quire *q = space->q;
    enum quire_status status = QUIRE_OK;
    quire_virt first = end, last = start;

    for (quire_virt at = start; at < end && status == QUIRE_OK;) {
        quire_virt base = at & ~(QUIRE_LEAF_SPAN - 1), stop = base + QUIRE_LEAF_SPAN;
        struct quire_leaf leaf;

        status = lock_leaf(space, at, free, &leaf);
        if (status == QUIRE_NO_MAPPING) {
            at = quire_table_skip(q, &space->table, base) + QUIRE_LEAF_SPAN;
            status = QUIRE_OK;
            continue;
        }
        if (status != QUIRE_OK)
            break;
        if (stop > end)
            stop = end;
        /* All pages of a table that fork shares are shared. */
        if (__atomic_load_n(&leaf.table->count, __ATOMIC_ACQUIRE) > 1)
            at = stop;
        for (; at < stop; at += QUIRE_PAGE_SIZE) {
            quire_entry *place = &leaf.entries[quire_level_index(at, 1)];

            if (!(free ? free_entry_locked(q, leaf.table, place) : cool_entry_locked(q, place)))
                continue;
            first = at < first ? at : first;
            last = at + QUIRE_PAGE_SIZE;
        }
        quire_spin_unlock(&leaf.table->table.lock);
    }
    if (first < last)
        quire_flush_space(space, first, last);
    return status;
}

enum quire_status quire_advise_free_locked(struct quire_space *space, quire_virt start,
                                           quire_virt end)
{
    enum quire_status status = visit_entries(space, start, end, true);

    __atomic_store_n(&space->q->reclaim.lazy, true, __ATOMIC_RELAXED);
    return status;
}

void quire_advise_cold_locked(struct quire_space *space, quire_virt start, quire_virt end)
{
    (void)visit_entries(space, start, end, false);
}

/* ---- WILL_NEED ---- */

/* There is room that nobody has to be moved out for. */
static bool has_room(const struct quire *q)
{
    return quire_frame_available(q) > __atomic_load_n(&q->reclaim.high, __ATOMIC_RELAXED) +
                                          __atomic_load_n(&q->frame.reserve, __ATOMIC_RELAXED) +
                                          QUIRE_SLOT_RUN;
}

/* Entries that hold slots. The space's lock is not held; what changes meanwhile does not matter. */
static void need_entries(struct quire_space *space, quire_virt start, quire_virt end)
{
    for (quire_virt at = start; at < end && has_room(space->q);) {
        quire_virt base = at & ~(QUIRE_LEAF_SPAN - 1);
        struct quire_leaf leaf;

        if (!quire_leaf_find(space->q, &space->table, base, &leaf)) {
            at = quire_table_skip(space->q, &space->table, base) + QUIRE_LEAF_SPAN;
            continue;
        }
        if (quire_entry_is_slot(quire_entry_peek(&leaf.entries[quire_level_index(at, 1)])) &&
            quire_space_fault(space, at, QUIRE_ACCESS_READ | QUIRE_ACCESS_KERNEL, NULL) != QUIRE_OK)
            return;
        at += QUIRE_PAGE_SIZE;
    }
}

void quire_advise_will_need(struct quire_space *space, quire_virt start, quire_virt end,
                            struct quire_object *object, uint64_t index)
{
    need_entries(space, start, end);
    if (object != NULL)
        (void)quire_object_fetch_ahead(object, index,
                                       index + ((end - start - 1) >> QUIRE_PAGE_SHIFT));
}
