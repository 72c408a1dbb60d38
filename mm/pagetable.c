/*
 * The kernel's page table, and mappings that are not counted: one walker for every format and
 * level.
 *
 * A walk goes from the root (level pt->levels) down; at each level the entry is empty, points to a
 * table one level below, or is a large page that ends the walk. Map, unmap and protect share one
 * step: find the level at which the rest of the range, from the current address on, can be handled
 * with one entry.
 *
 * Locking: q->kernel_lock excludes changes by these functions from each other. Spaces' own regions
 * never lie where a caller maps with them. Kernel-half tables, once made, stay: they are shared by
 * every space, and a freed one would have to be waited for on every CPU.
 */
#include "table.h"

#include <quire/hooks.h>

static bool in_kernel_half(const struct quire_pagetable *pt, quire_virt address)
{
    return quire_level_index(address, pt->levels) >= QUIRE_ROOT_KERNEL;
}

enum quire_status quire_table_fill(struct quire *q, struct quire_frame *root, unsigned first,
                                   unsigned end, quire_entry bits)
{
    quire_entry *entries = quire_table_entries(q, root);
    unsigned level = root->table.level, made = 0;

    for (unsigned i = first; i < end; i++) {
        struct quire_frame *table;

        if (quire_entry_read(&entries[i]) != 0)
            continue;
        table = quire_table_alloc(q, level - 1);
        if (table != NULL) {
            quire_entry_write(&entries[i],
                              quire_entry_link(quire_frame_phys(q, table), level, bits));
            made++;
            continue;
        }
        while (made > 0) { /* those made here hold nothing yet, unlike others */
            quire_entry entry = entries[--i];

            table = quire_frame_of(q, quire_entry_phys(entry));
            if ((entry & QUIRE_ENTRY_LARGE) || table->table.live > 0)
                continue;
            quire_entry_write(&entries[i], 0);
            quire_table_discard(q, table);
            made--;
        }
        return QUIRE_NO_MEMORY;
    }
    root->table.live = (uint16_t)(root->table.live + made);
    return QUIRE_OK;
}

/*
 * From here on the kernel half's root entries never change, so that roots can share their tables
 * for ever: those that are empty get a table. Where the root itself can hold large pages, that is
 * done when the first other root is made; then the direct map stands already.
 */
static enum quire_status fix_kernel_half(struct quire *q)
{
    struct quire_frame *root = quire_frame_of(q, q->kernel.root);
    enum quire_status status;

    if (q->kernel_fixed)
        return QUIRE_OK;
    status = quire_table_fill(q, root, QUIRE_ROOT_KERNEL, QUIRE_ROOT_ENTRIES,
                              QUIRE_TABLE_LINK & ~QUIRE_ENTRY_USER);
    q->kernel_fixed = status == QUIRE_OK;
    return status;
}

enum quire_status quire_pagetable_init(struct quire *q, unsigned levels)
{
    struct quire_frame *root;
    enum quire_status status = QUIRE_OK;

    if (levels < QUIRE_LEVELS_DEFAULT || levels > QUIRE_LEVELS_MAX)
        return QUIRE_INVALID;
    root = quire_table_alloc(q, levels);
    if (root == NULL)
        return QUIRE_NO_MEMORY;
    q->kernel.levels = (uint8_t)levels;
    q->kernel.root = quire_frame_phys(q, root);
    q->kernel_fixed = false;
    if (!(QUIRE_LARGE_LEVELS >> levels & 1))
        status = fix_kernel_half(q);
    if (status != QUIRE_OK) {
        q->kernel.root = 0;
        quire_table_discard(q, root);
    }
    return status;
}

enum quire_status quire_pagetable_create(struct quire *q, struct quire_pagetable *out)
{
    struct quire_frame *root;
    enum quire_status status;
    quire_entry *entries;
    const quire_entry *kernel;

    quire_spin_lock(&q->kernel_lock);
    status = fix_kernel_half(q);
    if (status == QUIRE_OK)
        status = quire_self_map_fix(q);
    quire_spin_unlock(&q->kernel_lock);
    root = status == QUIRE_OK ? quire_table_alloc(q, q->kernel.levels) : NULL;
    if (root == NULL)
        return QUIRE_NO_MEMORY;
    if (QUIRE_ROOT_FIXED &&
        quire_table_fill(q, root, 0, QUIRE_ROOT_KERNEL, QUIRE_TABLE_LINK) != QUIRE_OK) {
        quire_table_discard(q, root);
        return QUIRE_NO_MEMORY;
    }
    entries = quire_table_entries(q, root);
    kernel = quire_table_entries(q, quire_frame_of(q, q->kernel.root));
    __builtin_memcpy(&entries[QUIRE_ROOT_KERNEL], &kernel[QUIRE_ROOT_KERNEL],
                     (QUIRE_ROOT_ENTRIES - QUIRE_ROOT_KERNEL) * sizeof(quire_entry));
    out->levels = q->kernel.levels;
    out->root = quire_frame_phys(q, root);
    status = quire_self_map_root(q, root);
    if (status != QUIRE_OK)
        quire_pagetable_destroy(q, out);
    return status;
}

/* Depth-first over the user half, without recursion: one index per level. */
void quire_pagetable_destroy(struct quire *q, struct quire_pagetable *pt)
{
    struct quire_frame *table[QUIRE_LEVELS_MAX + 1];
    unsigned index[QUIRE_LEVELS_MAX + 1];
    unsigned top = pt->levels, level = top;

    table[top] = quire_frame_of(q, pt->root);
    quire_self_map_drop(q, table[top], false);
    index[top] = 0;
    while (level <= top) {
        unsigned end = level == top ? QUIRE_ROOT_KERNEL : QUIRE_TABLE_ENTRIES;
        quire_entry entry;

        if (level == 1 || index[level] == end) {
            quire_table_discard(q, table[level]);
            level++;
            continue;
        }
        entry = quire_table_entries(q, table[level])[index[level]++];
        if (quire_entry_is_present(entry) && !(entry & QUIRE_ENTRY_LARGE)) {
            level--;
            table[level] = quire_frame_of(q, quire_entry_phys(entry));
            index[level] = 0;
        }
    }
    pt->root = 0;
}

static quire_entry make_entry(quire_phys physical, unsigned level, unsigned protection,
                              unsigned flags)
{
    enum quire_cache_mode mode = (enum quire_cache_mode)(flags >> QUIRE_PAGE_CACHE_SHIFT);
    quire_entry entry = quire_entry_make(physical, QUIRE_ENTRY_SPECIAL);

    if (protection & (QUIRE_PROT_READ | QUIRE_PROT_WRITE | QUIRE_PROT_EXECUTE))
        entry |= QUIRE_ENTRY_PRESENT | QUIRE_ENTRY_ACCESSED;
    if (protection & QUIRE_PROT_WRITE)
        entry |= QUIRE_ENTRY_WRITE | QUIRE_ENTRY_DIRTY;
    if (!(protection & QUIRE_PROT_EXECUTE) && QUIRE_HAS_NO_EXECUTE)
        entry |= QUIRE_ENTRY_NO_EXECUTE;
    if (flags & QUIRE_PAGE_USER)
        entry |= QUIRE_ENTRY_USER;
    if (flags & QUIRE_PAGE_GLOBAL)
        entry |= QUIRE_ENTRY_GLOBAL;
    if (level > 1)
        entry |= QUIRE_ENTRY_LARGE;
    switch (mode) {
    case QUIRE_CACHE_WRITE_BACK:
        break;
    case QUIRE_CACHE_WRITE_THROUGH:
        entry |= QUIRE_ENTRY_WRITE_THROUGH;
        break;
    case QUIRE_CACHE_UNCACHED:
        entry |= QUIRE_ENTRY_WRITE_THROUGH | QUIRE_ENTRY_CACHE_DISABLE;
        break;
    case QUIRE_CACHE_WRITE_COMBINING:
        entry |= level > 1 ? QUIRE_ENTRY_PAT_LARGE : QUIRE_ENTRY_PAT;
        break;
    }
    return entry;
}

static enum quire_status check_range(const struct quire_pagetable *pt, quire_virt address,
                                     quire_phys physical, size_t length)
{
    quire_virt last = address + (length - 1);

    if (length == 0)
        return QUIRE_ZERO_LENGTH;
    if ((address | physical | length) & (QUIRE_PAGE_SIZE - 1))
        return QUIRE_UNALIGNED;
    if (last < address || physical + (length - 1) < physical)
        return QUIRE_OVERFLOW;
    if (physical + (length - 1) >= QUIRE_PHYS_LIMIT || !quire_canonical(address, pt->levels) ||
        !quire_canonical(last, pt->levels) ||
        in_kernel_half(pt, address) != in_kernel_half(pt, last))
        return QUIRE_OUT_OF_RANGE;
    return QUIRE_OK;
}

/* The largest level whose page fits at address and physical and inside length. */
static unsigned best_level(const struct quire_pagetable *pt, quire_virt address,
                           quire_phys physical, size_t length, unsigned flags)
{
    for (unsigned level = pt->levels; level > 1; level--) {
        size_t size = quire_level_mask(level) + 1;

        if (!(QUIRE_LARGE_LEVELS & (1u << level)) || (flags & QUIRE_PAGE_SMALL) ||
            (level > 2 && (flags & QUIRE_PAGE_NO_GIANT)))
            continue;
        if (((address | physical) & quire_level_mask(level)) == 0 && length >= size)
            return level;
    }
    return 1;
}

/* A level's entries after linking a new table into an empty entry. NULL: no memory. */
static struct quire_frame *link_new_table(struct quire *q, struct quire_frame *parent,
                                          quire_entry *entry, unsigned level, unsigned flags)
{
    struct quire_frame *table = quire_table_alloc(q, level);

    if (table == NULL)
        return NULL;
    quire_entry_write(entry, quire_entry_link(quire_frame_phys(q, table), level + 1,
                                              flags & QUIRE_PAGE_USER
                                                  ? QUIRE_TABLE_LINK
                                                  : QUIRE_TABLE_LINK & ~QUIRE_ENTRY_USER));
    parent->table.live++;
    return table;
}

/* Fills neighbouring empty entries of a table, the first one included; bytes that were mapped. */
static size_t fill_entries(struct quire_frame *table, quire_entry *slot, unsigned room,
                           quire_entry entry, quire_entry step, unsigned wanted)
{
    unsigned done;

    for (done = 0; done < wanted && done < room && quire_entry_read(&slot[done]) == 0; done++) {
        quire_entry_write(&slot[done], entry);
        entry += step;
    }
    table->table.live = (uint16_t)(table->table.live + done);
    return (size_t)done * (size_t)step;
}

/*
 * Entries at level `target`, or below it where a table hangs already (an emptied one, in the kernel
 * half), up to that table's end: a larger page could not begin before it. *out_done: bytes.
 */
static enum quire_status map_some(struct quire *q, struct quire_pagetable *pt, quire_virt address,
                                  quire_phys physical, size_t length, unsigned protection,
                                  unsigned flags, size_t *out_done)
{
    unsigned target = best_level(pt, address, physical, length, flags);
    struct quire_frame *table = quire_frame_of(q, pt->root);

    for (unsigned level = pt->levels;; level--) {
        unsigned index = quire_level_index(address, level), shift = quire_level_shift(level);
        quire_entry *slot = &quire_table_entries(q, table)[index];
        quire_entry entry = quire_entry_read(slot);

        if (level == target && level > 1 && quire_entry_is_present(entry) &&
            !(entry & QUIRE_ENTRY_LARGE))
            target--;
        if (level == target) {
            size_t wanted = length >> shift;

            if (entry != 0)
                return QUIRE_EXISTS;
            if (wanted > QUIRE_TABLE_ENTRIES)
                wanted = QUIRE_TABLE_ENTRIES;
            *out_done = fill_entries(table, slot, QUIRE_TABLE_ENTRIES - index,
                                     make_entry(physical, level, protection, flags),
                                     (quire_entry)1 << shift, (unsigned)wanted);
            return QUIRE_OK;
        }
        if (entry == 0) {
            table = link_new_table(q, table, slot, level - 1, flags);
            if (table == NULL)
                return QUIRE_NO_MEMORY;
        } else if (entry & QUIRE_ENTRY_LARGE) {
            return QUIRE_EXISTS;
        } else {
            table = quire_frame_of(q, quire_entry_phys(entry));
        }
    }
}

/* Replace a large page by a table of pages one level smaller with the same rights. */
static enum quire_status split(struct quire *q, quire_entry *slot, unsigned level)
{
    quire_entry large = quire_entry_read(slot), piece;
    struct quire_frame *table = quire_table_alloc(q, level - 1);
    quire_entry *entries;

    if (table == NULL)
        return QUIRE_NO_MEMORY;
    entries = quire_table_entries(q, table);
    piece = large & ~(QUIRE_ENTRY_ADDRESS | QUIRE_ENTRY_LARGE);
    if (level - 1 > 1)
        piece |= QUIRE_ENTRY_LARGE | (large & QUIRE_ENTRY_PAT_LARGE);
    else if (large & QUIRE_ENTRY_PAT_LARGE)
        piece |= QUIRE_ENTRY_PAT;
    for (unsigned i = 0; i < QUIRE_TABLE_ENTRIES; i++)
        entries[i] = piece | ((large & QUIRE_ENTRY_ADDRESS_LARGE) +
                              ((quire_entry)i << quire_level_shift(level - 1)));
    table->table.live = QUIRE_TABLE_ENTRIES;
    (void)quire_entry_exchange(slot, quire_entry_link(quire_frame_phys(q, table), level,
                                                      (QUIRE_TABLE_LINK & ~QUIRE_ENTRY_USER) |
                                                          (large & QUIRE_ENTRY_USER)));
    return QUIRE_OK;
}

/*
 * The entry that maps `address`, where it can be changed for [address, end) as a whole: large pages
 * that the range cuts are split. *out_size: bytes that the entry (or the hole, then *out_slot is
 * NULL) covers from address on.
 */
static enum quire_status find_changeable(struct quire *q, struct quire_pagetable *pt,
                                         quire_virt address, size_t length, quire_entry **out_slot,
                                         struct quire_frame **out_table, unsigned *out_level,
                                         size_t *out_size)
{
    struct quire_frame *table = quire_frame_of(q, pt->root);

    for (unsigned level = pt->levels;; level--) {
        quire_virt mask = quire_level_mask(level);
        quire_entry *slot = &quire_table_entries(q, table)[quire_level_index(address, level)];
        quire_entry entry = quire_entry_read(slot);

        *out_size = (size_t)(mask - (address & mask)) + 1;
        if (entry == 0) {
            *out_slot = NULL;
            return QUIRE_OK;
        }
        if ((level == pt->levels ? q->kernel_fixed : level == 2 && q->self_map_fixed) &&
            (entry & QUIRE_ENTRY_LARGE) && in_kernel_half(pt, address))
            return QUIRE_BUSY;
        if (level > 1 && (entry & QUIRE_ENTRY_LARGE) && ((address & mask) != 0 || length <= mask)) {
            enum quire_status status = split(q, slot, level);

            if (status != QUIRE_OK)
                return status;
            entry = quire_entry_read(slot);
        }
        if (level == 1 || (entry & QUIRE_ENTRY_LARGE)) {
            *out_slot = slot;
            *out_table = table;
            *out_level = level;
            return QUIRE_OK;
        }
        table = quire_frame_of(q, quire_entry_phys(entry));
    }
}

static void flush_changed(struct quire *q, const struct quire_pagetable *pt, quire_virt start,
                          quire_virt end)
{
    if (end > start || (end == 0 && start != 0)) {
        if (in_kernel_half(pt, start))
            quire_flush_kernel(q, start, end);
        else
            quire_flush_every_space(q);
    }
}

/* Shared body of unmap and protect: value 0 empties, otherwise rights change and addresses stay. */
static enum quire_status change(struct quire *q, struct quire_pagetable *pt, quire_virt address,
                                size_t length, bool unmap, unsigned protection, unsigned flags)
{
    enum quire_status status = QUIRE_OK;
    size_t done = 0;

    while (done < length) {
        quire_virt at = address + done;
        quire_entry *slot = NULL;
        struct quire_frame *table = NULL;
        unsigned level = 0;
        size_t size;

        status = find_changeable(q, pt, at, length - done, &slot, &table, &level, &size);
        if (status != QUIRE_OK)
            break;
        if (slot != NULL && unmap) {
            (void)quire_entry_exchange(slot, 0);
            table->table.live--;
        } else if (slot != NULL) {
            quire_entry old = quire_entry_read(slot);
            quire_phys physical =
                old & (level > 1 ? QUIRE_ENTRY_ADDRESS_LARGE : QUIRE_ENTRY_ADDRESS);

            (void)quire_entry_exchange(slot, make_entry(physical, level, protection, flags));
        }
        done = size < length - done ? done + size : length;
    }
    if (done > 0)
        flush_changed(q, pt, address, address + done);
    return status;
}

enum quire_status quire_pagetable_map(struct quire *q, struct quire_pagetable *pt,
                                      quire_virt address, quire_phys physical, size_t length,
                                      unsigned protection, unsigned flags)
{
    enum quire_status status = check_range(pt, address, physical, length);
    size_t done = 0;

    if (status != QUIRE_OK)
        return status;
    quire_spin_lock(&q->kernel_lock);
    while (done < length) {
        size_t mapped = 0;

        status = map_some(q, pt, address + done, physical + done, length - done, protection, flags,
                          &mapped);
        if (status != QUIRE_OK)
            break;
        done += mapped;
    }
    /* What was mapped is undone along the same page boundaries: nothing is split, so this cannot
     * fail. */
    if (status != QUIRE_OK && done > 0)
        (void)change(q, pt, address, done, true, 0, 0);
    quire_spin_unlock(&q->kernel_lock);
    return status;
}

static enum quire_status change_checked(struct quire *q, struct quire_pagetable *pt,
                                        quire_virt address, size_t length, bool unmap,
                                        unsigned protection, unsigned flags)
{
    enum quire_status status = check_range(pt, address, 0, length);

    if (status != QUIRE_OK)
        return status;
    quire_spin_lock(&q->kernel_lock);
    status = change(q, pt, address, length, unmap, protection, flags);
    quire_spin_unlock(&q->kernel_lock);
    return status;
}

enum quire_status quire_pagetable_unmap(struct quire *q, struct quire_pagetable *pt,
                                        quire_virt address, size_t length)
{
    return change_checked(q, pt, address, length, true, 0, 0);
}

enum quire_status quire_pagetable_protect(struct quire *q, struct quire_pagetable *pt,
                                          quire_virt address, size_t length, unsigned protection,
                                          unsigned flags)
{
    return change_checked(q, pt, address, length, false, protection, flags);
}

void quire_pagetable_translate(struct quire *q, const struct quire_pagetable *pt,
                               quire_virt address, struct quire_translation *out)
{
    quire_phys table = pt->root;
    quire_entry rights = QUIRE_ENTRY_WRITE | QUIRE_ENTRY_USER;
    quire_entry no_execute = 0;

    out->physical = 0;
    out->present = false;
    out->protection = QUIRE_PROT_NONE;
    out->user = false;
    out->steps = 0;
    out->level = pt->levels;
    if (!quire_canonical(address, pt->levels))
        return;
    for (unsigned level = pt->levels; level > 0; level--) {
        struct quire_walk_step *step = &out->step[out->steps++];
        bool leaf;

        step->level = level;
        step->index = quire_level_index(address, level);
        step->table = table;
        step->entry =
            quire_entry_read(&((quire_entry *)quire_platform_direct(q, table))[step->index]);
        out->level = level;
        if (!quire_entry_is_present(step->entry))
            return;
        leaf = level == 1 || (step->entry & QUIRE_ENTRY_LARGE);
        rights &= quire_entry_rights(step->entry, level, leaf);
        no_execute |= step->entry & QUIRE_ENTRY_NO_EXECUTE;
        if (leaf) {
            quire_entry mask = level > 1 ? QUIRE_ENTRY_ADDRESS_LARGE : QUIRE_ENTRY_ADDRESS;

            out->physical = (step->entry & mask) | (address & quire_level_mask(level));
            out->present = true;
            out->user = (rights & QUIRE_ENTRY_USER) != 0;
            out->protection = QUIRE_PROT_READ;
            if (rights & QUIRE_ENTRY_WRITE)
                out->protection |= QUIRE_PROT_WRITE;
            if (!no_execute)
                out->protection |= QUIRE_PROT_EXECUTE;
            return;
        }
        table = quire_entry_phys(step->entry);
    }
}

void quire_pagetable_visit(struct quire *q, const struct quire_pagetable *pt, quire_virt start,
                           quire_virt end,
                           bool (*visit)(void *context, quire_virt address, unsigned level,
                                         quire_entry *entry),
                           void *context)
{
    quire_virt at = quire_page_down(start);

    while (at < end || end == 0) {
        quire_phys table = pt->root;
        quire_virt next = at;

        for (unsigned level = pt->levels; level > 0; level--) {
            quire_virt mask = quire_level_mask(level);
            quire_entry *slot =
                &((quire_entry *)quire_platform_direct(q, table))[quire_level_index(at, level)];
            quire_entry entry = quire_entry_read(slot);
            bool last =
                level == 1 || (quire_entry_is_present(entry) && (entry & QUIRE_ENTRY_LARGE));

            if (entry == 0 || last) {
                next = (at | mask) + 1;
                if (entry != 0 && !visit(context, at & ~mask, level, slot))
                    return;
                break;
            }
            table = quire_entry_phys(entry);
        }
        if (next < at)
            return;                             /* the top of the address space */
        if (!quire_canonical(next, pt->levels)) /* over the hole between the halves */
            next = (quire_virt)0 -
                   ((quire_virt)1 << (quire_level_shift(pt->levels) + QUIRE_INDEX_BITS - 1));
        at = next;
    }
}

struct harvest {
    struct quire_harvest *out;
};

static bool harvest_entry(void *context, quire_virt address, unsigned level, quire_entry *slot)
{
    struct quire_harvest *out = ((struct harvest *)context)->out;
    quire_entry entry = quire_entry_read(slot);

    (void)address;
    (void)level;
    if (!quire_entry_is_present(entry))
        return true;
    out->present++;
    if (entry & QUIRE_ENTRY_ACCESSED) {
        entry = quire_entry_clear_bits(slot, QUIRE_ENTRY_ACCESSED);
        out->accessed++;
    }
    if (entry & QUIRE_ENTRY_DIRTY)
        out->dirty++;
    return true;
}

void quire_pagetable_harvest(struct quire *q, struct quire_pagetable *pt, quire_virt start,
                             quire_virt end, bool flush, struct quire_harvest *out)
{
    struct harvest context = {out};

    out->present = out->accessed = out->dirty = 0;
    quire_pagetable_visit(q, pt, start, end, harvest_entry, &context);
    if (flush && out->accessed > 0)
        flush_changed(q, pt, start, end);
}
