/*
 * Closing a slot area: what its slots hold comes back to memory. Programs run meanwhile, and may be
 * paged out to other areas, or fork what is still out: the embedder asks again until the area can
 * be destroyed.
 */
#include "object.h"

#include <quire/hooks.h>
#include <quire/reclaim.h>

/* Every slot of the area that [at, end) of a space holds comes back. */
static enum quire_status drain_space(struct quire_slot_area *area, struct quire_space *space)
{
    struct quire *q = space->q;
    quire_virt at = space->start;

    while (at < space->end) {
        quire_virt base = at & ~(QUIRE_LEAF_SPAN - 1);
        struct quire_leaf leaf;
        quire_entry entry;
        enum quire_status status;

        if (!quire_leaf_find(q, &space->table, base, &leaf)) {
            at = quire_table_skip(q, &space->table, base) + QUIRE_LEAF_SPAN;
            continue;
        }
        entry = quire_entry_read(&leaf.entries[quire_level_index(at, 1)]);
        if (quire_entry_is_slot(entry) && quire_slot_area_of(q, quire_entry_slot(entry)) == area) {
            if (!quire_hook_pause(q))
                return QUIRE_NO_MEMORY;
            status = quire_space_fault(space, at,
                                       QUIRE_ACCESS_READ | QUIRE_ACCESS_KERNEL |
                                           QUIRE_ACCESS_REMOTE | QUIRE_ACCESS_FORCE,
                                       NULL);
            /* An unmapping was faster, or the page is lost: its program will be told. */
            if (status == QUIRE_NO_MEMORY)
                return status;
        }
        at += QUIRE_PAGE_SIZE;
    }
    return QUIRE_OK;
}

enum quire_status quire_reclaim_drain(struct quire_slot_area *area)
{
    struct quire *q = area->q;
    enum quire_status status = QUIRE_OK;
    struct quire_space *space;
    struct quire_object *object;

    for (uint32_t next = 0;
         status == QUIRE_OK && (space = quire_space_pin_next(q, next)) != NULL;) {
        next = space->number + 1;
        status = drain_space(area, space);
        quire_space_unpin(space);
    }
    for (uint32_t next = 0;
         status != QUIRE_NO_MEMORY && (object = quire_object_hold_next(q, next)) != NULL;) {
        enum quire_status of_object = quire_object_drain(object, area);

        if (of_object != QUIRE_OK)
            status = of_object;
        next = object->number + 1;
        quire_object_put(object);
    }
    while (status == QUIRE_OK && quire_reclaim_wait_for_a_write(q))
        ;
    if (status == QUIRE_OK)
        quire_slot_trim_area(area);
    return status;
}

void quire_reclaim_stats(struct quire *q, struct quire_reclaim_stats *out)
{
    *out = (struct quire_reclaim_stats){.writing =
                                            __atomic_load_n(&q->reclaim.writing, __ATOMIC_RELAXED)};
    for (const struct quire_slot_area *area = q->slots; area != NULL; area = area->next) {
        struct quire_slot_stats stats;

        quire_slot_stats(area, &stats);
        out->slots += stats.total;
        out->slots_free += stats.free;
        out->slots_bad += stats.bad;
        out->cached += stats.cached;
    }
}
