/*
 * mm/region.h: regions as the files of layer 4 share them.
 *
 * Writers hold the space's lock. While regions change, the sequence number is odd: faults wait, and
 * a fault that read the old number does not install what it prepared. A writer may let faults go on
 * (even again) before it empties entries: what they install then agrees with the new regions.
 */
#ifndef QUIRE_MM_REGION_H
#define QUIRE_MM_REGION_H

#include "table.h"

/* Hints and searches stay above it; a FIXED mapping may go below (Linux: vm.mmap_min_addr for the
 * unprivileged). */
#define QUIRE_LOWEST_HINT ((quire_virt)0x10000)

QUIRE_INLINE void quire_sequence_begin(struct quire_space *space)
{
    __atomic_store_n(&space->sequence, space->sequence + 1, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    quire_platform_point();
}

QUIRE_INLINE void quire_sequence_end(struct quire_space *space)
{
    quire_platform_point();
    __atomic_store_n(&space->sequence, space->sequence + 1, __ATOMIC_RELEASE);
}

QUIRE_INLINE struct quire_region *quire_region_of(struct quire_range *range)
{
    return (struct quire_region *)range;
}

/* The region that contains address or the first above it. */
QUIRE_INLINE struct quire_region *quire_region_at_or_above(const struct quire_space *space,
                                                           quire_virt address)
{
    return quire_region_of(quire_range_at_or_above(&space->regions, address));
}

QUIRE_INLINE struct quire_region *quire_region_next(const struct quire_region *region)
{
    return quire_region_of(region->range.next);
}

QUIRE_INLINE struct quire_region *quire_region_previous(const struct quire_region *region)
{
    return quire_region_of(region->range.previous);
}

QUIRE_INLINE size_t quire_region_length(const struct quire_region *region)
{
    return region->range.end - region->range.start;
}

/* What matters of a region, read without a lock, and the sequence number it was valid for. */
struct quire_region_view {
    uint64_t sequence;
    quire_virt start, end;
    uint32_t flags; /* 0 where there is no region */
    struct quire_object *object;
    uint64_t offset;
};

/* A field that is written under a lock which the reader does not hold. */
#define QUIRE_FIELD(field) __atomic_load_n(&(field), __ATOMIC_RELAXED)

/* The region that contains address or the first above it; false: there is none. */
QUIRE_INLINE bool quire_region_read(const struct quire_space *space, quire_virt address,
                                    struct quire_region_view *view)
{
    for (;;) {
        const struct quire_region *region;

        quire_platform_point();
        view->sequence = __atomic_load_n(&space->sequence, __ATOMIC_ACQUIRE);
        if (QUIRE_UNLIKELY(view->sequence & 1)) {
            quire_platform_relax();
            continue;
        }
        region = quire_region_at_or_above(space, address);
        if (QUIRE_UNLIKELY(region == NULL)) {
            view->flags = 0;
            __atomic_thread_fence(__ATOMIC_ACQUIRE);
            if (QUIRE_FIELD(space->sequence) == view->sequence)
                return false;
            continue;
        }
        view->start = QUIRE_FIELD(region->range.start);
        view->end = QUIRE_FIELD(region->range.end);
        view->flags = QUIRE_FIELD(region->flags);
        view->object = QUIRE_FIELD(region->object);
        view->offset = QUIRE_FIELD(region->offset);
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        if (QUIRE_LIKELY(QUIRE_FIELD(space->sequence) == view->sequence))
            return true;
    }
}

/* Page index in the object of an address inside the region. */
QUIRE_INLINE uint64_t quire_region_index(const struct quire_region *region, quire_virt address)
{
    return region->offset + ((address - region->range.start) >> QUIRE_PAGE_SHIFT);
}

/* Bytes more (or less) in regions of these flags. A writable private mapping counts as data, as on
 * Linux. */
void quire_region_account(struct quire_space *space, uint32_t flags, int64_t bytes);

/* New flags of a region; its object and the space's accounts follow. */
void quire_region_set_flags(struct quire_space *space, struct quire_region *region, uint32_t flags);

/* `more` bytes on top of so many pages are beyond a limit in bytes. */
QUIRE_INLINE bool quire_exceeds(uint64_t limit, uint64_t pages, uint64_t more)
{
    return limit != UINT64_MAX && (more > limit || pages << QUIRE_PAGE_SHIFT > limit - more);
}

/* ---- promised memory (commit.c), with the space locked ---- */

QUIRE_INLINE void quire_commit_add(struct quire *q, int64_t pages)
{
    __atomic_fetch_add(&quire_this_cpu(q)->committed, pages, __ATOMIC_RELAXED);
}

/* The flags of a new mapping, with QUIRE_REGION_ACCOUNTED where its pages count as promised. */
uint32_t quire_accounted_flags(const struct quire *q, uint32_t flags);
/* Promise the bytes that regions of these flags are about to grow by; false: QUIRE_COMMIT_LIMIT. */
bool quire_space_charge(struct quire_space *space, uint32_t flags, size_t length);
/* The end of every writer that may have charged, or made regions smaller: gives back the rest. */
QUIRE_INLINE void quire_space_settle(struct quire_space *space)
{
    uint64_t rest = space->charged - space->pages.accounted;

    if (rest != 0) {
        space->charged -= rest;
        quire_commit_add(space->q, -(int64_t)rest);
    }
}

/* Region records: NULL when there is no memory. Free runs after a grace period and drops the
 * object's reference. */
/* With the space locked, one that is reserved first. */
struct quire_region *quire_region_alloc(struct quire_space *space);
/* n records more for what must not fail under this hold of the space's lock; false: no memory.
 * quire_region_release frees what is left of them, before the lock is given back. */
bool quire_region_reserve(struct quire_space *space, unsigned n);
void quire_region_release(struct quire_space *space);
void quire_region_free(struct quire_region *region);

/*
 * The object's list of regions. `after`: a region of the same object whose entries move or are
 * copied to this one; a truncation, which walks the list in order, then finds each entry in the one
 * or in the other. NULL: anywhere. Regions that are cut or joined are so under one hold of the
 * object's lock: a truncation finds each of their pages in some region at any time.
 */
void quire_object_link_locked(struct quire_object *object, struct quire_region *region,
                              struct quire_region *after);
void quire_object_unlink_locked(struct quire_object *object, struct quire_region *region);
void quire_object_unlink(struct quire_object *object, struct quire_region *region);
/* New flags of a region that has an object, perhaps; the object's count of writable mappings
 * follows.
 */
void quire_object_set_flags(struct quire_region *region, uint32_t flags);
/* A reference, unless the last one has gone: for who found the object without holding one. */
bool quire_object_try_get(struct quire_object *object);

/* ---- with the space locked and the sequence odd ---- */

/*
 * Put a filled-in region into the tree, below its neighbour `next` (NULL: none is above), into its
 * object's list (see quire_object_link_locked for `after`) and the accounts. The object's reference
 * is the region's.
 */
void quire_region_insert(struct quire_space *space, struct quire_region *region,
                         struct quire_range *next, struct quire_region *after);
/* Take it out of all three; free it later with quire_region_free (outside the space's lock: a
 * release may follow). */
void quire_region_remove(struct quire_space *space, struct quire_region *region);
/* New bounds; the object's offset follows the start. */
void quire_region_resize(struct quire_space *space, struct quire_region *region, quire_virt start,
                         quire_virt end);
/* Cut at `at`: the upper part becomes `spare`. */
void quire_region_split(struct quire_space *space, struct quire_region *region, quire_virt at,
                        struct quire_region *spare);
/* The second continues the first with equal flags. */
bool quire_region_mergeable(const struct quire_region *first, const struct quire_region *second);
/* Merge with what now fits on either side; emptied records go to *dead, linked by object_next. The
 * region that remains. */
struct quire_region *quire_region_merge(struct quire_space *space, struct quire_region *region,
                                        struct quire_region **dead);

/* Free a list made by quire_region_merge or quire_region_take. No lock held. */
void quire_region_free_list(struct quire_region *dead);

/* ---- mapping, with the space locked ---- */

/* Remove [start, end) from the tree and its pages from the tables. The sequence may be even or odd;
 * QUIRE_NO_MEMORY and QUIRE_LIMIT change nothing. */
enum quire_status quire_unmap_locked(struct quire_space *space, quire_virt start, quire_virt end,
                                     struct quire_region **dead);
/*
 * Likewise, but its leaf tables stay, empty and the space's own: others' pages will move there, or
 * quire_kept_tables_drop, under the same hold of the lock, frees those that no region needs. *kept
 * is written when it is done.
 */
struct quire_kept_tables {
    quire_virt start, end;     /* what was unmapped; 0: nothing */
    quire_virt floor, ceiling; /* no region lies between these */
};
enum quire_status quire_unmap_keep_tables(struct quire_space *space, quire_virt start,
                                          quire_virt end, struct quire_kept_tables *kept,
                                          struct quire_region **dead);
void quire_kept_tables_drop(struct quire_space *space, const struct quire_kept_tables *kept);
/* Where a mapping of `length` may go; *out_above: the region above it, or NULL. */
enum quire_status quire_place_locked(struct quire_space *space, quire_virt hint, size_t length,
                                     uint32_t map_flags, quire_virt *out,
                                     struct quire_region **out_above);
/*
 * Add a region to free addresses, merged with its neighbours where it fits. Takes over one
 * reference of object. above: its neighbour. *spare (may be NULL): a record to use; NULL afterwards
 * if it was used.
 */
enum quire_status quire_region_add_locked(struct quire_space *space, quire_virt start,
                                          quire_virt end, uint32_t flags,
                                          struct quire_object *object, uint64_t offset,
                                          struct quire_region *above, struct quire_region **spare,
                                          struct quire_region **dead);

/* Apply new rights of a region to the entries of [start, end): the tables are the space's own
 * (quire_own_range). */
void quire_protect_entries(struct quire_space *space, quire_virt start, quire_virt end,
                           uint32_t flags);
/* Bring in what is locked of [start, end), and not on fault only. The first page that cannot come
 * ends it, or (all) is passed over with its region. */
enum quire_status quire_populate_locked(struct quire_space *space, quire_virt start, quire_virt end,
                                        bool all);

/* ---- advice about pages: [start, end) lies in one region ---- */

/* QUIRE_NO_MEMORY: done in part. */
enum quire_status quire_advise_free_locked(struct quire_space *space, quire_virt start,
                                           quire_virt end);
void quire_advise_cold_locked(struct quire_space *space, quire_virt start, quire_virt end);
/* Without the lock. object: the region's, whose page `index` stands at `start`, or NULL. */
void quire_advise_will_need(struct quire_space *space, quire_virt start, quire_virt end,
                            struct quire_object *object, uint64_t index);
/* Likewise: all pages that can go do, the object's too. exclusive: only those that nothing else
 * maps. How many went. */
size_t quire_page_out_region(struct quire_space *space, quire_virt start, quire_virt end,
                             struct quire_object *object, uint64_t index, bool exclusive);

/* ---- memory shortage ---- */

/* Ask the embedder's reclaimer; true: try again. No lock held. */
bool quire_reclaim(struct quire *q, size_t frames);

/* ---- entries ---- */

/* The entry bits that follow from a region's flags; WRITE only for shared mappings of an object
 * (private ones earn it). */
QUIRE_INLINE quire_entry quire_region_entry(uint32_t flags)
{
    quire_entry entry = QUIRE_ENTRY_PRESENT | QUIRE_ENTRY_USER | QUIRE_ENTRY_ACCESSED;

    if (QUIRE_HAS_NO_EXECUTE && !(flags & QUIRE_PROT_EXECUTE))
        entry |= QUIRE_ENTRY_NO_EXECUTE;
    if ((flags & (QUIRE_REGION_SHARED | QUIRE_PROT_WRITE)) ==
        (QUIRE_REGION_SHARED | QUIRE_PROT_WRITE))
        entry |= QUIRE_ENTRY_WRITE;
    return entry;
}

/*
 * The space with the smallest number of at least `number`, pinned: it is not destroyed before it is
 * unpinned. NULL: there is none.
 */
struct quire_space *quire_space_pin_next(struct quire *q, uint32_t number);
void quire_space_unpin(struct quire_space *space);

#endif
