/*
 * Leaf tables: finding, making, sharing, emptying; and flushing what TLBs may hold. table.h has the
 * theory of sharing and the lock order.
 *
 * Unmapping frees in two steps. First entries are emptied (or a whole leaf table leaves its
 * parent), with locks; then the TLBs are flushed; only then frames are freed and the tables that
 * left are emptied, without locks or atomic exchanges: no CPU can reach them. The second way is the
 * cheap one, so every table that lies wholly in the range takes it, and a table that fork shared
 * costs one decrement.
 *
 * Failure: only quire_leaf_make and quire_table_unshare allocate; they fail before they change
 * anything.
 */
#include "table.h"

#include <quire/hooks.h>

static bool is_loaded_here(const struct quire_space *space)
{
    unsigned cpu = quire_platform_cpu();

    return (__atomic_load_n(&space->cpus[cpu / 64], __ATOMIC_RELAXED) >> (cpu % 64)) & 1;
}

struct quire_frame *quire_table_alloc(struct quire *q, unsigned level)
{
    struct quire_frame *table = quire_frame_alloc_one(q, QUIRE_FRAME_TABLE, QUIRE_ALLOC_ZERO);

    if (table != NULL) {
        table->table.level = (uint8_t)level;
        quire_count_event(q, QUIRE_EVENT_TABLE_ALLOC);
    }
    return table;
}

void quire_table_discard(struct quire *q, struct quire_frame *table)
{
    quire_count_event(q, QUIRE_EVENT_TABLE_FREE);
    quire_table_set_flags(table, quire_table_free_flags(q, table));
    quire_frame_put(q, table);
}

/* ---- finding and making ---- */

bool quire_leaf_find(struct quire *q, const struct quire_pagetable *pt, quire_virt address,
                     struct quire_leaf *leaf)
{
    quire_phys at = pt->root, parent = at;
    quire_entry *slot = NULL;
    quire_entry entry = 0;

    for (unsigned level = pt->levels; level > 1; level--) {
        parent = at;
        slot = &((quire_entry *)quire_platform_direct(q, at))[quire_level_index(address, level)];
        entry = quire_entry_read(slot);
        if (entry == 0)
            return false;
        at = quire_entry_phys(entry);
    }
    leaf->parent = quire_frame_of(q, parent);
    leaf->parent_entry = slot;
    leaf->seen = entry;
    leaf->table = quire_frame_of(q, at);
    leaf->entries = quire_platform_direct(q, at);
    return true;
}

/* Link a new table below *slot; another CPU may be faster, or the parent may have died. */
static enum quire_status link_table(struct quire *q, struct quire_frame *parent, quire_entry *slot,
                                    unsigned level)
{
    struct quire_frame *table = quire_table_alloc(q, level);
    bool linked = false, dead;

    if (table == NULL)
        return QUIRE_NO_MEMORY;
    quire_spin_lock(&parent->table.lock);
    dead = (__atomic_load_n(&parent->flags, __ATOMIC_RELAXED) & QUIRE_FRAME_DEAD) != 0;
    if (!dead && quire_entry_read(slot) == 0) {
        quire_entry_write(
            slot, quire_entry_link(quire_frame_phys(q, table), level + 1, QUIRE_TABLE_LINK));
        parent->table.live++;
        linked = true;
    }
    quire_spin_unlock(&parent->table.lock);
    if (!linked)
        quire_table_discard(q, table);
    return dead ? QUIRE_RETRY : QUIRE_OK;
}

enum quire_status quire_leaf_make(struct quire *q, const struct quire_pagetable *pt,
                                  quire_virt address, struct quire_leaf *leaf)
{
    while (!quire_leaf_find(q, pt, address, leaf)) {
        quire_phys at = pt->root;

        for (unsigned level = pt->levels; level > 1; level--) {
            quire_entry *slot =
                &((quire_entry *)quire_platform_direct(q, at))[quire_level_index(address, level)];
            quire_entry entry = quire_entry_read(slot);

            if (entry == 0) {
                enum quire_status status = link_table(q, quire_frame_of(q, at), slot, level - 1);

                if (status == QUIRE_RETRY)
                    break;
                if (status != QUIRE_OK)
                    return status;
                entry = quire_entry_read(slot);
                if (entry == 0)
                    break;
            }
            at = quire_entry_phys(entry);
        }
    }
    return QUIRE_OK;
}

/* ---- dropping ---- */

/* What an entry that has left a table held: true when its frame is to be freed. */
QUIRE_INLINE bool drop_entry(struct quire *q, quire_entry entry, struct quire_frame **out_frame)
{
    if (QUIRE_LIKELY(quire_entry_is_counted(entry))) {
        *out_frame = quire_frame_of(q, quire_entry_phys(entry));
        quire_frame_gather_dirty(*out_frame, entry);
        return quire_page_drop(q, *out_frame);
    }
    if (quire_entry_is_slot(entry))
        quire_slot_put(q, quire_entry_slot(entry));
    return false;
}

/*
 * Drop what a leaf table that nobody can reach any more holds. Entries need no exchange: no CPU
 * walks the table, and the flush that came before has written back every dirty bit. The table is
 * full of zeros afterwards, and serves as the next new table.
 */
static void empty_table(struct quire *q, struct quire_frame *table)
{
    quire_entry *group = quire_table_entries(q, table), *end = group + QUIRE_TABLE_ENTRIES;
    struct quire_frame *freed[QUIRE_GATHER_FRAMES];
    unsigned count = 0, left = table->table.live;

    for (; group < end && left > 0; group += QUIRE_ENTRY_GROUP) {
        if (quire_group_is_empty(group))
            continue;
        for (quire_entry *place = group; place < group + QUIRE_ENTRY_GROUP; place++) {
            quire_entry entry = *place;

            if (entry == 0)
                continue;
            *place = 0;
            left--;
            if (drop_entry(q, entry, &freed[count]) && ++count == QUIRE_GATHER_FRAMES) {
                quire_frame_free_bulk(q, freed, count);
                count = 0;
            }
        }
    }
    table->table.live = 0;
    if (count > 0)
        quire_frame_free_bulk(q, freed, count);
}

/* One reference of a table that no CPU can reach through this space any more. */
static void drop_table(struct quire *q, struct quire_frame *table)
{
    if (!quire_frame_drop(table))
        return;
    if (table->table.level == 1)
        empty_table(q, table);
    quire_count_event(q, QUIRE_EVENT_TABLE_FREE);
    quire_defer_table(q, table);
}

/* ---- sharing ---- */

/*
 * Copy a shared table for one of its owners, both locked: every frame and slot in it gets one more
 * reference, and no entry of either may write any more.
 */
static void copy_table(struct quire *q, struct quire_frame *from, struct quire_frame *to)
{
    quire_entry *group = quire_table_entries(q, from), *end = group + QUIRE_TABLE_ENTRIES;
    quire_entry *target = quire_table_entries(q, to);
    unsigned left = from->table.live;

    for (; group < end && left > 0; group += QUIRE_ENTRY_GROUP, target += QUIRE_ENTRY_GROUP) {
        if (quire_group_is_empty(group))
            continue;
        for (unsigned i = 0; i < QUIRE_ENTRY_GROUP; i++) {
            quire_entry entry = quire_entry_read(&group[i]);

            if (entry == 0)
                continue;
            left--;
            if (quire_entry_is_counted(entry)) {
                if (entry & QUIRE_ENTRY_WRITE)
                    entry = quire_entry_clear_bits(&group[i], QUIRE_ENTRY_WRITE);
                quire_frame_get(quire_frame_of(q, quire_entry_phys(entry)));
            } else if (quire_entry_is_slot(entry)) {
                quire_slot_get(q, quire_entry_slot(entry));
            }
            quire_entry_write(&target[i], entry & ~QUIRE_ENTRY_WRITE);
        }
    }
    to->table.live = from->table.live;
    to->table.resident = from->table.resident;
    to->table.anonymous = from->table.anonymous;
}

enum quire_status quire_table_unshare(struct quire_space *space, quire_virt address,
                                      struct quire_leaf *leaf)
{
    struct quire *q = space->q;
    struct quire_frame *table = leaf->table, *copy = NULL;
    quire_virt first = address & ~(QUIRE_LEAF_SPAN - 1);
    bool valid, last;

    if (__atomic_load_n(&table->count, __ATOMIC_RELAXED) > 1) {
        copy = quire_table_alloc(q, 1);
        if (copy == NULL)
            return QUIRE_NO_MEMORY;
    }
    quire_spin_lock(&leaf->parent->table.lock);
    quire_spin_lock(&table->table.lock);
    valid = quire_leaf_valid_locked(leaf);
    last = __atomic_load_n(&table->count, __ATOMIC_ACQUIRE) == 1;
    if (valid && last) {
        (void)quire_entry_set_bits(leaf->parent_entry, QUIRE_ENTRY_WRITE);
    } else if (valid && copy != NULL) {
        copy_table(q, table, copy);
        (void)quire_entry_exchange(
            leaf->parent_entry, quire_entry_link(quire_frame_phys(q, copy), 2, QUIRE_TABLE_LINK));
    }
    quire_spin_unlock(&table->table.lock);
    quire_spin_unlock(&leaf->parent->table.lock);

    if (!valid || (!last && copy == NULL)) {
        if (copy != NULL)
            quire_table_discard(q, copy);
        return QUIRE_RETRY;
    }
    if (last) {
        if (copy != NULL)
            quire_table_discard(q, copy);
        /* Rights only grew: another CPU that still knows the old ones faults and looks again. */
        if (is_loaded_here(space))
            quire_platform_flush_page(q, address);
        return QUIRE_OK;
    }
    /*
     * Paging-structure caches may still lead to the old table, and its translations, though
     * read-only and right today, are tied to it: once its other owner has it alone, it changes
     * without telling us.
     */
    quire_flush_space(space, first, first + QUIRE_LEAF_SPAN);
    drop_table(q,
               table); /* every other owner may have left meanwhile: the last one out empties it */
    return QUIRE_OK;
}

enum quire_status quire_leaf_own(struct quire_space *space, quire_virt address, bool make,
                                 struct quire_leaf *leaf)
{
    for (;;) {
        enum quire_status status;

        if (make) {
            status = quire_leaf_make(space->q, &space->table, address, leaf);
            if (status != QUIRE_OK)
                return status;
        } else if (!quire_leaf_find(space->q, &space->table, address, leaf)) {
            return QUIRE_NO_MAPPING;
        }
        if (!quire_leaf_is_shared(leaf))
            return QUIRE_OK;
        status = quire_table_unshare(space, address, leaf);
        if (status == QUIRE_NO_MEMORY)
            return status;
    }
}

enum quire_status quire_own_range(struct quire_space *space, quire_virt start, quire_virt end)
{
    for (quire_virt base = start & ~(QUIRE_LEAF_SPAN - 1); base < end; base += QUIRE_LEAF_SPAN) {
        struct quire_leaf leaf;

        base = quire_table_skip(space->q, &space->table, base);
        if (base < end && quire_leaf_own(space, base, false, &leaf) == QUIRE_NO_MEMORY)
            return QUIRE_NO_MEMORY;
    }
    return QUIRE_OK;
}

/* ---- flushing ---- */

/* Above this many pages one flush of everything is cheaper than INVLPG for each. */
#define FLUSH_SINGLY 32

static bool any_other_cpu(const struct quire *q, const uint64_t *mask)
{
    unsigned here = quire_platform_cpu();

    for (unsigned word = 0; word < QUIRE_MAX_CPU_WORDS(q->cpu_count); word++) {
        uint64_t bits = __atomic_load_n(&mask[word], __ATOMIC_SEQ_CST);

        if (word == here / 64)
            bits &= ~((uint64_t)1 << (here % 64));
        if (bits != 0)
            return true;
    }
    return false;
}

void quire_flush_space(struct quire_space *space, quire_virt start, quire_virt end)
{
    struct quire *q = space->q;

    if (is_loaded_here(space)) {
        if (end - start <= FLUSH_SINGLY * QUIRE_PAGE_SIZE) {
            for (quire_virt page = start; page < end; page += QUIRE_PAGE_SIZE)
                quire_platform_flush_page(q, page);
            quire_count_event(q, QUIRE_EVENT_FLUSH_PAGE);
        } else {
            quire_platform_flush_user(q);
            quire_count_event(q, QUIRE_EVENT_FLUSH_USER);
        }
    }
    if (q->cpu_count > 1 && any_other_cpu(q, space->cpus)) {
        quire_count_event(q, QUIRE_EVENT_SHOOTDOWN);
        quire_hook_shootdown(q, space->cpus, start,
                             end - start <= FLUSH_SINGLY * QUIRE_PAGE_SIZE ? end : 0, false);
    }
}

/* A mask with every CPU's bit set, word by word: the hook takes one array. */
static void shootdown_all(struct quire *q, quire_virt start, quire_virt end, bool kernel)
{
    uint64_t mask[16];
    unsigned words = QUIRE_MAX_CPU_WORDS(q->cpu_count);

    for (unsigned i = 0; i < 16; i++)
        mask[i] = UINT64_MAX;
    if (words > 16)
        quire_hook_panic(q, "quire: more than 1024 CPUs");
    if (q->cpu_count % 64 != 0)
        mask[words - 1] = ((uint64_t)1 << (q->cpu_count % 64)) - 1;
    quire_count_event(q, QUIRE_EVENT_SHOOTDOWN);
    quire_hook_shootdown(q, mask, start, end, kernel);
}

void quire_flush_every_space(struct quire *q)
{
    quire_platform_flush_user(q);
    quire_count_event(q, QUIRE_EVENT_FLUSH_USER);
    if (q->cpu_count > 1)
        shootdown_all(q, 0, 0, false);
}

void quire_flush_kernel(struct quire *q, quire_virt start, quire_virt end)
{
    if (end - start <= FLUSH_SINGLY * QUIRE_PAGE_SIZE) {
        for (quire_virt page = start; page != end; page += QUIRE_PAGE_SIZE)
            quire_platform_flush_page(q, page);
    } else {
        quire_platform_flush_all(q);
    }
    if (q->cpu_count > 1)
        shootdown_all(q, start, end, true);
}

/* ---- gathering ---- */

bool quire_page_drop_cached(struct quire *q, struct quire_frame *frame, uint64_t slot)
{
    uint32_t left;

    quire_platform_point();
    left = __atomic_sub_fetch(&frame->count, 1, __ATOMIC_ACQ_REL);
    /* The one reference that is left may be the cache's. The frame is not ours any more, so this is
     * a guess: the slot's record tells. */
    if (left == 1)
        quire_slot_forget(q, slot, frame);
    return left == 0;
}

void quire_gather_init(struct quire_gather *gather, struct quire *q, struct quire_space *space)
{
    gather->q = q;
    gather->space = space;
    gather->start = ~(quire_virt)0;
    gather->end = 0;
    gather->every_space = false;
    gather->count = 0;
    gather->left = 0;
    gather->tables = QUIRE_FRAME_NONE;
    gather->upper = QUIRE_FRAME_NONE;
}

/* every_space stays set: the rest of the same shared table may follow. */
static void flush_gathered(struct quire_gather *gather)
{
    if (gather->start >= gather->end)
        return;
    if (gather->every_space)
        quire_flush_every_space(gather->q);
    else
        quire_flush_space(gather->space, gather->start, gather->end);
    gather->start = ~(quire_virt)0;
    gather->end = 0;
}

/* After the flush: one reference of each table that left is gone; the last owner empties it. */
static void drop_tables(struct quire *q, uint32_t *list)
{
    while (*list != QUIRE_FRAME_NONE) {
        struct quire_frame *table = quire_frame_at(q, *list);

        *list = table->table.next;
        drop_table(q, table);
    }
}

/*
 * References are dropped only now. Before the flush another owner of a frame would take itself for
 * the only one, and write to it in place or free it, while a TLB of this space still leads to it.
 */
void quire_gather_flush(struct quire_gather *gather)
{
    unsigned freed = 0;

    flush_gathered(gather);
    for (unsigned i = 0; i < gather->count; i++)
        if (quire_page_drop(gather->q, gather->frame[i]))
            gather->frame[freed++] = gather->frame[i];
    if (freed > 0)
        quire_frame_free_bulk(gather->q, gather->frame, freed);
    gather->count = 0;
}

/* ---- zapping ---- */

/* A table that leaves as a whole is emptied entry by entry first where the range has at most this
 * many pages in it. */
#define ZAP_SINGLY 64

void quire_zap_entries_locked(struct quire_gather *gather, struct quire_frame *table,
                              unsigned first, unsigned last, quire_virt address,
                              bool keep_anonymous)
{
    struct quire *q = gather->q;
    quire_entry *entries = quire_table_entries(q, table);
    unsigned resident = table->table.resident;

    for (unsigned i = first; i < last; i++, address += QUIRE_PAGE_SIZE) {
        quire_entry entry = quire_entry_read(&entries[i]);
        struct quire_frame *frame;

        if (entry == 0)
            continue;
        if (!quire_entry_is_counted(entry)) {
            if (keep_anonymous && !quire_entry_is_present(entry))
                continue;
            entry = quire_entry_exchange(&entries[i], 0);
            table->table.live--;
            if (quire_entry_is_slot(entry))
                quire_slot_put(q, quire_entry_slot(entry));
            else if (quire_entry_is_present(entry))
                quire_gather_range(gather, address, address + QUIRE_PAGE_SIZE);
            continue;
        }
        frame = quire_frame_of(q, quire_entry_phys(entry));
        if (frame->kind == QUIRE_FRAME_ANONYMOUS) {
            if (keep_anonymous)
                continue;
            table->table.anonymous--;
        }
        entry = quire_entry_exchange(&entries[i], 0);
        table->table.live--;
        table->table.resident--;
        quire_frame_gather_dirty(frame, entry);
        quire_gather_range(gather, address, address + QUIRE_PAGE_SIZE);
        quire_gather_frame(gather, frame);
    }
    gather->left += resident - table->table.resident;
}

/* Nothing outside [floor, ceiling) needs the leaf table over `base`. */
static bool leaves_whole(quire_virt base, quire_virt floor, quire_virt ceiling)
{
    return base >= floor && base + QUIRE_LEAF_SPAN <= ceiling;
}

enum quire_status quire_zap_prepare(struct quire_space *space, quire_virt start, quire_virt end,
                                    quire_virt floor, quire_virt ceiling)
{
    quire_virt bases[2] = {start & ~(QUIRE_LEAF_SPAN - 1), (end - 1) & ~(QUIRE_LEAF_SPAN - 1)};

    if (floor > ceiling)
        return quire_own_range(space, start, end);
    for (unsigned i = 0; i < 1 + (bases[0] != bases[1]); i++) {
        struct quire_leaf leaf;

        if (!leaves_whole(bases[i], floor, ceiling) &&
            quire_leaf_own(space, bases[i], false, &leaf) == QUIRE_NO_MEMORY)
            return QUIRE_NO_MEMORY;
    }
    return QUIRE_OK;
}

/*
 * Take a leaf table out of its parent. Flush first, drop later: it joins the gather's list. A fault
 * that still looks at the table finds its parent entry changed and gives up.
 */
static bool detach_leaf(struct quire_gather *gather, const struct quire_leaf *leaf, quire_virt base)
{
    quire_spin_lock(&leaf->parent->table.lock);
    quire_spin_lock(&leaf->table->table.lock);
    /* A fault may have put a copy of its own in the place of a shared table since it was found. */
    if (!quire_leaf_valid_locked(leaf)) {
        quire_spin_unlock(&leaf->table->table.lock);
        quire_spin_unlock(&leaf->parent->table.lock);
        return false;
    }
    (void)quire_entry_exchange(leaf->parent_entry, 0);
    leaf->parent->table.live--;
    gather->left += leaf->table->table.resident;
    quire_spin_unlock(&leaf->table->table.lock);
    quire_spin_unlock(&leaf->parent->table.lock);
    quire_gather_range(gather, base, base + QUIRE_LEAF_SPAN);

    /*
     * A table that others share cannot join a list through its own record: two owners may leave at
     * once. Dropping it needs a flush first, so flush now; without the write right there is nothing
     * else to lose.
     */
    if (__atomic_load_n(&leaf->table->count, __ATOMIC_ACQUIRE) > 1) {
        flush_gathered(gather);
        drop_table(gather->q, leaf->table);
        return true;
    }
    leaf->table->table.next = gather->tables;
    gather->tables = quire_frame_number(gather->q, leaf->table);
    return true;
}

/* Free the upper tables over `address` that became empty, from the leaf's parent up to below the
 * root. */
static void prune(struct quire_gather *gather, quire_virt address)
{
    struct quire *q = gather->q;
    const struct quire_pagetable *pt = &gather->space->table;

    for (unsigned target = 2; target < pt->levels - QUIRE_ROOT_FIXED; target++) {
        struct quire_frame *parent = quire_frame_of(q, pt->root), *table;
        quire_entry *slot, entry;
        bool empty;

        for (unsigned level = pt->levels; level > target + 1; level--) {
            entry = quire_entry_read(
                &quire_table_entries(q, parent)[quire_level_index(address, level)]);
            if (entry == 0)
                return;
            parent = quire_frame_of(q, quire_entry_phys(entry));
        }
        slot = &quire_table_entries(q, parent)[quire_level_index(address, target + 1)];
        quire_spin_lock(&parent->table.lock);
        entry = quire_entry_read(slot);
        if (entry == 0) {
            quire_spin_unlock(&parent->table.lock);
            continue;
        }
        table = quire_frame_of(q, quire_entry_phys(entry));
        quire_spin_lock(&table->table.lock);
        empty = table->table.live == 0;
        if (empty) {
            (void)quire_entry_exchange(slot, 0);
            parent->table.live--;
            quire_table_mark_dead(table);
        }
        quire_spin_unlock(&table->table.lock);
        quire_spin_unlock(&parent->table.lock);
        if (!empty)
            return;
        /* Any INVLPG makes the CPU forget where tables are. In a self-map the table is a page of
         * its own: as everywhere where a table leaves, the range is one that flushes everything. */
        quire_gather_range(gather, address,
                           address + (q->self_map != 0 ? QUIRE_LEAF_SPAN : QUIRE_PAGE_SIZE));
        table->table.next = gather->upper;
        gather->upper = quire_frame_number(q, table);
    }
}

/* The last leaf-table base below which, from an unmapped `base` on, nothing can be mapped: whole
 * empty upper tables are skipped. */
quire_virt quire_table_skip(struct quire *q, const struct quire_pagetable *pt, quire_virt base)
{
    quire_phys at = pt->root;

    for (unsigned level = pt->levels; level > 1; level--) {
        quire_entry entry = quire_entry_read(
            &((quire_entry *)quire_platform_direct(q, at))[quire_level_index(base, level)]);
        quire_virt span = (quire_virt)1 << quire_level_shift(level);

        if (entry == 0)
            return (base & ~(span - 1)) + span - QUIRE_LEAF_SPAN;
        at = quire_entry_phys(entry);
    }
    return base;
}

void quire_zap_range(struct quire_gather *gather, quire_virt start, quire_virt end,
                     quire_virt floor, quire_virt ceiling)
{
    struct quire_space *space = gather->space;
    quire_virt pruned = ~(quire_virt)0;

    for (quire_virt base = start & ~(QUIRE_LEAF_SPAN - 1); base < end; base += QUIRE_LEAF_SPAN) {
        quire_virt from = base < start ? start : base;
        quire_virt to = base + QUIRE_LEAF_SPAN < end ? base + QUIRE_LEAF_SPAN : end;
        struct quire_leaf leaf;

        if (!quire_leaf_find(space->q, &space->table, base, &leaf)) {
            base = quire_table_skip(space->q, &space->table, base);
            continue;
        }
        if (leaves_whole(base, floor, ceiling)) {
            /* Few pages of a table of our own: looking at those is shorter than at all entries. */
            if (to - from <= ZAP_SINGLY * QUIRE_PAGE_SIZE &&
                __atomic_load_n(&leaf.table->count, __ATOMIC_ACQUIRE) == 1) {
                quire_spin_lock(&leaf.table->table.lock);
                if (quire_leaf_valid_locked(&leaf))
                    quire_zap_entries_locked(gather, leaf.table, quire_level_index(from, 1),
                                             quire_level_index(to - 1, 1) + 1, from, false);
                quire_spin_unlock(&leaf.table->table.lock);
            }
            if (!detach_leaf(gather, &leaf, base)) {
                base -= QUIRE_LEAF_SPAN; /* look again */
                continue;
            }
            if (pruned != ~(quire_virt)0 &&
                quire_upper_base(&space->table, pruned) != quire_upper_base(&space->table, base))
                prune(gather, pruned);
            pruned = base;
            continue;
        }
        quire_spin_lock(&leaf.table->table.lock);
        quire_zap_entries_locked(gather, leaf.table, quire_level_index(from, 1),
                                 quire_level_index(to - 1, 1) + 1, from, false);
        quire_spin_unlock(&leaf.table->table.lock);
    }
    if (pruned != ~(quire_virt)0)
        prune(gather, pruned);
    quire_gather_flush(gather);
    drop_tables(space->q, &gather->tables);
    drop_tables(space->q, &gather->upper);
    quire_gather_note(gather);
}

/* Take the leaf table over `address` out, and the upper tables that become empty with it. */
static void take_out(struct quire *q, const struct quire_pagetable *pt, quire_virt address)
{
    struct quire_frame *table[QUIRE_LEVELS_MAX + 1];
    quire_entry *slot[QUIRE_LEVELS_MAX + 1];

    table[pt->levels] = quire_frame_of(q, pt->root);
    for (unsigned level = pt->levels; level > 1; level--) {
        quire_entry entry;

        slot[level] = &quire_table_entries(q, table[level])[quire_level_index(address, level)];
        entry = quire_entry_read(slot[level]);
        if (entry == 0)
            return;
        table[level - 1] = quire_frame_of(q, quire_entry_phys(entry));
    }
    for (unsigned level = 2; level <= pt->levels; level++) {
        quire_entry_write(slot[level], 0);
        table[level]->table.live--;
        drop_table(q, table[level - 1]);
        if (table[level]->table.live != 0)
            return;
    }
}

/* What a fault that lost its race may have left where no region is: depth-first, one index per
 * level. */
static void scan_out(struct quire *q, const struct quire_pagetable *pt)
{
    struct quire_frame *table[QUIRE_LEVELS_MAX + 1];
    unsigned index[QUIRE_LEVELS_MAX + 1];
    unsigned level = pt->levels;

    table[level] = quire_frame_of(q, pt->root);
    index[level] = 0;
    while (table[pt->levels]->table.live > 0) {
        if (level == 1 || table[level]->table.live == 0) {
            drop_table(q, table[level]);
            level++;
            /* Emptied, not only counted: a table without live entries counts as full of zeros. */
            quire_entry_write(&quire_table_entries(q, table[level])[index[level] - 1], 0);
            table[level]->table.live--;
        } else {
            quire_entry entry = quire_table_entries(q, table[level])[index[level]++];

            if (entry != 0) {
                level--;
                table[level] = quire_frame_of(q, quire_entry_phys(entry));
                index[level] = 0;
            }
        }
    }
}

/* By regions, because tables stand only where regions are: a sparse space costs what it uses. */
void quire_zap_everything(struct quire_space *space)
{
    struct quire *q = space->q;
    struct quire_frame *root = quire_frame_of(q, space->table.root);
    quire_virt done = 0;

    for (const struct quire_range *range = space->regions.first;
         range != NULL && root->table.live > 0; range = range->next) {
        quire_virt base = range->start & ~(QUIRE_LEAF_SPAN - 1);

        for (base = base < done ? done : base; base < range->end; base += QUIRE_LEAF_SPAN) {
            base = quire_table_skip(q, &space->table, base);
            if (base < range->end)
                take_out(q, &space->table, base);
        }
        done = base;
    }
    scan_out(q, &space->table);
    quire_self_map_drop(q, root, true);
    drop_table(q, root);
}
