/*
 * Spaces: their life, their regions' bookkeeping, and placing, adding and removing mappings.
 * region.h has the rules for writers.
 *
 * mmap and munmap of a few pages are the commonest operations of a busy program. So a mapping that
 * continues its neighbour just moves that neighbour's bound and allocates nothing; cutting an end
 * off a region likewise.
 *
 * Failure: everything that can fail (records for splits, own copies of shared tables) is got before
 * the first region changes.
 */
#include "region.h"

#include <quire/heap.h>
#include <quire/hooks.h>

/* ---- life ---- */

enum quire_status quire_space_init(struct quire *q)
{
    struct quire_frame_stats frames;

    q->region_cache =
        quire_cache_create(q, "quire_region", sizeof(struct quire_region), sizeof(void *));
    q->space_cache = quire_cache_create(
        q, "quire_space",
        sizeof(struct quire_space) + QUIRE_MAX_CPU_WORDS(q->cpu_count) * sizeof(uint64_t), 0);
    q->object_cache = quire_cache_create(q, "quire_object", sizeof(struct quire_object), 0);
    q->node_cache = quire_cache_create(q, "quire_object_node", 64 * sizeof(void *), sizeof(void *));
    if (q->region_cache == NULL || q->space_cache == NULL || q->object_cache == NULL ||
        q->node_cache == NULL)
        return QUIRE_NO_MEMORY;
    q->next_space = 1;
    q->region_limit = SIZE_MAX;
    quire_frame_stats(q, &frames);
    q->commit.machine = frames.total;
    return QUIRE_OK;
}

bool quire_reclaim(struct quire *q, size_t frames)
{
    return q->reclaimer != NULL && q->reclaimer(q, frames);
}

static struct quire_space *try_create(struct quire *q)
{
    struct quire_space *space = quire_cache_alloc(q, q->space_cache);

    if (space == NULL)
        return NULL;
    __builtin_memset(space, 0, sizeof(*space));
    space->cpus = (uint64_t *)(space + 1);
    __builtin_memset(space->cpus, 0, QUIRE_MAX_CPU_WORDS(q->cpu_count) * sizeof(uint64_t));
    if (quire_pagetable_create(q, &space->table) != QUIRE_OK) {
        quire_cache_free(q, q->space_cache, space);
        return NULL;
    }
    return space;
}

enum quire_status quire_space_create(struct quire *q, struct quire_space **out)
{
    struct quire_space *space;

    while ((space = try_create(q)) == NULL) {
        if (!quire_reclaim(q, 2))
            return QUIRE_NO_MEMORY;
    }
    space->q = q;
    quire_spin_init(&space->lock);
    quire_range_init(&space->regions);
    space->start = 0;
    space->end = quire_user_limit(space->table.levels);
    space->map_top = space->end;
    space->window_end = space->end;
    space->limits.total = UINT64_MAX;
    space->limits.data = UINT64_MAX;
    space->limits.stack = UINT64_MAX;
    space->limits.locked = UINT64_MAX;

    quire_spin_lock(&q->list_lock);
    space->number = q->next_space++;
    space->next = q->spaces;
    if (q->spaces != NULL)
        q->spaces->previous = space;
    q->spaces = space;
    quire_spin_unlock(&q->list_lock);
    *out = space;
    return QUIRE_OK;
}

struct quire_space *quire_space_pin_next(struct quire *q, uint32_t number)
{
    struct quire_space *found = NULL;

    quire_spin_lock(&q->list_lock);
    for (struct quire_space *space = q->spaces; space != NULL; space = space->next)
        if (space->number >= number && (found == NULL || space->number < found->number))
            found = space;
    if (found != NULL)
        found->pins++;
    quire_spin_unlock(&q->list_lock);
    return found;
}

void quire_space_unpin(struct quire_space *space)
{
    quire_spin_lock(&space->q->list_lock);
    if (--space->pins == 0)
        quire_hook_wake(space->q, &space->pins);
    quire_spin_unlock(&space->q->list_lock);
}

void quire_space_destroy(struct quire_space *space)
{
    struct quire *q = space->q;
    struct quire_range *range = space->regions.first;

    quire_spin_lock(&q->list_lock);
    if (space->previous != NULL)
        space->previous->next = space->next;
    else
        q->spaces = space->next;
    if (space->next != NULL)
        space->next->previous = space->previous;
    while (space->pins > 0) /* no new ones: it is in no list */
        quire_hook_sleep(q, &space->pins, &q->list_lock);
    quire_spin_unlock(&q->list_lock);

    /* Objects forget the regions first, so that a truncation elsewhere no longer looks at these
     * tables. */
    for (struct quire_range *each = range; each != NULL; each = each->next) {
        struct quire_region *region = quire_region_of(each);

        if (region->object != NULL)
            quire_object_unlink(region->object, region);
    }
    quire_zap_everything(space);
    quire_commit_add(q, -(int64_t)space->charged);
    while (range != NULL) {
        struct quire_range *next = range->next;

        quire_region_free(quire_region_of(range));
        range = next;
    }
    quire_cache_free(q, q->space_cache, space);
}

void quire_space_load(struct quire *q, struct quire_space *space, struct quire_space *previous)
{
    unsigned cpu = quire_platform_cpu();
    uint64_t bit = (uint64_t)1 << (cpu % 64);

    if (space == previous)
        return;
    /* Ours is set before the root is loaded, the other's cleared after: a flush never misses this
     * CPU. */
    if (space != NULL)
        __atomic_fetch_or(&space->cpus[cpu / 64], bit, __ATOMIC_SEQ_CST);
    quire_platform_load_root(q, space != NULL ? space->table.root : q->kernel.root);
    if (previous != NULL)
        __atomic_fetch_and(&previous->cpus[cpu / 64], ~bit, __ATOMIC_SEQ_CST);
}

/* ---- region records ---- */

struct quire_region *quire_region_alloc(struct quire_space *space)
{
    struct quire_region *region = space->spare;

    if (QUIRE_UNLIKELY(region != NULL))
        space->spare = region->object_next;
    else
        region = quire_cache_alloc(space->q, space->q->region_cache);
    if (region != NULL) {
        region->space = space;
        region->object = NULL;
        region->offset = 0;
    }
    return region;
}

bool quire_region_reserve(struct quire_space *space, unsigned n)
{
    while (n-- > 0) {
        struct quire_region *region = quire_cache_alloc(space->q, space->q->region_cache);

        if (region == NULL)
            return false;
        region->object_next = space->spare;
        space->spare = region;
    }
    return true;
}

void quire_region_release(struct quire_space *space)
{
    while (space->spare != NULL) {
        struct quire_region *region = space->spare;

        space->spare = region->object_next;
        quire_cache_free(space->q, space->q->region_cache, region);
    }
}

static void free_record(struct quire *q, struct quire_deferred *node)
{
    struct quire_region *region =
        (struct quire_region *)((char *)node - offsetof(struct quire_region, deferred));

    quire_cache_free(q, q->region_cache, region);
}

void quire_region_free(struct quire_region *region)
{
    struct quire_object *object = region->object;

    quire_defer(region->space->q, &region->deferred, free_record);
    if (object != NULL)
        quire_object_put(object);
}

void quire_region_free_list(struct quire_region *dead)
{
    while (dead != NULL) {
        struct quire_region *next = dead->object_next;

        quire_region_free(dead);
        dead = next;
    }
}

void quire_region_account(struct quire_space *space, uint32_t flags, int64_t bytes)
{
    uint64_t pages = (uint64_t)(bytes >> QUIRE_PAGE_SHIFT);

    /* The hand reads it without the lock. */
    __atomic_store_n(&space->pages.total, space->pages.total + pages, __ATOMIC_RELAXED);
    if (space->pages.total > space->pages.total_peak)
        space->pages.total_peak = space->pages.total;
    if (flags & QUIRE_REGION_GROWS_DOWN)
        space->pages.stack += pages;
    else if ((flags & (QUIRE_PROT_WRITE | QUIRE_REGION_SHARED)) == QUIRE_PROT_WRITE)
        space->pages.data += pages;
    else if ((flags & (QUIRE_PROT_WRITE | QUIRE_PROT_EXECUTE)) == QUIRE_PROT_EXECUTE)
        space->pages.executable += pages;
    if (flags & QUIRE_REGION_SHARED)
        space->pages.shared += pages;
    if (flags & QUIRE_REGION_LOCKED)
        space->pages.locked += pages;
    if (flags & QUIRE_REGION_ACCOUNTED)
        space->pages.accounted += pages;
}

void quire_region_set_flags(struct quire_space *space, struct quire_region *region, uint32_t flags)
{
    int64_t bytes = (int64_t)quire_region_length(region);

    quire_region_account(space, region->flags, -bytes);
    quire_object_set_flags(region, flags);
    quire_region_account(space, flags, bytes);
}

static void lock_object(struct quire_object *object)
{
    if (object != NULL)
        quire_spin_lock(&object->lock);
}

static void unlock_object(struct quire_object *object)
{
    if (object != NULL)
        quire_spin_unlock(&object->lock);
}

/* The three changes of a region, with its object (if it has one) locked. */
static void insert_locked(struct quire_space *space, struct quire_region *region,
                          struct quire_range *next, struct quire_region *after)
{
    quire_range_insert_before(&space->regions, &region->range, next);
    if (region->object != NULL)
        quire_object_link_locked(region->object, region, after);
    quire_region_account(space, region->flags, (int64_t)quire_region_length(region));
}

static void remove_locked(struct quire_space *space, struct quire_region *region)
{
    quire_range_remove(&space->regions, &region->range);
    if (region->object != NULL)
        quire_object_unlink_locked(region->object, region);
    quire_region_account(space, region->flags, -(int64_t)quire_region_length(region));
}

static void resize_locked(struct quire_space *space, struct quire_region *region, quire_virt start,
                          quire_virt end)
{
    quire_region_account(space, region->flags,
                         (int64_t)(end - start) - (int64_t)quire_region_length(region));
    if (region->object != NULL) {
        uint64_t offset = region->offset;

        if (start >= region->range.start)
            offset += (start - region->range.start) >> QUIRE_PAGE_SHIFT;
        else
            offset -= (region->range.start - start) >> QUIRE_PAGE_SHIFT;
        /* Faults read it without a lock. */
        __atomic_store_n(&region->offset, offset, __ATOMIC_RELAXED);
    }
    quire_range_resize(&space->regions, &region->range, start, end);
}

void quire_region_insert(struct quire_space *space, struct quire_region *region,
                         struct quire_range *next, struct quire_region *after)
{
    lock_object(region->object);
    insert_locked(space, region, next, after);
    unlock_object(region->object);
}

void quire_region_remove(struct quire_space *space, struct quire_region *region)
{
    lock_object(region->object);
    remove_locked(space, region);
    unlock_object(region->object);
}

void quire_region_resize(struct quire_space *space, struct quire_region *region, quire_virt start,
                         quire_virt end)
{
    lock_object(region->object);
    resize_locked(space, region, start, end);
    unlock_object(region->object);
}

void quire_region_split(struct quire_space *space, struct quire_region *region, quire_virt at,
                        struct quire_region *spare)
{
    spare->range.start = at;
    spare->range.end = region->range.end;
    spare->flags = region->flags;
    spare->object = region->object;
    spare->offset = 0;
    if (region->object != NULL) {
        quire_object_get(region->object);
        spare->offset = quire_region_index(region, at);
    }
    lock_object(region->object);
    resize_locked(space, region, region->range.start, at);
    insert_locked(space, spare, region->range.next, NULL);
    unlock_object(region->object);
}

bool quire_region_mergeable(const struct quire_region *first, const struct quire_region *second)
{
    return first->range.end == second->range.start &&
           ((first->flags ^ second->flags) & ~(uint32_t)QUIRE_REGION_UNWRITTEN) == 0 &&
           first->object == second->object &&
           (first->object == NULL ||
            first->offset + (quire_region_length(first) >> QUIRE_PAGE_SHIFT) == second->offset);
}

/* A region takes over pages that had these flags: unwritten is what both were. */
static void mix_flags(struct quire_region *region, uint32_t flags)
{
    __atomic_store_n(&region->flags, region->flags & (flags | ~(uint32_t)QUIRE_REGION_UNWRITTEN),
                     __ATOMIC_RELAXED);
}

/* `upper` disappears into `lower`. */
static void absorb(struct quire_space *space, struct quire_region *lower,
                   struct quire_region *upper, struct quire_region **dead)
{
    quire_virt end = upper->range.end;

    lock_object(lower->object);
    remove_locked(space, upper);
    resize_locked(space, lower, lower->range.start, end);
    mix_flags(lower, upper->flags);
    unlock_object(lower->object);
    upper->object_next = *dead;
    *dead = upper;
}

struct quire_region *quire_region_merge(struct quire_space *space, struct quire_region *region,
                                        struct quire_region **dead)
{
    struct quire_region *previous = quire_region_previous(region);
    struct quire_region *next = quire_region_next(region);

    if (previous != NULL && quire_region_mergeable(previous, region)) {
        absorb(space, previous, region, dead);
        region = previous;
    }
    if (next != NULL && quire_region_mergeable(region, next))
        absorb(space, region, next, dead);
    return region;
}

/* ---- placing ---- */

/* A mapping that ends at `end` ends below its neighbour above, and out of its guard gap if that is
 * a stack. */
static bool keeps_off(const struct quire_region *above, quire_virt end)
{
    if (above == NULL)
        return true;
    if (above->range.start < end)
        return false;
    return !(above->flags & QUIRE_REGION_GROWS_DOWN) ||
           above->range.start - end >= QUIRE_STACK_GUARD_PAGES * QUIRE_PAGE_SIZE;
}

static enum quire_status search(const struct quire_space *space, quire_virt low, quire_virt high,
                                size_t length, bool upwards, quire_virt *out,
                                struct quire_region **out_above)
{
    const quire_virt guard = QUIRE_STACK_GUARD_PAGES * QUIRE_PAGE_SIZE;

    for (;;) {
        struct quire_range *neighbour;
        enum quire_status status =
            upwards ? quire_range_find_low(&space->regions, low, high, length, out, &neighbour)
                    : quire_range_find_high(&space->regions, low, high, length, out, &neighbour);
        const struct quire_region *above;

        if (status != QUIRE_OK)
            return status;
        above = *out_above = quire_region_of(neighbour);
        if (keeps_off(above, *out + length))
            return QUIRE_OK;
        /* It reaches into a stack's guard gap: go on below that gap, or above that stack. */
        if (upwards)
            low = above->range.end;
        else if (above->range.start - low <= guard)
            return QUIRE_NO_SPACE;
        else
            high = above->range.start - guard;
    }
}

enum quire_status quire_place_locked(struct quire_space *space, quire_virt hint, size_t length,
                                     uint32_t map_flags, quire_virt *out,
                                     struct quire_region **out_above)
{
    const quire_virt low_start = (quire_virt)1 << 30, low_end = (quire_virt)1 << 31;
    quire_virt low = QUIRE_LOWEST_HINT, top = space->map_top, end = space->window_end;
    bool wide = hint > end; /* who asks for an address beyond the window knows such addresses */

    if (wide) {
        top += space->end - end;
        end = space->end;
    }
    if (length > end - space->start)
        return QUIRE_NO_SPACE;
    hint = quire_page_down(hint);
    if (hint != 0 && hint < low)
        hint = low;
    /* Nothing is placed across the window's end. */
    if (hint != 0 && hint <= space->end - length && wide == (hint + length > space->window_end) &&
        (!(map_flags & QUIRE_MAP_LOW_2G) || (hint <= low_end && low_end - hint >= length))) {
        *out_above = quire_region_at_or_above(space, hint);
        *out = hint;
        if (keeps_off(*out_above, hint + length))
            return QUIRE_OK;
    }
    if (map_flags & QUIRE_MAP_LOW_2G)
        return search(space, low_start, low_end, length, true, out, out_above);
    if (search(space, low, top, length, false, out, out_above) == QUIRE_OK)
        return QUIRE_OK;
    return search(space, low, end, length, true, out, out_above);
}

/* ---- adding ---- */

enum quire_status quire_region_add_locked(struct quire_space *space, quire_virt start,
                                          quire_virt end, uint32_t flags,
                                          struct quire_object *object, uint64_t offset,
                                          struct quire_region *above, struct quire_region **spare,
                                          struct quire_region **dead)
{
    struct quire_region *below =
        quire_region_of(above != NULL ? above->range.previous : space->regions.last);
    struct quire_region wanted;
    struct quire_region *region;

    wanted.range.start = start;
    wanted.range.end = end;
    wanted.flags = flags;
    wanted.object = object;
    wanted.offset = offset;
    if (below != NULL && quire_region_mergeable(below, &wanted)) {
        quire_region_resize(space, below, below->range.start, end);
        mix_flags(below, flags);
        if (above != NULL && quire_region_mergeable(below, above))
            absorb(space, below, above, dead);
    } else if (above != NULL && quire_region_mergeable(&wanted, above)) {
        quire_region_resize(space, above, start, above->range.end);
        mix_flags(above, flags);
    } else {
        region = spare != NULL && *spare != NULL ? *spare : quire_region_alloc(space);
        if (region == NULL)
            return QUIRE_NO_MEMORY;
        if (spare != NULL)
            *spare = NULL;
        region->range.start = start;
        region->range.end = end;
        region->flags = flags;
        region->object = object;
        region->offset = offset;
        quire_region_insert(space, region, above != NULL ? &above->range : NULL, NULL);
        return QUIRE_OK;
    }
    /* The neighbour has its reference already. */
    if (object != NULL)
        quire_object_put(object);
    return QUIRE_OK;
}

static enum quire_status check_map(const struct quire_space *space, const struct quire_map *map,
                                   size_t *out_length)
{
    size_t length = quire_page_up(map->length);

    if (map->length == 0)
        return QUIRE_ZERO_LENGTH;
    if (length == 0 || length > space->end - space->start)
        return QUIRE_NO_SPACE;
    if ((map->offset & (QUIRE_PAGE_SIZE - 1)) != 0)
        return QUIRE_UNALIGNED;
    if (map->object != NULL && map->offset + length < map->offset)
        return QUIRE_OVERFLOW;
    if ((map->region & QUIRE_REGION_SHARED) &&
        (map->object == NULL || (map->region & QUIRE_REGION_GROWS_DOWN)))
        return QUIRE_INVALID;
    /* A private copy of a device page would read device registers as memory. */
    if (map->object != NULL && map->object->kind == QUIRE_OBJECT_DEVICE &&
        !(map->region & QUIRE_REGION_SHARED) &&
        (map->region & (QUIRE_PROT_WRITE | QUIRE_REGION_MAY_WRITE)))
        return QUIRE_INVALID;
    if (map->flags & QUIRE_MAP_FIXED) {
        if ((map->address & (QUIRE_PAGE_SIZE - 1)) != 0)
            return QUIRE_UNALIGNED;
        if (map->address < space->start || map->address > space->end - length)
            return QUIRE_OUT_OF_RANGE;
    }
    *out_length = length;
    return QUIRE_OK;
}

/* What is replaced is taken off, of whatever kind it was, as Linux does (not for locked pages). */
static enum quire_status check_limits(const struct quire_space *space, uint32_t flags,
                                      size_t length, size_t replaced)
{
    uint64_t more = length - replaced;

    if ((flags & QUIRE_REGION_LOCKED) &&
        quire_exceeds(space->limits.locked, space->pages.locked, length))
        return QUIRE_LOCK_LIMIT;
    if (quire_exceeds(space->limits.total, space->pages.total, more))
        return QUIRE_LIMIT;
    if ((flags & (QUIRE_PROT_WRITE | QUIRE_REGION_SHARED | QUIRE_REGION_GROWS_DOWN)) ==
            QUIRE_PROT_WRITE &&
        quire_exceeds(space->limits.data, space->pages.data, more))
        return QUIRE_LIMIT;
    return QUIRE_OK;
}

/* Bytes of [start, end) that regions from `region` on cover, and those of them that are accounted.
 */
static size_t covered(const struct quire_region *region, quire_virt start, quire_virt end,
                      size_t *out_accounted)
{
    size_t bytes = 0, accounted = 0;

    for (; region != NULL && region->range.start < end; region = quire_region_next(region)) {
        quire_virt from = region->range.start > start ? region->range.start : start;
        quire_virt to = region->range.end < end ? region->range.end : end;

        bytes += to - from;
        if (region->flags & QUIRE_REGION_ACCOUNTED)
            accounted += to - from;
    }
    *out_accounted = accounted;
    return bytes;
}

static enum quire_status try_map(struct quire_space *space, const struct quire_map *map,
                                 size_t length, uint32_t flags, quire_virt *out,
                                 struct quire_region **dead)
{
    enum quire_status status;
    struct quire_region *spare = NULL, *above;
    quire_virt address = map->address;
    size_t replaced = 0, accounted = 0;

    if (space->regions.count > space->q->region_limit)
        return QUIRE_LIMIT;
    if (map->flags & QUIRE_MAP_FIXED) {
        above = quire_region_at_or_above(space, address);
        replaced = covered(above, address, address + length, &accounted);
        if (replaced > 0 && (map->flags & QUIRE_MAP_NO_REPLACE))
            return QUIRE_EXISTS;
    } else {
        status = quire_place_locked(space, address, length, map->flags, &address, &above);
        if (status != QUIRE_OK)
            return status;
    }
    status = check_limits(space, flags, length, replaced);
    if (status != QUIRE_OK)
        return status;
    if (!quire_space_charge(space, flags, length - accounted))
        return QUIRE_COMMIT_LIMIT;

    /* What is replaced is gone for ever: the new region's record is got before. */
    if (replaced > 0 && !(map->flags & QUIRE_MAP_REFUSED) &&
        (spare = quire_region_alloc(space)) == NULL)
        return QUIRE_NO_MEMORY;
    quire_sequence_begin(space);
    if (replaced > 0) {
        status = quire_unmap_locked(space, address, address + length, dead);
        above = quire_region_at_or_above(space, address);
    }
    if (status == QUIRE_OK && (map->flags & QUIRE_MAP_REFUSED))
        status = QUIRE_NO_PERMISSION;
    if (status == QUIRE_OK) {
        if (map->object != NULL)
            quire_object_get(map->object);
        status = quire_region_add_locked(space, address, address + length, flags, map->object,
                                         map->object != NULL ? map->offset >> QUIRE_PAGE_SHIFT : 0,
                                         above, &spare, dead);
        if (status != QUIRE_OK && map->object != NULL)
            quire_object_put(map->object);
    }
    quire_sequence_end(space);
    if (spare != NULL)
        quire_cache_free(space->q, space->q->region_cache, spare);
    if (status == QUIRE_OK) {
        quire_count_event(space->q, QUIRE_EVENT_MAP);
        *out = address;
    }
    return status;
}

enum quire_status quire_space_map(struct quire_space *space, const struct quire_map *map,
                                  quire_virt *out_address)
{
    enum quire_status status;
    uint32_t flags;
    size_t length;

    status = check_map(space, map, &length);
    if (status != QUIRE_OK)
        return status;
    do {
        struct quire_region *dead = NULL;

        quire_spin_lock(&space->lock);
        flags = quire_accounted_flags(space->q, map->region | space->default_flags);
        status = try_map(space, map, length, flags, out_address, &dead);
        quire_space_settle(space);
        quire_spin_unlock(&space->lock);
        quire_region_free_list(dead);
    } while (status == QUIRE_NO_MEMORY && quire_reclaim(space->q, 4));

    /* What is locked on fault only is not populated, whatever the call asks. */
    if (status == QUIRE_OK &&
        ((map->flags & QUIRE_MAP_POPULATE) || (flags & QUIRE_REGION_LOCKED)) &&
        !(flags & QUIRE_REGION_LOCK_ON_FAULT) && (flags & QUIRE_REGION_PROTECTION))
        (void)quire_space_populate(space, *out_address, length,
                                   (flags & (QUIRE_PROT_WRITE | QUIRE_REGION_SHARED)) ==
                                           QUIRE_PROT_WRITE
                                       ? QUIRE_ACCESS_WRITE
                                       : QUIRE_ACCESS_READ);
    return status;
}

/* ---- removing ---- */

static enum quire_status unmap_range(struct quire_space *space, quire_virt start, quire_virt end,
                                     struct quire_kept_tables *kept, struct quire_region **dead)
{
    struct quire_region *region = quire_region_at_or_above(space, start);
    struct quire_region *last, *spare = NULL;
    struct quire_kept_tables tables;
    struct quire_gather gather;
    quire_virt floor, ceiling;
    bool was_odd = (space->sequence & 1) != 0;

    if (region == NULL || region->range.start >= end)
        return QUIRE_OK;
    for (last = region; last->range.next != NULL && last->range.next->start < end;)
        last = quire_region_next(last);

    if (region->range.start < start)
        floor = start;
    else
        floor = region->range.previous != NULL ? region->range.previous->end : 0;
    if (last->range.end > end)
        ceiling = end;
    else
        ceiling = last->range.next != NULL ? last->range.next->start : ~(quire_virt)0;
    tables = (struct quire_kept_tables){start, end, floor, ceiling};
    if (start < region->range.start)
        start = region->range.start;
    if (end > last->range.end)
        end = last->range.end;
    if (kept != NULL) {
        floor = ~(quire_virt)0;
        ceiling = 0;
    }

    if (quire_zap_prepare(space, start, end, floor, ceiling) != QUIRE_OK)
        return QUIRE_NO_MEMORY;
    if (region == last && region->range.start < start && region->range.end > end) {
        if (space->regions.count >= space->q->region_limit)
            return QUIRE_LIMIT;
        spare = quire_region_alloc(space);
        if (spare == NULL)
            return QUIRE_NO_MEMORY;
    }

    if (!was_odd)
        quire_sequence_begin(space);
    if (spare != NULL) {
        quire_region_split(space, region, end, spare);
        quire_region_resize(space, region, region->range.start, start);
    } else {
        while (region != NULL && region->range.start < end) {
            struct quire_region *next = quire_region_next(region);

            if (region->range.start < start) {
                quire_region_resize(space, region, region->range.start, start);
            } else if (region->range.end > end) {
                quire_region_resize(space, region, end, region->range.end);
            } else {
                quire_region_remove(space, region);
                region->object_next = *dead;
                *dead = region;
            }
            region = next;
        }
    }
    if (!was_odd)
        quire_sequence_end(space);

    quire_gather_init(&gather, space->q, space);
    quire_zap_range(&gather, start, end, floor, ceiling);
    if (kept != NULL)
        *kept = tables;
    quire_count_event(space->q, QUIRE_EVENT_UNMAP);
    return QUIRE_OK;
}

enum quire_status quire_unmap_locked(struct quire_space *space, quire_virt start, quire_virt end,
                                     struct quire_region **dead)
{
    return unmap_range(space, start, end, NULL, dead);
}

enum quire_status quire_unmap_keep_tables(struct quire_space *space, quire_virt start,
                                          quire_virt end, struct quire_kept_tables *kept,
                                          struct quire_region **dead)
{
    return unmap_range(space, start, end, kept, dead);
}

void quire_kept_tables_drop(struct quire_space *space, const struct quire_kept_tables *kept)
{
    struct quire_gather gather;

    quire_gather_init(&gather, space->q, space);
    quire_zap_range(&gather, kept->start, kept->end, kept->floor, kept->ceiling);
}

static enum quire_status check_range(const struct quire_space *space, quire_virt address,
                                     size_t *length)
{
    if ((address & (QUIRE_PAGE_SIZE - 1)) != 0)
        return QUIRE_UNALIGNED;
    if (*length == 0)
        return QUIRE_ZERO_LENGTH;
    *length = quire_page_up(*length);
    if (*length == 0 || address > space->end || *length > space->end - address)
        return QUIRE_OUT_OF_RANGE;
    return QUIRE_OK;
}

enum quire_status quire_space_unmap(struct quire_space *space, quire_virt address, size_t length)
{
    enum quire_status status = check_range(space, address, &length);

    if (status != QUIRE_OK)
        return status;
    do {
        struct quire_region *dead = NULL;

        quire_spin_lock(&space->lock);
        status = quire_unmap_locked(space, address, address + length, &dead);
        quire_space_settle(space);
        quire_spin_unlock(&space->lock);
        quire_region_free_list(dead);
    } while (status == QUIRE_NO_MEMORY && quire_reclaim(space->q, 2));
    return status;
}

/* ---- the program break ---- */

void quire_space_set_break(struct quire_space *space, quire_virt start)
{
    quire_spin_lock(&space->lock);
    space->break_start = start;
    space->break_end = start;
    quire_spin_unlock(&space->lock);
}

static enum quire_status grow_break(struct quire_space *space, quire_virt from, quire_virt to,
                                    struct quire_region **dead)
{
    const uint32_t flags = QUIRE_PROT_READ | QUIRE_PROT_WRITE | QUIRE_REGION_MAY_READ |
                           QUIRE_REGION_MAY_WRITE | QUIRE_REGION_MAY_EXECUTE |
                           QUIRE_REGION_ACCOUNTED | space->default_flags;
    struct quire_region *above = quire_region_at_or_above(space, from);
    enum quire_status status;

    /* A page stays free between the break and what is above, as on Linux. */
    if (to > space->end - QUIRE_PAGE_SIZE || !keeps_off(above, to + QUIRE_PAGE_SIZE))
        return QUIRE_NO_SPACE;
    status = check_limits(space, flags, to - from, 0);
    if (status != QUIRE_OK)
        return status;
    if (space->regions.count > space->q->region_limit)
        return QUIRE_LIMIT;
    if (!quire_space_charge(space, flags, to - from))
        return QUIRE_COMMIT_LIMIT;
    quire_sequence_begin(space);
    status = quire_region_add_locked(space, from, to, flags, NULL, 0, above, NULL, dead);
    quire_sequence_end(space);
    return status;
}

quire_virt quire_space_break(struct quire_space *space, quire_virt wanted)
{
    enum quire_status status;
    quire_virt result, from = 0, to = 0;

    do {
        struct quire_region *dead = NULL;

        status = QUIRE_OK;
        quire_spin_lock(&space->lock);
        from = quire_page_up(space->break_end);
        to = quire_page_up(wanted);
        if (wanted < space->break_start || (to == 0 && wanted != 0)) {
            status = QUIRE_OUT_OF_RANGE;
        } else if (wanted - space->break_start > space->limits.data) {
            status = QUIRE_LIMIT;
        } else if (to < from) {
            const struct quire_region *region = quire_region_at_or_above(space, to);

            /* Where others took all that would go, the break stays, as on Linux. */
            if (region == NULL || region->range.start >= from)
                status = QUIRE_NO_MAPPING;
            else
                status = quire_unmap_locked(space, to, from, &dead);
        } else if (to > from) {
            status = grow_break(space, from, to, &dead);
        }
        if (status == QUIRE_OK)
            space->break_end = wanted;
        result = space->break_end;
        quire_space_settle(space);
        quire_spin_unlock(&space->lock);
        quire_region_free_list(dead);
    } while (status == QUIRE_NO_MEMORY && quire_reclaim(space->q, 2));

    if (status == QUIRE_OK && to > from &&
        (space->default_flags & (QUIRE_REGION_LOCKED | QUIRE_REGION_LOCK_ON_FAULT)) ==
            QUIRE_REGION_LOCKED)
        (void)quire_space_populate(space, from, to - from, QUIRE_ACCESS_WRITE);
    return result;
}
