/*
 * Records of swap slots.
 *
 * A slot in use has at least one entry that refers to it, or a frame that is on its way out or in.
 * `frame` is the slot cache: the frame that holds the slot's content now; the cache owns one
 * reference, and an anonymous frame in it points back by its `slot`. So two spaces that share a
 * swapped page after fork read it from the device once, and get the same frame.
 *
 * Life of a slot: FREE → WRITING (a frame on its way out) → VALID → READING → VALID ... → FREE when
 * the last entry is put. BAD after a device failure: never given out again.
 *
 * Locking: area->lock for finding free slots; each slot's own lock for its record. Nothing is held
 * across device I/O; who finds I/O in flight sleeps on the slot and looks again. Order: table →
 * slot → zone.
 */
#include "table.h"

#include <quire/area.h>
#include <quire/heap.h>
#include <quire/hooks.h>

/* Read under the table's lock by who looks for pages to write out, written under the slot's. */
static void set_slot(struct quire_frame *frame, uint64_t slot)
{
    __atomic_store_n(&frame->anonymous.slot, slot, __ATOMIC_RELAXED);
}

enum quire_status quire_slot_area_create(struct quire *q, uint64_t count, void *device,
                                         struct quire_slot_area **out)
{
    struct quire_slot_area *area, *each;

    if (count == 0 || count > UINT32_MAX)
        return QUIRE_INVALID;
    area = quire_heap_alloc_zeroed(q, sizeof(*area));
    if (area == NULL)
        return QUIRE_NO_MEMORY;
    area->slot = quire_heap_alloc_zeroed(q, (size_t)count * sizeof(*area->slot));
    if (area->slot == NULL) {
        quire_heap_free(q, area);
        return QUIRE_NO_MEMORY;
    }
    for (uint64_t i = 0; i < count; i++)
        area->slot[i].frame = QUIRE_FRAME_NONE;
    area->q = q;
    area->count = count;
    area->free = count;
    area->device = device;
    quire_spin_init(&area->lock);

    quire_spin_lock(&q->list_lock);
    area->first = 1;
    for (each = q->slots; each != NULL; each = each->next)
        if (each->first + each->count > area->first)
            area->first = each->first + each->count;
    area->next = q->slots;
    q->slots = area;
    quire_spin_unlock(&q->list_lock);
    *out = area;
    return QUIRE_OK;
}

enum quire_status quire_slot_area_destroy(struct quire_slot_area *area)
{
    struct quire *q = area->q;

    for (uint64_t i = 0; i < area->count; i++)
        if (area->slot[i].state != QUIRE_SLOT_FREE && area->slot[i].state != QUIRE_SLOT_BAD)
            return QUIRE_BUSY;
    quire_spin_lock(&q->list_lock);
    for (struct quire_slot_area **link = &q->slots; *link != NULL; link = &(*link)->next) {
        if (*link == area) {
            *link = area->next;
            break;
        }
    }
    quire_spin_unlock(&q->list_lock);
    quire_heap_free(q, area->slot);
    quire_heap_free(q, area);
    return QUIRE_OK;
}

struct quire_slot *quire_slot_find(struct quire *q, uint64_t slot)
{
    for (struct quire_slot_area *area = q->slots; area != NULL; area = area->next)
        if (slot >= area->first && slot - area->first < area->count)
            return &area->slot[slot - area->first];
    return NULL;
}

static struct quire_slot *slot_of(struct quire *q, uint64_t slot)
{
    struct quire_slot *record = quire_slot_find(q, slot);

    if (record == NULL)
        quire_hook_panic(q, "quire: a slot number that no swap area has");
    return record;
}

static struct quire_slot_area *area_of(struct quire *q, uint64_t slot)
{
    struct quire_slot_area *area = q->slots;

    while (slot < area->first || slot - area->first >= area->count)
        area = area->next;
    return area;
}

static uint64_t take_from(struct quire_slot_area *area)
{
    uint64_t found = 0;

    quire_spin_lock(&area->lock);
    for (uint64_t i = 0; area->free > 0 && i < area->count; i++) {
        uint64_t at = area->hint + i < area->count ? area->hint + i : area->hint + i - area->count;

        if (area->slot[at].state == QUIRE_SLOT_FREE) {
            area->slot[at].state = QUIRE_SLOT_WRITING;
            area->free--;
            area->hint = at + 1 < area->count ? at + 1 : 0;
            found = area->first + at;
            break;
        }
    }
    quire_spin_unlock(&area->lock);
    return found;
}

uint64_t quire_slot_alloc(struct quire *q, struct quire_frame *frame)
{
    for (struct quire_slot_area *area = q->slots; area != NULL; area = area->next) {
        uint64_t slot = take_from(area);

        if (slot != 0) {
            struct quire_slot *record = slot_of(q, slot);

            quire_frame_get(frame);
            record->frame = quire_frame_number(q, frame);
            record->entries = 0;
            set_slot(frame, slot);
            return slot;
        }
    }
    return 0;
}

void quire_slot_get(struct quire *q, uint64_t slot)
{
    struct quire_slot *record = slot_of(q, slot);

    quire_spin_lock(&record->lock);
    record->entries++;
    quire_spin_unlock(&record->lock);
}

/* Free a slot that nothing refers to, its lock held: the cached frame is handed back for dropping.
 */
static struct quire_frame *release_locked(struct quire *q, struct quire_slot *record, uint64_t slot)
{
    struct quire_slot_area *area = area_of(q, slot);
    struct quire_frame *frame = NULL;

    if (record->frame != QUIRE_FRAME_NONE) {
        frame = quire_frame_at(q, record->frame);
        set_slot(frame, 0);
        record->frame = QUIRE_FRAME_NONE;
    }
    quire_spin_lock(&area->lock);
    if (record->state != QUIRE_SLOT_BAD) {
        record->state = QUIRE_SLOT_FREE;
        area->free++;
    }
    quire_spin_unlock(&area->lock);
    return frame;
}

void quire_slot_put(struct quire *q, uint64_t slot)
{
    struct quire_slot *record = slot_of(q, slot);
    struct quire_frame *frame = NULL;

    quire_spin_lock(&record->lock);
    record->entries--;
    /* With I/O in flight, who does the I/O looks again when it is done and frees the slot. */
    if (record->entries == 0 && record->state != QUIRE_SLOT_WRITING &&
        record->state != QUIRE_SLOT_READING)
        frame = release_locked(q, record, slot);
    quire_spin_unlock(&record->lock);
    if (frame != NULL)
        quire_frame_put(q, frame);
}

enum quire_status quire_slot_read(struct quire *q, uint64_t slot, struct quire_frame **out)
{
    struct quire_slot *record = slot_of(q, slot);
    struct quire_frame *frame, *fresh = NULL;
    enum quire_status status;

    quire_spin_lock(&record->lock);
    for (;;) {
        if (record->state == QUIRE_SLOT_READING) {
            quire_hook_sleep(q, record, &record->lock);
            continue;
        }
        if (record->frame != QUIRE_FRAME_NONE) {
            /* Valid, still on its way out, or never got there: the content is here. */
            *out = quire_frame_at(q, record->frame);
            quire_frame_get(*out);
            status = QUIRE_OK;
            goto unlock;
        }
        if (record->state == QUIRE_SLOT_BAD) {
            status = QUIRE_IO_ERROR;
            goto unlock;
        }
        if (fresh != NULL)
            break;
        quire_spin_unlock(&record->lock);
        fresh = quire_frame_alloc_one(q, QUIRE_FRAME_ANONYMOUS, QUIRE_ALLOC_HIGH);
        if (fresh == NULL)
            return QUIRE_NO_MEMORY;
        quire_spin_lock(&record->lock);
    }
    frame = fresh;
    fresh = NULL;
    record->state = QUIRE_SLOT_READING;
    quire_spin_unlock(&record->lock);

    status = quire_hook_slot_read(q, slot, frame);

    quire_spin_lock(&record->lock);
    if (status == QUIRE_OK) {
        record->state = QUIRE_SLOT_VALID;
        record->frame = quire_frame_number(q, frame);
        set_slot(frame, slot);
        quire_frame_get(frame); /* the cache's */
        *out = frame;
    } else {
        record->state = QUIRE_SLOT_BAD;
        fresh = frame;
    }
    quire_hook_wake(q, record);
unlock:
    quire_spin_unlock(&record->lock);
    if (fresh != NULL)
        quire_frame_put(q, fresh);
    return status;
}

void quire_slot_uncache(struct quire *q, struct quire_frame *frame)
{
    uint64_t slot = quire_frame_slot(frame);
    struct quire_slot *record;
    bool drop = false;

    if (slot == 0)
        return;
    record = slot_of(q, slot);
    quire_spin_lock(&record->lock);
    if (record->frame == quire_frame_number(q, frame) && record->state == QUIRE_SLOT_VALID) {
        record->frame = QUIRE_FRAME_NONE;
        set_slot(frame, 0);
        drop = true;
    }
    quire_spin_unlock(&record->lock);
    if (drop)
        quire_frame_put(q, frame);
}

void quire_slot_written(struct quire *q, uint64_t slot, bool failed)
{
    struct quire_slot *record = slot_of(q, slot);
    struct quire_frame *frame = NULL;

    quire_spin_lock(&record->lock);
    record->state = failed ? QUIRE_SLOT_BAD : QUIRE_SLOT_VALID;
    if (record->entries == 0) {
        frame = release_locked(q, record, slot);
    } else if (!failed) {
        frame = quire_frame_at(q, record->frame);
        set_slot(frame, 0);
        record->frame = QUIRE_FRAME_NONE;
    }
    quire_hook_wake(q, record);
    quire_spin_unlock(&record->lock);
    if (frame != NULL)
        quire_frame_put(q, frame);
}

unsigned quire_slot_check(struct quire *q)
{
    unsigned wrong = 0;

    for (const struct quire_slot_area *area = q->slots; area != NULL; area = area->next) {
        uint64_t free = 0;

        for (uint64_t i = 0; i < area->count; i++) {
            const struct quire_slot *record = &area->slot[i];

            free += record->state == QUIRE_SLOT_FREE;
            wrong += record->state == QUIRE_SLOT_FREE &&
                     (record->entries != 0 || record->frame != QUIRE_FRAME_NONE);
            wrong += record->state == QUIRE_SLOT_VALID && record->entries == 0;
            wrong += record->frame != QUIRE_FRAME_NONE &&
                     quire_frame_at(q, record->frame)->anonymous.slot != area->first + i;
        }
        wrong += free != area->free;
    }
    return wrong;
}
