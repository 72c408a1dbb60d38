/*
 * Looking at a space from outside: its regions, what is resident, the frames behind addresses, and
 * copying to and from a space that need not be loaded. Also writing a range out to slots, which is
 * a walk of the same kind.
 *
 * Locking: entries are read under their table's lock where a reference is taken from them; counts
 * for reports are read without, in a read-side section, and are as exact as a moving target can be.
 */
#include "region.h"

#include <quire/hooks.h>

bool quire_space_region(struct quire_space *space, quire_virt address,
                        struct quire_region_info *out)
{
    struct quire_region *region;

    quire_spin_lock(&space->lock);
    region = quire_region_at_or_above(space, address);
    if (region != NULL) {
        out->start = region->range.start;
        out->end = region->range.end;
        out->flags = region->flags;
        out->object = region->object;
        out->offset = region->offset << QUIRE_PAGE_SHIFT;
        if (region->object != NULL)
            quire_object_get(region->object);
    }
    quire_spin_unlock(&space->lock);
    return region != NULL;
}

/* ---- residency and usage ---- */

static uint8_t is_resident(struct quire_space *space, const struct quire_region *region,
                           quire_virt page)
{
    struct quire_frame *frame;
    struct quire_leaf leaf;
    quire_entry entry = 0;

    if (quire_leaf_find(space->q, &space->table, page, &leaf))
        entry = quire_entry_read(&leaf.entries[quire_level_index(page, 1)]);
    if (quire_entry_is_present(entry) || quire_entry_is_inaccessible(entry))
        return 1;
    if (entry != 0 || region->object == NULL || region->object->kind == QUIRE_OBJECT_DEVICE)
        return 0;
    if (quire_object_pages(region->object, quire_region_index(region, page), 1, &frame) == 0)
        return 0;
    quire_frame_put(space->q, frame);
    return 1;
}

enum quire_status quire_space_resident(struct quire_space *space, quire_virt address, size_t length,
                                       uint8_t *out_bytes)
{
    enum quire_status status = QUIRE_OK;
    quire_virt end;

    if (address & (QUIRE_PAGE_SIZE - 1))
        return QUIRE_UNALIGNED;
    length = quire_page_up(length);
    if (address > space->end || length > space->end - address)
        return QUIRE_NO_MAPPING;
    end = address + length;
    quire_spin_lock(&space->lock);
    for (quire_virt at = address; at < end;) {
        struct quire_region *region = quire_region_at_or_above(space, at);

        if (region == NULL || region->range.start > at) {
            status = QUIRE_NO_MAPPING;
            break;
        }
        for (; at < end && at < region->range.end; at += QUIRE_PAGE_SIZE)
            out_bytes[(at - address) >> QUIRE_PAGE_SHIFT] = is_resident(space, region, at);
    }
    quire_spin_unlock(&space->lock);
    return status;
}

static unsigned count_slots(const quire_entry *entries)
{
    unsigned slots = 0;

    for (unsigned i = 0; i < QUIRE_TABLE_ENTRIES; i++)
        slots += quire_entry_is_slot(quire_entry_peek(&entries[i]));
    return slots;
}

/* A table is met: what it counts goes to the sum, and how many entries there are to look at is
 * returned. */
static unsigned meet_table(struct quire *q, struct quire_frame *table, unsigned level,
                           struct quire_usage *sum)
{
    unsigned live, resident = 0;

    quire_spin_lock(&table->table.lock);
    live = table->table.live;
    if (level == 1) {
        resident = table->table.resident;
        sum->resident += resident;
        sum->anonymous += table->table.anonymous;
    }
    quire_spin_unlock(&table->table.lock);
    /* The others are zero pages, devices' or slots. */
    if (level == 1 && live > resident && __atomic_load_n(&q->slots, __ATOMIC_RELAXED) != NULL)
        sum->swapped += count_slots(quire_table_entries(q, table));
    sum->tables++;
    return live;
}

void quire_space_usage(struct quire_space *space, struct quire_usage *out)
{
    struct quire *q = space->q;
    struct quire_frame *table[QUIRE_LEVELS_MAX + 1];
    unsigned index[QUIRE_LEVELS_MAX + 1], left[QUIRE_LEVELS_MAX + 1];
    unsigned top = space->table.levels, level = top;

    __builtin_memset(out, 0, sizeof(*out));
    table[top] = quire_frame_of(q, space->table.root);
    index[top] = 0;
    left[top] = meet_table(q, table[top], top, out);
    while (level <= top) {
        const quire_entry *entries = quire_table_entries(q, table[level]);
        quire_entry entry;

        if (level == 1 || left[level] == 0 || index[level] == QUIRE_TABLE_ENTRIES) {
            level++;
            continue;
        }
        if (index[level] % QUIRE_ENTRY_GROUP == 0 && quire_group_is_empty(&entries[index[level]])) {
            index[level] += QUIRE_ENTRY_GROUP;
            continue;
        }
        entry = quire_entry_read(&entries[index[level]++]);
        if (entry != 0) {
            left[level]--;
            level--;
            table[level] = quire_frame_of(q, quire_entry_phys(entry));
            index[level] = 0;
            left[level] = meet_table(q, table[level], level, out);
        }
    }
    out->object = out->resident - out->anonymous;
}

/*
 * Who maps a frame is not recorded, but how many references it has: one for each entry, one for the
 * object that owns it, one for the slot cache. Entries of a table that several spaces share count
 * once.
 */
uint32_t quire_frame_mappings(const struct quire_frame *frame)
{
    uint32_t count = __atomic_load_n(&frame->count, __ATOMIC_RELAXED);

    if (frame->kind == QUIRE_FRAME_OBJECT)
        return count - (count > 0 && __atomic_load_n(&frame->object.owner, __ATOMIC_RELAXED));
    if (frame->kind == QUIRE_FRAME_ANONYMOUS)
        return count - (count > 0 && quire_frame_slot(frame) != 0);
    return 0;
}

/* What the further owners of a shared table add. */
static void add_sharers(struct quire *q, const struct quire_frame *table, uint32_t first, size_t n,
                        uint64_t *counts)
{
    uint32_t sharers = __atomic_load_n(&table->count, __ATOMIC_RELAXED);
    const quire_entry *entries = quire_table_entries(q, table);

    for (unsigned i = 0; sharers > 1 && i < QUIRE_TABLE_ENTRIES; i++) {
        quire_entry entry = quire_entry_read(&entries[i]);
        uint64_t number = quire_entry_phys(entry) >> QUIRE_PAGE_SHIFT;

        if (quire_entry_is_counted(entry) && number >= first && number - first < n)
            counts[number - first] += sharers - 1;
    }
}

/* A frame without a record has never been anybody's. */
static uint64_t mappings_of(const struct quire *q, uint32_t number)
{
    return quire_frame_is_written(q, number) ? quire_frame_mappings(quire_frame_at(q, number)) : 0;
}

void quire_frame_mapping_counts(struct quire *q, uint32_t first, size_t n, uint64_t *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = mappings_of(q, first + (uint32_t)i);
    for (uint32_t number = 0; (number = quire_frame_next_written(q, number)) < q->frame.count;
         number++) {
        const struct quire_frame *frame = quire_frame_at(q, number);

        if (frame->kind == QUIRE_FRAME_TABLE && frame->table.level == 1)
            add_sharers(q, frame, first, n, out);
    }
}

/* Called with each leaf table over a range and the part [first, last) of it; false: stop. */
typedef bool visit_leaf(void *context, struct quire_leaf *leaf, quire_virt address, unsigned first,
                        unsigned last);

static void visit_leaves(struct quire_space *space, quire_virt start, quire_virt end,
                         visit_leaf *visit, void *context)
{
    if (end > space->end)
        end = space->end;
    for (quire_virt at = start; at < end;) {
        quire_virt base = at & ~(QUIRE_LEAF_SPAN - 1), next = base + QUIRE_LEAF_SPAN;
        struct quire_leaf leaf;

        if (!quire_leaf_find(space->q, &space->table, at, &leaf))
            next = quire_table_skip(space->q, &space->table, base) + QUIRE_LEAF_SPAN;
        else if (!visit(context, &leaf, at, quire_level_index(at, 1),
                        next <= end ? QUIRE_TABLE_ENTRIES : quire_level_index(end, 1)))
            return;
        at = next;
    }
}

static void add_slot(const struct quire_slot *slot, uint32_t sharers, struct quire_usage *sum)
{
    uint32_t entries = slot != NULL ? __atomic_load_n(&slot->entries, __ATOMIC_RELAXED) : 1;

    sum->swapped++;
    sum->swapped_proportional +=
        (QUIRE_PAGE_SIZE << QUIRE_USAGE_FRACTION) / ((entries > 0 ? entries : 1) + sharers - 1);
}

/* sharers: spaces that have the table. */
static void add_frame(const struct quire_frame *frame, quire_entry entry, uint32_t sharers,
                      struct quire_usage *sum)
{
    uint8_t flags = __atomic_load_n(&frame->flags, __ATOMIC_RELAXED);
    bool object = frame->kind == QUIRE_FRAME_OBJECT;
    bool dirty = (entry & QUIRE_ENTRY_DIRTY) || (flags & QUIRE_FRAME_DIRTY);
    uint32_t mappings = quire_frame_mappings(frame);
    uint64_t share;

    mappings = (mappings > 0 ? mappings : 1) + sharers - 1;
    share = (QUIRE_PAGE_SIZE << QUIRE_USAGE_FRACTION) / mappings;
    sum->resident++;
    *(object ? &sum->object : &sum->anonymous) += 1;
    *(object ? &sum->proportional_object : &sum->proportional_anonymous) += share;
    sum->proportional += share;
    sum->accessed += (entry & QUIRE_ENTRY_ACCESSED) != 0;
    sum->lazy_free += !object && !dirty && (flags & QUIRE_FRAME_LAZY_FREE);
    if (dirty) {
        sum->dirty++;
        sum->proportional_dirty += share;
    }
    if (mappings > 1)
        *(dirty ? &sum->shared_dirty : &sum->shared_clean) += 1;
    else
        *(dirty ? &sum->private_dirty : &sum->private_clean) += 1;
    if (mappings > sum->most_mappings)
        sum->most_mappings = mappings;
}

struct usage_walk {
    struct quire *q;
    struct quire_usage *sum;
};

static bool add_leaf(void *context, struct quire_leaf *leaf, quire_virt address, unsigned first,
                     unsigned last)
{
    const struct usage_walk *walk = context;
    uint32_t sharers = __atomic_load_n(&leaf->table->count, __ATOMIC_RELAXED);

    (void)address;
    for (unsigned i = first; i < last; i++) {
        quire_entry entry = quire_entry_read(&leaf->entries[i]);

        if (quire_entry_is_slot(entry))
            add_slot(quire_slot_find(walk->q, quire_entry_slot(entry)), sharers, walk->sum);
        else if (quire_entry_is_counted(entry))
            add_frame(quire_frame_of(walk->q, quire_entry_phys(entry)), entry, sharers, walk->sum);
    }
    return true;
}

void quire_space_usage_range(struct quire_space *space, quire_virt start, quire_virt end,
                             struct quire_usage *sum)
{
    struct usage_walk walk = {space->q, sum};

    visit_leaves(space, start, end, add_leaf, &walk);
}

/* ---- the peak ---- */

#define PEAK_GRAIN_PAGES 64
#define PEAK_GRAIN_SHIFT 6 /* a 64th */

/* The space has what it has now, and just had `left` pages more. */
static uint64_t look_at_peak(struct quire_space *space, uint64_t left)
{
    struct quire_usage usage;

    quire_space_usage(space, &usage);
    __atomic_store_n(&space->unseen, 0, __ATOMIC_RELAXED);
    if (usage.resident + left > __atomic_load_n(&space->resident_peak, __ATOMIC_RELAXED))
        __atomic_store_n(&space->resident_peak, usage.resident + left, __ATOMIC_RELAXED);
    return __atomic_load_n(&space->resident_peak, __ATOMIC_RELAXED);
}

uint64_t quire_space_resident_peak(struct quire_space *space)
{
    return look_at_peak(space, 0);
}

void quire_space_reset_peak(struct quire_space *space)
{
    __atomic_store_n(&space->resident_peak, 0, __ATOMIC_RELAXED);
    (void)quire_space_resident_peak(space);
}

void quire_space_note_peak(struct quire_space *space, uint64_t pages)
{
    uint64_t peak = __atomic_load_n(&space->resident_peak, __ATOMIC_RELAXED);
    uint64_t unseen = __atomic_load_n(&space->unseen, __ATOMIC_RELAXED) + pages;

    if (unseen < PEAK_GRAIN_PAGES || unseen < peak >> PEAK_GRAIN_SHIFT)
        __atomic_store_n(&space->unseen, unseen, __ATOMIC_RELAXED);
    else
        (void)look_at_peak(space, pages);
}

/* ---- page by page ---- */

struct state_walk {
    struct quire *q;
    quire_virt start;
    struct quire_page_state *out;
};

static struct quire_page_state state_of(const struct quire *q, quire_entry entry, uint32_t sharers)
{
    struct quire_page_state state = {.number = quire_entry_phys(entry) >> QUIRE_PAGE_SHIFT};
    const struct quire_frame *frame;

    if (quire_entry_is_slot(entry)) {
        state.flags = QUIRE_PAGE_IS_SWAPPED;
        return state;
    }
    if (!quire_entry_is_present(entry) && !quire_entry_is_inaccessible(entry))
        return (struct quire_page_state){0};
    state.flags = QUIRE_PAGE_IS_PRESENT;
    if (entry & QUIRE_ENTRY_DIRTY)
        state.flags |= QUIRE_PAGE_IS_DIRTY;
    if (!quire_entry_is_counted(entry))
        return state;
    frame = quire_frame_of(q, quire_entry_phys(entry));
    if (frame->kind == QUIRE_FRAME_OBJECT)
        state.flags |= QUIRE_PAGE_IS_OBJECT;
    if (sharers == 1 && quire_frame_mappings(frame) == 1)
        state.flags |= QUIRE_PAGE_IS_EXCLUSIVE;
    return state;
}

static bool add_states(void *context, struct quire_leaf *leaf, quire_virt address, unsigned first,
                       unsigned last)
{
    const struct state_walk *walk = context;
    uint32_t sharers = __atomic_load_n(&leaf->table->count, __ATOMIC_RELAXED);
    struct quire_page_state *out = &walk->out[(address - walk->start) >> QUIRE_PAGE_SHIFT];

    for (unsigned i = first; i < last; i++)
        *out++ = state_of(walk->q, quire_entry_read(&leaf->entries[i]), sharers);
    return true;
}

void quire_space_page_states(struct quire_space *space, quire_virt start, size_t n,
                             struct quire_page_state *out)
{
    struct state_walk walk = {space->q, start, out};

    __builtin_memset(out, 0, n * sizeof(*out));
    visit_leaves(space, start, start + n * QUIRE_PAGE_SIZE, add_states, &walk);
}

/* ---- forgetting what was touched and written ---- */

struct clear_walk {
    struct quire *q;
    bool anonymous, object;
    bool shared; /* a table that other spaces have too was changed */
};

/* Accessed bits belong to all who share a table. */
static bool clear_accessed(void *context, struct quire_leaf *leaf, quire_virt address,
                           unsigned first, unsigned last)
{
    struct clear_walk *walk = context;

    (void)address;
    for (unsigned i = first; i < last; i++) {
        quire_entry entry = quire_entry_read(&leaf->entries[i]);
        const struct quire_frame *frame;

        if (!(entry & QUIRE_ENTRY_ACCESSED) || !quire_entry_is_counted(entry))
            continue;
        frame = quire_frame_of(walk->q, quire_entry_phys(entry));
        if (frame->kind == QUIRE_FRAME_OBJECT ? walk->object : walk->anonymous)
            (void)quire_entry_clear_bits(&leaf->entries[i], QUIRE_ENTRY_ACCESSED);
    }
    walk->shared |= quire_leaf_is_shared(leaf);
    return true;
}

void quire_space_clear_accessed(struct quire_space *space, bool anonymous, bool object)
{
    struct clear_walk walk = {.q = space->q, .anonymous = anonymous, .object = object};

    visit_leaves(space, 0, space->end, clear_accessed, &walk);
    if (walk.shared)
        quire_flush_every_space(space->q);
    else
        quire_flush_space(space, 0, space->end);
}

/*
 * With the table locked: what entries say goes to the frames, and they lose the right to write,
 * because a writable anonymous entry is dirty by the rules.
 */
static void clear_dirty_locked(struct quire *q, struct quire_leaf *leaf)
{
    for (unsigned i = 0; i < QUIRE_TABLE_ENTRIES; i++) {
        quire_entry entry = quire_entry_read(&leaf->entries[i]);

        if (!(entry & (QUIRE_ENTRY_DIRTY | QUIRE_ENTRY_WRITE)) || !quire_entry_is_counted(entry))
            continue;
        entry = quire_entry_clear_bits(&leaf->entries[i], QUIRE_ENTRY_DIRTY | QUIRE_ENTRY_WRITE);
        quire_frame_gather_dirty(quire_frame_of(q, quire_entry_phys(entry)), entry);
    }
}

/* With the space locked: [base, base + span) is over one leaf table, which becomes the space's own.
 */
static enum quire_status clear_table(struct quire_space *space, quire_virt base)
{
    enum quire_status status;
    struct quire_leaf leaf;

    do {
        status = quire_leaf_own(space, base, false, &leaf);
        if (status != QUIRE_OK)
            return status == QUIRE_NO_MAPPING ? QUIRE_OK : status;
        quire_spin_lock(&leaf.table->table.lock);
        if (!quire_leaf_valid_locked(&leaf))
            status = QUIRE_RETRY;
        else
            clear_dirty_locked(space->q, &leaf);
        quire_spin_unlock(&leaf.table->table.lock);
    } while (status == QUIRE_RETRY);
    return status;
}

static enum quire_status try_clear_dirty(struct quire_space *space)
{
    enum quire_status status = QUIRE_OK;

    quire_spin_lock(&space->lock);
    quire_sequence_begin(space);
    for (struct quire_range *range = space->regions.first; range != NULL; range = range->next) {
        struct quire_region *region = quire_region_of(range);

        __atomic_store_n(&region->flags, region->flags | QUIRE_REGION_UNWRITTEN, __ATOMIC_RELAXED);
    }
    for (quire_virt base = 0; base < space->end && status == QUIRE_OK;
         base = quire_table_skip(space->q, &space->table, base) + QUIRE_LEAF_SPAN)
        status = clear_table(space, base);
    quire_flush_space(space, 0, space->end);
    quire_sequence_end(space);
    quire_spin_unlock(&space->lock);
    return status;
}

enum quire_status quire_space_clear_dirty(struct quire_space *space)
{
    enum quire_status status;

    do
        status = try_clear_dirty(space);
    while (status == QUIRE_NO_MEMORY && quire_reclaim(space->q, 1));
    return status;
}

/* ---- the memory behind an address ---- */

enum quire_status quire_space_key(struct quire_space *space, quire_virt address,
                                  struct quire_space_key *out)
{
    const struct quire_region *region;

    quire_spin_lock(&space->lock);
    region = quire_region_at_or_above(space, address);
    if (region == NULL || region->range.start > address) {
        quire_spin_unlock(&space->lock);
        return QUIRE_NO_MAPPING;
    }
    if (region->flags & QUIRE_REGION_SHARED) {
        out->owner = region->object;
        out->offset = (region->offset << QUIRE_PAGE_SHIFT) + (address - region->range.start);
    } else {
        out->owner = space;
        out->offset = address;
    }
    quire_spin_unlock(&space->lock);
    return QUIRE_OK;
}

/* Registers of a device: reading and writing them is no copying of bytes, whatever lies there. */
static bool is_device(const struct quire *q, quire_entry entry)
{
    return (entry & QUIRE_ENTRY_SPECIAL) && quire_entry_phys(entry) != q->frame.zero;
}

/* Our own to write: by the entry's right, or (forced) because nobody else holds the frame. */
static bool is_own(quire_entry entry, const struct quire_frame *frame, unsigned access)
{
    return (entry & QUIRE_ENTRY_WRITE) ||
           ((access & QUIRE_ACCESS_FORCE) && !(entry & QUIRE_ENTRY_SPECIAL) &&
            frame->kind == QUIRE_FRAME_ANONYMOUS &&
            __atomic_load_n(&frame->count, __ATOMIC_ACQUIRE) == 1);
}

static void copy_bytes(struct quire *q, const struct quire_frame *frame, size_t in_page,
                       char *buffer, size_t length, unsigned access)
{
    char *bytes = quire_frame_map(q, frame);

    if (access & QUIRE_ACCESS_WRITE)
        __builtin_memcpy(bytes + in_page, buffer, length);
    else
        __builtin_memcpy(buffer, bytes + in_page, length);
    quire_frame_unmap(q, frame, bytes);
}

/*
 * Between the buffer and a page whose entry allows it now; false: none does. Under the table's
 * lock: at any other moment reclaim may take the page from its entry, and what is written to the
 * frame then is lost.
 */
static bool copy_present(struct quire_space *space, quire_virt address, char *buffer, size_t length,
                         unsigned access)
{
    struct quire *q = space->q;
    quire_virt page = quire_page_down(address);
    struct quire_leaf leaf;
    quire_entry entry, *place;
    bool copied = false;

    if (!quire_leaf_find(q, &space->table, page, &leaf))
        return false;
    place = &leaf.entries[quire_level_index(page, 1)];
    quire_spin_lock(&leaf.table->table.lock);
    entry = quire_entry_read(place);
    if (quire_leaf_valid_locked(&leaf) && !is_device(q, entry) &&
        (quire_entry_is_present(entry) ||
         ((access & QUIRE_ACCESS_FORCE) && quire_entry_is_inaccessible(entry)))) {
        const struct quire_frame *frame = quire_frame_of(q, quire_entry_phys(entry));

        copied = !(access & QUIRE_ACCESS_WRITE) ||
                 (is_own(entry, frame, access) && !quire_leaf_is_shared(&leaf));
        if (copied && (access & QUIRE_ACCESS_WRITE))
            (void)quire_entry_set_bits(place, QUIRE_ENTRY_DIRTY | QUIRE_ENTRY_ACCESSED);
        if (copied)
            copy_bytes(q, frame, address - page, buffer, length, access);
    }
    quire_spin_unlock(&leaf.table->table.lock);
    return copied;
}

static enum quire_status access_bytes(struct quire_space *space, quire_virt address, char *buffer,
                                      size_t length, unsigned access, size_t *out_done)
{
    struct quire *q = space->q;

    *out_done = 0;
    while (length > 0) {
        size_t in_page = address & (QUIRE_PAGE_SIZE - 1);
        size_t part = QUIRE_PAGE_SIZE - in_page < length ? QUIRE_PAGE_SIZE - in_page : length;

        /* Rights are the fault's business: it is asked once even where the entry is there already.
         */
        enum quire_fault_class class;
        enum quire_status status = quire_space_fault(space, address, access, &class);

        if (status != QUIRE_OK)
            return status;
        if (!copy_present(space, address, buffer, part, access)) {
            struct quire_translation translation;

            quire_pagetable_translate(q, &space->table, address, &translation);
            if (translation.present && is_device(q, translation.step[translation.steps - 1].entry))
                return QUIRE_NO_PERMISSION;
            /* A forced read of what was never touched, and where nothing may be mapped. */
            if (class != QUIRE_FAULT_ZERO_READ || !(access & QUIRE_ACCESS_FORCE))
                continue;
            __builtin_memset(buffer, 0, part);
        }
        address += part;
        buffer += part;
        length -= part;
        *out_done += part;
    }
    return QUIRE_OK;
}

enum quire_status quire_space_read(struct quire_space *space, quire_virt address, void *buffer,
                                   size_t length, bool force, size_t *out_done)
{
    return access_bytes(space, address, buffer, length,
                        QUIRE_ACCESS_READ | QUIRE_ACCESS_KERNEL | QUIRE_ACCESS_REMOTE |
                            (force ? (unsigned)QUIRE_ACCESS_FORCE : 0u),
                        out_done);
}

enum quire_status quire_space_write(struct quire_space *space, quire_virt address,
                                    const void *buffer, size_t length, bool force, size_t *out_done)
{
    return access_bytes(space, address, (char *)(uintptr_t)buffer, length,
                        QUIRE_ACCESS_WRITE | QUIRE_ACCESS_KERNEL | QUIRE_ACCESS_REMOTE |
                            (force ? (unsigned)QUIRE_ACCESS_FORCE : 0u),
                        out_done);
}
