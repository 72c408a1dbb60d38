/*
 * Changing what regions allow and how they behave: protect, advise, lock. All three cut the regions
 * at the ends of the range, change flags, and merge what has become equal; protect then changes the
 * entries.
 *
 * Entries follow the region's flags like this: no right at all makes a present entry inaccessible
 * (its frame is kept) and forgets zero and device pages; a lost write or execute right leaves the
 * entry; a gained write right is given at once where no copy is needed (a shared mapping, or an
 * anonymous frame that only we hold), otherwise the next write fault decides.
 *
 * Failure: records for the two cuts and own copies of shared tables are got before a region
 * changes. As on Linux, regions that were already done stay done when a later one fails.
 */
#include "region.h"

#include <quire/heap.h>

/* ---- entries ---- */

/* The rights of a region as its entries get them, worked out once for a whole range. */
struct entry_rights {
    quire_entry set;  /* of the bits in RIGHTS_MASK; without any right: INACCESSIBLE */
    bool forget;      /* zero and device pages become empty */
    bool write_owned; /* a frame that only this entry holds may be written */
};

#define RIGHTS_MASK                                                                                \
    (QUIRE_ENTRY_WRITE | QUIRE_ENTRY_NO_EXECUTE | QUIRE_ENTRY_PRESENT | QUIRE_ENTRY_STATE)

static struct entry_rights rights_of(uint32_t flags)
{
    struct entry_rights rights = {.set = quire_region_entry(flags) & RIGHTS_MASK};

    if (!(flags & QUIRE_REGION_PROTECTION)) {
        rights.set = QUIRE_ENTRY_INACCESSIBLE;
        rights.forget = true;
    }
    rights.write_owned = (flags & (QUIRE_PROT_WRITE | QUIRE_REGION_SHARED)) == QUIRE_PROT_WRITE;
    return rights;
}

/* A frame that a private mapping may write without copying. */
static bool is_exclusive(struct quire *q, quire_entry entry)
{
    const struct quire_frame *frame = quire_frame_of(q, quire_entry_phys(entry));

    return frame->kind == QUIRE_FRAME_ANONYMOUS &&
           __atomic_load_n(&frame->count, __ATOMIC_ACQUIRE) == 1;
}

/* The value that an entry with a frame in it gets. */
QUIRE_INLINE quire_entry adapt(struct quire *q, quire_entry entry,
                               const struct entry_rights *rights)
{
    quire_entry value = (entry & ~RIGHTS_MASK) | rights->set;

    if (QUIRE_UNLIKELY(entry & QUIRE_ENTRY_SPECIAL))
        return rights->forget ? 0 : value;
    /* What is clean stays so: its next write faults, and then it is written. */
    if (rights->write_owned && (entry & QUIRE_ENTRY_DIRTY) && is_exclusive(q, entry))
        value |= QUIRE_ENTRY_WRITE;
    return value;
}

static void protect_table_locked(struct quire *q, struct quire_leaf *leaf, unsigned first,
                                 unsigned last, uint32_t flags)
{
    const struct entry_rights rights = rights_of(flags);
    quire_entry *const end = &leaf->entries[last];

    for (quire_entry *slot = &leaf->entries[first]; slot < end; slot++) {
        quire_entry old = quire_entry_read(slot), value;

        if (!quire_entry_is_present(old) && !quire_entry_is_inaccessible(old))
            continue;
        value = adapt(q, old, &rights);
        /* The CPU may set accessed and dirty between the read and the exchange. */
        while (value != old && !quire_entry_compare_exchange(slot, &old, value))
            value = adapt(q, old, &rights);
        if (QUIRE_UNLIKELY(value == 0))
            leaf->table->table.live--;
    }
}

void quire_protect_entries(struct quire_space *space, quire_virt start, quire_virt end,
                           uint32_t flags)
{
    bool changed = false;

    for (quire_virt at = start; at < end;) {
        quire_virt base = at & ~(QUIRE_LEAF_SPAN - 1), next = base + QUIRE_LEAF_SPAN;
        struct quire_leaf leaf;

        if (quire_leaf_find(space->q, &space->table, at, &leaf)) {
            quire_virt stop = next < end ? next : end;

            quire_spin_lock(&leaf.table->table.lock);
            protect_table_locked(space->q, &leaf, quire_level_index(at, 1),
                                 quire_level_index(stop - 1, 1) + 1, flags);
            quire_spin_unlock(&leaf.table->table.lock);
            changed = true;
        } else {
            next = quire_table_skip(space->q, &space->table, base) + QUIRE_LEAF_SPAN;
        }
        at = next;
    }
    if (changed)
        quire_flush_space(space, start, end);
}

/* ---- flags ---- */

/* What a change does to the part of one region inside the range. */
struct change {
    uint32_t set, clear;
    bool entries;      /* the entries follow */
    bool own;          /* the tables become the space's own: reclaim changes shared ones for all */
    bool private_only; /* shared regions are passed over */
};

/* Private pages that become writable count as data, and are promised from now on. */
static enum quire_status permit_writing(struct quire_space *space,
                                        const struct quire_region *region, uint32_t *flags,
                                        size_t length)
{
    if (region->flags & (QUIRE_REGION_SHARED | QUIRE_PROT_WRITE))
        return QUIRE_OK;
    if (!(region->flags & QUIRE_REGION_GROWS_DOWN) &&
        quire_exceeds(space->limits.data, space->pages.data, length))
        return QUIRE_LIMIT;
    if (region->flags & (QUIRE_REGION_ACCOUNTED | QUIRE_REGION_NO_RESERVE))
        return QUIRE_OK;
    *flags |= QUIRE_REGION_ACCOUNTED;
    return quire_space_charge(space, *flags, length) ? QUIRE_OK : QUIRE_COMMIT_LIMIT;
}

/* How many regions more there are when [start, end) of the region gets new flags: a cut at either
 * end adds one, unless the piece joins its neighbour at the other. */
static size_t regions_added(const struct quire_region *region, quire_virt start, quire_virt end,
                            uint32_t flags)
{
    const struct quire_region *previous, *next;
    bool cut_below = region->range.start<start, cut_above = region->range.end> end;
    /* Not a copy of it all: its links belong to the object's lock. */
    struct quire_region piece = {
        .range = {.start = region->range.start, .end = region->range.end},
        .flags = flags,
        .object = region->object,
        .offset = region->offset,
    };

    if (cut_below && cut_above)
        return 2;
    previous = quire_region_previous(region);
    next = quire_region_next(region);
    if (cut_below && next != NULL && quire_region_mergeable(&piece, next))
        return 0;
    if (cut_above && previous != NULL && quire_region_mergeable(previous, &piece))
        return 0;
    return (size_t)cut_below + cut_above;
}

/*
 * Cut the region to [start, end) and change its flags. *io_region: the region that now contains
 * start (merged, perhaps).
 */
static enum quire_status change_piece(struct quire_space *space, struct quire_region **io_region,
                                      quire_virt start, quire_virt end, const struct change *change,
                                      struct quire_region **dead)
{
    struct quire_region *region = *io_region, *spare[2] = {NULL, NULL};
    uint32_t flags = (region->flags & ~change->clear) | change->set;

    if (flags == region->flags)
        return QUIRE_OK;
    if ((flags & ~region->flags) & QUIRE_PROT_WRITE) {
        enum quire_status status = permit_writing(space, region, &flags, end - start);

        if (status != QUIRE_OK)
            return status;
    }
    if (QUIRE_UNLIKELY(space->regions.count + 2 > space->q->region_limit)) {
        size_t added = regions_added(region, start, end, flags);

        if (added > 0 && space->regions.count + added > space->q->region_limit)
            return QUIRE_LIMIT;
    }
    if ((change->entries || change->own) && quire_own_range(space, start, end) != QUIRE_OK)
        return QUIRE_NO_MEMORY;
    if (region->range.start < start && (spare[0] = quire_region_alloc(space)) == NULL)
        return QUIRE_NO_MEMORY;
    if (region->range.end > end && (spare[1] = quire_region_alloc(space)) == NULL) {
        if (spare[0] != NULL)
            quire_cache_free(space->q, space->q->region_cache, spare[0]);
        return QUIRE_NO_MEMORY;
    }
    quire_sequence_begin(space);
    if (spare[0] != NULL) {
        quire_region_split(space, region, start, spare[0]);
        region = spare[0];
    }
    if (spare[1] != NULL)
        quire_region_split(space, region, end, spare[1]);
    quire_region_set_flags(space, region, flags);
    *io_region = quire_region_merge(space, region, dead);
    quire_sequence_end(space);
    if (change->entries)
        quire_protect_entries(space, start, end, flags);
    return QUIRE_OK;
}

/* May the change be made to this region? */
typedef enum quire_status (*permit_function)(const struct quire_region *region,
                                             const struct change *change);

struct piece {
    quire_virt start, end;
};

/* A locked private mapping gets the write right: its pages are copied at once, as Linux does. */
static bool becomes_writable(const struct quire_region *region, const struct change *change)
{
    const uint32_t mask = QUIRE_REGION_LOCKED | QUIRE_REGION_SHARED | QUIRE_PROT_WRITE;

    return (region->flags & mask) == QUIRE_REGION_LOCKED && (change->set & QUIRE_PROT_WRITE);
}

/*
 * Apply a change to each region of [start, end). The first hole stops (stop_at_hole) or is
 * remembered: QUIRE_NO_MAPPING in both cases. With out_new it ends, too, behind the first piece
 * that becomes_writable(), and tells which that was.
 */
static enum quire_status change_range(struct quire_space *space, quire_virt start, quire_virt end,
                                      const struct change *change, permit_function permit,
                                      bool stop_at_hole, struct piece *out_new,
                                      struct quire_region **dead)
{
    enum quire_status hole = QUIRE_OK;

    for (quire_virt at = start; at < end;) {
        bool is_new;
        struct quire_region *region = quire_region_at_or_above(space, at);
        enum quire_status status;
        quire_virt stop;

        if (region == NULL || region->range.start > at) {
            hole = QUIRE_NO_MAPPING;
            if (region == NULL || region->range.start >= end || stop_at_hole)
                break;
            at = region->range.start;
        }
        stop = region->range.end < end ? region->range.end : end;
        is_new = becomes_writable(region, change);
        status = permit != NULL ? permit(region, change) : QUIRE_OK;
        if (status == QUIRE_OK && !(change->private_only && (region->flags & QUIRE_REGION_SHARED)))
            status = change_piece(space, &region, at, stop, change, dead);
        if (status != QUIRE_OK)
            return status;
        if (is_new && out_new != NULL) {
            *out_new = (struct piece){at, stop};
            return hole;
        }
        at = stop;
    }
    return hole;
}

static enum quire_status check_range(const struct quire_space *space, quire_virt address,
                                     size_t *length)
{
    if ((address & (QUIRE_PAGE_SIZE - 1)) != 0)
        return QUIRE_UNALIGNED;
    if (quire_page_up(*length) == 0 && *length != 0)
        return QUIRE_OVERFLOW;
    *length = quire_page_up(*length);
    if (address > space->end || *length > space->end - address)
        return QUIRE_NO_MAPPING;
    return QUIRE_OK;
}

static enum quire_status permit_protection(const struct quire_region *region,
                                           const struct change *change)
{
    uint32_t may = (region->flags / QUIRE_REGION_MAY_READ) & QUIRE_REGION_PROTECTION;

    return (change->set & ~may) != 0 ? QUIRE_NO_PERMISSION : QUIRE_OK;
}

enum quire_status quire_space_protect(struct quire_space *space, quire_virt address, size_t length,
                                      unsigned protection, bool grows_down)
{
    const struct change change = {.set = protection & QUIRE_REGION_PROTECTION,
                                  .clear = QUIRE_REGION_PROTECTION,
                                  .entries = true};
    enum quire_status status = check_range(space, address, &length);
    quire_virt start = address;

    if (status != QUIRE_OK || length == 0)
        return status;
    for (;;) {
        struct quire_region *dead = NULL;
        struct piece fresh = {0, 0};

        quire_spin_lock(&space->lock);
        if (grows_down) {
            const struct quire_region *region = quire_region_at_or_above(space, address);

            if (region == NULL || region->range.start >= address + length)
                status = QUIRE_NO_MAPPING;
            else if (!(region->flags & QUIRE_REGION_GROWS_DOWN))
                status = QUIRE_INVALID;
            else
                start = region->range.start;
        }
        if (status == QUIRE_OK)
            status = change_range(space, start, address + length, &change, permit_protection, true,
                                  &fresh, &dead);
        quire_space_settle(space);
        quire_spin_unlock(&space->lock);
        quire_region_free_list(dead);
        if (status == QUIRE_NO_MEMORY && quire_reclaim(space->q, 2)) {
            status = QUIRE_OK;
            continue;
        }
        if (status != QUIRE_OK || fresh.end == 0)
            break;
        (void)quire_populate_locked(space, fresh.start, fresh.end, true);
        start = fresh.end;
        grows_down = false; /* known: from where on */
    }
    quire_count_event(space->q, QUIRE_EVENT_PROTECT);
    return status;
}

/* ---- advice ---- */

static enum quire_status permit_private_memory(const struct quire_region *region,
                                               const struct change *change)
{
    (void)change;
    return region->object != NULL || (region->flags & QUIRE_REGION_SHARED) ? QUIRE_INVALID
                                                                           : QUIRE_OK;
}

static enum quire_status permit_not_device(const struct quire_region *region,
                                           const struct change *change)
{
    (void)change;
    return region->object != NULL && region->object->kind == QUIRE_OBJECT_DEVICE ? QUIRE_INVALID
                                                                                 : QUIRE_OK;
}

/* Advice that only changes flags; false: it does more. */
static bool flag_advice(enum quire_advice advice, struct change *change, permit_function *permit)
{
    const uint32_t order = QUIRE_REGION_SEQUENTIAL | QUIRE_REGION_RANDOM;
    const uint32_t huge = QUIRE_REGION_HUGE | QUIRE_REGION_NO_HUGE;

    change->entries = false;
    *permit = NULL;
    switch (advice) {
    case QUIRE_ADVICE_NORMAL:
        *change = (struct change){.clear = order};
        return true;
    case QUIRE_ADVICE_SEQUENTIAL:
        *change = (struct change){.set = QUIRE_REGION_SEQUENTIAL, .clear = order};
        return true;
    case QUIRE_ADVICE_RANDOM:
        *change = (struct change){.set = QUIRE_REGION_RANDOM, .clear = order};
        return true;
    case QUIRE_ADVICE_DONT_FORK:
        *change = (struct change){.set = QUIRE_REGION_NO_FORK};
        return true;
    case QUIRE_ADVICE_DO_FORK:
        *change = (struct change){.clear = QUIRE_REGION_NO_FORK};
        *permit = permit_not_device;
        return true;
    case QUIRE_ADVICE_WIPE_ON_FORK:
        *change = (struct change){.set = QUIRE_REGION_WIPE_ON_FORK};
        *permit = permit_private_memory;
        return true;
    case QUIRE_ADVICE_KEEP_ON_FORK:
        *change = (struct change){.clear = QUIRE_REGION_WIPE_ON_FORK};
        return true;
    case QUIRE_ADVICE_DONT_DUMP:
        *change = (struct change){.set = QUIRE_REGION_NO_DUMP};
        return true;
    case QUIRE_ADVICE_DO_DUMP:
        *change = (struct change){.clear = QUIRE_REGION_NO_DUMP};
        *permit = permit_not_device;
        return true;
    case QUIRE_ADVICE_HUGE:
        *change = (struct change){.set = QUIRE_REGION_HUGE, .clear = huge};
        return true;
    case QUIRE_ADVICE_NO_HUGE:
        *change = (struct change){.set = QUIRE_REGION_NO_HUGE, .clear = huge};
        return true;
    case QUIRE_ADVICE_MERGEABLE:
        *change = (struct change){.set = QUIRE_REGION_MERGEABLE, .private_only = true};
        return true;
    case QUIRE_ADVICE_UNMERGEABLE:
        *change = (struct change){.clear = QUIRE_REGION_MERGEABLE};
        return true;
    default:
        return false;
    }
}

/* Pages of [start, end), part of one region, leave the space. */
static enum quire_status drop_pages(struct quire_space *space, quire_virt start, quire_virt end)
{
    struct quire_gather gather;

    if (quire_zap_prepare(space, start, end, start, end) != QUIRE_OK)
        return QUIRE_NO_MEMORY;
    quire_gather_init(&gather, space->q, space);
    quire_zap_range(&gather, start, end, start, end);
    return QUIRE_OK;
}

static bool was_touched(struct quire_space *space, const struct quire_region *region)
{
    quire_virt at = region->range.start & ~(QUIRE_LEAF_SPAN - 1);
    struct quire_leaf leaf;

    while (at < region->range.end && !quire_leaf_find(space->q, &space->table, at, &leaf))
        at = quire_table_skip(space->q, &space->table, at) + QUIRE_LEAF_SPAN;
    return at < region->range.end;
}

/*
 * Could a large page stand over each aligned leaf span of [start, end)? The region must be memory
 * that has room for one somewhere, and private memory must have been touched there: what Linux
 * asks before it collapses. Nothing is collapsed yet.
 */
static enum quire_status may_collapse(struct quire_space *space, const struct quire_region *region,
                                      quire_virt start, quire_virt end)
{
    quire_virt last = region->range.end & ~(QUIRE_LEAF_SPAN - 1);
    struct quire_leaf leaf;

    if ((region->flags & QUIRE_REGION_NO_HUGE) || last < region->range.start + QUIRE_LEAF_SPAN)
        return QUIRE_INVALID;
    if (region->object != NULL)
        return region->object->kind == QUIRE_OBJECT_MEMORY ? QUIRE_OK : QUIRE_INVALID;
    if (!was_touched(space, region))
        return QUIRE_INVALID;
    start = (start + QUIRE_LEAF_SPAN - 1) & ~(QUIRE_LEAF_SPAN - 1);
    for (quire_virt at = start; at + QUIRE_LEAF_SPAN <= end; at += QUIRE_LEAF_SPAN) {
        if (!quire_leaf_find(space->q, &space->table, at, &leaf))
            return QUIRE_INVALID;
    }
    return QUIRE_OK;
}

/* What an acting advice does to the piece [start, end) of a region, space locked. *object: the
 * region's with a reference, for work after the lock. */
static enum quire_status act(struct quire_space *space, const struct quire_region *region,
                             quire_virt start, quire_virt end, enum quire_advice advice,
                             struct quire_object **object)
{
    bool device = region->object != NULL && region->object->kind == QUIRE_OBJECT_DEVICE;

    if (region->object != NULL &&
        (advice == QUIRE_ADVICE_REMOVE || advice == QUIRE_ADVICE_PAGE_OUT ||
         advice == QUIRE_ADVICE_WILL_NEED)) {
        quire_object_get(region->object);
        *object = region->object;
    }
    switch (advice) {
    case QUIRE_ADVICE_DONT_NEED:
        if (device || (region->flags & QUIRE_REGION_LOCKED))
            return QUIRE_INVALID;
        return drop_pages(space, start, end);
    case QUIRE_ADVICE_DONT_NEED_LOCKED:
        return device ? QUIRE_INVALID : drop_pages(space, start, end);
    case QUIRE_ADVICE_COLLAPSE:
        return may_collapse(space, region, start, end);
    case QUIRE_ADVICE_FREE:
        if (region->object != NULL || (region->flags & QUIRE_REGION_LOCKED))
            return QUIRE_INVALID;
        return quire_advise_free_locked(space, start, end);
    case QUIRE_ADVICE_COLD:
        if (device || (region->flags & QUIRE_REGION_LOCKED))
            return QUIRE_INVALID;
        quire_advise_cold_locked(space, start, end);
        return QUIRE_OK;
    case QUIRE_ADVICE_PAGE_OUT:
        return device || (region->flags & QUIRE_REGION_LOCKED) ? QUIRE_INVALID : QUIRE_OK;
    case QUIRE_ADVICE_REMOVE:
        if (region->object == NULL || device || (region->flags & QUIRE_REGION_LOCKED))
            return QUIRE_INVALID;
        if ((region->flags & (QUIRE_REGION_SHARED | QUIRE_REGION_MAY_WRITE)) !=
            (QUIRE_REGION_SHARED | QUIRE_REGION_MAY_WRITE))
            return QUIRE_NO_PERMISSION;
        return QUIRE_OK;
    default:
        return QUIRE_OK; /* the rest of the work is done without the lock */
    }
}

/* What an acting advice does to a piece after the lock. */
static void act_unlocked(struct quire_space *space, quire_virt start, quire_virt end,
                         enum quire_advice advice, struct quire_object *object, uint64_t index)
{
    if (advice == QUIRE_ADVICE_REMOVE)
        (void)quire_object_punch(object, index << QUIRE_PAGE_SHIFT, /* whole pages: never fails */
                                 (index << QUIRE_PAGE_SHIFT) + (end - start));
    else if (advice == QUIRE_ADVICE_PAGE_OUT)
        (void)quire_page_out_region(space, start, end, object, index, true);
    else if (advice == QUIRE_ADVICE_WILL_NEED)
        quire_advise_will_need(space, start, end, object, index);
}

static enum quire_status advise_pages(struct quire_space *space, quire_virt start, quire_virt end,
                                      enum quire_advice advice)
{
    enum quire_status hole = QUIRE_OK, status = QUIRE_OK;

    for (quire_virt at = start; at < end && status == QUIRE_OK;) {
        struct quire_object *object = NULL;
        struct quire_region *region;
        uint64_t index = 0;
        quire_virt stop = end;
        bool mapped = true;

        quire_spin_lock(&space->lock);
        region = quire_region_at_or_above(space, at);
        if (region == NULL || region->range.start > at) {
            hole = QUIRE_NO_MAPPING;
            mapped = false;
            stop = region != NULL && region->range.start < end ? region->range.start : end;
        } else {
            if (region->range.end < end)
                stop = region->range.end;
            status = act(space, region, at, stop, advice, &object);
            index = quire_region_index(region, at);
        }
        quire_spin_unlock(&space->lock);
        if (mapped && status == QUIRE_OK)
            act_unlocked(space, at, stop, advice, object, index);
        if (object != NULL)
            quire_object_put(object);
        if (status == QUIRE_NO_MEMORY && quire_reclaim(space->q, 2))
            status = QUIRE_OK;
        else
            at = stop;
    }
    return status != QUIRE_OK ? status : hole;
}

/* Region by region: each must give the right itself, even where the hardware would let it pass. */
static enum quire_status advise_populate(struct quire_space *space, quire_virt start,
                                         quire_virt end, unsigned access)
{
    enum quire_status hole = QUIRE_OK;

    for (quire_virt at = start; at < end;) {
        const struct quire_region *region;
        enum quire_status status = QUIRE_OK;
        quire_virt stop = end;
        bool mapped, permitted = false;

        quire_spin_lock(&space->lock);
        region = quire_region_at_or_above(space, at);
        mapped = region != NULL && region->range.start <= at;
        if (mapped) {
            permitted = (region->flags & access) != 0;
            stop = region->range.end < end ? region->range.end : end;
        } else if (region != NULL && region->range.start < end) {
            stop = region->range.start;
        }
        quire_spin_unlock(&space->lock);
        if (!mapped)
            hole = QUIRE_NO_MAPPING;
        else if (permitted)
            status = quire_space_populate(space, at, stop - at, access);
        else
            status = QUIRE_NO_PERMISSION;
        if (status != QUIRE_OK)
            return status;
        at = stop;
    }
    return hole;
}

enum quire_status quire_space_advise(struct quire_space *space, quire_virt address, size_t length,
                                     enum quire_advice advice)
{
    enum quire_status status = check_range(space, address, &length);
    permit_function permit;
    struct change change;

    if (status != QUIRE_OK || length == 0)
        return status;
    if (advice == QUIRE_ADVICE_POPULATE_READ || advice == QUIRE_ADVICE_POPULATE_WRITE)
        return advise_populate(space, address, address + length,
                               advice == QUIRE_ADVICE_POPULATE_WRITE ? QUIRE_ACCESS_WRITE
                                                                     : QUIRE_ACCESS_READ);
    if (!flag_advice(advice, &change, &permit))
        return advise_pages(space, address, address + length, advice);
    do {
        struct quire_region *dead = NULL;

        quire_spin_lock(&space->lock);
        status =
            change_range(space, address, address + length, &change, permit, false, NULL, &dead);
        quire_spin_unlock(&space->lock);
        quire_region_free_list(dead);
    } while (status == QUIRE_NO_MEMORY && quire_reclaim(space->q, 2));
    return status;
}

/* ---- locking pages ---- */

/* Bytes of [start, end) that are locked already. */
static uint64_t locked_bytes(const struct quire_space *space, quire_virt start, quire_virt end)
{
    uint64_t bytes = 0;

    for (const struct quire_region *region = quire_region_at_or_above(space, start);
         region != NULL && region->range.start < end; region = quire_region_next(region)) {
        quire_virt from = region->range.start > start ? region->range.start : start;
        quire_virt to = region->range.end < end ? region->range.end : end;

        if (region->flags & QUIRE_REGION_LOCKED)
            bytes += to - from;
    }
    return bytes;
}

/* As Linux counts: a range with all its holes, less what is locked there; for all of the space
 * (holes are fine then) everything that is mapped. */
static bool may_lock(const struct quire_space *space, quire_virt start, quire_virt end, bool all)
{
    uint64_t bytes = space->pages.total << QUIRE_PAGE_SHIFT;

    if (space->limits.locked == UINT64_MAX)
        return true;
    if (!all)
        bytes = (space->pages.locked << QUIRE_PAGE_SHIFT) + (end - start) -
                locked_bytes(space, start, end);
    return bytes <= space->limits.locked;
}

enum quire_status quire_populate_locked(struct quire_space *space, quire_virt start, quire_virt end,
                                        bool all)
{
    enum quire_status result = QUIRE_OK;

    for (quire_virt at = start; at < end;) {
        struct quire_region *region;
        quire_virt from = end, to = end;
        uint32_t flags = 0;

        quire_spin_lock(&space->lock);
        region = quire_region_at_or_above(space, at);
        if (region != NULL && region->range.start < end) {
            from = region->range.start > at ? region->range.start : at;
            to = region->range.end < end ? region->range.end : end;
            flags = region->flags;
        }
        quire_spin_unlock(&space->lock);
        if ((flags & (QUIRE_REGION_LOCKED | QUIRE_REGION_LOCK_ON_FAULT)) != QUIRE_REGION_LOCKED) {
            at = to;
            continue;
        }
        if (flags & QUIRE_REGION_PROTECTION) {
            enum quire_status status = quire_space_populate(
                space, from, to - from,
                (flags & (QUIRE_PROT_WRITE | QUIRE_REGION_SHARED)) == QUIRE_PROT_WRITE
                    ? QUIRE_ACCESS_WRITE
                    : QUIRE_ACCESS_READ);

            if (status != QUIRE_OK)
                result = QUIRE_NO_MEMORY; /* whatever kept a page out, as space.h says */
        } else {
            result = QUIRE_NO_MEMORY;
        }
        at = result == QUIRE_OK || all ? to : end;
    }
    return result;
}

static enum quire_status lock_range(struct quire_space *space, quire_virt start, quire_virt end,
                                    bool lock, bool on_fault, bool holes)
{
    struct change change = {.clear = QUIRE_REGION_LOCKED | QUIRE_REGION_LOCK_ON_FAULT};
    enum quire_status status;

    change.own = lock;
    if (lock)
        change.set = QUIRE_REGION_LOCKED | (on_fault ? QUIRE_REGION_LOCK_ON_FAULT : 0u);
    do {
        struct quire_region *dead = NULL;

        quire_spin_lock(&space->lock);
        if (lock && !may_lock(space, start, end, holes))
            status = QUIRE_LOCK_LIMIT;
        else
            status = change_range(space, start, end, &change, NULL, !holes, NULL, &dead);
        quire_spin_unlock(&space->lock);
        quire_region_free_list(dead);
    } while (status == QUIRE_NO_MEMORY && quire_reclaim(space->q, 2));
    return holes && status == QUIRE_NO_MAPPING ? QUIRE_OK : status;
}

enum quire_status quire_space_lock(struct quire_space *space, quire_virt address, size_t length,
                                   bool lock, bool on_fault)
{
    quire_virt start = quire_page_down(address);
    enum quire_status status;

    if (length == 0)
        return QUIRE_OK;
    length += address - start;
    status = check_range(space, start, &length);
    if (status == QUIRE_OK)
        status = lock_range(space, start, start + length, lock, on_fault, false);
    if (status == QUIRE_OK && lock && !on_fault)
        status = quire_populate_locked(space, start, start + length, false);
    return status;
}

enum quire_status quire_space_lock_all(struct quire_space *space, bool lock, bool on_fault)
{
    enum quire_status status = lock_range(space, space->start, space->end, lock, on_fault, true);

    if (status == QUIRE_OK && lock && !on_fault)
        (void)quire_populate_locked(space, space->start, space->end, true);
    return status;
}
