/*
 * Objects: pages that files, mappings and several spaces share.
 *
 * Resident pages stand in a radix tree: nodes of 64 pointers, 6 bits of the index each, as many
 * levels as the largest index needs (height 0: the root is page 0's frame itself). Nodes have no
 * counts: they go when the last page has left. A memory object's page that went out to a slot
 * leaves the slot's number in its place, marked by the lowest bit; that place counts as one of the
 * slot's entries.
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
#include "region.h"

#include <quire/commit.h>
#include <quire/heap.h>
#include <quire/hooks.h>

#define NODE_BITS  6
#define NODE_SIZE  (1u << NODE_BITS)
#define MAX_HEIGHT 9 /* 54 bits of page index: more than a 64-bit size has */

struct node {
    void *child[NODE_SIZE];
};

/* ---- the tree, with the object locked ---- */

static bool fits(const struct quire_object *object, uint64_t index)
{
    return (index >> (NODE_BITS * object->tree_height)) == 0;
}

/* A place holds nothing, a frame, or the number of a slot. */
static bool holds_slot(const void *place)
{
    return ((uintptr_t)place & 1) != 0;
}

static uint64_t slot_in(const void *place)
{
    return (uintptr_t)place >> 1;
}

static void *place_of_slot(uint64_t slot)
{
    return (void *)((uintptr_t)slot << 1 | 1);
}

static struct quire_frame *frame_in(void *place)
{
    return holds_slot(place) ? NULL : place;
}

/* What the place of a page holds. */
static void *find_place(const struct quire_object *object, uint64_t index)
{
    void *at = object->tree;

    if (!fits(object, index))
        return NULL;
    for (unsigned height = object->tree_height; height > 0 && at != NULL; height--)
        at = ((struct node *)at)->child[(index >> (NODE_BITS * (height - 1))) & (NODE_SIZE - 1)];
    return at;
}

static struct quire_frame *find_page(const struct quire_object *object, uint64_t index)
{
    return frame_in(find_place(object, index));
}

static struct node *new_node(struct quire *q)
{
    struct node *node = quire_cache_alloc(q, q->node_cache);

    if (node != NULL)
        __builtin_memset(node, 0, sizeof(*node));
    return node;
}

/* The place of a page, nodes made on the way; NULL: no memory. */
static void **make_place(struct quire_object *object, uint64_t index)
{
    void **place = &object->tree;

    while (!fits(object, index)) {
        if (object->tree != NULL) {
            struct node *root = new_node(object->q);

            if (root == NULL)
                return NULL;
            root->child[0] = object->tree;
            object->tree = root;
        }
        object->tree_height++;
    }
    for (unsigned height = object->tree_height; height > 0; height--) {
        if (*place == NULL) {
            *place = new_node(object->q);
            if (*place == NULL)
                return NULL;
        }
        place = &((struct node *)*place)
                     ->child[(index >> (NODE_BITS * (height - 1))) & (NODE_SIZE - 1)];
    }
    return place;
}

/* What the first place that holds something holds, at or above *index, which is stored; NULL: none.
 * Skips what has no nodes. */
static void *next_place(const struct quire_object *object, uint64_t *index)
{
    while (fits(object, *index)) {
        void *at = object->tree;
        unsigned height = object->tree_height;

        while (at != NULL && height > 0) {
            height--;
            at = ((struct node *)at)->child[(*index >> (NODE_BITS * height)) & (NODE_SIZE - 1)];
        }
        if (at != NULL)
            return at;
        /* `height` levels below are missing: go on behind them. */
        *index = ((*index >> (NODE_BITS * height)) + 1) << (NODE_BITS * height);
    }
    return NULL;
}

/* Free every node; the pages have been taken out. */
static void free_nodes(struct quire_object *object)
{
    struct node *path[MAX_HEIGHT + 2];
    unsigned index[MAX_HEIGHT + 2];
    unsigned depth = 0;

    if (object->tree_height > 0 && object->tree != NULL) {
        path[0] = object->tree;
        index[0] = 0;
        for (;;) {
            bool leaf = depth + 1 == object->tree_height;

            if (leaf || index[depth] == NODE_SIZE) {
                quire_cache_free(object->q, object->q->node_cache, path[depth]);
                if (depth == 0)
                    break;
                depth--;
            } else {
                struct node *child = path[depth]->child[index[depth]++];

                if (child != NULL) {
                    path[++depth] = child;
                    index[depth] = 0;
                }
            }
        }
    }
    object->tree = NULL;
    object->tree_height = 0;
}

/* Each page of it is promised by itself. */
static bool charges_pages(const struct quire_object *object)
{
    return object->kind == QUIRE_OBJECT_MEMORY && object->reserved == 0;
}

/* The place of a page that is there. */
static void **known_place(struct quire_object *object, uint64_t index)
{
    void **place = &object->tree;

    for (unsigned height = object->tree_height; height > 0; height--)
        place = &((struct node *)*place)
                     ->child[(index >> (NODE_BITS * (height - 1))) & (NODE_SIZE - 1)];
    return place;
}

static void remove_page(struct quire_object *object, uint64_t index)
{
    void **place = known_place(object, index);

    if (holds_slot(*place))
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

/* Pages [first, last] leave the tree and lose their owner. Mapped ones live on until their entries
 * go. */
static void drop_pages_locked(struct quire_object *object, uint64_t first, uint64_t last)
{
    struct quire *q = object->q;
    struct quire_frame *freed[QUIRE_GATHER_FRAMES];
    unsigned count = 0;
    uint64_t index = first;

    for (;;) {
        void *held = next_place(object, &index);
        struct quire_frame *frame = frame_in(held);

        if (held == NULL || index > last)
            break;
        remove_page(object, index);
        if (frame == NULL)
            quire_slot_put(q, slot_in(held));
        else
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
    if (object->resident + object->swapped == 0)
        free_nodes(object);
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

static bool counts_as_writable(const struct quire_region *region)
{
    return (region->flags & QUIRE_REGION_SHARED) &&
           (region->flags & (QUIRE_PROT_WRITE | QUIRE_REGION_MAY_WRITE));
}

void quire_object_link_locked(struct quire_object *object, struct quire_region *region,
                              struct quire_region *after)
{
    struct quire_region **link = after != NULL ? &after->object_next : &object->regions;

    region->object_previous = after;
    region->object_next = *link;
    if (*link != NULL)
        (*link)->object_previous = region;
    *link = region;
    object->writable_mappings += counts_as_writable(region);
}

void quire_object_unlink_locked(struct quire_object *object, struct quire_region *region)
{
    if (region->object_previous != NULL)
        region->object_previous->object_next = region->object_next;
    else
        object->regions = region->object_next;
    if (region->object_next != NULL)
        region->object_next->object_previous = region->object_previous;
    object->writable_mappings -= counts_as_writable(region);
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
    object->writable_mappings -= counts_as_writable(region);
    __atomic_store_n(&region->flags, flags, __ATOMIC_RELAXED);
    object->writable_mappings += counts_as_writable(region);
    quire_spin_unlock(&object->lock);
}

/* ---- pages ---- */

static struct quire_frame *get_resident(struct quire_object *object, uint64_t index)
{
    struct quire_frame *frame;

    quire_spin_lock(&object->lock);
    frame = find_page(object, index);
    if (frame != NULL)
        quire_frame_get(frame);
    quire_spin_unlock(&object->lock);
    return frame;
}

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
        place = make_place(object, index);
        if (place == NULL) {
            status = QUIRE_NO_MEMORY;
        } else if (holds_slot(*place)) {
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
    held = find_place(object, index);
    if (held != NULL && holds_slot(held))
        quire_slot_get(q, slot_in(held));
    quire_spin_unlock(&object->lock);
    if (held == NULL || !holds_slot(held))
        return QUIRE_RETRY;

    status = quire_slot_read(q, slot_in(held), &frame);
    if (status == QUIRE_OK) {
        frame = make_own(q, frame);
        status = frame != NULL ? QUIRE_RETRY : QUIRE_NO_MEMORY;
    }
    if (status == QUIRE_RETRY) {
        quire_spin_lock(&object->lock);
        if (find_place(object, index) == held) {
            frame->object.index = index;
            __atomic_store_n(&frame->object.owner, object, __ATOMIC_RELEASE);
            quire_frame_mark_dirty(frame);
            *known_place(object, index) = frame; /* our reference is the tree's */
            object->resident++;
            object->swapped--;
            frame = NULL;
        }
        quire_spin_unlock(&object->lock);
        if (frame == NULL)
            quire_slot_put(q, slot_in(held)); /* the place's */
        else
            quire_frame_put(q, frame);
        quire_count_event(q, QUIRE_EVENT_SWAP_IN);
    }
    quire_slot_put(q, slot_in(held));
    return status;
}

static bool is_out(struct quire_object *object, uint64_t index)
{
    bool out;

    if (__atomic_load_n(&object->swapped, __ATOMIC_RELAXED) == 0)
        return false;
    quire_spin_lock(&object->lock);
    out = holds_slot(find_place(object, index));
    quire_spin_unlock(&object->lock);
    return out;
}

static enum quire_status try_page(struct quire_object *object, uint64_t index, unsigned flags,
                                  struct quire_frame **out)
{
    bool from_pager =
        object->pager != NULL && object->pager->fill != NULL && !(flags & QUIRE_OBJECT_OVERWRITE);
    unsigned zero = from_pager || (flags & QUIRE_OBJECT_OVERWRITE) ? 0 : QUIRE_ALLOC_ZERO;
    struct quire_frame *frame;

    if (!(flags & QUIRE_OBJECT_ANY_INDEX) &&
        index >= quire_page_up(__atomic_load_n(&object->size, __ATOMIC_RELAXED)) >>
            QUIRE_PAGE_SHIFT)
        return QUIRE_BEYOND_END;
    *out = get_resident(object, index);
    if (*out != NULL)
        return QUIRE_OK;
    if (!(flags & QUIRE_OBJECT_RESIDENT) && is_out(object, index))
        return bring_back(object, index);
    if (!(flags & QUIRE_OBJECT_ALLOCATE))
        return QUIRE_NO_MAPPING;
    frame = quire_frame_alloc_one(object->q, QUIRE_FRAME_OBJECT, zero | QUIRE_ALLOC_HIGH);
    if (frame == NULL)
        return QUIRE_NO_MEMORY;
    if (from_pager) {
        enum quire_status status = object->pager->fill(object, index, frame);

        if (status != QUIRE_OK) {
            quire_frame_put(object->q, frame);
            return status;
        }
    }
    return add_page(object, index, flags, frame, out);
}

enum quire_status quire_object_page(struct quire_object *object, uint64_t index, unsigned flags,
                                    struct quire_frame **out)
{
    enum quire_status status;

    if (object->kind == QUIRE_OBJECT_DEVICE)
        return QUIRE_INVALID;
    if (index >= (uint64_t)1 << (64 - QUIRE_PAGE_SHIFT))
        return QUIRE_OVERFLOW;
    do
        status = try_page(object, index, flags, out);
    while (status == QUIRE_RETRY || (status == QUIRE_NO_MEMORY && quire_reclaim(object->q, 2)));
    if (status == QUIRE_OK)
        quire_frame_mark_accessed(*out);
    return status;
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
        struct node *node = object->tree;
        size_t run = NODE_SIZE - (at & (NODE_SIZE - 1));

        if (run > n - i)
            run = n - i;
        if (object->tree_height == 0 || !fits(object, at)) {
            for (size_t j = 0; j < run; j++) {
                out[i + j] = at + j < end ? find_page(object, at + j) : NULL;
                if (out[i + j] != NULL) {
                    quire_frame_get(out[i + j]);
                    found++;
                }
            }
            i += run;
            continue;
        }
        for (unsigned height = object->tree_height; height > 1 && node != NULL; height--)
            node = node->child[(at >> (NODE_BITS * (height - 1))) & (NODE_SIZE - 1)];
        for (size_t j = 0; j < run; j++) {
            struct quire_frame *frame = NULL;

            if (node != NULL && at + j < end)
                frame = frame_in(node->child[(at + j) & (NODE_SIZE - 1)]);
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

/* Entries of pages [first, last] leave one region's tables. */
static void zap_region_locked(struct quire_gather *gather, const struct quire_region *region,
                              uint64_t first, uint64_t last, bool keep_anonymous)
{
    struct quire_space *space = region->space;
    uint64_t region_last = region->offset + (quire_region_length(region) >> QUIRE_PAGE_SHIFT) - 1;
    quire_virt at = region->range.start, end = region->range.end;

    if (first > region_last || last < region->offset)
        return;
    if (first > region->offset)
        at += (quire_virt)(first - region->offset) << QUIRE_PAGE_SHIFT;
    if (last < region_last)
        end -= (quire_virt)(region_last - last) << QUIRE_PAGE_SHIFT;
    while (at < end) {
        quire_virt next = (at & ~(QUIRE_LEAF_SPAN - 1)) + QUIRE_LEAF_SPAN;
        struct quire_leaf leaf;

        if (quire_leaf_find(space->q, &space->table, at, &leaf)) {
            quire_virt stop = next < end ? next : end;

            quire_spin_lock(&leaf.table->table.lock);
            if (!quire_leaf_valid_locked(&leaf)) {
                /* A fault put a copy in the place of a shared table: that one holds the entries. */
                quire_spin_unlock(&leaf.table->table.lock);
                continue;
            }
            if (__atomic_load_n(&leaf.table->count, __ATOMIC_RELAXED) > 1)
                gather->every_space = true;
            quire_zap_entries_locked(gather, leaf.table, quire_level_index(at, 1),
                                     quire_level_index(stop - 1, 1) + 1, at, keep_anonymous);
            quire_spin_unlock(&leaf.table->table.lock);
        } else {
            next = quire_table_skip(space->q, &space->table, at & ~(QUIRE_LEAF_SPAN - 1)) +
                   QUIRE_LEAF_SPAN;
        }
        at = next;
    }
}

static void zap_mappings_locked(struct quire_object *object, uint64_t first, uint64_t last,
                                bool keep_anonymous)
{
    for (struct quire_region *region = object->regions; region != NULL;
         region = region->object_next) {
        struct quire_gather gather;

        quire_gather_init(&gather, object->q, region->space);
        zap_region_locked(&gather, region, first, last, keep_anonymous);
        quire_gather_flush(&gather);
        quire_gather_note(&gather);
    }
}

/* Zero bytes [from, to) of one page, if it is resident. */
static void zero_part(struct quire_object *object, uint64_t index, size_t from, size_t to)
{
    struct quire_frame *frame;
    char *bytes;

    /* A page that cannot be read back is lost, and nobody will see its end. */
    if (quire_object_page(object, index, QUIRE_OBJECT_ANY_INDEX, &frame) != QUIRE_OK)
        return;
    bytes = quire_frame_map(object->q, frame);
    __builtin_memset(bytes + from, 0, to - from);
    quire_frame_unmap(object->q, frame, bytes);
    quire_frame_put(object->q, frame);
}

void quire_object_resize(struct quire_object *object, uint64_t size)
{
    uint64_t first = quire_page_up(size) >> QUIRE_PAGE_SHIFT;
    uint64_t old;

    if (size > ~(uint64_t)0 - QUIRE_PAGE_SIZE) /* page_up would wrap: nothing lies beyond */
        first = (uint64_t)1 << (64 - QUIRE_PAGE_SHIFT);
    quire_spin_lock(&object->lock);
    old = object->size;
    __atomic_store_n(&object->size, size, __ATOMIC_RELAXED);
    if (size <= old && object->kind != QUIRE_OBJECT_DEVICE) {
        drop_pages_locked(object, first, UINT64_MAX);
        zap_mappings_locked(object, first, UINT64_MAX, false);
    }
    quire_spin_unlock(&object->lock);
    if (size <= old && (size & (QUIRE_PAGE_SIZE - 1)) != 0 && object->kind != QUIRE_OBJECT_DEVICE)
        zero_part(object, size >> QUIRE_PAGE_SHIFT, size & (QUIRE_PAGE_SIZE - 1), QUIRE_PAGE_SIZE);
}

void quire_object_punch(struct quire_object *object, uint64_t start, uint64_t end)
{
    uint64_t first = quire_page_up(start) >> QUIRE_PAGE_SHIFT, after = end >> QUIRE_PAGE_SHIFT;

    if (start >= end || object->kind == QUIRE_OBJECT_DEVICE)
        return;
    if (first < after) {
        quire_spin_lock(&object->lock);
        drop_pages_locked(object, first, after - 1);
        zap_mappings_locked(object, first, after - 1, true);
        quire_spin_unlock(&object->lock);
    }
    if (first > after) { /* inside one page */
        zero_part(object, after, start & (QUIRE_PAGE_SIZE - 1), end & (QUIRE_PAGE_SIZE - 1));
        return;
    }
    if (start & (QUIRE_PAGE_SIZE - 1))
        zero_part(object, first - 1, start & (QUIRE_PAGE_SIZE - 1), QUIRE_PAGE_SIZE);
    if (end & (QUIRE_PAGE_SIZE - 1))
        zero_part(object, after, 0, end & (QUIRE_PAGE_SIZE - 1));
}

/* ---- going out ---- */

/* The page at a place that holds a frame goes, if it can: see table.h. */
static bool take_page_locked(struct quire_object *object, uint64_t index, void **place,
                             bool *no_slots, uint64_t *out_slot)
{
    struct quire *q = object->q;
    struct quire_frame *frame = *place;

    *out_slot = 0;
    if (object->kind == QUIRE_OBJECT_MEMORY) {
        if (*no_slots)
            return false;
        __atomic_store_n(&frame->object.owner, NULL, __ATOMIC_RELAXED);
        frame->object.index = 0;
        quire_frame_set_kind(q, frame, QUIRE_FRAME_ANONYMOUS);
        *out_slot = quire_slot_alloc(q, frame);
        if (*out_slot == 0) {
            *no_slots = true;
            quire_frame_set_kind(q, frame, QUIRE_FRAME_OBJECT);
            frame->object.index = index;
            __atomic_store_n(&frame->object.owner, object, __ATOMIC_RELEASE);
            return false;
        }
        quire_slot_get(q, *out_slot);
        *place = place_of_slot(*out_slot);
        object->resident--;
        object->swapped++;
        quire_count_event(q, QUIRE_EVENT_SWAP_OUT);
        return true;
    }
    if (__atomic_load_n(&frame->flags, __ATOMIC_RELAXED) & QUIRE_FRAME_DIRTY)
        return false;
    remove_page(object, index);
    __atomic_store_n(&frame->object.owner, NULL, __ATOMIC_RELEASE);
    return true;
}

bool quire_object_take_pages(struct quire_object *object, uint64_t *index, unsigned n,
                             bool (*ask)(void *context, struct quire_frame *frame), void *context,
                             bool *no_slots, struct quire_frame **frames, uint64_t *slots,
                             unsigned *out_count)
{
    unsigned looks = 4 * n;
    void *held = NULL;

    *out_count = 0;
    quire_spin_lock(&object->lock);
    while (*out_count < n && looks-- > 0 && (held = next_place(object, index)) != NULL) {
        struct quire_frame *frame = frame_in(held);

        /* Count 1: the tree's own reference; others come only under this lock. */
        if (frame != NULL && __atomic_load_n(&frame->count, __ATOMIC_ACQUIRE) == 1 &&
            ask(context, frame) &&
            take_page_locked(object, *index, known_place(object, *index), no_slots,
                             &slots[*out_count]))
            frames[(*out_count)++] = frame;
        ++*index;
    }
    quire_spin_unlock(&object->lock);
    return held != NULL;
}

enum quire_status quire_object_drain(struct quire_object *object,
                                     const struct quire_slot_area *area)
{
    enum quire_status result = QUIRE_OK;

    for (uint64_t index = 0;; index++) {
        enum quire_status status;
        void *held;

        quire_spin_lock(&object->lock);
        while ((held = next_place(object, &index)) != NULL &&
               !(holds_slot(held) && quire_slot_area_of(object->q, slot_in(held)) == area))
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

    for (void *held; (held = next_place(object, &index)) != NULL; index++)
        if (holds_slot(held))
            quire_slot_find(object->q, slot_in(held))->seen++;
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
        quire_frame_gather_dirty(frame, QUIRE_ENTRY_DIRTY);
        quire_frame_put(object->q, frame);
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
    }
    return QUIRE_OK;
}

unsigned quire_object_check(struct quire_object *object)
{
    uint64_t pages = 0, slots = 0, index = 0;
    unsigned wrong = 0;

    quire_spin_lock(&object->lock);
    for (void *held; (held = next_place(object, &index)) != NULL; index++) {
        struct quire_frame *frame = frame_in(held);

        slots += frame == NULL;
        if (frame == NULL)
            continue;
        pages++;
        wrong += frame->kind != QUIRE_FRAME_OBJECT || frame->object.owner != object ||
                 frame->object.index != index;
    }
    wrong += pages != object->resident || slots != object->swapped;
    for (const struct quire_region *region = object->regions; region != NULL;
         region = region->object_next)
        wrong += region->object != object;
    quire_spin_unlock(&object->lock);
    return wrong;
}
