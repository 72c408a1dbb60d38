/*
 * fork: a copy of a space.
 *
 * Most of a fork's work is never used: the child execs or exits, or touches a few pages. So a leaf
 * table is not copied but shared: one more reference on the table, and the write right taken from
 * both parent entries. Whoever changes an entry later gets a table of its own first
 * (quire_table_unshare), and then single frames are copied on write. A fork costs some dozen
 * instructions per 2 MiB.
 *
 * A table can be shared when every region over it is private, inherited and not locked. Otherwise
 * the entries of its inheritable private regions are copied now. Shared mappings are not copied at
 * all: their pages are found in the object when they are touched.
 *
 * Locking: the parent's space lock keeps its regions; each table is handled under its lock, and its
 * parent entry under the parent table's. Faults in the parent wait until its TLBs are flushed: one
 * that copied a page before would lose what another thread still writes to the old frame by a right
 * that its TLB remembers. The child is not visible to anyone yet, but to truncations of its
 * objects, which visit the parent's regions before the child's.
 *
 * Failure: the child is destroyed, which drops the references taken. The parent's entries stay
 * without write right until the next write, which finds that it is the only owner.
 */
#include "region.h"

static bool is_inherited(const struct quire_region *region)
{
    return !(region->flags & QUIRE_REGION_NO_FORK);
}

/* The pages of the region are the child's too. */
static bool copies_pages(const struct quire_region *region)
{
    return is_inherited(region) &&
           !(region->flags & (QUIRE_REGION_SHARED | QUIRE_REGION_WIPE_ON_FORK));
}

static bool lets_share(const struct quire_region *region)
{
    return copies_pages(region) && !(region->flags & QUIRE_REGION_LOCKED) &&
           (region->object == NULL || region->object->kind != QUIRE_OBJECT_DEVICE);
}

/* Every region over [base, base + span) allows sharing; `region` is one of them. */
static bool can_share(const struct quire_region *region, quire_virt base)
{
    const struct quire_region *first = region;

    while (first->range.previous != NULL && first->range.previous->end > base)
        first = quire_region_previous(first);
    for (; first != NULL && first->range.start < base + QUIRE_LEAF_SPAN;
         first = quire_region_next(first))
        if (!lets_share(first))
            return false;
    return true;
}

static enum quire_status copy_regions(struct quire_space *parent, struct quire_space *child)
{
    for (struct quire_range *range = parent->regions.first; range != NULL; range = range->next) {
        struct quire_region *region = quire_region_of(range);
        struct quire_region *copy;

        if (!is_inherited(region))
            continue;
        if (!quire_space_charge(child, region->flags, quire_region_length(region)))
            return QUIRE_COMMIT_LIMIT;
        copy = quire_region_alloc(child);
        if (copy == NULL)
            return QUIRE_NO_MEMORY;
        copy->range.start = range->start;
        copy->range.end = range->end;
        copy->flags = region->flags & ~(uint32_t)(QUIRE_REGION_LOCKED | QUIRE_REGION_LOCK_ON_FAULT);
        copy->object = region->object;
        copy->offset = region->offset;
        if (copy->object != NULL)
            quire_object_get(copy->object);
        quire_region_insert(child, copy, NULL, region); /* in order: always the last */
    }
    return QUIRE_OK;
}

/* Where the child's leaf tables hang: neighbours share the table. */
struct upper {
    quire_virt start; /* of what it covers; ~0: none yet */
    struct quire_frame *table;
};

/* The child's level-2 table over an address, made where missing. */
static enum quire_status make_upper(struct quire_space *child, quire_virt address,
                                    struct upper *upper)
{
    struct quire *q = child->q;
    struct quire_frame *table = quire_frame_of(q, child->table.root);
    quire_virt start = quire_upper_base(&child->table, address);

    if (upper->start == start)
        return QUIRE_OK;
    for (unsigned level = child->table.levels; level > 2; level--) {
        quire_entry *slot = &quire_table_entries(q, table)[quire_level_index(address, level)];
        quire_entry entry = quire_entry_read(slot);

        if (entry == 0) {
            struct quire_frame *lower = quire_table_alloc(q, level - 1);

            if (lower == NULL)
                return QUIRE_NO_MEMORY;
            entry = quire_entry_link(quire_frame_phys(q, lower), level, QUIRE_TABLE_LINK);
            quire_entry_write(slot, entry);
            table->table.live++;
        }
        table = quire_frame_of(q, quire_entry_phys(entry));
    }
    upper->start = start;
    upper->table = table;
    return QUIRE_OK;
}

/* Lock a leaf table together with its parent; false: it has gone, or is another one now. */
static bool lock_leaf(struct quire_leaf *leaf)
{
    quire_spin_lock(&leaf->parent->table.lock);
    quire_spin_lock(&leaf->table->table.lock);
    if (QUIRE_LIKELY(quire_leaf_valid_locked(leaf)))
        return true;
    quire_spin_unlock(&leaf->table->table.lock);
    quire_spin_unlock(&leaf->parent->table.lock);
    return false;
}

static void unlock_leaf(struct quire_leaf *leaf)
{
    quire_spin_unlock(&leaf->table->table.lock);
    quire_spin_unlock(&leaf->parent->table.lock);
}

/* QUIRE_RETRY: a fault was at work on the parent's table; look at it again. */
static enum quire_status share_table(struct quire_space *child, quire_virt base,
                                     struct quire_leaf *leaf, struct upper *upper)
{
    struct quire *q = child->q;
    enum quire_status status;

    if (leaf->table->table.live == 0)
        return QUIRE_OK;
    status = make_upper(child, base, upper);
    if (status != QUIRE_OK)
        return status;
    if (!lock_leaf(leaf))
        return QUIRE_RETRY;
    quire_frame_get(leaf->table);
    if (leaf->seen & QUIRE_ENTRY_WRITE)
        (void)quire_entry_clear_bits(leaf->parent_entry, QUIRE_ENTRY_WRITE);
    unlock_leaf(leaf);
    quire_entry_write(&quire_table_entries(q, upper->table)[quire_level_index(base, 2)],
                      quire_entry_link(quire_frame_phys(q, leaf->table), 2,
                                       QUIRE_TABLE_LINK & ~QUIRE_ENTRY_WRITE));
    upper->table->table.live++;
    quire_count_event(q, QUIRE_EVENT_TABLE_SHARE);
    return QUIRE_OK;
}

/* Copy the entries of [start, end), inside one leaf table, as read-only ones. */
static enum quire_status copy_entries(struct quire_space *parent, struct quire_space *child,
                                      quire_virt start, quire_virt end)
{
    struct quire *q = parent->q;
    struct quire_leaf source, target;
    struct quire_frame *table;
    enum quire_status status;

    status = quire_leaf_own(parent, start, false, &source);
    if (status != QUIRE_OK)
        return status == QUIRE_NO_MAPPING ? QUIRE_OK : status;
    status = quire_leaf_make(q, &child->table, start, &target);
    if (status != QUIRE_OK)
        return status;
    if (!lock_leaf(&source))
        return QUIRE_RETRY;
    /* A truncation may walk the child's tables already: its regions are in their objects' lists. */
    table = target.table;
    quire_spin_lock(&table->table.lock);
    for (quire_virt at = start; at < end; at += QUIRE_PAGE_SIZE) {
        unsigned i = quire_level_index(at, 1);
        quire_entry entry = quire_entry_read(&source.entries[i]);

        if (entry == 0)
            continue;
        if (quire_entry_is_counted(entry)) {
            struct quire_frame *frame = quire_frame_of(q, quire_entry_phys(entry));

            if (entry & QUIRE_ENTRY_WRITE)
                entry = quire_entry_clear_bits(&source.entries[i], QUIRE_ENTRY_WRITE);
            quire_frame_get(frame);
            table->table.resident++;
            table->table.anonymous =
                (uint16_t)(table->table.anonymous + (frame->kind == QUIRE_FRAME_ANONYMOUS));
        } else if (quire_entry_is_slot(entry)) {
            quire_slot_get(q, quire_entry_slot(entry));
        }
        quire_entry_write(&target.entries[i], entry & ~QUIRE_ENTRY_WRITE);
        table->table.live++;
    }
    quire_spin_unlock(&table->table.lock);
    unlock_leaf(&source);
    return QUIRE_OK;
}

static enum quire_status copy_pages(struct quire_space *parent, struct quire_space *child)
{
    struct upper upper = {~(quire_virt)0, NULL};
    quire_virt shared_end = 0; /* tables below it are shared already */

    for (const struct quire_range *range = parent->regions.first; range != NULL;
         range = range->next) {
        const struct quire_region *region = quire_region_of((struct quire_range *)range);
        quire_virt at = range->start > shared_end ? range->start : shared_end;

        if (!copies_pages(region))
            continue;
        while (at < range->end) {
            quire_virt base = at & ~(QUIRE_LEAF_SPAN - 1), next = base + QUIRE_LEAF_SPAN;
            enum quire_status status;
            struct quire_leaf leaf;

            if (!quire_leaf_find(parent->q, &parent->table, base, &leaf)) {
                at = quire_table_skip(parent->q, &parent->table, base) + QUIRE_LEAF_SPAN;
                continue;
            }
            if (can_share(region, base)) {
                status = share_table(child, base, &leaf, &upper);
                shared_end = next;
            } else {
                status = copy_entries(parent, child, at, next < range->end ? next : range->end);
            }
            if (status == QUIRE_RETRY)
                continue;
            if (status != QUIRE_OK)
                return status;
            at = next;
        }
    }
    return QUIRE_OK;
}

static enum quire_status try_clone(struct quire_space *parent, struct quire_space *child)
{
    enum quire_status status;

    quire_spin_lock(&parent->lock);
    child->map_top = parent->map_top;
    child->window_end = parent->window_end;
    child->break_start = parent->break_start;
    child->break_end = parent->break_end;
    child->limits = parent->limits;
    quire_space_keep(child, __atomic_load_n(&parent->kept, __ATOMIC_RELAXED));
    status = copy_regions(parent, child);
    quire_sequence_begin(parent);
    if (status == QUIRE_OK)
        status = copy_pages(parent, child);
    /* The write right went from entries that TLBs may hold. */
    quire_flush_space(parent, 0, parent->end);
    quire_sequence_end(parent);
    quire_spin_unlock(&parent->lock);
    return status;
}

enum quire_status quire_space_clone(struct quire_space *parent, struct quire_space **out)
{
    enum quire_status status;

    do {
        struct quire_space *child;

        status = quire_space_create(parent->q, &child);
        if (status != QUIRE_OK)
            return status;
        status = try_clone(parent, child);
        if (status == QUIRE_OK)
            *out = child;
        else
            quire_space_destroy(child);
    } while (status == QUIRE_NO_MEMORY && quire_reclaim(parent->q, 4));
    if (status == QUIRE_OK)
        quire_count_event(parent->q, QUIRE_EVENT_CLONE);
    return status;
}
