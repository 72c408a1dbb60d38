/*
 * What an object's mappings hold of its pages: taken out (truncation), or asked whether it was
 * written to (write-back).
 *
 * The object's lock keeps the list of regions and their bounds; table locks are taken inside it,
 * one at a time. A leaf table that fork shares is changed in place for all its spaces, and then
 * every space is flushed.
 */
#include "object.h"

/* What is done to the entries of a leaf table. */
enum work { ZAP, ZAP_AND_KEEP_ANONYMOUS, GATHER_DIRTY };

/*
 * The dirty bits of an object's pages go to their frames. The entry may write on: a CPU sets the
 * bit again, once the flush has made it forget that it was set.
 */
static void gather_dirty_locked(struct quire_gather *gather, struct quire_frame *table,
                                unsigned first, unsigned last, quire_virt address)
{
    struct quire *q = gather->q;
    quire_entry *entries = quire_table_entries(q, table);

    for (unsigned i = first; i < last; i++, address += QUIRE_PAGE_SIZE) {
        quire_entry entry = quire_entry_read(&entries[i]);
        struct quire_frame *frame;

        if (!(entry & QUIRE_ENTRY_DIRTY) || !quire_entry_is_counted(entry))
            continue;
        frame = quire_frame_of(q, quire_entry_phys(entry));
        if (frame->kind != QUIRE_FRAME_OBJECT)
            continue;
        quire_frame_gather_dirty(frame, quire_entry_clear_bits(&entries[i], QUIRE_ENTRY_DIRTY));
        quire_gather_range(gather, address, address + QUIRE_PAGE_SIZE);
    }
}

/* One region's entries of pages [first, last]. */
static void walk_region_locked(struct quire_gather *gather, const struct quire_region *region,
                               uint64_t first, uint64_t last, enum work work)
{
    struct quire_space *space = region->space;
    uint64_t region_last = region->offset + (quire_region_length(region) >> QUIRE_PAGE_SHIFT) - 1;
    quire_virt at = region->range.start, end = region->range.end;

    if (first > region_last || last < region->offset)
        return;
    if (first > region->offset)
        at += (quire_virt)(first - region->offset) << QUIRE_PAGE_SHIFT;
    if (last < region_last)
        end -= (quire_virt)(region_last - last) << QUIRE_PAGE_SHIFT;
    while (at < end) {
        quire_virt next = (at & ~(QUIRE_LEAF_SPAN - 1)) + QUIRE_LEAF_SPAN;
        struct quire_leaf leaf;

        if (quire_leaf_find(space->q, &space->table, at, &leaf)) {
            quire_virt stop = next < end ? next : end;

            quire_spin_lock(&leaf.table->table.lock);
            if (!quire_leaf_valid_locked(&leaf)) {
                /* A fault put a copy in the place of a shared table: that one holds the entries. */
                quire_spin_unlock(&leaf.table->table.lock);
                continue;
            }
            if (__atomic_load_n(&leaf.table->count, __ATOMIC_RELAXED) > 1)
                gather->every_space = true;
            if (work == GATHER_DIRTY)
                gather_dirty_locked(gather, leaf.table, quire_level_index(at, 1),
                                    quire_level_index(stop - 1, 1) + 1, at);
            else
                quire_zap_entries_locked(gather, leaf.table, quire_level_index(at, 1),
                                         quire_level_index(stop - 1, 1) + 1, at,
                                         work == ZAP_AND_KEEP_ANONYMOUS);
            quire_spin_unlock(&leaf.table->table.lock);
        } else {
            next = quire_table_skip(space->q, &space->table, at & ~(QUIRE_LEAF_SPAN - 1)) +
                   QUIRE_LEAF_SPAN;
        }
        at = next;
    }
}

static void walk_mappings_locked(struct quire_object *object, uint64_t first, uint64_t last,
                                 enum work work)
{
    for (struct quire_region *region = object->regions; region != NULL;
         region = region->object_next) {
        struct quire_gather gather;

        if (work == GATHER_DIRTY && !quire_region_may_write_object(region))
            continue;
        quire_gather_init(&gather, object->q, region->space);
        walk_region_locked(&gather, region, first, last, work);
        quire_gather_flush(&gather);
        quire_gather_note(&gather);
    }
}

void quire_object_zap_locked(struct quire_object *object, uint64_t first, uint64_t last,
                             bool keep_anonymous)
{
    walk_mappings_locked(object, first, last, keep_anonymous ? ZAP_AND_KEEP_ANONYMOUS : ZAP);
}

void quire_object_gather_dirty_locked(struct quire_object *object, uint64_t first, uint64_t last)
{
    if (object->writable_mappings > 0)
        walk_mappings_locked(object, first, last, GATHER_DIRTY);
}
