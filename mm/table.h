/*
 * mm/table.h: page tables as the library's own files see them: finding and making leaf tables,
 * sharing them at fork, and gathering what an unmapping frees until no TLB can hold it.
 *
 * Tables. A table is a frame of kind TABLE; its record holds a lock, how many entries are not empty
 * (`live`), and for leaf tables how many hold frames. The count is the number of parent entries
 * that point to it: above 1 only for leaf tables that fork shares.
 *
 * Sharing. The parent entries of a table that was shared have no write right, whatever the leaf
 * entries say. Before any entry changes for one space, quire_table_unshare gives that space a table
 * of its own (or, for the last owner, just the write right back). So the test on the fast path is
 * one bit of the parent entry: no WRITE = unshare first.
 *
 * Locking. Order: parent table → table. A leaf's parent entry changes only with both locks held, so
 * whoever holds the table's lock and sees the parent entry unchanged (quire_leaf_valid) owns the
 * entries. Tables are walked without locks: they are freed after a grace period, and a table that
 * left its parent is marked DEAD under its lock.
 */
#ifndef QUIRE_MM_TABLE_H
#define QUIRE_MM_TABLE_H

#include <quire/grace.h>
#include <quire/pagetable.h>
#include <quire/space.h>

#define QUIRE_LEAF_SPAN ((quire_virt)QUIRE_TABLE_ENTRIES << QUIRE_PAGE_SHIFT)

/* Start of what the level-2 table over a user address covers: neighbours share it. */
QUIRE_INLINE quire_virt quire_upper_base(const struct quire_pagetable *pt, quire_virt address)
{
    return pt->levels == 2 ? 0 : address & ~quire_level_mask(3);
}

/* A table's entries; tables are always direct-mapped. */
QUIRE_INLINE quire_entry *quire_table_entries(const struct quire *q,
                                              const struct quire_frame *table)
{
    return quire_frame_direct(q, table);
}

/* A zeroed table with count 1; NULL: no memory. */
struct quire_frame *quire_table_alloc(struct quire *q, unsigned level);
/*
 * Flags of a table that is about to be freed: without live entries it is full of zeros, and the
 * next table need not be cleared. (A root is not: its kernel half stands outside `live`.)
 */
QUIRE_INLINE uint8_t quire_table_free_flags(const struct quire *q, const struct quire_frame *table)
{
    return table->table.live == 0 && table->table.level < q->kernel.levels ? QUIRE_FRAME_ZEROED : 0;
}

/* The flags byte of a table's record: a buddy's look at its neighbour reads it from any CPU. */
QUIRE_INLINE void quire_table_set_flags(struct quire_frame *table, uint8_t flags)
{
    __atomic_store_n(&table->flags, flags, __ATOMIC_RELAXED);
}

QUIRE_INLINE void quire_table_mark_dead(struct quire_frame *table)
{
    __atomic_fetch_or(&table->flags, QUIRE_FRAME_DEAD, __ATOMIC_RELAXED);
}

/* A table that nobody ever linked. */
void quire_table_discard(struct quire *q, struct quire_frame *table);

#define QUIRE_TABLE_LINK                                                                           \
    (QUIRE_ENTRY_PRESENT | QUIRE_ENTRY_WRITE | QUIRE_ENTRY_USER | QUIRE_ENTRY_ACCESSED)

/* Where a leaf table hangs. `seen` is the parent entry as it was read. */
struct quire_leaf {
    struct quire_frame *table;
    quire_entry *entries;
    struct quire_frame *parent;
    quire_entry *parent_entry;
    quire_entry seen;
};

/* The leaf table over a user address; false: there is none. */
bool quire_leaf_find(struct quire *q, const struct quire_pagetable *pt, quire_virt address,
                     struct quire_leaf *leaf);
/* The same, made where missing. QUIRE_NO_MEMORY. */
enum quire_status quire_leaf_make(struct quire *q, const struct quire_pagetable *pt,
                                  quire_virt address, struct quire_leaf *leaf);

/* With the table's lock held: it still hangs there, with the same rights. */
QUIRE_INLINE bool quire_leaf_valid_locked(const struct quire_leaf *leaf)
{
    return ((quire_entry_read(leaf->parent_entry) ^ leaf->seen) &
            ~(QUIRE_ENTRY_ACCESSED | QUIRE_ENTRY_DIRTY)) == 0;
}

/* The table may be shared with other spaces: unshare before changing an entry. */
QUIRE_INLINE bool quire_leaf_is_shared(const struct quire_leaf *leaf)
{
    return !(leaf->seen & QUIRE_ENTRY_WRITE);
}

/*
 * Make the leaf this space's own. QUIRE_OK: look it up again (it may be another table now).
 * QUIRE_NO_MEMORY; QUIRE_RETRY. Flushes on the way.
 */
enum quire_status quire_table_unshare(struct quire_space *space, quire_virt address,
                                      struct quire_leaf *leaf);

/* The leaf over `address` for changing entries: found or (make) made, and unshared.
 * QUIRE_NO_MAPPING: none, and not asked to make. */
enum quire_status quire_leaf_own(struct quire_space *space, quire_virt address, bool make,
                                 struct quire_leaf *leaf);
/* Likewise every table that stands over [start, end). QUIRE_NO_MEMORY: some are. */
enum quire_status quire_own_range(struct quire_space *space, quire_virt start, quire_virt end);

/* ---- flushing ---- */

/* [start, end) of a space on every CPU that may hold it; a few pages one by one, more as a whole.
 */
void quire_flush_space(struct quire_space *space, quire_virt start, quire_virt end);
/* Everything of every user space on every CPU: after a change in a table that several spaces share.
 */
void quire_flush_every_space(struct quire *q);
/* Kernel addresses on every CPU. */
void quire_flush_kernel(struct quire *q, quire_virt start, quire_virt end);

/* ---- gathering ---- */

/*
 * Collects frames with the references that emptied entries held, and leaf tables that left their
 * parents, until the TLBs of the space have been flushed. Lives on the stack. quire_gather_flush
 * flushes and drops what it holds.
 */
struct quire_gather {
    struct quire *q;
    struct quire_space *space;
    quire_virt start, end; /* what to flush; start >= end: nothing */
    bool every_space;      /* an entry of a shared table changed */
    unsigned count;
    uint64_t left;   /* resident pages that left the space */
    uint32_t tables; /* leaf tables to drop after the flush, linked by table.next */
    uint32_t upper;  /* upper tables, likewise */
    struct quire_frame *frame[QUIRE_GATHER_FRAMES];
};

void quire_gather_init(struct quire_gather *gather, struct quire *q, struct quire_space *space);
void quire_gather_flush(struct quire_gather *gather);

/* At the end: the space had that many pages more. */
QUIRE_INLINE void quire_gather_note(const struct quire_gather *gather)
{
    if (gather->left > 0)
        quire_space_note_peak(gather->space, gather->left);
}

QUIRE_INLINE void quire_gather_range(struct quire_gather *gather, quire_virt start, quire_virt end)
{
    if (start < gather->start)
        gather->start = start;
    if (end > gather->end)
        gather->end = end;
}

QUIRE_INLINE void quire_gather_frame(struct quire_gather *gather, struct quire_frame *frame)
{
    gather->frame[gather->count++] = frame;
    if (QUIRE_UNLIKELY(gather->count == QUIRE_GATHER_FRAMES))
        quire_gather_flush(gather);
}

/*
 * Empty entries [first, last) of a leaf table whose lock is held, for addresses from `address` on:
 * frames and slots are dropped, dirty bits gathered. keep_anonymous: entries of anonymous frames
 * and slots stay (an object's pages leave, private copies do not).
 */
void quire_zap_entries_locked(struct quire_gather *gather, struct quire_frame *table,
                              unsigned first, unsigned last, quire_virt address,
                              bool keep_anonymous);

/*
 * Empty [start, end) of a space. Leaf tables of which nothing is needed outside leave as a whole:
 * [floor, ceiling), at least the range, is free of regions, or will be. A floor above the ceiling:
 * no table leaves. Tables that stay must be the space's own: quire_zap_prepare unshares them (at
 * most the two that the range cuts, unless all stay), and can fail.
 */
enum quire_status quire_zap_prepare(struct quire_space *space, quire_virt start, quire_virt end,
                                    quire_virt floor, quire_virt ceiling);
void quire_zap_range(struct quire_gather *gather, quire_virt start, quire_virt end,
                     quire_virt floor, quire_virt ceiling);

/* Entries are skipped by this many where all of them are 0: most tables of small programs are
 * nearly empty. */
#define QUIRE_ENTRY_GROUP 8

QUIRE_INLINE quire_entry quire_entry_peek(const quire_entry *entry)
{
    return __atomic_load_n(entry, __ATOMIC_RELAXED);
}

/* Plain reads, which the compiler joins with the OR: half the instructions. An entry that changes
 * meanwhile may or may not be seen, as with any read. Thread sanitizers want to be told. */
#ifdef __SANITIZE_THREAD__
#define QUIRE_PEEK(entry) quire_entry_peek(&(entry))
#else
#define QUIRE_PEEK(entry) (entry)
#endif

QUIRE_INLINE bool quire_group_is_empty(const quire_entry *entries)
{
    return (QUIRE_PEEK(entries[0]) | QUIRE_PEEK(entries[1]) | QUIRE_PEEK(entries[2]) |
            QUIRE_PEEK(entries[3]) | QUIRE_PEEK(entries[4]) | QUIRE_PEEK(entries[5]) |
            QUIRE_PEEK(entries[6]) | QUIRE_PEEK(entries[7])) == 0;
}

/* For a walk over leaf tables that found none at `base`: the last base that needs no look, so that
 * base + QUIRE_LEAF_SPAN goes on. */
quire_virt quire_table_skip(struct quire *q, const struct quire_pagetable *pt, quire_virt base);

/* Free every user table of a space that no CPU holds any more, and what the tables hold. */
void quire_zap_everything(struct quire_space *space);

/* Gather a dirty bit that leaves an entry into its frame. */
QUIRE_INLINE void quire_frame_gather_dirty(struct quire_frame *frame, quire_entry entry)
{
    if ((entry & QUIRE_ENTRY_DIRTY) && !quire_frame_is_dirty(frame))
        quire_frame_mark_dirty(frame);
}

/* The slot that an anonymous frame is cached for; 0: none. */
QUIRE_INLINE uint64_t quire_frame_slot(const struct quire_frame *frame)
{
    return __atomic_load_n(&frame->anonymous.slot, __ATOMIC_RELAXED);
}

/* The rest of quire_page_drop: one reference less of a frame that the slot cache knows. */
bool quire_page_drop_cached(struct quire *q, struct quire_frame *frame, uint64_t slot);

/*
 * One reference of a page less; true when it was the last, and the caller frees the frame. What the
 * slot cache then has alone goes, or stays, as the slot wants.
 *
 * Who holds the only reference need not give it up atomically: trees, tables and the slot cache
 * hold one of their own, and nobody finds the frame anywhere else.
 */
QUIRE_INLINE bool quire_page_drop(struct quire *q, struct quire_frame *frame)
{
    quire_platform_point();
    if (QUIRE_LIKELY(__atomic_load_n(&frame->count, __ATOMIC_ACQUIRE) == 1)) {
        __atomic_store_n(&frame->count, 0, __ATOMIC_RELAXED);
        return true;
    }
    /* Read while we still hold it: whoever ties a frame to a slot holds a reference too, and comes
     * through here after us. */
    if (frame->kind == QUIRE_FRAME_ANONYMOUS) {
        uint64_t slot = quire_frame_slot(frame);

        if (QUIRE_UNLIKELY(slot != 0))
            return quire_page_drop_cached(q, frame, slot);
    }
    return quire_frame_drop(frame);
}

QUIRE_INLINE void quire_page_put(struct quire *q, struct quire_frame *frame)
{
    if (quire_page_drop(q, frame))
        quire_frame_free_bulk(q, &frame, 1);
}

/* The policy's word of an anonymous or object frame. */
QUIRE_INLINE uint32_t *quire_frame_policy(struct quire_frame *frame)
{
    return frame->kind == QUIRE_FRAME_OBJECT ? &frame->object.policy : &frame->anonymous.policy;
}

/* An object's page was used. */
QUIRE_INLINE void quire_frame_mark_accessed(struct quire_frame *frame)
{
    const uint8_t both = QUIRE_FRAME_ACCESSED | QUIRE_FRAME_UNTOUCHED;

    if ((__atomic_load_n(&frame->flags, __ATOMIC_RELAXED) & both) == QUIRE_FRAME_ACCESSED)
        return;
    __atomic_fetch_or(&frame->flags, QUIRE_FRAME_ACCESSED, __ATOMIC_RELAXED);
    __atomic_fetch_and(&frame->flags, (uint8_t)~QUIRE_FRAME_UNTOUCHED, __ATOMIC_RELAXED);
}

QUIRE_INLINE bool quire_frame_take_accessed(struct quire_frame *frame)
{
    if (!(__atomic_load_n(&frame->flags, __ATOMIC_RELAXED) & QUIRE_FRAME_ACCESSED))
        return false;
    __atomic_fetch_and(&frame->flags, (uint8_t)~QUIRE_FRAME_ACCESSED, __ATOMIC_RELAXED);
    return true;
}

/* ---- reclaim, for slots and objects ---- */

/* So many pages that were on their way out are there, or failed. */
void quire_reclaim_note_written(struct quire *q, unsigned pages);
/* Until a write ends, if one is under way; false: none is. */
bool quire_reclaim_wait_for_a_write(struct quire *q);

/* Pages of an object that leave it: see quire_object_take_pages. */
struct quire_object_pages {
    bool (*ask)(void *context, struct quire_frame *frame); /* shall it go? */
    void *context;
    bool no_slots; /* set when there was none left; then nothing that needs one is taken */
    unsigned count;
    struct quire_frame *frame[QUIRE_SLOT_RUN]; /* with the tree's reference */
    uint64_t slot[QUIRE_SLOT_RUN]; /* that waits for the content; 0: the page can be had again */
    unsigned dirty_count;
    uint64_t dirty[QUIRE_SLOT_RUN]; /* indices of pages that have to be written first */
};

/*
 * Up to QUIRE_SLOT_RUN pages from *index on that nobody maps or holds, and for which ask() says
 * yes, leave the object. True: there are more from *index on.
 */
bool quire_object_take_pages(struct quire_object *object, uint64_t *index,
                             struct quire_object_pages *pages);
/*
 * Writes the dirty ones back, with their neighbours, and then takes those that are still not used:
 * frame, slot, count anew. Does nothing while somebody else writes pages of this object.
 */
void quire_object_take_dirty(struct quire_object *object, struct quire_object_pages *pages);
/* Pages whose slots are in this area come back. QUIRE_NO_MEMORY. */
enum quire_status quire_object_drain(struct quire_object *object,
                                     const struct quire_slot_area *area);

/* Events and fault classes of this CPU. */
QUIRE_INLINE void quire_count_event(struct quire *q, enum quire_event event)
{
    quire_this_cpu(q)->event[event]++;
}

/* ---- the self-map (selfmap.c); all do nothing while it is off ---- */

/* Before the first root is made from the kernel's: what roots will have a copy of stays. */
enum quire_status quire_self_map_fix(struct quire *q);
/* A root that has its kernel half gets its window. QUIRE_NO_MEMORY. */
enum quire_status quire_self_map_root(struct quire *q, struct quire_frame *root);
/* The root is freed: what quire_self_map_root() allocated for it goes too, now or after a grace
 * period. */
void quire_self_map_drop(struct quire *q, struct quire_frame *root, bool defer);
/* For check: entries of the window that are wrong; counts the references it finds. */
unsigned quire_self_map_check(struct quire *q, struct quire_frame *root);

/* Tables for the empty ones of a table's entries [first, end); all of them or none. */
enum quire_status quire_table_fill(struct quire *q, struct quire_frame *table, unsigned first,
                                   unsigned end, quire_entry bits);

#endif
