/*
 * check: walk everything, count what is found, and compare with what the records say.
 *
 * Pass 1 clears the `seen` counters of all user frames and tables. Pass 2 walks each space from its
 * root: each table is counted once per parent entry, and its entries are walked the first time
 * only, so that shared tables count their frames once. Pass 3 checks the objects and adds the
 * slots' references. Pass 4 compares every frame's count with what was seen and the object that
 * holds it. In between, regions, tables' counters, and the rules of entries are checked.
 *
 * For a quiet machine: no other CPU is inside the library, nothing waits for a grace period
 * (quire_grace_flush is called first).
 */
#include "region.h"

#include <quire/area.h>
#include <quire/check.h>
#include <quire/commit.h>
#include <quire/heap.h>
#include <quire/hooks.h>

struct check {
    struct quire *q;
    struct quire_space *space;
    uint64_t committed; /* pages promised to the spaces and objects so far */
    unsigned wrong;
};

/* "what: number" without a formatter. */
static void complain(struct check *check, const char *what, uint64_t number)
{
    char line[120];
    size_t length = 0;

    while (what[length] != '\0' && length < 90) {
        line[length] = what[length];
        length++;
    }
    line[length++] = ' ';
    line[length++] = '0';
    line[length++] = 'x';
    for (int shift = 60; shift >= 0; shift -= 4)
        line[length++] = "0123456789abcdef"[(number >> shift) & 15];
    line[length] = '\0';
    if (check->wrong < 20)
        quire_hook_log(check->q, line);
    check->wrong++;
}

static uint32_t *seen_of(struct quire_frame *frame)
{
    switch (frame->kind) {
    case QUIRE_FRAME_ANONYMOUS:
        return &frame->anonymous.seen;
    case QUIRE_FRAME_OBJECT:
        return &frame->object.seen;
    case QUIRE_FRAME_TABLE:
        return &frame->table.seen;
    default:
        return NULL;
    }
}

static void clear_seen(struct quire *q)
{
    for (uint32_t i = 0; (i = quire_frame_next_written(q, i)) < q->frame.count; i++) {
        uint32_t *seen = seen_of(quire_frame_at(q, i));

        if (seen != NULL)
            *seen = 0;
    }
    for (const struct quire_slot_area *area = q->slots; area != NULL; area = area->next)
        for (uint64_t i = 0; i < area->count; i++)
            area->slot[i].seen = 0;
}

/* What an entry may be, given the region it stands in (NULL: none). */
static void check_entry(struct check *check, quire_entry entry, quire_virt address, bool shared)
{
    struct quire *q = check->q;
    const struct quire_region *region = quire_region_at_or_above(check->space, address);
    struct quire_frame *frame;
    bool private;

    if (region == NULL || region->range.start > address) {
        complain(check, "check: an entry where no region is, at", address);
        return;
    }
    private = !(region->flags & QUIRE_REGION_SHARED);
    if (quire_entry_is_present(entry)) {
        if (!(region->flags & QUIRE_REGION_PROTECTION))
            complain(check, "check: a present entry in a region without rights, at", address);
        if ((entry & QUIRE_ENTRY_WRITE) && !(region->flags & QUIRE_PROT_WRITE))
            complain(check, "check: a writable entry in a read-only region, at", address);
        if (QUIRE_HAS_NO_EXECUTE && !(entry & QUIRE_ENTRY_NO_EXECUTE) &&
            !(region->flags & QUIRE_PROT_EXECUTE))
            complain(check, "check: an executable entry in a region that is not, at", address);
        if (!(entry & QUIRE_ENTRY_USER))
            complain(check, "check: a user entry without the user right, at", address);
    } else if (quire_entry_is_inaccessible(entry)) {
        if (region->flags & QUIRE_REGION_PROTECTION)
            complain(check, "check: an inaccessible entry in an accessible region, at", address);
    } else if (quire_entry_is_slot(entry)) {
        struct quire_slot *slot = quire_slot_find(q, quire_entry_slot(entry));

        if (slot == NULL || slot->state == QUIRE_SLOT_FREE)
            complain(check, "check: an entry holds a free slot, at", address);
        else
            slot->seen++;
        return;
    } else {
        if (!quire_entry_is_poisoned(entry))
            complain(check, "check: an entry in no known state, at", address);
        return;
    }
    if (entry & QUIRE_ENTRY_SPECIAL) {
        if (quire_entry_phys(entry) == q->frame.zero && (entry & QUIRE_ENTRY_WRITE))
            complain(check, "check: the zero page is writable, at", address);
        return;
    }
    frame = quire_frame_find(q, quire_entry_phys(entry));
    if (frame == NULL ||
        (frame->kind != QUIRE_FRAME_ANONYMOUS && frame->kind != QUIRE_FRAME_OBJECT)) {
        complain(check, "check: an entry maps a frame of the wrong kind, at", address);
        return;
    }
    ++*seen_of(frame);
    if (frame->kind == QUIRE_FRAME_OBJECT) {
        if (frame->object.owner == NULL || frame->object.owner != region->object ||
            frame->object.index != quire_region_index(region, address))
            complain(check, "check: an entry maps another object's page, at", address);
        if (private && (entry & QUIRE_ENTRY_WRITE))
            complain(check, "check: a private mapping may write to an object's page, at", address);
    } else {
        if (!private)
            complain(check, "check: an anonymous frame in a shared mapping, at", address);
        if ((entry & QUIRE_ENTRY_WRITE) && (entry & QUIRE_ENTRY_DIRTY) == 0 &&
            !(frame->flags & QUIRE_FRAME_LAZY_FREE))
            complain(check, "check: a writable anonymous entry that is not dirty, at", address);
        if ((entry & QUIRE_ENTRY_WRITE) && !shared &&
            __atomic_load_n(&frame->count, __ATOMIC_RELAXED) != 1)
            complain(check, "check: a writable entry whose frame others hold too, at", address);
    }
}

static void check_leaf(struct check *check, struct quire_frame *table, quire_virt base, bool first)
{
    const quire_entry *entries = quire_table_entries(check->q, table);
    unsigned live = 0, resident = 0, anonymous = 0;

    for (unsigned i = 0; i < QUIRE_TABLE_ENTRIES; i++) {
        quire_entry entry = entries[i];

        if (entry == 0)
            continue;
        live++;
        if (quire_entry_is_counted(entry)) {
            resident++;
            anonymous +=
                quire_frame_of(check->q, quire_entry_phys(entry))->kind == QUIRE_FRAME_ANONYMOUS;
        }
        if (first)
            check_entry(check, entry, base + ((quire_virt)i << QUIRE_PAGE_SHIFT), table->count > 1);
    }
    if (live != table->table.live || resident != table->table.resident ||
        anonymous != table->table.anonymous)
        complain(check, "check: a leaf table's counters are wrong, over", base);
}

/* A table is met through one parent entry. True: the first time, so its entries are to be walked.
 */
static bool meet(struct check *check, struct quire_frame *table, unsigned level, quire_virt base)
{
    if (table->kind != QUIRE_FRAME_TABLE || table->table.level != level) {
        complain(check, "check: not a table of its level, over", base);
        return false;
    }
    if (quire_spin_is_held(&table->table.lock))
        complain(check, "check: a table's lock is held, over", base);
    return ++table->table.seen == 1;
}

/* The first address below the entry that was taken last at `level`; index[] has moved past it. */
static quire_virt address_below(const unsigned *index, unsigned level, unsigned top)
{
    quire_virt base = 0;

    for (; level <= top; level++)
        base |= (quire_virt)(index[level] - 1) << quire_level_shift(level);
    return base;
}

static void check_tables(struct check *check)
{
    struct quire *q = check->q;
    struct quire_frame *table[QUIRE_LEVELS_MAX + 1];
    unsigned index[QUIRE_LEVELS_MAX + 1], live[QUIRE_LEVELS_MAX + 1];
    unsigned top = check->space->table.levels, level = top;

    table[top] = quire_frame_of(q, check->space->table.root);
    (void)meet(check, table[top], top, 0);
    if (quire_self_map_check(q, table[top]) != 0)
        complain(check, "check: the view of its own tables is wrong in space",
                 check->space->number);
    index[top] = live[top] = 0;
    while (level <= top) {
        unsigned end = level == top ? QUIRE_ROOT_KERNEL : QUIRE_TABLE_ENTRIES;
        const quire_entry *entries = quire_table_entries(q, table[level]);
        struct quire_frame *lower;
        quire_entry entry;
        quire_virt base;

        while (index[level] < end && entries[index[level]] == 0)
            index[level]++;
        if (index[level] == end) {
            if (live[level] != table[level]->table.live)
                complain(check, "check: an upper table's counter is wrong, up to",
                         address_below(index, level, top));
            level++;
            continue;
        }
        entry = entries[index[level]++];
        live[level]++;
        base = address_below(index, level, top);
        lower = quire_frame_find(q, quire_entry_phys(entry));
        if (lower == NULL) {
            complain(check, "check: a table entry points outside memory, over", base);
        } else if (level == 2) {
            bool first = meet(check, lower, 1, base);

            if (lower->count > 1 && (entry & QUIRE_ENTRY_WRITE))
                complain(check, "check: a shared table may be written through, over", base);
            check_leaf(check, lower, base, first);
        } else if (meet(check, lower, level - 1, base)) {
            level--;
            table[level] = lower;
            index[level] = live[level] = 0;
        }
    }
}

static void check_space(struct check *check)
{
    struct quire_space *space = check->space;
    struct quire_space_pages counted = space->pages;
    uint64_t total = 0;

    if (quire_range_check(&space->regions) != 0)
        complain(check, "check: the tree of regions is broken in space", space->number);
    if (space->sequence & 1)
        complain(check, "check: a writer never finished in space", space->number);
    for (struct quire_range *range = space->regions.first; range != NULL; range = range->next) {
        struct quire_region *region = quire_region_of(range);

        total += quire_region_length(region) >> QUIRE_PAGE_SHIFT;
        quire_region_account(space, region->flags, -(int64_t)quire_region_length(region));
        if (range->end > space->end || ((range->start | range->end) & (QUIRE_PAGE_SIZE - 1)) != 0)
            complain(check, "check: a region has impossible bounds, at", range->start);
        if (region->space != space)
            complain(check, "check: a region belongs to another space, at", range->start);
    }
    if ((space->pages.total | space->pages.data | space->pages.stack | space->pages.executable |
         space->pages.locked | space->pages.shared | space->pages.accounted) != 0)
        complain(check, "check: page accounts are wrong in space", space->number);
    if (total != counted.total)
        complain(check, "check: the total of pages is wrong in space", space->number);
    space->pages = counted;
    if (space->charged != counted.accounted)
        complain(check, "check: promised and accounted pages differ in space", space->number);
    check->committed += space->charged;
    check_tables(check);
}

static void check_objects(struct check *check)
{
    struct quire *q = check->q;

    for (struct quire_object *object = q->objects; object != NULL; object = object->next) {
        if (quire_object_check(object) != 0)
            complain(check, "check: an object's pages or regions are wrong, size", object->size);
        if (object->kind == QUIRE_OBJECT_MEMORY)
            check->committed +=
                object->reserved != 0 ? object->reserved : object->resident + object->swapped;
        quire_object_count_slots(object);
    }
}

static void check_slots(struct check *check)
{
    struct quire *q = check->q;

    if (quire_slot_check(q) != 0)
        complain(check, "check: slot records are wrong:", quire_slot_check(q));
    for (const struct quire_slot_area *area = q->slots; area != NULL; area = area->next)
        for (uint64_t i = 0; i < area->count; i++) {
            if (area->slot[i].frame != QUIRE_FRAME_NONE)
                quire_frame_at(q, area->slot[i].frame)->anonymous.seen++;
            if (area->slot[i].seen != area->slot[i].entries)
                complain(check, "check: a slot's count of entries is wrong:", area->first + i);
        }
}

/* The kernel's own tables are referred to by the root and by each other, once each. */
static bool count_kernel_tables(struct check *check)
{
    struct quire *q = check->q;
    struct quire_frame *table[QUIRE_LEVELS_MAX + 1];
    unsigned index[QUIRE_LEVELS_MAX + 1];
    unsigned top = q->kernel.levels, level = top;

    if (q->kernel.root == 0)
        return false;
    table[top] = quire_frame_of(q, q->kernel.root);
    table[top]->table.seen++;
    index[top] =
        0; /* before spaces exist, the embedder may use the kernel root's user half (boot) */
    while (level <= top) {
        const quire_entry *entries = quire_table_entries(q, table[level]);
        quire_entry entry;
        struct quire_frame *lower;

        while (level > 1 && index[level] < QUIRE_TABLE_ENTRIES && entries[index[level]] == 0)
            index[level]++;
        if (level == 1 || index[level] == QUIRE_TABLE_ENTRIES) {
            level++;
            continue;
        }
        entry = entries[index[level]++];
        if (!quire_entry_is_present(entry) || (entry & QUIRE_ENTRY_LARGE))
            continue;
        lower = quire_frame_find(q, quire_entry_phys(entry));
        if (lower == NULL || lower->kind != QUIRE_FRAME_TABLE)
            continue; /* the embedder's boot tables */
        lower->table.seen++;
        if (lower->table.live == 0) /* most are; were it wrong, those below would be missing */
            continue;
        level--;
        table[level] = lower;
        index[level] = 0;
    }
    return true;
}

static void compare_counts(struct check *check, bool tables)
{
    struct quire *q = check->q;

    for (uint32_t i = 0; (i = quire_frame_next_written(q, i)) < q->frame.count; i++) {
        struct quire_frame *frame = quire_frame_at(q, i);
        const uint32_t *seen = seen_of(frame);
        bool held = frame->kind == QUIRE_FRAME_OBJECT && frame->object.owner != NULL;

        if (seen == NULL || (frame->kind == QUIRE_FRAME_TABLE && !tables))
            continue;
        if (*seen + held != frame->count)
            complain(check,
                     frame->kind == QUIRE_FRAME_TABLE ? "check: a table's count is wrong:"
                     : frame->kind == QUIRE_FRAME_ANONYMOUS
                         ? "check: an anonymous frame's count is wrong:"
                         : "check: an object frame's count is wrong:",
                     i);
    }
}

enum quire_status quire_check(struct quire *q)
{
    struct check check = {.q = q};
    bool tables;

    quire_grace_flush(q);
    clear_seen(q);
    tables = count_kernel_tables(&check);
    for (check.space = q->spaces; check.space != NULL; check.space = check.space->next)
        check_space(&check);
    check_objects(&check);
    check_slots(&check);
    compare_counts(&check, tables);
    if (check.committed != quire_commit_pages(q))
        complain(&check, "check: the pages promised in all should be", check.committed);
    check.wrong += quire_frame_check(q);
    check.wrong += quire_heap_check(q);
    if (q->area.end != 0)
        check.wrong += quire_area_check(q);
    return check.wrong == 0 ? QUIRE_OK : QUIRE_BROKEN;
}
