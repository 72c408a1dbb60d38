/*
 * mremap: grow, shrink or move a mapping.
 *
 * Moving takes entries from one place to another in the same space: frames keep their counts, slots
 * their references. A large mapping is moved to a place that lies equally in its 2 MiB, and then
 * whole leaf tables change places, not entries.
 *
 * Failure: the new region's record and every leaf table at the destination are made, and shared
 * tables on both sides unshared, before the first entry moves; from there nothing fails. For a
 * fixed destination all of that is there before what is mapped at it goes. Where memory is short
 * the lock is given back, so that some can be reclaimed: a fault must not find the destination
 * empty meanwhile.
 */
#include "region.h"

#include <quire/heap.h>

/* Tables for [to, to + length) wherever the source has one; both sides the space's own. */
static enum quire_status prepare_tables(struct quire_space *space, quire_virt from, quire_virt to,
                                        size_t length)
{
    enum quire_status status = quire_own_range(space, from, from + length);

    for (size_t done = 0; status == QUIRE_OK && done < length;) {
        quire_virt source = from + done, target = to + done;
        quire_virt base = source & ~(QUIRE_LEAF_SPAN - 1);
        size_t source_left, target_left;
        struct quire_leaf leaf;

        base = quire_table_skip(space->q, &space->table, base);
        if (base > source) {
            done = base - from;
            continue;
        }
        if (quire_leaf_find(space->q, &space->table, source, &leaf))
            status = quire_leaf_own(space, target, true, &leaf);
        source_left = QUIRE_LEAF_SPAN - (source & (QUIRE_LEAF_SPAN - 1));
        target_left = QUIRE_LEAF_SPAN - (target & (QUIRE_LEAF_SPAN - 1));
        done += source_left < target_left ? source_left : target_left;
    }
    return status;
}

/* Lock two leaf tables, lower frame first; the same one once. */
static void lock_pair(struct quire_frame *a, struct quire_frame *b)
{
    if (a > b) {
        struct quire_frame *swap = a;

        a = b;
        b = swap;
    }
    quire_spin_lock(&a->table.lock);
    if (a != b)
        quire_spin_lock(&b->table.lock);
}

static void unlock_pair(struct quire_frame *a, struct quire_frame *b)
{
    quire_spin_unlock(&a->table.lock);
    if (a != b)
        quire_spin_unlock(&b->table.lock);
}

/*
 * `count` entries, for addresses from `address` on, from one leaf table to another (or inside one);
 * the destination is empty.
 */
static void move_entries(struct quire_space *space, quire_virt address,
                         const struct quire_leaf *source, const struct quire_leaf *target,
                         unsigned to, unsigned count)
{
    struct quire *q = space->q;
    quire_entry *from = &source->entries[quire_level_index(address, 1)], *end = from + count;
    quire_entry *place = &target->entries[to];
    unsigned live = 0, resident = 0, anonymous = 0;

    lock_pair(source->table, target->table);
    for (; from < end; from++, place++) {
        quire_entry entry;

        if (quire_entry_read(from) == 0)
            continue;
        entry = quire_entry_exchange(from, 0);
        quire_entry_write(place, entry);
        live++;
        if (quire_entry_is_counted(entry)) {
            resident++;
            anonymous += quire_frame_of(q, quire_entry_phys(entry))->kind == QUIRE_FRAME_ANONYMOUS;
        }
    }
    if (source->table != target->table) {
        source->table->table.live = (uint16_t)(source->table->table.live - live);
        source->table->table.resident = (uint16_t)(source->table->table.resident - resident);
        source->table->table.anonymous = (uint16_t)(source->table->table.anonymous - anonymous);
        target->table->table.live = (uint16_t)(target->table->table.live + live);
        target->table->table.resident = (uint16_t)(target->table->table.resident + resident);
        target->table->table.anonymous = (uint16_t)(target->table->table.anonymous + anonymous);
    }
    if (live > 0)
        quire_flush_space(space, address, address + ((quire_virt)count << QUIRE_PAGE_SHIFT));
    unlock_pair(source->table, target->table);
}

/*
 * A whole leaf table changes places with the empty one that was made for it. No entry is touched: a
 * fault sees its parent entry changed.
 */
static void swap_tables(struct quire_space *space, quire_virt address,
                        const struct quire_leaf *source, const struct quire_leaf *target)
{
    lock_pair(source->parent, target->parent);
    lock_pair(source->table, target->table);
    (void)quire_entry_exchange(source->parent_entry, target->seen);
    (void)quire_entry_exchange(target->parent_entry, source->seen);
    quire_flush_space(space, address, address + QUIRE_LEAF_SPAN);
    unlock_pair(source->table, target->table);
    unlock_pair(source->parent, target->parent);
}

/*
 * The old addresses are flushed while the tables are still locked. Who takes an entry away at its
 * new address (a truncation, a writing out) flushes that address only, and frees the frame.
 */
static void move_pages(struct quire_space *space, quire_virt from, quire_virt to, size_t length)
{
    for (size_t done = 0; done < length;) {
        quire_virt source = from + done, target = to + done;
        quire_virt base = source & ~(QUIRE_LEAF_SPAN - 1);
        size_t step = QUIRE_LEAF_SPAN - (source & (QUIRE_LEAF_SPAN - 1));
        size_t target_left = QUIRE_LEAF_SPAN - (target & (QUIRE_LEAF_SPAN - 1));
        struct quire_leaf source_leaf, target_leaf;

        base = quire_table_skip(space->q, &space->table, base);
        if (base > source) {
            done = base - from;
            continue;
        }
        if (step > target_left)
            step = target_left;
        if (step > length - done)
            step = length - done;
        if (!quire_leaf_find(space->q, &space->table, source, &source_leaf) ||
            !quire_leaf_find(space->q, &space->table, target, &target_leaf)) {
            done += step;
            continue;
        }
        if (step == QUIRE_LEAF_SPAN && target_leaf.table->table.live == 0)
            swap_tables(space, source, &source_leaf, &target_leaf);
        else
            move_entries(space, source, &source_leaf, &target_leaf, quire_level_index(target, 1),
                         (unsigned)(step >> QUIRE_PAGE_SHIFT));
        done += step;
    }
}

struct remap {
    quire_virt old, new;
    size_t old_length, new_length;
    unsigned flags;
    struct quire_kept_tables kept; /* at the destination */
};

/* What is moved: the rest is new, or was cut off. */
static size_t moved_length(const struct remap *remap)
{
    return remap->old_length < remap->new_length ? remap->old_length : remap->new_length;
}

static enum quire_status check_remap(const struct remap *remap)
{
    const unsigned known =
        QUIRE_REMAP_MAY_MOVE | QUIRE_REMAP_FIXED | QUIRE_REMAP_KEEP_OLD | QUIRE_REMAP_REFUSED;

    if ((remap->flags & ~known) ||
        ((remap->flags & (QUIRE_REMAP_FIXED | QUIRE_REMAP_KEEP_OLD)) &&
         !(remap->flags & QUIRE_REMAP_MAY_MOVE)) ||
        ((remap->flags & QUIRE_REMAP_KEEP_OLD) && remap->old_length != remap->new_length))
        return QUIRE_INVALID;
    if (remap->old & (QUIRE_PAGE_SIZE - 1))
        return QUIRE_UNALIGNED;
    return remap->new_length == 0 ? QUIRE_ZERO_LENGTH : QUIRE_OK;
}

/* A new address that is a wish (KEEP_OLD) has to be as right as one that is an order. */
static enum quire_status check_target(const struct quire_space *space, const struct remap *remap)
{
    if (remap->new &(QUIRE_PAGE_SIZE - 1))
        return QUIRE_UNALIGNED;
    if (remap->new_length > space->end || remap->new > space->end - remap->new_length)
        return QUIRE_OUT_OF_RANGE;
    if (remap->old + remap->old_length > remap->new && remap->new + remap->new_length > remap->old)
        return QUIRE_INVALID;
    return QUIRE_OK;
}

/* What the old range has beyond the new length goes; holes in it do not matter. */
static enum quire_status unmap_tail(struct quire_space *space, const struct remap *remap,
                                    struct quire_region **dead)
{
    if (remap->old_length > space->end - remap->old)
        return QUIRE_OUT_OF_RANGE;
    return quire_unmap_locked(space, remap->old + remap->new_length, remap->old + remap->old_length,
                              dead);
}

/* kept: what stays mapped at the old place too. A limit that is exceeded already forbids growth,
 * not a move. */
static enum quire_status check_growth(const struct quire_space *space, uint32_t flags,
                                      size_t growth, size_t kept)
{
    if ((flags & QUIRE_REGION_LOCKED) && growth > 0 &&
        quire_exceeds(space->limits.locked, space->pages.locked, growth))
        return QUIRE_LOCK_LIMIT;
    if (growth + kept == 0)
        return QUIRE_OK;
    if (quire_exceeds(space->limits.total, space->pages.total, growth + kept))
        return QUIRE_LIMIT;
    if ((flags & (QUIRE_PROT_WRITE | QUIRE_REGION_SHARED | QUIRE_REGION_GROWS_DOWN)) ==
            QUIRE_PROT_WRITE &&
        quire_exceeds(space->limits.data, space->pages.data, growth + kept))
        return QUIRE_LIMIT;
    return QUIRE_OK;
}

/* The mapping grows where it is; false: no room. */
static bool grow_in_place(struct quire_space *space, struct quire_region *region,
                          const struct remap *remap, struct quire_region **dead)
{
    quire_virt old_end = remap->old + remap->old_length;
    quire_virt new_end = remap->old + remap->new_length;
    const struct quire_region *next = quire_region_next(region);

    if (region->range.end != old_end || new_end < remap->old || new_end > space->end)
        return false;
    if (next != NULL && next->range.start < new_end)
        return false;
    quire_region_resize(space, region, region->range.start, new_end);
    (void)quire_region_merge(space, region, dead);
    return true;
}

/* A place for the moved mapping; a large one lies in its 2 MiB as the old one did, so that its
 * tables can move whole. */
static enum quire_status place_alike(struct quire_space *space, const struct remap *remap,
                                     quire_virt *out)
{
    quire_virt wish = remap->flags & QUIRE_REMAP_KEEP_OLD ? remap->new : 0;
    struct quire_region *above;

    if (remap->old_length >= 2 * QUIRE_LEAF_SPAN && wish == 0 &&
        quire_place_locked(space, 0, remap->new_length + QUIRE_LEAF_SPAN, 0, out, &above) ==
            QUIRE_OK) {
        *out += (remap->old - *out) & (QUIRE_LEAF_SPAN - 1);
        return QUIRE_OK;
    }
    return quire_place_locked(space, wish, remap->new_length, 0, out, &above);
}

static enum quire_status cut(struct quire_space *space, struct quire_region *region, quire_virt at)
{
    struct quire_region *spare = quire_region_alloc(space);

    if (spare == NULL)
        return QUIRE_NO_MEMORY;
    quire_region_split(space, region, at, spare);
    return QUIRE_OK;
}

/* The part [start, end) of the region becomes a region of its own: *region. */
static enum quire_status isolate(struct quire_space *space, struct quire_region **region,
                                 quire_virt start, quire_virt end)
{
    if ((*region)->range.start < start) {
        if (cut(space, *region, start) != QUIRE_OK)
            return QUIRE_NO_MEMORY;
        *region = quire_region_next(*region);
    }
    return end < (*region)->range.end ? cut(space, *region, end) : QUIRE_OK;
}

static enum quire_status move(struct quire_space *space, struct quire_region *region,
                              const struct remap *remap, quire_virt *out,
                              struct quire_region **dead)
{
    size_t moved = moved_length(remap);
    uint64_t offset = region->object != NULL ? quire_region_index(region, remap->old) : 0;
    quire_virt old_end = remap->old + remap->old_length;
    struct quire_region *copy;
    enum quire_status status = QUIRE_OK;
    quire_virt to = remap->new;

    copy = quire_region_alloc(space);
    if (copy == NULL)
        return QUIRE_NO_MEMORY;
    /* Cut the upper end now: taking the old range out of the middle later could fail. */
    if (remap->flags & QUIRE_REMAP_KEEP_OLD) {
        /* What stays is locked no more: it becomes a region of its own. */
        if (region->flags & QUIRE_REGION_LOCKED)
            status = isolate(space, &region, remap->old, old_end);
    } else if (remap->old_length > 0 && region->range.start < remap->old &&
               old_end < region->range.end) {
        status = cut(space, region, old_end);
    }
    if (status == QUIRE_OK && !(remap->flags & QUIRE_REMAP_FIXED))
        status = place_alike(space, remap, &to);
    if (status == QUIRE_OK)
        status = prepare_tables(space, remap->old, to, moved);
    if (status != QUIRE_OK) {
        (void)quire_region_merge(space, region, dead);
        quire_cache_free(space->q, space->q->region_cache, copy);
        return status;
    }

    copy->range.start = to;
    copy->range.end = to + remap->new_length;
    copy->flags = region->flags;
    copy->object = region->object;
    copy->offset = offset;
    if (copy->object != NULL)
        quire_object_get(copy->object);
    quire_region_insert(space, copy, quire_range_at_or_above(&space->regions, to),
                        region->object != NULL ? region : NULL);
    move_pages(space, remap->old, to, moved);
    *out = to;

    if (remap->flags & QUIRE_REMAP_KEEP_OLD) {
        if (region->flags & QUIRE_REGION_LOCKED) {
            quire_region_set_flags(
                space, region,
                region->flags & ~(uint32_t)(QUIRE_REGION_LOCKED | QUIRE_REGION_LOCK_ON_FAULT));
            (void)quire_region_merge(space, region, dead);
        }
        status = QUIRE_OK;
    } else if (remap->old_length > 0) {
        /* No cut in the middle, and tables that are ours alone: this cannot fail. */
        status = quire_unmap_locked(space, remap->old, old_end, dead);
    }
    if (status == QUIRE_OK)
        (void)quire_region_merge(space, copy, dead);
    return status;
}

static struct quire_region *region_at(struct quire_space *space, quire_virt address)
{
    struct quire_region *region = quire_region_at_or_above(space, address);

    return region != NULL && region->range.start <= address ? region : NULL;
}

/* At most so many regions come into being by a fixed move: those that the new place, the tail and
 * the old place (on both sides) are cut from, or the moved one itself. */
#define MOVE_RECORDS 4

/*
 * What is mapped at a fixed destination goes. First comes all the memory that the move needs, if it
 * is one that can be done: QUIRE_NO_MEMORY changes nothing.
 */
static enum quire_status clear_target(struct quire_space *space, struct remap *remap,
                                      struct quire_region **dead)
{
    quire_virt new_end = remap->new + remap->new_length;
    const struct quire_region *replaced = quire_region_at_or_above(space, remap->new);
    const struct quire_region *region = region_at(space, remap->old);

    if (replaced == NULL || replaced->range.start >= new_end)
        return QUIRE_OK;
    if (region == NULL || region->range.end - remap->old < moved_length(remap) ||
        space->end - remap->old < remap->old_length)
        return quire_unmap_locked(space, remap->new, new_end, dead);
    if (!quire_region_reserve(space, MOVE_RECORDS) ||
        quire_own_range(space, remap->old, remap->old + remap->old_length) != QUIRE_OK ||
        prepare_tables(space, remap->old, remap->new, moved_length(remap)) != QUIRE_OK)
        return QUIRE_NO_MEMORY;
    return quire_unmap_keep_tables(space, remap->new, new_end, &remap->kept, dead);
}

/*
 * The steps in Linux's order, since a later one's failure does not undo an earlier one: a fixed
 * destination is unmapped, what is too long is cut off, and only then is the old range looked at.
 * To faults all of it is one change: nobody finds the target unmapped, or the source mapped and
 * empty.
 */
static enum quire_status try_remap(struct quire_space *space, struct remap *remap, quire_virt *out,
                                   bool *populate, struct quire_region **dead)
{
    struct quire_region *region = region_at(space, remap->old);
    enum quire_status status = QUIRE_OK;
    size_t growth = 0, kept = 0;

    if (region == NULL)
        return QUIRE_NO_MAPPING;
    if (!(remap->flags & (QUIRE_REMAP_FIXED | QUIRE_REMAP_KEEP_OLD)) &&
        remap->old_length >= remap->new_length) {
        *out = remap->old;
        return remap->old_length > remap->new_length ? unmap_tail(space, remap, dead) : QUIRE_OK;
    }
    if (remap->flags & (QUIRE_REMAP_FIXED | QUIRE_REMAP_KEEP_OLD))
        status = check_target(space, remap);
    if (status == QUIRE_OK && (remap->flags & (QUIRE_REMAP_FIXED | QUIRE_REMAP_KEEP_OLD)) &&
        space->regions.count + 5 >= space->q->region_limit)
        status = QUIRE_LIMIT;
    if (status == QUIRE_OK && (remap->flags & QUIRE_REMAP_FIXED))
        status = clear_target(space, remap, dead);
    if (status == QUIRE_OK && remap->old_length > remap->new_length) {
        status = unmap_tail(space, remap, dead);
        /* Done for good; if it could not be, the next try does it. */
        if (status == QUIRE_OK)
            remap->old_length = remap->new_length;
    }
    if (status != QUIRE_OK)
        return status;
    region = region_at(space, remap->old); /* which may have been cut, or be gone (old length 0) */
    if (region == NULL)
        return QUIRE_NO_MAPPING;
    if (remap->old_length == 0 && !(region->flags & QUIRE_REGION_SHARED))
        return QUIRE_INVALID;
    if ((remap->flags & QUIRE_REMAP_KEEP_OLD) &&
        (region->object != NULL && (region->flags & QUIRE_REGION_SHARED) &&
         region->object->kind == QUIRE_OBJECT_DEVICE))
        return QUIRE_INVALID;
    if (remap->old_length > region->range.end - remap->old)
        return QUIRE_NO_MAPPING;
    if (remap->new_length > remap->old_length)
        growth = remap->new_length - remap->old_length;
    /* Pages of objects are counted in words. */
    if (growth != 0 && region->object != NULL &&
        quire_region_index(region, remap->old) >
            UINTPTR_MAX - (remap->new_length >> QUIRE_PAGE_SHIFT))
        return QUIRE_INVALID;
    if (remap->flags & QUIRE_REMAP_KEEP_OLD)
        kept = remap->new_length;
    status = check_growth(space, region->flags, growth, kept);
    if (status != QUIRE_OK)
        return status;
    if (!quire_space_charge(space, region->flags, growth + kept))
        return QUIRE_COMMIT_LIMIT;
    if (remap->flags & QUIRE_REMAP_REFUSED)
        return QUIRE_NO_PERMISSION;
    *populate =
        (region->flags & (QUIRE_REGION_LOCKED | QUIRE_REGION_LOCK_ON_FAULT)) == QUIRE_REGION_LOCKED;

    if (!(remap->flags & (QUIRE_REMAP_FIXED | QUIRE_REMAP_KEEP_OLD)) && remap->old_length > 0 &&
        grow_in_place(space, region, remap, dead)) {
        *out = remap->old;
        return QUIRE_OK;
    }
    if (!(remap->flags & QUIRE_REMAP_MAY_MOVE))
        return QUIRE_NO_SPACE;
    if (space->regions.count + 3 >= space->q->region_limit)
        return QUIRE_LIMIT; /* Linux's margin for what a move cuts */
    return move(space, region, remap, out, dead);
}

enum quire_status quire_space_remap(struct quire_space *space, quire_virt old_address,
                                    size_t old_length, size_t new_length, unsigned flags,
                                    quire_virt new_address, quire_virt *out_address)
{
    struct remap remap = {.old = old_address,
                          .new = new_address,
                          .old_length = quire_page_up(old_length),
                          .new_length = quire_page_up(new_length),
                          .flags = flags};
    enum quire_status status;
    bool populate = false;

    if ((old_length != 0 && remap.old_length == 0) || (new_length != 0 && remap.new_length == 0))
        return QUIRE_OVERFLOW;
    status = check_remap(&remap);
    if (status != QUIRE_OK)
        return status;
    do {
        struct quire_region *dead = NULL;

        quire_spin_lock(&space->lock);
        quire_sequence_begin(space);
        remap.kept.end = 0;
        status = try_remap(space, &remap, out_address, &populate, &dead);
        if (status != QUIRE_OK && remap.kept.end != 0)
            quire_kept_tables_drop(space, &remap.kept);
        quire_sequence_end(space);
        quire_region_release(space);
        quire_space_settle(space);
        quire_spin_unlock(&space->lock);
        quire_region_free_list(dead);
    } while (status == QUIRE_NO_MEMORY && quire_reclaim(space->q, 4));
    if (status != QUIRE_OK)
        return status;
    quire_count_event(space->q, QUIRE_EVENT_REMAP);
    if (populate && remap.new_length > remap.old_length)
        (void)quire_populate_locked(space, *out_address + remap.old_length,
                                    *out_address + remap.new_length, true);
    return status;
}
