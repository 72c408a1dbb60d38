/*
 * Objects: pages that files, mappings and several spaces share.
 *
 * Pages stand in a radix tree (object_tree.h). How a pager fills and cleans them, and how they go
 * when memory is short, is in object_pager.c; how a page leaves its mappings in object_mappings.c.
 *
 * Truncation against faults. A fault fetches a page first and installs it later, under its table's
 * lock. So a page leaves in this order: out of the tree, owner := NULL, then out of every mapping
 * under the table locks. A fault that holds the page checks owner under the table lock: it sees
 * NULL and starts over, or it was faster, and then the walk over the mappings finds its entry.
 *
 * Locking: object lock for tree, size and the list of regions; a region's bounds and offset do not
 * change while the lock is held. Table locks are taken inside it, never the other way round. Pagers
 * run without locks.
 *
 * Failure: a page that cannot be had (no memory, pager failure) leaves the tree without it; nodes
 * made on the way stay and are used later.
 */
#include "object.h"

#include <quire/commit.h>
#include <quire/heap.h>
#include <quire/hooks.h>

/* Each page of it is promised by itself. */
static bool charges_pages(const struct quire_object *object)
{
    return object->kind == QUIRE_OBJECT_MEMORY && object->reserved == 0;
}

void quire_object_remove_locked(struct quire_object *object, uint64_t index)
{
    void **place = quire_tree_place(object, index);

    if (quire_place_is_filling(*place))
        object->filling--;
    else if (quire_place_is_slot(*place))
        object->swapped--;
    else
        object->resident--;
    *place = NULL;
    if (charges_pages(object))
        quire_commit_add(object->q, -1);
}

/* ---- life ---- */

enum quire_status quire_object_create(struct quire *q, enum quire_object_kind kind,
                                      const struct quire_pager *pager, void *owner, uint64_t size,
                                      struct quire_object **out)
{
    struct quire_object *object;

    while ((object = quire_cache_alloc(q, q->object_cache)) == NULL) {
        if (!quire_reclaim(q, 1))
            return QUIRE_NO_MEMORY;
    }
    __builtin_memset(object, 0, sizeof(*object));
    object->q = q;
    object->references = 1;
    object->kind = (uint8_t)kind;
    object->size = size;
    object->pager = pager;
    object->owner = owner;
    quire_spin_init(&object->lock);

    quire_spin_lock(&q->list_lock);
    object->number = q->next_object++;
    object->next = q->objects;
    if (q->objects != NULL)
        q->objects->previous = object;
    q->objects = object;
    quire_spin_unlock(&q->list_lock);
    *out = object;
    return QUIRE_OK;
}

enum quire_status quire_object_reserve(struct quire_object *object, const struct quire_space *space)
{
    uint64_t pages = quire_page_up(object->size) >> QUIRE_PAGE_SHIFT;

    if (!quire_commit_charge(object->q, space, pages))
        return QUIRE_COMMIT_LIMIT;
    object->reserved = pages;
    return QUIRE_OK;
}

enum quire_status quire_object_create_device(struct quire *q, quire_phys physical, uint64_t size,
                                             enum quire_cache_mode mode, void *owner,
                                             struct quire_object **out)
{
    enum quire_status status;

    if (physical & (QUIRE_PAGE_SIZE - 1))
        return QUIRE_UNALIGNED;
    if (physical + size < physical)
        return QUIRE_OVERFLOW;
    if (physical + size > QUIRE_PHYS_LIMIT)
        return QUIRE_OUT_OF_RANGE;
    status = quire_object_create(q, QUIRE_OBJECT_DEVICE, NULL, owner, size, out);
    if (status == QUIRE_OK) {
        (*out)->device = physical;
        (*out)->cache_mode = (uint8_t)mode;
    }
    return status;
}

void quire_object_get(struct quire_object *object)
{
    quire_platform_point();
    __atomic_fetch_add(&object->references, 1, __ATOMIC_RELAXED);
}

bool quire_object_try_get(struct quire_object *object)
{
    uint32_t count = __atomic_load_n(&object->references, __ATOMIC_RELAXED);

    do {
        if (count == 0)
            return false;
        quire_platform_point();
    } while (!__atomic_compare_exchange_n(&object->references, &count, count + 1, false,
                                          __ATOMIC_ACQUIRE, __ATOMIC_RELAXED));
    return true;
}

struct quire_object *quire_object_hold_next(struct quire *q, uint32_t number)
{
    struct quire_object *found = NULL;

    quire_spin_lock(&q->list_lock);
    for (struct quire_object *object = q->objects; object != NULL; object = object->next)
        if (object->number >= number && object->kind != QUIRE_OBJECT_DEVICE &&
            (found == NULL || object->number < found->number) &&
            __atomic_load_n(&object->references, __ATOMIC_RELAXED) != 0)
            found = object;
    if (found != NULL && !quire_object_try_get(found))
        found = NULL; /* it went just now: the next step finds another */
    quire_spin_unlock(&q->list_lock);
    return found;
}

/* Pages [first, last] leave the tree and lose their owner. Mapped ones live on until their entries
 * go. */
static void drop_pages_locked(struct quire_object *object, uint64_t first, uint64_t last)
{
    struct quire *q = object->q;
    struct quire_frame *freed[QUIRE_GATHER_FRAMES];
    unsigned count = 0;
    uint64_t index = first;

    for (;;) {
        void *held = quire_tree_next(object, &index);
        struct quire_frame *frame = quire_place_frame(held);

        if (held == NULL || index > last)
            break;
        quire_object_remove_locked(object, index);
        if (quire_place_is_slot(held))
            quire_slot_put(q, quire_place_slot(held));
        else if (frame != NULL)
            __atomic_store_n(&frame->object.owner, NULL, __ATOMIC_RELEASE);
        if (frame != NULL && quire_frame_drop(frame)) {
            freed[count++] = frame;
            if (count == QUIRE_GATHER_FRAMES) {
                quire_frame_free_bulk(q, freed, count);
                count = 0;
            }
        }
        if (index == last)
            break;
        index++;
    }
    if (count > 0)
        quire_frame_free_bulk(q, freed, count);
    if (object->resident + object->swapped + object->filling == 0)
        quire_tree_free(object);
}

static void free_record(struct quire *q, struct quire_deferred *node)
{
    quire_cache_free(q, q->object_cache, (char *)node - offsetof(struct quire_object, deferred));
}

void quire_object_put(struct quire_object *object)
{
    struct quire *q = object->q;

    quire_platform_point();
    if (__atomic_sub_fetch(&object->references, 1, __ATOMIC_ACQ_REL) != 0)
        return;
    quire_spin_lock(&q->list_lock);
    if (object->previous != NULL)
        object->previous->next = object->next;
    else
        q->objects = object->next;
    if (object->next != NULL)
        object->next->previous = object->previous;
    quire_spin_unlock(&q->list_lock);

    quire_spin_lock(&object->lock);
    drop_pages_locked(object, 0, UINT64_MAX);
    quire_spin_unlock(&object->lock);
    if (object->reserved != 0)
        quire_commit_release(q, object->reserved);
    if (object->pager != NULL && object->pager->release != NULL)
        object->pager->release(object);
    quire_defer(q, &object->deferred, free_record);
}

/* ---- regions ---- */

void quire_object_link_locked(struct quire_object *object, struct quire_region *region,
                              struct quire_region *after)
{
    struct quire_region **link = after != NULL ? &after->object_next : &object->regions;

    region->object_previous = after;
    region->object_next = *link;
    if (*link != NULL)
        (*link)->object_previous = region;
    *link = region;
    object->writable_mappings += quire_region_may_write_object(region);
}

void quire_object_unlink_locked(struct quire_object *object, struct quire_region *region)
{
    if (region->object_previous != NULL)
        region->object_previous->object_next = region->object_next;
    else
        object->regions = region->object_next;
    if (region->object_next != NULL)
        region->object_next->object_previous = region->object_previous;
    object->writable_mappings -= quire_region_may_write_object(region);
}

void quire_object_unlink(struct quire_object *object, struct quire_region *region)
{
    quire_spin_lock(&object->lock);
    quire_object_unlink_locked(object, region);
    quire_spin_unlock(&object->lock);
}

void quire_object_set_flags(struct quire_region *region, uint32_t flags)
{
    struct quire_object *object = region->object;

    /* Faults read the flags without a lock. */
    if (object == NULL) {
        __atomic_store_n(&region->flags, flags, __ATOMIC_RELAXED);
        return;
    }
    quire_spin_lock(&object->lock);
    object->writable_mappings -= quire_region_may_write_object(region);
    __atomic_store_n(&region->flags, flags, __ATOMIC_RELAXED);
    object->writable_mappings += quire_region_may_write_object(region);
    quire_spin_unlock(&object->lock);
}

/* ---- pages ---- */

/* Put a filled frame into the tree; if another was faster, that one is the page. The caller's
 * reference is returned either way. */
static enum quire_status add_page(struct quire_object *object, uint64_t index, unsigned flags,
                                  struct quire_frame *frame, struct quire_frame **out)
{
    enum quire_status status = QUIRE_OK;
    struct quire_frame *unused = frame;
    void **place;

    quire_spin_lock(&object->lock);
    if (!(flags & QUIRE_OBJECT_ANY_INDEX) &&
        index >= quire_page_up(object->size) >> QUIRE_PAGE_SHIFT) {
        status = QUIRE_BEYOND_END;
    } else {
        place = quire_tree_make(object, index);
        if (place == NULL) {
            status = QUIRE_NO_MEMORY;
        } else if (*place != NULL && quire_place_frame(*place) == NULL) {
            status = QUIRE_RETRY; /* another was faster, and then it went out */
        } else if (*place != NULL) {
            *out = *place;
            quire_frame_get(*out);
        } else if (charges_pages(object) && !quire_commit_charge(object->q, NULL, 1)) {
            status = QUIRE_COMMIT_LIMIT;
        } else {
            frame->object.index = index;
            __atomic_store_n(&frame->object.owner, object, __ATOMIC_RELEASE);
            quire_frame_get(frame); /* the tree's */
            *place = frame;
            object->resident++;
            *out = frame;
            unused = NULL;
        }
    }
    quire_spin_unlock(&object->lock);
    if (unused != NULL)
        quire_frame_put(object->q, unused);
    return status;
}

/* A frame of the object's own with what a slot's frame holds; the reference is taken over. NULL: no
 * memory. */
static struct quire_frame *make_own(struct quire *q, struct quire_frame *frame)
{
    struct quire_frame *copy;

    if (quire_slot_take(q, frame)) {
        quire_frame_set_kind(q, frame, QUIRE_FRAME_OBJECT);
        return frame;
    }
    copy = quire_frame_alloc_one(q, QUIRE_FRAME_OBJECT, QUIRE_ALLOC_HIGH);
    if (copy != NULL) {
        void *target = quire_frame_map(q, copy), *source = quire_frame_map(q, frame);

        quire_platform_copy_page(target, source);
        quire_frame_unmap(q, frame, source);
        quire_frame_unmap(q, copy, target);
    }
    quire_page_put(q, frame);
    return copy;
}

/* A page that a slot holds comes back; QUIRE_RETRY: look again, it may be there now. */
static enum quire_status bring_back(struct quire_object *object, uint64_t index)
{
    struct quire *q = object->q;
    struct quire_frame *frame = NULL;
    enum quire_status status;
    void *held;

    quire_spin_lock(&object->lock);
    held = quire_tree_find(object, index);
    if (held != NULL && quire_place_is_slot(held))
        quire_slot_get(q, quire_place_slot(held));
    quire_spin_unlock(&object->lock);
    if (held == NULL || !quire_place_is_slot(held))
        return QUIRE_RETRY;

    status = quire_slot_read(q, quire_place_slot(held), &frame);
    if (status == QUIRE_OK) {
        frame = make_own(q, frame);
        status = frame != NULL ? QUIRE_RETRY : QUIRE_NO_MEMORY;
    }
    if (status == QUIRE_RETRY) {
        quire_spin_lock(&object->lock);
        if (quire_tree_find(object, index) == held) {
            frame->object.index = index;
            __atomic_store_n(&frame->object.owner, object, __ATOMIC_RELEASE);
            quire_frame_mark_dirty(frame);
            *quire_tree_place(object, index) = frame; /* our reference is the tree's */
            object->resident++;
            object->swapped--;
            frame = NULL;
        }
        quire_spin_unlock(&object->lock);
        if (frame == NULL)
            quire_slot_put(q, quire_place_slot(held)); /* the place's */
        else
            quire_frame_put(q, frame);
        quire_count_event(q, QUIRE_EVENT_SWAP_IN);
    }
    quire_slot_put(q, quire_place_slot(held));
    return status;
}

/* A page that is nowhere: zeros, or whatever the frame held before. */
static enum quire_status new_page(struct quire_object *object, uint64_t index, unsigned flags,
                                  struct quire_frame **out)
{
    unsigned zero = flags & QUIRE_OBJECT_OVERWRITE ? 0 : QUIRE_ALLOC_ZERO;
    struct quire_frame *frame =
        quire_frame_alloc_one(object->q, QUIRE_FRAME_OBJECT, zero | QUIRE_ALLOC_HIGH);

    if (frame == NULL)
        return QUIRE_NO_MEMORY;
    if (flags & QUIRE_OBJECT_AHEAD)
        __atomic_fetch_or(&frame->flags, QUIRE_FRAME_UNTOUCHED, __ATOMIC_RELAXED);
    return add_page(object, index, flags, frame, out);
}

/* Somebody brings the page; one that would be here if there were more memory, if he says so. */
static void wait_for_fill_locked(struct quire_object *object, const void *held)
{
    const struct quire_frame *frame = (void *)((uintptr_t)held & ~(uintptr_t)QUIRE_PLACE_TAGS);
    bool missed = frame->object.index != 0;

    if (missed)
        quire_hook_stall(object->q, true);
    quire_hook_sleep(object->q, &object->filling, &object->lock);
    if (missed)
        quire_hook_stall(object->q, false);
}

static enum quire_status try_page(struct quire_object *object, uint64_t index, unsigned flags,
                                  struct quire_frame **out, bool *waited)
{
    bool inside =
        index < quire_page_up(__atomic_load_n(&object->size, __ATOMIC_RELAXED)) >> QUIRE_PAGE_SHIFT;
    void *held;

    if (!inside && !(flags & QUIRE_OBJECT_ANY_INDEX))
        return QUIRE_BEYOND_END;
    quire_spin_lock(&object->lock);
    held = quire_tree_find(object, index);
    *out = quire_place_frame(held);
    if (*out != NULL) {
        quire_frame_get(*out);
        quire_object_note_hit(object);
    } else if (quire_place_is_filling(held) && !(flags & QUIRE_OBJECT_RESIDENT)) {
        wait_for_fill_locked(object, held);
        *waited = true;
    }
    quire_spin_unlock(&object->lock);
    if (*out != NULL)
        return QUIRE_OK;
    if (flags & QUIRE_OBJECT_RESIDENT)
        return QUIRE_NO_MAPPING;
    if (quire_place_is_filling(held))
        return QUIRE_RETRY;
    if (held != NULL) {
        *waited = true;
        return bring_back(object, index);
    }
    if (!(flags & QUIRE_OBJECT_ALLOCATE))
        return QUIRE_NO_MAPPING;
    if (inside && object->kind == QUIRE_OBJECT_PAGED && object->pager->fill != NULL &&
        !(flags & QUIRE_OBJECT_OVERWRITE)) {
        *waited = true;
        return quire_object_fill(object, index, flags, out);
    }
    return new_page(object, index, flags, out);
}

enum quire_status quire_object_fetch(struct quire_object *object, uint64_t index, unsigned flags,
                                     struct quire_frame **out, bool *waited)
{
    enum quire_status status;

    if (object->kind == QUIRE_OBJECT_DEVICE)
        return QUIRE_INVALID;
    if (index >= (uint64_t)1 << (64 - QUIRE_PAGE_SHIFT))
        return QUIRE_OVERFLOW;
    do
        status = try_page(object, index, flags, out, waited);
    while (status == QUIRE_RETRY || (status == QUIRE_NO_MEMORY && quire_reclaim(object->q, 2)));
    if (status == QUIRE_OK && !(flags & QUIRE_OBJECT_AHEAD))
        quire_frame_mark_accessed(*out);
    return status;
}

enum quire_status quire_object_page(struct quire_object *object, uint64_t index, unsigned flags,
                                    struct quire_frame **out)
{
    bool waited;

    return quire_object_fetch(object, index, flags, out, &waited);
}

/* The page is there, and was not only made ahead. */
static struct quire_frame *used_frame(void *held)
{
    struct quire_frame *frame = quire_place_frame(held);

    if (frame != NULL && (__atomic_load_n(&frame->flags, __ATOMIC_RELAXED) & QUIRE_FRAME_UNTOUCHED))
        return NULL;
    return frame;
}

bool quire_object_exists(struct quire_object *object, uint64_t index)
{
    bool exists;
    void *held;

    quire_spin_lock(&object->lock);
    held = quire_tree_find(object, index);
    exists = held != NULL && (quire_place_frame(held) == NULL || used_frame(held) != NULL);
    quire_spin_unlock(&object->lock);
    return exists;
}

size_t quire_object_pages(struct quire_object *object, uint64_t index, size_t n,
                          struct quire_frame **out)
{
    uint64_t end;
    size_t found = 0;

    quire_spin_lock(&object->lock);
    end = quire_page_up(object->size) >> QUIRE_PAGE_SHIFT;
    for (size_t i = 0; i < n;) {
        /* Neighbours mostly share the last node: one descent serves up to 64 pages. */
        uint64_t at = index + i;
        struct quire_node *node = object->tree;
        size_t run = QUIRE_NODE_SIZE - (at & (QUIRE_NODE_SIZE - 1));

        if (run > n - i)
            run = n - i;
        if (object->tree_height == 0 || !quire_tree_fits(object, at)) {
            for (size_t j = 0; j < run; j++) {
                out[i + j] = at + j < end ? used_frame(quire_tree_find(object, at + j)) : NULL;
                if (out[i + j] != NULL) {
                    quire_frame_get(out[i + j]);
                    found++;
                }
            }
            i += run;
            continue;
        }
        for (unsigned height = object->tree_height; height > 1 && node != NULL; height--)
            node = node->child[(at >> (QUIRE_NODE_BITS * (height - 1))) & (QUIRE_NODE_SIZE - 1)];
        for (size_t j = 0; j < run; j++) {
            struct quire_frame *frame = NULL;

            if (node != NULL && at + j < end)
                frame = used_frame(node->child[(at + j) & (QUIRE_NODE_SIZE - 1)]);
            if (frame != NULL) {
                quire_frame_get(frame);
                found++;
            }
            out[i + j] = frame;
        }
        i += run;
    }
    quire_spin_unlock(&object->lock);
    return found;
}

/* ---- truncation ---- */

/*
 * A page of which a part will be cut is had first: if it is out and cannot be brought back, nothing
 * has changed yet, and its end does not come to light when the object grows again. Who holds it
 * keeps it from leaving.
 */

/* The page that a cut at this offset goes through is there, and not held yet. One that is being
 * filled is nobody's business here: quire_object_end_io_locked() takes its place away. */
static bool misses_edge_locked(const struct quire_object *object, uint64_t offset,
                               const struct quire_frame *held)
{
    void *place;

    if ((offset & (QUIRE_PAGE_SIZE - 1)) == 0 || held != NULL)
        return false;
    place = quire_tree_find(object, offset >> QUIRE_PAGE_SHIFT);
    return place != NULL && !quire_place_is_filling(place);
}

/* Not locked. *out stays NULL if the page went meanwhile. */
static enum quire_status hold_edge(struct quire_object *object, uint64_t offset,
                                   struct quire_frame **out)
{
    enum quire_status status =
        quire_object_page(object, offset >> QUIRE_PAGE_SHIFT, QUIRE_OBJECT_ANY_INDEX, out);

    if (status != QUIRE_OK)
        *out = NULL;
    return status == QUIRE_NO_MAPPING ? QUIRE_OK : status;
}

/* Bytes [from, to) of a page that is held, or of none, are zeros. */
static void zero_part(const struct quire_object *object, const struct quire_frame *frame,
                      size_t from, size_t to)
{
    char *bytes;

    if (frame == NULL)
        return;
    bytes = quire_frame_map(object->q, frame);
    __builtin_memset(bytes + from, 0, to - from);
    quire_frame_unmap(object->q, frame, bytes);
}

static void release_edge(struct quire_object *object, struct quire_frame *frame)
{
    if (frame != NULL)
        quire_frame_put(object->q, frame);
}

/* What was put behind the old end may have been left out when the page was written back. */
static void note_growth_locked(struct quire_object *object, uint64_t old)
{
    struct quire_frame *frame = NULL;

    if (object->kind == QUIRE_OBJECT_PAGED && (old & (QUIRE_PAGE_SIZE - 1)) != 0)
        frame = quire_place_frame(quire_tree_find(object, old >> QUIRE_PAGE_SHIFT));
    if (frame != NULL)
        quire_frame_mark_dirty(frame);
}

enum quire_status quire_object_resize(struct quire_object *object, uint64_t size)
{
    uint64_t first = quire_page_up(size) >> QUIRE_PAGE_SHIFT;
    struct quire_frame *edge = NULL;
    uint64_t old;

    if (size > ~(uint64_t)0 - QUIRE_PAGE_SIZE) /* page_up would wrap: nothing lies beyond */
        first = (uint64_t)1 << (64 - QUIRE_PAGE_SHIFT);
    quire_spin_lock(&object->lock);
    while (size <= object->size && object->kind != QUIRE_OBJECT_DEVICE &&
           misses_edge_locked(object, size, edge)) {
        enum quire_status status;

        quire_spin_unlock(&object->lock);
        status = hold_edge(object, size, &edge);
        if (status != QUIRE_OK)
            return status;
        quire_spin_lock(&object->lock);
    }
    old = object->size;
    __atomic_store_n(&object->size, size, __ATOMIC_RELAXED);
    if (size > old) {
        note_growth_locked(object, old);
    } else if (object->kind != QUIRE_OBJECT_DEVICE) {
        drop_pages_locked(object, first, UINT64_MAX);
        quire_object_zap_locked(object, first, UINT64_MAX, false);
        quire_object_end_io_locked(object, size);
        zero_part(object, edge, size & (QUIRE_PAGE_SIZE - 1), QUIRE_PAGE_SIZE);
    }
    quire_spin_unlock(&object->lock);
    release_edge(object, edge);
    return QUIRE_OK;
}

enum quire_status quire_object_punch(struct quire_object *object, uint64_t start, uint64_t end)
{
    uint64_t first = quire_page_up(start) >> QUIRE_PAGE_SHIFT, after = end >> QUIRE_PAGE_SHIFT;
    size_t from = start & (QUIRE_PAGE_SIZE - 1), to = end & (QUIRE_PAGE_SIZE - 1);
    struct quire_frame *head = NULL, *tail = NULL;
    enum quire_status status = QUIRE_OK;

    if (start >= end || object->kind == QUIRE_OBJECT_DEVICE)
        return QUIRE_OK;
    quire_spin_lock(&object->lock);
    while (status == QUIRE_OK &&
           (misses_edge_locked(object, start, head) || misses_edge_locked(object, end, tail))) {
        bool at_start = misses_edge_locked(object, start, head);

        quire_spin_unlock(&object->lock);
        status = hold_edge(object, at_start ? start : end, at_start ? &head : &tail);
        quire_spin_lock(&object->lock);
    }
    if (status == QUIRE_OK && first < after) {
        drop_pages_locked(object, first, after - 1);
        quire_object_zap_locked(object, first, after - 1, true);
    }
    if (status == QUIRE_OK && first > after) { /* inside one page */
        zero_part(object, head, from, to);
    } else if (status == QUIRE_OK) {
        zero_part(object, head, from, QUIRE_PAGE_SIZE);
        zero_part(object, tail, 0, to);
    }
    quire_spin_unlock(&object->lock);
    release_edge(object, head);
    release_edge(object, tail);
    return status;
}

/* ---- slots ---- */

enum quire_status quire_object_drain(struct quire_object *object,
                                     const struct quire_slot_area *area)
{
    enum quire_status result = QUIRE_OK;

    for (uint64_t index = 0;; index++) {
        enum quire_status status;
        void *held;

        quire_spin_lock(&object->lock);
        while ((held = quire_tree_next(object, &index)) != NULL &&
               !(quire_place_is_slot(held) &&
                 quire_slot_area_of(object->q, quire_place_slot(held)) == area))
            index++;
        quire_spin_unlock(&object->lock);
        if (held == NULL)
            return result;
        do
            status = bring_back(object, index);
        while (status == QUIRE_NO_MEMORY && quire_reclaim(object->q, 2));
        if (status == QUIRE_NO_MEMORY)
            return status;
        if (status == QUIRE_IO_ERROR)
            result = status; /* the others can come nevertheless */
    }
}

void quire_object_count_slots(struct quire_object *object)
{
    uint64_t index = 0;

    for (void *held; (held = quire_tree_next(object, &index)) != NULL; index++)
        if (quire_place_is_slot(held))
            quire_slot_find(object->q, quire_place_slot(held))->seen++;
}

/* ---- content ---- */

enum quire_status quire_object_read(struct quire_object *object, uint64_t offset, void *buffer,
                                    size_t length, size_t *out_done)
{
    char *to = buffer;

    *out_done = 0;
    while (length > 0) {
        size_t in_page = offset & (QUIRE_PAGE_SIZE - 1);
        size_t part = QUIRE_PAGE_SIZE - in_page < length ? QUIRE_PAGE_SIZE - in_page : length;
        uint64_t size = __atomic_load_n(&object->size, __ATOMIC_RELAXED);
        struct quire_frame *frame;
        enum quire_status status;

        if (offset >= size)
            return QUIRE_OK;
        if (part > size - offset)
            part = (size_t)(size - offset);
        /* Holes of memory objects read as zeros without becoming pages. */
        status = quire_object_page(
            object, offset >> QUIRE_PAGE_SHIFT,
            object->pager != NULL && object->pager->fill != NULL ? QUIRE_OBJECT_ALLOCATE : 0,
            &frame);
        if (status == QUIRE_NO_MAPPING) {
            __builtin_memset(to, 0, part);
        } else if (status == QUIRE_OK) {
            char *bytes = quire_frame_map(object->q, frame);

            __builtin_memcpy(to, bytes + in_page, part);
            quire_frame_unmap(object->q, frame, bytes);
            quire_frame_put(object->q, frame);
        } else {
            return status == QUIRE_BEYOND_END ? QUIRE_OK : status;
        }
        to += part;
        offset += part;
        length -= part;
        *out_done += part;
    }
    return QUIRE_OK;
}

enum quire_status quire_object_write(struct quire_object *object, uint64_t offset,
                                     const void *buffer, size_t length, size_t *out_done)
{
    const char *from = buffer;

    *out_done = 0;
    if (offset + length < offset)
        return QUIRE_OVERFLOW;
    while (length > 0) {
        size_t in_page = offset & (QUIRE_PAGE_SIZE - 1);
        size_t part = QUIRE_PAGE_SIZE - in_page < length ? QUIRE_PAGE_SIZE - in_page : length;
        unsigned flags = QUIRE_OBJECT_ALLOCATE | QUIRE_OBJECT_ANY_INDEX;
        struct quire_frame *frame;
        enum quire_status status;
        char *bytes;

        status = quire_object_page(object, offset >> QUIRE_PAGE_SHIFT, flags, &frame);
        if (status != QUIRE_OK)
            return status;
        bytes = quire_frame_map(object->q, frame);
        __builtin_memcpy(bytes + in_page, from, part);
        quire_frame_unmap(object->q, frame, bytes);
        from += part;
        offset += part;
        length -= part;
        *out_done += part;
        if (offset > __atomic_load_n(&object->size, __ATOMIC_RELAXED)) {
            quire_spin_lock(&object->lock);
            if (offset > object->size)
                __atomic_store_n(&object->size, offset, __ATOMIC_RELAXED);
            quire_spin_unlock(&object->lock);
        }
        quire_frame_mark_dirty(frame);
        quire_frame_put(object->q, frame);
    }
    return QUIRE_OK;
}

unsigned quire_object_check(struct quire_object *object)
{
    uint64_t pages = 0, slots = 0, filling = 0, index = 0;
    unsigned wrong = 0;

    quire_spin_lock(&object->lock);
    for (void *held; (held = quire_tree_next(object, &index)) != NULL; index++) {
        struct quire_frame *frame = quire_place_frame(held);

        slots += quire_place_is_slot(held);
        filling += quire_place_is_filling(held);
        if (frame == NULL)
            continue;
        pages++;
        wrong += frame->kind != QUIRE_FRAME_OBJECT || frame->object.owner != object ||
                 frame->object.index != index;
    }
    wrong += pages != object->resident || slots != object->swapped || filling != object->filling;
    for (const struct quire_region *region = object->regions; region != NULL;
         region = region->object_next)
        wrong += region->object != object;
    quire_spin_unlock(&object->lock);
    return wrong;
}
