/*
 * Reclaim: a hand goes around over resident pages, a policy says which of them go.
 *
 * Concepts. No frame knows who maps it, so the hand walks what maps: the regions of each space in
 * the order of addresses, their leaf tables, their entries; then the pages of objects. At an entry
 * it takes the accessed bit away and asks the policy. A page that goes:
 *
 *   an anonymous frame   the entry becomes a slot entry. With a slot that still has the content
 *                        (the frame came back and was only read): that one, nothing is written.
 *                        Otherwise a new one, and the frame is written to it.
 *   an object's frame    the entry becomes empty. The page stays in its object, and goes when the
 *                        hand meets it there with no mapping left; a dirty one is written first.
 *   a page of a memory object, unmapped: its place in the object's tree becomes a slot.
 *
 * Entries are taken out in batches under the table's lock; then the lock is released, the TLBs are
 * flushed once for the batch, and only then is the content looked at: zeros are never written,
 * neighbours that got neighbouring slots go out in one transfer. A fault on a slot entry finds the
 * frame in the slot cache at any of these moments.
 *
 * A leaf table that fork shares changes in place, for all its spaces at once; every CPU is flushed
 * then, because a table does not know its spaces. The hand meets it in each of them, and works on
 * it once a round.
 *
 * One sweep at a time (`sweeping`): the hand, the round and the policy's state belong to it. Who
 * comes second sleeps until the first is done. Writes go on after the sweep; quire_slot_written
 * ends them.
 *
 * Pages that their owner gave up (QUIRE_ADVICE_FREE) go first: while there may be any, a sweep
 * begins with a round of another hand, which takes those that were not written since and nothing
 * else. An entry whose dirty bit appears at the last moment is put back.
 *
 * Where RAM exceeds the direct map, and only the direct-mapped part is short, frames beyond it are
 * passed over; and the other way round, as long as any go.
 *
 * Locking: spaces are pinned (pins, list lock) while the hand is in them, one at a time, and no
 * longer than a table; regions are read as a fault reads them, by sequence; then the table's lock;
 * a slot's inside it. Nothing is held while writes are started.
 *
 * Failure: no slot left: the entry stays as it was, and the sweep goes on for pages that need none.
 */
#include "object.h"

#include <quire/hooks.h>
#include <quire/reclaim.h>

/* Entries taken out before the TLBs are flushed. */
#define BATCH QUIRE_SLOT_RUN

struct sweep {
    struct quire *q;
    const struct quire_policy *policy; /* NULL: everything goes */
    size_t wanted;
    size_t freed;   /* frames that became free at once */
    size_t started; /* pages on their way out */
    size_t taken;   /* pages that left, or will when they are written */
    bool progress;  /* something left, if only an entry */
    uint32_t time;  /* for policies */
    bool no_slots;
    bool lazy;       /* only what was lazily freed */
    bool exclusive;  /* only what no other entry maps */
    bool background; /* for the statistics */
    unsigned zones;  /* bits of the zones whose frames are wanted */
    uint64_t last;   /* page index in an object: none beyond it */
    /* the batch, in the order of addresses */
    unsigned count;
    struct quire_frame *frame[BATCH];
    uint64_t slot[BATCH]; /* 0: none */
    bool fresh[BATCH];    /* the slot waits for the frame's content */
};

/* ---- one sweep at a time, and writes in flight ---- */

static void begin_sweeping(struct quire *q)
{
    struct quire_reclaim_layer *layer = &q->reclaim;

    quire_spin_lock(&layer->lock);
    while (layer->sweeping)
        quire_hook_sleep(q, layer, &layer->lock);
    layer->sweeping = true;
    quire_spin_unlock(&layer->lock);
    quire_hook_sweep(q, true);
}

static void end_sweeping(struct quire *q)
{
    struct quire_reclaim_layer *layer = &q->reclaim;

    quire_hook_sweep(q, false);
    quire_spin_lock(&layer->lock);
    layer->sweeping = false;
    quire_hook_wake(q, layer);
    quire_spin_unlock(&layer->lock);
}

static void note_writing(struct quire *q, unsigned pages)
{
    quire_spin_lock(&q->reclaim.lock);
    __atomic_store_n(&q->reclaim.writing, q->reclaim.writing + pages, __ATOMIC_RELAXED);
    quire_spin_unlock(&q->reclaim.lock);
}

void quire_reclaim_note_written(struct quire *q, unsigned pages)
{
    quire_spin_lock(&q->reclaim.lock);
    __atomic_store_n(&q->reclaim.writing, q->reclaim.writing - pages, __ATOMIC_RELAXED);
    quire_hook_wake(q, &q->reclaim.writing);
    quire_spin_unlock(&q->reclaim.lock);
}

bool quire_reclaim_wait_for_a_write(struct quire *q)
{
    bool any;

    quire_spin_lock(&q->reclaim.lock);
    any = q->reclaim.writing > 0;
    if (any)
        quire_hook_sleep(q, &q->reclaim.writing, &q->reclaim.lock);
    quire_spin_unlock(&q->reclaim.lock);
    return any;
}

/* The clock of the policies; faults read it at any time. */
static void note_evictions(struct quire_reclaim_layer *layer, size_t pages)
{
    __atomic_store_n(&layer->state.evictions, layer->state.evictions + (uint32_t)pages,
                     __ATOMIC_RELAXED);
}

#define ALL_ZONES ((1u << QUIRE_ZONE_COUNT) - 1)

/*
 * Free memory beyond the direct map is of no use to those who need the rest; and of the rest a part
 * is kept for them: which is short?
 */
static unsigned zones_wanted(const struct quire *q, size_t wanted)
{
    const struct quire_zone *high = &q->frame.zone[QUIRE_ZONE_HIGH];
    uint64_t enough = __atomic_load_n(&q->reclaim.high, __ATOMIC_RELAXED);

    if (high->present == 0)
        return ALL_ZONES;
    if (enough < wanted)
        enough = wanted;
    if (quire_frame_offered(q, QUIRE_ZONE_HIGH) > enough && quire_zone_free(high) > enough)
        return ALL_ZONES & ~(1u << QUIRE_ZONE_HIGH);
    return quire_frame_offered(q, QUIRE_ZONE_NORMAL) > enough ? 1u << QUIRE_ZONE_HIGH : ALL_ZONES;
}

/* ---- the batch ---- */

/* A few words at a time: half the instructions. Most pages that are not zero say so early. */
static bool is_zero(struct quire *q, const struct quire_frame *frame)
{
    const uint64_t *words = quire_frame_map(q, frame), *at = words;
    const uint64_t *end = words + QUIRE_PAGE_SIZE / sizeof(*words);

    while (at < end && (at[0] | at[1] | at[2] | at[3] | at[4] | at[5] | at[6] | at[7]) == 0)
        at += 8;
    quire_frame_unmap(q, frame, (void *)(uintptr_t)words);
    return at == end;
}

/* Frames [first, end) of the batch have neighbouring slots of one area: one transfer. */
static void write_run(struct sweep *sweep, unsigned first, unsigned end)
{
    if (first == end)
        return;
    note_writing(sweep->q, end - first);
    sweep->started += end - first;
    quire_hook_slot_write(sweep->q, sweep->slot[first], &sweep->frame[first], end - first);
}

static bool continues(struct sweep *sweep, unsigned i, unsigned first)
{
    return i > first && sweep->slot[i] == sweep->slot[i - 1] + 1 &&
           quire_slot_area_of(sweep->q, sweep->slot[i]) ==
               quire_slot_area_of(sweep->q, sweep->slot[first]);
}

/*
 * After the flush. The entries' references go first, so that the frames are free as soon as they
 * are written; the slot cache has one of its own on those that still matter.
 */
static void finish_batch(struct sweep *sweep)
{
    struct quire *q = sweep->q;
    struct quire_frame *freed[BATCH];
    unsigned count = 0, first = 0;

    for (unsigned i = 0; i < sweep->count; i++)
        if (quire_page_drop(q, sweep->frame[i]))
            freed[count++] = sweep->frame[i];
    if (count > 0)
        quire_frame_free_bulk(q, freed, count);
    sweep->freed += count;
    for (unsigned i = 0; i < sweep->count; i++) {
        bool zero = sweep->fresh[i] && is_zero(q, sweep->frame[i]);

        if (first < i && !(sweep->fresh[i] && !zero && continues(sweep, i, first))) {
            write_run(sweep, first, i);
            first = i;
        }
        if (zero) {
            quire_slot_set_zero(q, sweep->slot[i]);
            sweep->freed++;
        } else if (!sweep->fresh[i] && sweep->slot[i] != 0) {
            sweep->freed++; /* its clean copy stayed on the device */
        }
        if (!sweep->fresh[i] || zero)
            first = i + 1;
    }
    write_run(sweep, first, sweep->count);
    sweep->count = 0;
}

/* ---- entries ---- */

/* A slot for a frame whose entry goes: one that has its content, or a new one. False: none. */
static bool slot_for(struct sweep *sweep, struct quire_frame *frame, uint64_t *out, bool *fresh)
{
    bool stays;

    *out = quire_slot_reuse(sweep->q, frame, &stays);
    *fresh = *out == 0;
    if (stays)
        return false;
    if (*fresh) {
        *out = sweep->no_slots ? 0 : quire_slot_alloc(sweep->q, frame);
        sweep->no_slots |= *out == 0;
        if (*out != 0)
            quire_slot_get(sweep->q, *out);
    }
    return *out != 0;
}

static void add_to_batch(struct sweep *sweep, struct quire_frame *frame, uint64_t slot, bool fresh)
{
    sweep->progress = true;
    sweep->frame[sweep->count] = frame;
    sweep->slot[sweep->count] = slot;
    sweep->fresh[sweep->count] = fresh;
    sweep->count++;
}

/*
 * A page that its owner gave up and nobody else has: its entry becomes empty, unless it was written
 * to since; then it is a page like any other again, and the answer is false. The table is locked.
 */
static bool take_lazy_locked(struct sweep *sweep, struct quire_frame *table, quire_entry *place,
                             struct quire_frame *frame)
{
    const uint8_t lazy = QUIRE_FRAME_LAZY_FREE;
    quire_entry entry;

    if (__atomic_load_n(&frame->count, __ATOMIC_ACQUIRE) != 1 ||
        __atomic_load_n(&table->count, __ATOMIC_ACQUIRE) != 1)
        return false;
    if (!(__atomic_load_n(&frame->flags, __ATOMIC_RELAXED) & QUIRE_FRAME_DIRTY)) {
        entry = quire_entry_exchange(place, 0);
        if (!(entry & QUIRE_ENTRY_DIRTY)) {
            table->table.live--;
            table->table.resident--;
            table->table.anonymous--;
            add_to_batch(sweep, frame, 0, false);
            sweep->taken++;
            quire_count_event(sweep->q, QUIRE_EVENT_LAZY_FREED);
            return true;
        }
        quire_entry_write(place, entry);
    }
    (void)__atomic_and_fetch(&frame->flags, (uint8_t)~lazy, __ATOMIC_RELAXED);
    return false;
}

/* The entry's page leaves, if it can. The table is locked. */
static void take_entry_locked(struct sweep *sweep, struct quire_frame *table, quire_entry *place,
                              quire_entry entry, struct quire_frame *frame)
{
    uint64_t slot = 0;
    bool fresh = false;

    if (frame->kind == QUIRE_FRAME_ANONYMOUS) {
        if (!slot_for(sweep, frame, &slot, &fresh))
            return;
        (void)quire_entry_exchange(place, quire_entry_from_slot(slot));
        table->table.anonymous--;
    } else {
        entry = quire_entry_exchange(place, 0);
        quire_frame_gather_dirty(frame, entry);
        table->table.live--;
    }
    table->table.resident--;
    add_to_batch(sweep, frame, slot, fresh);
    if (slot != 0) {
        sweep->taken++;
        quire_count_event(sweep->q, QUIRE_EVENT_SWAP_OUT);
    }
}

/* The word is a copy: another space may bring the frame back at this moment. */
static bool ask_policy(struct sweep *sweep, struct quire_frame *frame, bool accessed, bool dirty)
{
    struct quire_reclaim_layer *layer = &sweep->q->reclaim;
    uint32_t word = __atomic_load_n(quire_frame_policy(frame), __ATOMIC_RELAXED);
    struct quire_policy_page page = {
        .word = &word,
        .time = sweep->time,
        .accessed = accessed,
        .dirty = dirty,
    };
    bool goes;

    layer->scanned[sweep->background]++;
    if (sweep->policy == NULL)
        return true;
    layer->met++;
    goes = sweep->policy->look(&layer->state, &page);
    __atomic_store_n(quire_frame_policy(frame), word, __ATOMIC_RELAXED);
    return goes;
}

/* Of the pages met in a round, less than such a part. */
#define FEW_FILES 64

/*
 * The policy lets an anonymous page go: does it, where there are files' pages too, and not only a
 * few? Those need a round to show that they are not used; when one has brought nothing after that,
 * all must go.
 */
static bool is_inclined(struct sweep *sweep)
{
    struct quire_reclaim_layer *layer = &sweep->q->reclaim;
    uint32_t reluctance = __atomic_load_n(&layer->reluctance, __ATOMIC_RELAXED);

    if (sweep->policy == NULL || reluctance == 0 || layer->state.urgency > 1 ||
        layer->files_before <= QUIRE_FIELD(layer->state.resident) / FEW_FILES)
        return true;
    layer->inclination += 100 - reluctance;
    if (layer->inclination < 100)
        return false;
    layer->inclination -= 100;
    return true;
}

/* Whether the frame of an entry is looked at in this sweep. */
static bool is_wanted(const struct sweep *sweep, const struct quire_frame *frame)
{
    uint8_t flags = __atomic_load_n(&frame->flags, __ATOMIC_RELAXED);

    if (!(sweep->zones >> frame->zone & 1) || (sweep->lazy && !(flags & QUIRE_FRAME_LAZY_FREE)))
        return false;
    return !sweep->exclusive || quire_frame_mappings(frame) <= 1;
}

/* Entries from *index on of a locked table; stops when the batch is full or enough went. */
static void sweep_entries_locked(struct sweep *sweep, struct quire_frame *table, unsigned *index,
                                 unsigned end, quire_virt base, struct quire_gather *flush)
{
    quire_entry *entries = quire_table_entries(sweep->q, table);

    for (; *index < end && sweep->count < BATCH && sweep->taken < sweep->wanted; ++*index) {
        quire_entry *place = &entries[*index];
        quire_entry entry = quire_entry_read(place);
        quire_virt address = base + ((quire_virt)*index << QUIRE_PAGE_SHIFT);
        struct quire_frame *frame;
        unsigned before = sweep->count;
        bool lazy;

        if (!quire_entry_is_counted(entry))
            continue;
        frame = quire_frame_of(sweep->q, quire_entry_phys(entry));
        if (!is_wanted(sweep, frame))
            continue;
        lazy = frame->kind == QUIRE_FRAME_ANONYMOUS &&
               (__atomic_load_n(&frame->flags, __ATOMIC_RELAXED) & QUIRE_FRAME_LAZY_FREE);
        if (QUIRE_UNLIKELY(lazy) && take_lazy_locked(sweep, table, place, frame)) {
            quire_gather_range(flush, address, address + QUIRE_PAGE_SIZE);
            continue;
        }
        if (sweep->lazy)
            continue;
        if (entry & QUIRE_ENTRY_ACCESSED) {
            (void)quire_entry_clear_bits(place, QUIRE_ENTRY_ACCESSED);
            /* A policy hears of it here, and must not again when the object is asked. */
            if (frame->kind == QUIRE_FRAME_OBJECT && sweep->policy == NULL)
                quire_frame_mark_accessed(frame);
        }
        if (ask_policy(sweep, frame, (entry & QUIRE_ENTRY_ACCESSED) != 0,
                       frame->kind == QUIRE_FRAME_ANONYMOUS && quire_frame_slot(frame) == 0) &&
            (frame->kind != QUIRE_FRAME_ANONYMOUS || is_inclined(sweep)))
            take_entry_locked(sweep, table, place, entry, frame);
        if (sweep->count > before)
            quire_gather_range(flush, address, address + QUIRE_PAGE_SIZE);
    }
}

/* The hand has been in this shared table in this round already. */
static bool was_here(struct sweep *sweep, struct quire_frame *table)
{
    uint8_t round = (uint8_t)(sweep->q->reclaim.state.round | 1u);

    if (sweep->policy == NULL || __atomic_load_n(&table->count, __ATOMIC_RELAXED) == 1)
        return false;
    if (table->table.swept == round)
        return true;
    table->table.swept = round;
    return false;
}

/*
 * The part [from, to) of one leaf table, inside one region. Returns where to go on: `to`, or less
 * when enough went, or when the batch had to be finished in between.
 */
static quire_virt sweep_table(struct sweep *sweep, struct quire_space *space,
                              const struct quire_region_view *view, quire_virt from, quire_virt to)
{
    struct quire *q = sweep->q;
    quire_virt base = from & ~(QUIRE_LEAF_SPAN - 1);
    unsigned index = quire_level_index(from, 1), end = quire_level_index(to - 1, 1) + 1;
    struct quire_gather flush;
    struct quire_leaf leaf;
    bool valid, done = false;

    if (!quire_leaf_find(q, &space->table, base, &leaf)) {
        quire_virt next = quire_table_skip(q, &space->table, base) + QUIRE_LEAF_SPAN;

        return next;
    }
    quire_gather_init(&flush, q, space);
    quire_spin_lock(&leaf.table->table.lock);
    valid = quire_leaf_valid_locked(&leaf) &&
            __atomic_load_n(&space->sequence, __ATOMIC_ACQUIRE) == view->sequence;
    flush.every_space = __atomic_load_n(&leaf.table->count, __ATOMIC_ACQUIRE) > 1;
    if (valid && !(sweep->exclusive && flush.every_space) && !was_here(sweep, leaf.table))
        sweep_entries_locked(sweep, leaf.table, &index, end, base, &flush);
    else if (valid)
        done = true;
    quire_spin_unlock(&leaf.table->table.lock);
    if (!valid)
        return from; /* look again, from the region on */
    if (sweep->count > 0) {
        quire_gather_flush(&flush);
        finish_batch(sweep);
    }
    return done || index == end ? to : base + ((quire_virt)index << QUIRE_PAGE_SHIFT);
}

static bool is_locked(const struct quire_object *object)
{
    return __atomic_load_n(&object->locked, __ATOMIC_RELAXED);
}

/* May the pages of a region go? Private copies do not belong to the object. */
static bool may_sweep(const struct quire_region_view *view)
{
    if (view->flags & QUIRE_REGION_LOCKED)
        return false;
    return view->object == NULL ||
           (view->object->kind != QUIRE_OBJECT_DEVICE &&
            !((view->flags & QUIRE_REGION_SHARED) && is_locked(view->object)));
}

/*
 * On from `at`, up to `end`, until enough went; returns where the hand stands then: `end` when it
 * has seen everything.
 */
static quire_virt sweep_space(struct sweep *sweep, struct quire_space *space, quire_virt at,
                              quire_virt end)
{
    while (at < end && sweep->taken < sweep->wanted) {
        quire_virt table_end = (at & ~(QUIRE_LEAF_SPAN - 1)) + QUIRE_LEAF_SPAN;
        struct quire_region_view view;

        if (!quire_region_read(space, at, &view) || view.start >= end)
            return end;
        if (at < view.start) {
            at = view.start;
            continue;
        }
        if (!may_sweep(&view)) {
            at = view.end;
            continue;
        }
        if (table_end > view.end)
            table_end = view.end;
        if (table_end > end)
            table_end = end;
        at = sweep_table(sweep, space, &view, at, table_end);
    }
    return at < end ? at : end;
}

/* ---- objects ---- */

static bool ask_for_page(void *context, struct quire_frame *frame)
{
    struct sweep *sweep = context;
    bool accessed;

    if (frame->object.index > sweep->last || !(sweep->zones >> frame->zone & 1))
        return false;
    accessed = quire_frame_take_accessed(frame);

    return ask_policy(sweep, frame, accessed, true);
}

/* What left an object joins the batch. */
static void finish_pages(struct sweep *sweep, const struct quire_object_pages *pages)
{
    sweep->count = pages->count;
    for (unsigned i = 0; i < sweep->count; i++) {
        sweep->frame[i] = pages->frame[i];
        sweep->slot[i] = pages->slot[i];
        sweep->fresh[i] = pages->slot[i] != 0;
    }
    sweep->taken += sweep->count;
    sweep->progress |= sweep->count > 0;
    finish_batch(sweep);
}

/* Some pages of an object from *index on. True: there may be more. */
static bool sweep_pages(struct sweep *sweep, struct quire_object *object, uint64_t *index)
{
    struct quire_object_pages pages = {
        .ask = ask_for_page, .context = sweep, .no_slots = sweep->no_slots};
    struct quire_reclaim_layer *layer = &sweep->q->reclaim;
    uint32_t met = layer->met;
    bool more = quire_object_take_pages(object, index, &pages);

    if (object->kind == QUIRE_OBJECT_PAGED)
        layer->files += layer->met - met;
    sweep->no_slots = pages.no_slots;
    finish_pages(sweep, &pages);
    if (pages.dirty_count > 0) {
        quire_object_take_dirty(object, &pages);
        finish_pages(sweep, &pages);
    }
    return more;
}

/* One object, or as much of it as is wanted. True: that was the last. */
static bool sweep_objects(struct sweep *sweep)
{
    struct quire_reclaim_layer *layer = &sweep->q->reclaim;
    struct quire_object *object = quire_object_hold_next(sweep->q, layer->object);

    if (object == NULL)
        return true;
    if (object->number != layer->object) {
        layer->object = object->number;
        layer->index = 0;
    }
    while (sweep->taken < sweep->wanted) {
        if ((object->kind == QUIRE_OBJECT_MEMORY &&
             __atomic_load_n(&object->kept, __ATOMIC_RELAXED)) ||
            is_locked(object) || !sweep_pages(sweep, object, &layer->index)) {
            layer->object++;
            layer->index = 0;
            break;
        }
    }
    quire_object_put(object);
    return false;
}

/* ---- the hand ---- */

void quire_space_keep(struct quire_space *space, uint64_t pages)
{
    __atomic_store_n(&space->kept, pages, __ATOMIC_RELAXED);
}

static bool is_kept(const struct quire_space *space)
{
    return __atomic_load_n(&space->pages.total, __ATOMIC_RELAXED) <=
           __atomic_load_n(&space->kept, __ATOMIC_RELAXED);
}

/* One step of the hand: some of a space, or of the objects. True: it came around. */
static bool step(struct sweep *sweep)
{
    struct quire_reclaim_layer *layer = &sweep->q->reclaim;
    struct quire_space *space =
        layer->in_objects ? NULL : quire_space_pin_next(sweep->q, layer->space);

    if (space != NULL) {
        if (space->number != layer->space) {
            layer->space = space->number;
            layer->address = space->start;
        }
        layer->address =
            is_kept(space) ? space->end : sweep_space(sweep, space, layer->address, space->end);
        if (layer->address >= space->end) {
            layer->space = space->number + 1;
            layer->address = 0;
        }
        quire_space_unpin(space);
        return false;
    }
    layer->in_objects = !sweep_objects(sweep);
    if (layer->in_objects)
        return false;
    layer->space = 0;
    layer->address = 0;
    layer->object = 0;
    layer->index = 0;
    return true;
}

/* Faults that bring a page back ask the policy that was started last, while this one starts: so
 * words that they may read are written whole, and it is named when it is ready. */
static void start_policy(struct quire *q)
{
    struct quire_reclaim_layer *layer = &q->reclaim;
    const struct quire_policy *policy = quire_reclaim_policy(q);

    if (policy == layer->started)
        return;
    for (unsigned i = 0; i < sizeof(layer->state.own) / sizeof(layer->state.own[0]); i++)
        __atomic_store_n(&layer->state.own[i], 0, __ATOMIC_RELAXED);
    layer->state.urgency = 0;
    __atomic_store_n(&layer->state.resident, q->frame.count, __ATOMIC_RELAXED);
    if (policy->start != NULL)
        policy->start(&layer->state);
    __atomic_store_n(&layer->started, policy, __ATOMIC_RELAXED);
}

/* Rounds without a page before the sweep gives up. */
#define ROUNDS 8

static void come_around(struct quire *q, const struct quire_policy *policy)
{
    struct quire_reclaim_layer *layer = &q->reclaim;

    layer->files_before = layer->files;
    layer->files = 0;

    quire_policy_end_round(policy, &layer->state, layer->met, layer->taken);
    layer->met = 0;
    layer->taken = 0;
}

/* A round of the hand that looks for lazily freed pages, as far as enough is found. */
static void sweep_lazy(struct sweep *sweep)
{
    struct quire_reclaim_layer *layer = &sweep->q->reclaim;
    uint32_t first = layer->lazy_space;
    struct quire_space *space;
    bool around = false;

    if (!__atomic_exchange_n(&layer->lazy, false, __ATOMIC_RELAXED))
        return;
    sweep->lazy = true;
    while (sweep->taken < sweep->wanted && !(around && layer->lazy_space > first)) {
        space = quire_space_pin_next(sweep->q, layer->lazy_space);
        if (space == NULL) {
            if (around)
                break;
            around = true;
            layer->lazy_space = 0;
            layer->lazy_address = 0;
            continue;
        }
        if (space->number != layer->lazy_space || layer->lazy_address < space->start) {
            layer->lazy_space = space->number;
            layer->lazy_address = space->start;
        }
        layer->lazy_address = sweep_space(sweep, space, layer->lazy_address, space->end);
        if (layer->lazy_address >= space->end) {
            layer->lazy_space = space->number + 1;
            layer->lazy_address = 0;
        }
        quire_space_unpin(space);
    }
    sweep->lazy = false;
    if (sweep->taken > 0)
        __atomic_store_n(&layer->lazy, true, __ATOMIC_RELAXED);
}

/* Can anything go at all? Where not, the hand need not go around to find that out. */
static bool something_can_go(struct quire *q)
{
    bool found = __atomic_load_n(&q->reclaim.lazy, __ATOMIC_RELAXED);

    for (const struct quire_slot_area *area = __atomic_load_n(&q->slots, __ATOMIC_ACQUIRE);
         area != NULL; area = __atomic_load_n(&area->next, __ATOMIC_ACQUIRE))
        found = true;
    if (found)
        return true;
    quire_spin_lock(&q->list_lock);
    for (const struct quire_object *object = q->objects; object != NULL && !found;
         object = object->next)
        found = object->kind == QUIRE_OBJECT_PAGED &&
                __atomic_load_n(&object->resident, __ATOMIC_RELAXED) > 0;
    quire_spin_unlock(&q->list_lock);
    return found;
}

static size_t reclaim_pages(struct quire *q, size_t wanted, bool background)
{
    struct quire_reclaim_layer *layer = &q->reclaim;
    struct sweep sweep = {.q = q,
                          .wanted = wanted,
                          .background = background,
                          .zones = zones_wanted(q, wanted),
                          .last = UINT64_MAX,
                          .time = (uint32_t)(quire_hook_clock(q) >> 20)};
    unsigned rounds = 0;
    bool may_trim = true;

    if (!something_can_go(q))
        return 0;
    begin_sweeping(q);
    start_policy(q);
    sweep_lazy(&sweep);
    sweep.policy = layer->started;
    while (sweep.taken < wanted && rounds < ROUNDS) {
        size_t before = sweep.taken;
        bool around;

        sweep.progress = false;
        around = step(&sweep);

        layer->taken += (uint32_t)(sweep.taken - before);
        note_evictions(layer, sweep.taken - before);
        if (sweep.progress)
            rounds = 0;
        if (around) {
            come_around(q, sweep.policy);
            rounds++;
            if (sweep.zones == 1u << QUIRE_ZONE_HIGH && rounds > 1)
                sweep.zones = ALL_ZONES; /* the others do too, if nothing else is there */
        }
        /* A look at all slots: once in vain is enough. */
        if (sweep.no_slots && may_trim) {
            may_trim = quire_slot_trim(q, wanted) > 0;
            sweep.no_slots = !may_trim;
        }
    }
    layer->stolen[background] += sweep.taken;
    end_sweeping(q);
    if (sweep.freed > 0)
        return sweep.freed;
    return quire_reclaim_wait_for_a_write(q) || sweep.started > 0;
}

size_t quire_reclaim_pages(struct quire *q, size_t wanted)
{
    size_t freed = reclaim_pages(q, wanted, false);

    if (freed > 0) /* what could not be had before may be there now */
        __atomic_store_n(&q->reclaim.told, false, __ATOMIC_RELAXED);
    return freed;
}

bool quire_reclaim_balance(struct quire *q)
{
    for (;;) {
        uint64_t high = __atomic_load_n(&q->reclaim.high, __ATOMIC_RELAXED);
        uint64_t coming =
            __atomic_load_n(&q->reclaim.writing, __ATOMIC_RELAXED) + quire_frame_available(q);

        if (coming >= high)
            break;
        if (reclaim_pages(q, high - coming < BATCH ? BATCH : 4 * BATCH, true) == 0)
            return false;
    }
    __atomic_store_n(&q->reclaim.told, false, __ATOMIC_RELAXED);
    return true;
}

/* ---- by name ---- */

void quire_reclaim_set_policy(struct quire *q, const struct quire_policy *policy)
{
    __atomic_store_n(&q->reclaim.policy, policy, __ATOMIC_RELAXED);
}

const struct quire_policy *quire_reclaim_policy(const struct quire *q)
{
    const struct quire_policy *policy = __atomic_load_n(&q->reclaim.policy, __ATOMIC_RELAXED);

    return policy != NULL ? policy : &quire_policy_clock;
}

void quire_reclaim_set_watermarks(struct quire *q, uint64_t low, uint64_t high)
{
    __atomic_store_n(&q->reclaim.low, low, __ATOMIC_RELAXED);
    __atomic_store_n(&q->reclaim.high, high, __ATOMIC_RELAXED);
}

void quire_reclaim_set_swappiness(struct quire *q, unsigned swappiness)
{
    __atomic_store_n(&q->reclaim.reluctance, swappiness < 100 ? 100 - swappiness : 0,
                     __ATOMIC_RELAXED);
}

size_t quire_space_page_out(struct quire_space *space, quire_virt address, size_t length)
{
    return quire_page_out_region(space, address, address + quire_page_up(length), NULL, 0, false);
}

size_t quire_page_out_region(struct quire_space *space, quire_virt start, quire_virt end,
                             struct quire_object *object, uint64_t index, bool exclusive)
{
    struct sweep sweep = {.q = space->q,
                          .wanted = SIZE_MAX,
                          .zones = UINT32_MAX,
                          .exclusive = exclusive,
                          .last = index + ((end - start - 1) >> QUIRE_PAGE_SHIFT)};

    begin_sweeping(space->q);
    (void)sweep_space(&sweep, space, quire_page_down(start), end);
    if (object != NULL && object->kind != QUIRE_OBJECT_DEVICE && !is_locked(object))
        while (sweep_pages(&sweep, object, &index) && index <= sweep.last)
            ;
    note_evictions(&space->q->reclaim, sweep.taken);
    end_sweeping(space->q);
    return sweep.taken;
}
