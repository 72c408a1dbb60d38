/*
 * Records of swap slots.
 *
 * A slot in use has at least one entry that refers to it, or a frame that is on its way out or in,
 * or a mapped frame whose clean copy it is. `frame` is the slot cache: the frame that holds the
 * slot's content now; the cache owns one reference, and the frame points back by its `slot`. So two
 * spaces that share a swapped page after fork read it from the device once, and get the same frame.
 * And a page that came back, and was only read since, leaves again without being written.
 *
 * Life of a slot: FREE → WRITING (a frame on its way out) → VALID → READING → VALID ... → FREE. A
 * frame that turns out to hold zeros: WRITING → ZERO. A slot that could not be read stays VALID for
 * others that hold it, who may have more luck, and becomes BAD where it would become FREE. A slot
 * that could not be written is BAD at once, and its frame stays for those that refer to it. BAD
 * ones are never given out again.
 *
 * The cache lets a frame go as soon as nobody else holds it and the device has its content: that is
 * how memory becomes free (settle_locked). It is looked at when I/O ends, when an entry goes and
 * when a mapping goes. A cached frame is never written to: who wants to write takes it out of the
 * cache first (quire_slot_take), or copies it.
 *
 * Locking: area->lock for finding free slots; each slot's own lock for its record. Nothing is held
 * across device I/O; who finds I/O in flight sleeps on the slot and looks again. Order: table →
 * slot → area → zone. The list of areas is read without a lock; areas are freed after a grace
 * period.
 */
#include "table.h"

#include <quire/area.h>
#include <quire/heap.h>
#include <quire/hooks.h>

/* Slots given out in a row by one area, before its equals have their turn. */
#define RUN_SLOTS 256

/* Read under the table's lock by who looks for pages to write out, written under the slot's. */
static void set_slot(struct quire_frame *frame, uint64_t slot)
{
    __atomic_store_n(&frame->anonymous.slot, slot, __ATOMIC_RELAXED);
}

/* Written under the record's lock, and whole: quire_slot_trim looks before it takes it. */
static void set_state(struct quire_slot *record, enum quire_slot_state state)
{
    __atomic_store_n(&record->state, (uint8_t)state, __ATOMIC_RELAXED);
}

static void set_entries(struct quire_slot *record, uint32_t entries)
{
    __atomic_store_n(&record->entries, entries, __ATOMIC_RELAXED);
}

static uint32_t frame_count(const struct quire_frame *frame)
{
    return __atomic_load_n(&frame->count, __ATOMIC_ACQUIRE);
}

/* ---- areas ---- */

static bool had_fewer_turns(const struct quire_slot_area *a, const struct quire_slot_area *b)
{
    uint32_t turns_a = __atomic_load_n(&a->given, __ATOMIC_RELAXED) / RUN_SLOTS;
    uint32_t turns_b = __atomic_load_n(&b->given, __ATOMIC_RELAXED) / RUN_SLOTS;

    /* The counts wrap; the difference is small. */
    return (turns_a - turns_b) * RUN_SLOTS > UINT32_MAX / 2;
}

/* The lowest number from which on `count` are not used by any area. */
static uint64_t unused_numbers(const struct quire *q, uint64_t count)
{
    const struct quire_slot_area *each = q->slots;
    uint64_t first = 1;

    while (each != NULL) {
        if (first < each->first + each->count && each->first < first + count) {
            first = each->first + each->count;
            each = q->slots; /* from the start again: it may lie in another one */
        } else {
            each = each->next;
        }
    }
    return first;
}

static enum quire_status insert_area(struct quire_slot_area *area)
{
    struct quire *q = area->q;
    struct quire_slot_area **link = &q->slots;
    bool equals = false;

    quire_spin_lock(&q->list_lock);
    area->first = unused_numbers(q, area->count);
    if (area->first + area->count - 1 > QUIRE_ENTRY_SLOTS) {
        quire_spin_unlock(&q->list_lock);
        return QUIRE_INVALID;
    }
    /* A newcomer among equals starts with the fewest turns that one of them had. */
    for (; *link != NULL && (*link)->priority >= area->priority; link = &(*link)->next)
        if ((*link)->priority == area->priority && (!equals || had_fewer_turns(*link, area))) {
            area->given = __atomic_load_n(&(*link)->given, __ATOMIC_RELAXED);
            equals = true;
        }
    area->next = *link;
    __atomic_store_n(link, area, __ATOMIC_RELEASE);
    quire_spin_unlock(&q->list_lock);
    return QUIRE_OK;
}

/* Records of a device outgrow contiguous frames: then they lie in an area, where there are areas.
 */
static void *alloc_records(struct quire *q, size_t size)
{
    void *records = quire_heap_alloc_zeroed(q, size);

    if (records == NULL && size > QUIRE_PAGE_SIZE && q->area.start != q->area.end)
        records = quire_area_alloc(q, size, "swap");
    return records;
}

static void free_records(struct quire *q, void *records)
{
    quire_virt at = (quire_virt)records;

    if (records != NULL && at >= q->area.start && at < q->area.end)
        (void)quire_area_free(q, records);
    else
        quire_heap_free(q, records);
}

static void free_area(struct quire *q, struct quire_slot_area *area)
{
    free_records(q, area->free_map);
    free_records(q, area->slot);
    quire_heap_free(q, area);
}

static void free_area_later(struct quire *q, struct quire_deferred *node)
{
    free_area(
        q, (struct quire_slot_area *)((char *)node - offsetof(struct quire_slot_area, deferred)));
}

enum quire_status quire_slot_area_create(struct quire *q, uint64_t count, int priority,
                                         void *device, struct quire_slot_area **out)
{
    struct quire_slot_area *area;
    enum quire_status status;
    size_t words;

    if (count == 0 || count > QUIRE_ENTRY_SLOTS)
        return QUIRE_INVALID;
    if (count > SIZE_MAX / sizeof(struct quire_slot))
        return QUIRE_NO_MEMORY;
    words = (size_t)(count + 63) / 64;
    area = quire_heap_alloc_zeroed(q, sizeof(*area));
    if (area == NULL)
        return QUIRE_NO_MEMORY;
    area->slot = alloc_records(q, (size_t)count * sizeof(*area->slot));
    area->free_map = alloc_records(q, words * sizeof(*area->free_map));
    if (area->slot == NULL || area->free_map == NULL) {
        free_area(q, area);
        return QUIRE_NO_MEMORY;
    }
    for (uint64_t i = 0; i < count; i++) {
        area->slot[i].frame = QUIRE_FRAME_NONE;
        area->free_map[i / 64] |= (uint64_t)1 << (i % 64);
    }
    area->q = q;
    area->count = count;
    area->free = count;
    area->priority = priority;
    area->device = device;
    quire_spin_init(&area->lock);
    status = insert_area(area);
    if (status != QUIRE_OK)
        free_area(q, area);
    else
        *out = area;
    return status;
}

void quire_slot_area_exclude(struct quire_slot_area *area, uint64_t index)
{
    quire_spin_lock(&area->lock);
    if (area->slot[index].state == QUIRE_SLOT_FREE) {
        set_state(&area->slot[index], QUIRE_SLOT_BAD);
        area->free_map[index / 64] &= ~((uint64_t)1 << (index % 64));
        area->free--;
        area->bad++;
    }
    quire_spin_unlock(&area->lock);
}

void quire_slot_area_close(struct quire_slot_area *area, bool closing)
{
    quire_spin_lock(&area->lock);
    __atomic_store_n(&area->closing, closing, __ATOMIC_RELAXED);
    quire_spin_unlock(&area->lock);
}

enum quire_status quire_slot_area_destroy(struct quire_slot_area *area)
{
    struct quire *q = area->q;
    bool busy;

    quire_spin_lock(&area->lock);
    busy = area->free + area->bad != area->count;
    for (uint64_t i = 0; area->bad > 0 && i < area->count && !busy; i++)
        busy = area->slot[i].entries != 0;
    if (!busy)
        __atomic_store_n(&area->closing, true, __ATOMIC_RELAXED);
    quire_spin_unlock(&area->lock);
    if (busy)
        return QUIRE_BUSY;
    quire_spin_lock(&q->list_lock);
    for (struct quire_slot_area **link = &q->slots; *link != NULL; link = &(*link)->next) {
        if (*link == area) {
            __atomic_store_n(link, area->next, __ATOMIC_RELEASE);
            break;
        }
    }
    quire_spin_unlock(&q->list_lock);
    quire_defer(q, &area->deferred, free_area_later);
    return QUIRE_OK;
}

struct quire_slot_area *quire_slot_area_of(struct quire *q, uint64_t slot)
{
    struct quire_slot_area *area = __atomic_load_n(&q->slots, __ATOMIC_ACQUIRE);

    while (area != NULL && (slot < area->first || slot - area->first >= area->count))
        area = __atomic_load_n(&area->next, __ATOMIC_ACQUIRE);
    return area;
}

struct quire_slot *quire_slot_find(struct quire *q, uint64_t slot)
{
    struct quire_slot_area *area = quire_slot_area_of(q, slot);

    return area != NULL ? &area->slot[slot - area->first] : NULL;
}

static struct quire_slot *slot_of(struct quire *q, uint64_t slot)
{
    struct quire_slot *record = quire_slot_find(q, slot);

    if (record == NULL)
        quire_hook_panic(q, "quire: a slot number that no swap area has");
    return record;
}

/* ---- giving out ---- */

/* The first free slot at or after `from`; there is one. */
static uint64_t next_free(const struct quire_slot_area *area, uint64_t from)
{
    uint64_t words = (area->count + 63) / 64, word = from / 64;
    uint64_t bits = area->free_map[word] & (~(uint64_t)0 << (from % 64));

    while (bits == 0) {
        word = word + 1 < words ? word + 1 : 0;
        bits = area->free_map[word];
    }
    return word * 64 + (unsigned)__builtin_ctzll(bits);
}

static uint64_t take_from(struct quire_slot_area *area)
{
    uint64_t found = 0;

    quire_spin_lock(&area->lock);
    if (area->free > 0 && !area->closing) {
        uint64_t at = next_free(area, area->hint);

        area->free_map[at / 64] &= ~((uint64_t)1 << (at % 64));
        set_state(&area->slot[at], QUIRE_SLOT_WRITING);
        __atomic_store_n(&area->free, area->free - 1, __ATOMIC_RELAXED);
        area->hint = at + 1 < area->count ? at + 1 : 0;
        __atomic_store_n(&area->given, area->given + 1, __ATOMIC_RELAXED);
        found = area->first + at;
    }
    quire_spin_unlock(&area->lock);
    return found;
}

/* The area to write to next: of those with free slots and the highest priority, the one that had
 * the fewest turns. */
static struct quire_slot_area *choose_area(struct quire *q)
{
    struct quire_slot_area *best = NULL;

    for (struct quire_slot_area *area = __atomic_load_n(&q->slots, __ATOMIC_ACQUIRE); area != NULL;
         area = __atomic_load_n(&area->next, __ATOMIC_ACQUIRE)) {
        if (best != NULL && area->priority < best->priority)
            break;
        if (__atomic_load_n(&area->free, __ATOMIC_RELAXED) > 0 &&
            !__atomic_load_n(&area->closing, __ATOMIC_RELAXED) &&
            (best == NULL || had_fewer_turns(area, best)))
            best = area;
    }
    return best;
}

/* By the policies' clock, and with the policy's word, for who comes back. */
static void note_leaving(struct quire *q, struct quire_slot *record, struct quire_frame *frame)
{
    __atomic_store_n(&record->word, __atomic_load_n(quire_frame_policy(frame), __ATOMIC_RELAXED),
                     __ATOMIC_RELAXED);
    __atomic_store_n(&record->left, __atomic_load_n(&q->reclaim.state.evictions, __ATOMIC_RELAXED),
                     __ATOMIC_RELAXED);
}

uint64_t quire_slot_alloc(struct quire *q, struct quire_frame *frame)
{
    struct quire_slot_area *area;
    struct quire_slot *record;
    uint64_t slot;

    do {
        area = choose_area(q);
        if (area == NULL)
            return 0;
        slot = take_from(area);
    } while (slot == 0);
    record = &area->slot[slot - area->first];
    quire_frame_get(frame);
    quire_spin_lock(&record->lock);
    record->frame = quire_frame_number(q, frame);
    set_entries(record, 0);
    note_leaving(q, record, frame);
    quire_spin_unlock(&record->lock);
    set_slot(frame, slot);
    return slot;
}

/* ---- letting go ---- */

static void free_slot_locked(struct quire *q, struct quire_slot *record)
{
    struct quire_slot_area *area = __atomic_load_n(&q->slots, __ATOMIC_ACQUIRE);
    uint64_t at;

    while (record < area->slot || record >= area->slot + area->count)
        area = __atomic_load_n(&area->next, __ATOMIC_ACQUIRE);
    at = (uint64_t)(record - area->slot);
    quire_spin_lock(&area->lock);
    if (record->unread) {
        set_state(record, QUIRE_SLOT_BAD);
        area->bad++;
    } else {
        set_state(record, QUIRE_SLOT_FREE);
        area->free_map[at / 64] |= (uint64_t)1 << (at % 64);
        __atomic_store_n(&area->free, area->free + 1, __ATOMIC_RELAXED);
    }
    quire_spin_unlock(&area->lock);
}

/* The cached frame leaves the cache, whose reference is the caller's to drop now. */
static struct quire_frame *uncache_locked(struct quire *q, struct quire_slot *record)
{
    struct quire_frame *frame = quire_frame_at(q, record->frame);

    set_slot(frame, 0);
    record->frame = QUIRE_FRAME_NONE;
    return frame;
}

/*
 * What the slot no longer needs goes: a frame that nobody but the cache holds and whose content is
 * elsewhere, or of no use; the slot itself. Returns the frame whose reference is to be dropped
 * after the lock is released, or NULL.
 */
static struct quire_frame *settle_locked(struct quire *q, struct quire_slot *record)
{
    struct quire_frame *frame = NULL;

    if (record->state == QUIRE_SLOT_WRITING || record->state == QUIRE_SLOT_READING ||
        record->state == QUIRE_SLOT_FREE)
        return NULL;
    if (record->frame != QUIRE_FRAME_NONE) {
        bool alone = frame_count(quire_frame_at(q, record->frame)) == 1;

        if (record->state == QUIRE_SLOT_BAD ? record->entries == 0 : alone)
            frame = uncache_locked(q, record);
    }
    if (record->entries == 0 && record->frame == QUIRE_FRAME_NONE &&
        record->state != QUIRE_SLOT_BAD)
        free_slot_locked(q, record);
    return frame;
}

static void unlock_and_drop(struct quire *q, struct quire_slot *record, struct quire_frame *frame)
{
    quire_spin_unlock(&record->lock);
    if (frame != NULL)
        quire_frame_put(q, frame);
}

void quire_slot_get(struct quire *q, uint64_t slot)
{
    struct quire_slot *record = slot_of(q, slot);

    quire_spin_lock(&record->lock);
    set_entries(record, record->entries + 1);
    quire_spin_unlock(&record->lock);
}

uint64_t quire_slot_reuse(struct quire *q, struct quire_frame *frame, bool *out_stays)
{
    uint64_t slot = quire_frame_slot(frame);
    struct quire_slot *record = slot != 0 ? quire_slot_find(q, slot) : NULL;
    bool drop = false;

    *out_stays = false;
    if (record == NULL)
        return 0;
    quire_spin_lock(&record->lock);
    if (record->frame != quire_frame_number(q, frame)) {
        slot = 0; /* it has left the cache meanwhile */
    } else if (record->state == QUIRE_SLOT_BAD) {
        *out_stays = true;
        slot = 0;
    } else if (__atomic_load_n(&quire_slot_area_of(q, slot)->closing, __ATOMIC_RELAXED)) {
        *out_stays = record->state != QUIRE_SLOT_VALID;
        drop = !*out_stays;
        slot = 0;
    } else {
        set_entries(record, record->entries + 1);
        note_leaving(q, record, frame);
    }
    if (drop) {
        (void)uncache_locked(q, record);
        if (record->entries == 0)
            free_slot_locked(q, record);
        (void)quire_frame_drop(frame); /* an entry has it too */
    }
    quire_spin_unlock(&record->lock);
    return slot;
}

void quire_slot_put(struct quire *q, uint64_t slot)
{
    struct quire_slot *record = slot_of(q, slot);

    quire_spin_lock(&record->lock);
    set_entries(record, record->entries - 1);
    unlock_and_drop(q, record, settle_locked(q, record));
}

void quire_slot_forget(struct quire *q, uint64_t slot, const struct quire_frame *frame)
{
    struct quire_slot *record = quire_slot_find(q, slot);

    if (record == NULL)
        return; /* the slot, and its area, went meanwhile */
    quire_spin_lock(&record->lock);
    unlock_and_drop(
        q, record, record->frame == quire_frame_number(q, frame) ? settle_locked(q, record) : NULL);
}

bool quire_slot_take(struct quire *q, struct quire_frame *frame)
{
    uint64_t slot = quire_frame_slot(frame);
    struct quire_slot *record = slot != 0 ? quire_slot_find(q, slot) : NULL;
    bool taken = false;

    if (record == NULL)
        return frame_count(frame) == 1;
    quire_spin_lock(&record->lock);
    /* A frame on its way out stays as it is. Entries that hold the slot need the frame only where
     * the device does not have its content. */
    if (record->frame == quire_frame_number(q, frame) && record->state == QUIRE_SLOT_VALID &&
        frame_count(frame) == 2) {
        (void)uncache_locked(q, record);
        (void)quire_frame_drop(frame); /* the entry's remains */
        if (record->entries == 0)
            free_slot_locked(q, record);
        taken = true;
    }
    quire_spin_unlock(&record->lock);
    return taken;
}

static uint64_t trim_area(struct quire_slot_area *area, uint64_t wanted)
{
    struct quire *q = area->q;
    uint64_t freed = 0;

    for (uint64_t i = 0; i < area->count && freed < wanted; i++) {
        struct quire_slot *record = &area->slot[i];
        struct quire_frame *frame = NULL;

        if (__atomic_load_n(&record->state, __ATOMIC_RELAXED) != QUIRE_SLOT_VALID ||
            __atomic_load_n(&record->entries, __ATOMIC_RELAXED) != 0)
            continue;
        quire_spin_lock(&record->lock);
        if (record->state == QUIRE_SLOT_VALID && record->entries == 0 &&
            record->frame != QUIRE_FRAME_NONE) {
            frame = uncache_locked(q, record);
            free_slot_locked(q, record);
            freed++;
        }
        unlock_and_drop(q, record, frame);
    }
    return freed;
}

uint64_t quire_slot_trim(struct quire *q, uint64_t wanted)
{
    uint64_t freed = 0;

    for (struct quire_slot_area *area = q->slots; area != NULL && freed < wanted; area = area->next)
        freed += trim_area(area, wanted - freed);
    return freed;
}

void quire_slot_trim_area(struct quire_slot_area *area)
{
    (void)trim_area(area, area->count);
}

/* ---- reading ---- */

/* Everything that went since it did would fit into memory once more: it went too early. */
static bool is_missed(struct quire *q, const struct quire_slot *record)
{
    uint32_t evictions = __atomic_load_n(&q->reclaim.state.evictions, __ATOMIC_RELAXED);

    return evictions - __atomic_load_n(&record->left, __ATOMIC_RELAXED) <
           __atomic_load_n(&q->reclaim.state.resident, __ATOMIC_RELAXED);
}

/*
 * Waits until the slot is neither being read nor free to be: the frame that has its content, with a
 * reference, or NULL with the status; QUIRE_RETRY: it has to be read. Lock held throughout, but
 * released while asleep.
 */
static enum quire_status find_content_locked(struct quire *q, struct quire_slot *record,
                                             struct quire_frame **out)
{
    bool waits = record->state == QUIRE_SLOT_READING, stalls = waits && is_missed(q, record);

    if (stalls)
        quire_hook_stall(q, true);
    while (record->state == QUIRE_SLOT_READING)
        quire_hook_sleep(q, record, &record->lock);
    if (stalls)
        quire_hook_stall(q, false);
    *out = NULL;
    if (record->frame != QUIRE_FRAME_NONE) {
        /* Valid, still on its way out, or never got there: the content is here. */
        *out = quire_frame_at(q, record->frame);
        quire_frame_get(*out);
        return QUIRE_OK;
    }
    return record->state == QUIRE_SLOT_BAD ? QUIRE_IO_ERROR : QUIRE_RETRY;
}

/* A frame for a slot that is about to be read, or holds zeros; NULL: no memory. */
static struct quire_frame *content_frame(struct quire *q, bool zero)
{
    return quire_frame_alloc_one(q, QUIRE_FRAME_ANONYMOUS,
                                 QUIRE_ALLOC_HIGH | (zero ? (unsigned)QUIRE_ALLOC_ZERO : 0u));
}

/* The end of a read: the frame is the slot's content now, or the slot is lost. The caller's
 * reference stays the caller's. */
static void finish_read(struct quire *q, uint64_t slot, struct quire_frame *frame, bool failed)
{
    struct quire_slot *record = slot_of(q, slot);

    quire_spin_lock(&record->lock);
    set_state(record, QUIRE_SLOT_VALID);
    record->unread = failed;
    if (!failed) {
        record->frame = quire_frame_number(q, frame);
        set_slot(frame, slot);
        quire_frame_get(frame); /* the cache's */
    }
    quire_hook_wake(q, record);
    quire_spin_unlock(&record->lock);
}

/* Claims a neighbour for reading if that needs no waiting. */
static struct quire_frame *claim_neighbour(struct quire *q, uint64_t slot)
{
    struct quire_slot *record = quire_slot_find(q, slot);
    struct quire_frame *frame = NULL;

    if (record == NULL || !quire_spin_try(&record->lock))
        return NULL;
    if (record->state == QUIRE_SLOT_VALID && record->frame == QUIRE_FRAME_NONE &&
        record->entries > 0) {
        frame = content_frame(q, false);
        if (frame != NULL)
            set_state(record, QUIRE_SLOT_READING);
    }
    quire_spin_unlock(&record->lock);
    return frame;
}

/* A neighbour was claimed and not read: who needs it will. */
static void give_back(struct quire *q, uint64_t slot, struct quire_frame *frame)
{
    struct quire_slot *record = slot_of(q, slot);

    quire_spin_lock(&record->lock);
    set_state(record, QUIRE_SLOT_VALID);
    (void)settle_locked(q, record); /* it has no frame to drop */
    quire_hook_wake(q, record);
    quire_spin_unlock(&record->lock);
    quire_frame_put(q, frame);
}

/*
 * Frames [low, high) of a run were claimed. One failure in a run says nothing about the others:
 * each is then read by itself, as long as the one that is wanted can be. A neighbour that cannot is
 * not lost for that: nobody asked for it.
 */
static enum quire_status read_claimed(struct quire *q, uint64_t first, unsigned low, unsigned high,
                                      unsigned wanted, struct quire_frame **frame)
{
    enum quire_status all = quire_hook_slot_read(q, first + low, frame + low, high - low);
    enum quire_status result = all;

    if (all != QUIRE_OK && high - low > 1)
        result = quire_hook_slot_read(q, first + wanted, frame + wanted, 1);
    for (unsigned i = low; i < high; i++) {
        enum quire_status status = result;

        if (i != wanted && all != QUIRE_OK && result == QUIRE_OK)
            status = quire_hook_slot_read(q, first + i, frame + i, 1);
        if (i == wanted || status == QUIRE_OK)
            finish_read(q, first + i, frame[i], status != QUIRE_OK);
        else
            give_back(q, first + i, frame[i]);
        if (status != QUIRE_OK) {
            if (i == wanted)
                quire_frame_put(q, frame[i]);
            frame[i] = NULL;
        }
    }
    return result;
}

/* The slot is READING, into `fresh`; so are neighbours that need no waiting. */
static enum quire_status read_around(struct quire *q, uint64_t slot, uint64_t first, unsigned count,
                                     struct quire_frame *fresh, struct quire_frame **out)
{
    unsigned wanted = (unsigned)(slot - first), low = wanted, high = wanted + 1;

    out[wanted] = fresh;
    while (high < count && (out[high] = claim_neighbour(q, first + high)) != NULL)
        high++;
    while (low > 0 && (out[low - 1] = claim_neighbour(q, first + low - 1)) != NULL)
        low--;
    return read_claimed(q, first, low, high, wanted, out);
}

/* The same for a page that more memory would have kept. */
static enum quire_status read_missed(struct quire *q, uint64_t slot, uint64_t first, unsigned count,
                                     struct quire_frame *fresh, struct quire_frame **out)
{
    enum quire_status status;

    quire_count_event(q, QUIRE_EVENT_THRASH);
    quire_hook_stall(q, true);
    status = read_around(q, slot, first, count, fresh, out);
    quire_hook_stall(q, false);
    return status;
}

enum quire_status quire_slot_read_run(struct quire *q, uint64_t slot, uint64_t first,
                                      unsigned count, struct quire_frame **out)
{
    struct quire_slot *record = slot_of(q, slot);
    unsigned wanted = (unsigned)(slot - first);
    struct quire_frame *fresh = NULL;
    enum quire_status status;
    bool zero;

    for (unsigned i = 0; i < count; i++)
        out[i] = NULL;
    for (;;) {
        quire_spin_lock(&record->lock);
        status = find_content_locked(q, record, &out[wanted]);
        zero = record->state == QUIRE_SLOT_ZERO;
        if (status != QUIRE_RETRY || fresh != NULL)
            break;
        quire_spin_unlock(&record->lock);
        fresh = content_frame(q, zero);
        if (fresh == NULL)
            return QUIRE_NO_MEMORY;
        if (zero) { /* zeros have no state that could change under us: an entry holds the slot */
            out[wanted] = fresh;
            return QUIRE_OK;
        }
    }
    if (status != QUIRE_RETRY) {
        quire_spin_unlock(&record->lock);
        if (fresh != NULL)
            quire_frame_put(q, fresh);
        return status;
    }
    set_state(record, QUIRE_SLOT_READING);
    quire_spin_unlock(&record->lock);
    quire_count_event(q, QUIRE_EVENT_REFAULT);
    if (is_missed(q, record))
        return read_missed(q, slot, first, count, fresh, out);
    return read_around(q, slot, first, count, fresh, out);
}

enum quire_status quire_slot_read(struct quire *q, uint64_t slot, struct quire_frame **out)
{
    return quire_slot_read_run(q, slot, slot, 1, out);
}

/* ---- writing ---- */

void quire_slot_written(struct quire *q, uint64_t slot, bool failed)
{
    struct quire_slot *record = slot_of(q, slot);
    struct quire_frame *frame;

    quire_spin_lock(&record->lock);
    set_state(record, failed ? QUIRE_SLOT_BAD : QUIRE_SLOT_VALID);
    frame = settle_locked(q, record);
    quire_hook_wake(q, record);
    quire_spin_unlock(&record->lock);
    if (failed) {
        struct quire_slot_area *area = quire_slot_area_of(q, slot);

        quire_spin_lock(&area->lock);
        area->bad++;
        quire_spin_unlock(&area->lock);
    }
    if (frame != NULL)
        quire_frame_put(q, frame);
    quire_reclaim_note_written(q, 1);
}

void quire_slot_set_zero(struct quire *q, uint64_t slot)
{
    struct quire_slot *record = slot_of(q, slot);
    struct quire_frame *frame;

    quire_spin_lock(&record->lock);
    set_state(record, QUIRE_SLOT_ZERO);
    frame = uncache_locked(q, record);
    if (record->entries == 0)
        free_slot_locked(q, record);
    quire_hook_wake(q, record);
    unlock_and_drop(q, record, frame);
}

/* ---- reports ---- */

void quire_slot_stats(const struct quire_slot_area *area, struct quire_slot_stats *out)
{
    *out = (struct quire_slot_stats){
        .total = area->count,
        .free = __atomic_load_n(&area->free, __ATOMIC_RELAXED),
        .bad = __atomic_load_n(&area->bad, __ATOMIC_RELAXED),
    };
    for (uint64_t i = 0; i < area->count; i++)
        out->cached += __atomic_load_n(&area->slot[i].frame, __ATOMIC_RELAXED) != QUIRE_FRAME_NONE;
}

unsigned quire_slot_check(struct quire *q)
{
    unsigned wrong = 0;

    for (const struct quire_slot_area *area = q->slots; area != NULL; area = area->next) {
        uint64_t free = 0, bad = 0;

        for (uint64_t i = 0; i < area->count; i++) {
            const struct quire_slot *record = &area->slot[i];
            bool mapped = area->free_map[i / 64] >> (i % 64) & 1;

            free += record->state == QUIRE_SLOT_FREE;
            bad += record->state == QUIRE_SLOT_BAD;
            wrong += mapped != (record->state == QUIRE_SLOT_FREE);
            wrong += record->state == QUIRE_SLOT_FREE &&
                     (record->entries != 0 || record->frame != QUIRE_FRAME_NONE);
            wrong += record->state == QUIRE_SLOT_ZERO &&
                     (record->entries == 0 || record->frame != QUIRE_FRAME_NONE);
            wrong += record->state == QUIRE_SLOT_VALID && record->entries == 0 &&
                     record->frame == QUIRE_FRAME_NONE;
            wrong += record->frame != QUIRE_FRAME_NONE &&
                     quire_frame_at(q, record->frame)->anonymous.slot != area->first + i;
        }
        wrong += free != area->free;
        wrong += bad != area->bad;
    }
    return wrong;
}
