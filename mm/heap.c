/*
 * Layer 2: the heap, a slab allocator (Bonwick, "The Slab Allocator", USENIX 1994).
 *
 * Concepts. A cache hands out objects of one size. Its memory comes as slabs: a block of frames cut
 * into objects. Each CPU has a list of free objects per cache, linked through the objects' first
 * word: alloc and free are a pop and a push on one line of that CPU's own. An empty list is filled
 * with a batch from the slabs, a full one gives a batch back, both under the cache's lock.
 *
 *     quire_cache_alloc ── list of this CPU ── batch ── slabs: partial → empty → new from frames
 *
 * The state of a slab is in its first frame's record: cache, objects in use, first free object as a
 * byte offset, and the links of the list it is on: PARTIAL  some objects free      FULL  none free
 * EMPTY  all free, kept for the next batch The frames behind the first only name the cache. A slab
 * starts at a multiple of its size, so any object leads to its frame, that to the cache, and both
 * to the slab's first frame.
 *
 * Sizes up to a page are served by general caches (below). What is larger is a run of frames of
 * exactly that many pages, whose record has no cache and says how many bytes.
 *
 * Invariants, with the cache's lock free:
 *  - used = objects handed out + objects in CPU lists, over the slabs of a cache.
 *  - used == 0 exactly on list EMPTY, used == per_slab exactly on list FULL.
 *
 * Locking: cache->lock for slabs and lists, q->heap.lock for the list of caches; the latter is the
 * outer. CPU lists belong to their CPU. Frames are allocated and freed with the cache's lock held
 * (order: heap cache → zone).
 *
 * Failure: an allocation that fails has changed nothing but where free objects lie.
 *
 * Debug builds add to each object a red zone that holds its state, fill free objects with a pattern
 * and check both: freeing twice, writing past the end and writing after freeing all panic with
 * their name.
 */

#include <quire/frame.h>
#include <quire/heap.h>
#include <quire/hooks.h>

#include "frame_internal.h"
#include "heap_internal.h"

#define NO_OBJECT UINT32_MAX

/* Empty slabs that a cache keeps; more go back to the frames. */
#define KEEP_EMPTY 1

enum slab_list { SLAB_PARTIAL, SLAB_FULL, SLAB_EMPTY, SLAB_LIST_COUNT };

/* What one CPU touches of a cache: a line of its own. */
struct cpu_list {
    void *free;     /* (p) first free object; each begins with the pointer to the next */
    uint32_t count; /* (p) */
} __attribute__((aligned(QUIRE_CACHE_LINE)));

struct quire_cache {
    const char *name;
    uint32_t size;      /* (c) bytes that the user may use */
    uint32_t stride;    /* (c) bytes from one object to the next */
    uint32_t per_slab;  /* (c) */
    uint32_t alignment; /* (c) */
    uint16_t order;     /* (c) a slab is 2^order frames */
    uint16_t batch;     /* (c) objects that move between a CPU's list and the slabs at a time */
    uint16_t keep;      /* (c) objects that a CPU's list may hold */
    struct quire_spinlock lock;
    uint32_t list[SLAB_LIST_COUNT];  /* (lock) first slab of each list, QUIRE_FRAME_NONE: none */
    uint32_t slabs[SLAB_LIST_COUNT]; /* (lock) lengths */
    uint64_t used;                   /* (lock) sum over the slabs */
    struct quire_cache *next, *previous; /* (heap lock) */
    struct cpu_list cpu[];
};

/*
 * Sizes of the general caches: steps of 16 up to 128, quarters of a power of two up to 512, then
 * what divides a page (4096 / 7, / 6, ...) rounded down to 16: no slab of theirs needs more than
 * one frame, and none wastes more than 64 bytes of it.
 */
static const uint16_t class_size[QUIRE_HEAP_CLASSES] = {
    16,  32,  48,  64,  80,  96,  112, 128,  160,  192,  224,  256,
    320, 384, 448, 512, 576, 672, 816, 1024, 1360, 2048, 4096,
};

static const char *const class_name[QUIRE_HEAP_CLASSES] = {
    "heap-16",  "heap-32",   "heap-48",   "heap-64",   "heap-80",   "heap-96",
    "heap-112", "heap-128",  "heap-160",  "heap-192",  "heap-224",  "heap-256",
    "heap-320", "heap-384",  "heap-448",  "heap-512",  "heap-576",  "heap-672",
    "heap-816", "heap-1024", "heap-1360", "heap-2048", "heap-4096",
};

/* Class of a size up to 1024, indexed by (size - 1) / 16. */
static const uint8_t small_class[64] = {
    0,  1,  2,  3,  4,  5,  6,  7,  8,  8,  9,  9,  10, 10, 11, 11, 12, 12, 12, 12, 13, 13,
    13, 13, 14, 14, 14, 14, 15, 15, 15, 15, 16, 16, 16, 16, 17, 17, 17, 17, 17, 17, 18, 18,
    18, 18, 18, 18, 18, 18, 18, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 19,
};

#define SMALL_LIMIT 1024
#define CLASS_LIMIT 4096

QUIRE_INLINE unsigned class_of(size_t size)
{
    if (QUIRE_LIKELY(size <= SMALL_LIMIT))
        return small_class[(size - 1) >> 4];
    if (size <= 1360)
        return 20;
    return size <= 2048 ? 21 : 22;
}

QUIRE_INLINE bool uses_slabs(const struct quire *q)
{
    return q->heap.manager->alloc == NULL;
}

/* ---- red zones and poison (debug builds) ---- */

#if QUIRE_DEBUG

/* Behind each object: padding with QUIRE_HEAP_RED, then a word that says whether the object is out.
 */
#define RED_BYTES  16
#define STATE_OUT  0x4f55545f4f424aull
#define STATE_FREE 0x465245455f4f42ull

static uint64_t *object_state(const struct quire_cache *cache, void *object)
{
    return (uint64_t *)(void *)((char *)object + cache->stride - sizeof(uint64_t));
}

static size_t red_length(const struct quire_cache *cache)
{
    return cache->stride - cache->size - sizeof(uint64_t);
}

/* A free object holds its link in the first word and the pattern behind it. */
static void mark_free(const struct quire_cache *cache, void *object)
{
    if (cache->size > sizeof(void *))
        __builtin_memset((char *)object + sizeof(void *), QUIRE_HEAP_POISON,
                         cache->size - sizeof(void *));
    __builtin_memset((char *)object + cache->size, QUIRE_HEAP_RED, red_length(cache));
    *object_state(cache, object) = STATE_FREE;
}

static void mark_out(struct quire *q, const struct quire_cache *cache, void *object)
{
    if (*object_state(cache, object) != STATE_FREE)
        quire_hook_panic(q, "heap: a free object's red zone was overwritten");
    if (cache->size > sizeof(void *) &&
        !quire_bytes_are((char *)object + sizeof(void *), cache->size - sizeof(void *),
                         QUIRE_HEAP_POISON))
        quire_hook_panic(q, "heap: an object was written to after it was freed");
    __builtin_memset(object, QUIRE_HEAP_POISON, sizeof(void *));
    *object_state(cache, object) = STATE_OUT;
}

static void check_out(struct quire *q, const struct quire_cache *cache, void *object)
{
    size_t slab_bytes = QUIRE_PAGE_SIZE << cache->order;
    size_t offset = (size_t)quire_platform_direct_phys(q, object) & (slab_bytes - 1);

    if (uses_slabs(q) && (offset % cache->stride != 0 || offset / cache->stride >= cache->per_slab))
        quire_hook_panic(q, "heap: freeing a pointer into the middle of an object");
    if (*object_state(cache, object) == STATE_FREE)
        quire_hook_panic(q, "heap: an object was freed twice");
    if (*object_state(cache, object) != STATE_OUT ||
        !quire_bytes_are((char *)object + cache->size, red_length(cache), QUIRE_HEAP_RED))
        quire_hook_panic(q, "heap: the memory behind an object was written to");
    mark_free(cache, object);
}

#else

#define RED_BYTES 0

QUIRE_INLINE void mark_free(const struct quire_cache *cache, void *object)
{
    (void)cache;
    (void)object;
}

QUIRE_INLINE void mark_out(struct quire *q, const struct quire_cache *cache, void *object)
{
    (void)q;
    (void)cache;
    (void)object;
}

QUIRE_INLINE void check_out(struct quire *q, const struct quire_cache *cache, void *object)
{
    (void)q;
    (void)cache;
    (void)object;
}

#endif

/* ---- slabs ---- */

QUIRE_INLINE struct quire_frame *frame_of_block(struct quire *q, const void *block)
{
    return quire_frame_find(q, quire_platform_direct_phys(q, block));
}

QUIRE_INLINE void **link_of(void *object)
{
    return object;
}

static uint32_t slab_mask(const struct quire_cache *cache)
{
    return ((uint32_t)1 << cache->order) - 1;
}

static void slab_push(struct quire *q, struct quire_cache *cache, struct quire_frame *slab,
                      enum slab_list list)
{
    uint32_t number = quire_frame_number(q, slab), next = cache->list[list];

    slab->slab.list = (uint16_t)list;
    slab->slab.next = next;
    slab->slab.previous = QUIRE_FRAME_NONE;
    if (next != QUIRE_FRAME_NONE)
        quire_frame_at(q, next)->slab.previous = number;
    cache->list[list] = number;
    cache->slabs[list]++;
}

static void slab_remove(struct quire *q, struct quire_cache *cache, struct quire_frame *slab)
{
    uint32_t next = slab->slab.next, previous = slab->slab.previous;

    if (next != QUIRE_FRAME_NONE)
        quire_frame_at(q, next)->slab.previous = previous;
    if (previous != QUIRE_FRAME_NONE)
        quire_frame_at(q, previous)->slab.next = next;
    else
        cache->list[slab->slab.list] = next;
    cache->slabs[slab->slab.list]--;
}

static void slab_move(struct quire *q, struct quire_cache *cache, struct quire_frame *slab)
{
    enum slab_list list = SLAB_PARTIAL;

    if (slab->slab.used == 0)
        list = SLAB_EMPTY;
    else if (slab->slab.used == cache->per_slab)
        list = SLAB_FULL;
    if (list == (enum slab_list)slab->slab.list)
        return;
    slab_remove(q, cache, slab);
    slab_push(q, cache, slab, list);
}

static struct quire_frame *slab_create_locked(struct quire *q, struct quire_cache *cache)
{
    struct quire_frame *slab = quire_frame_alloc(q, cache->order, QUIRE_FRAME_HEAP, 0);
    char *bytes;

    if (slab == NULL)
        return NULL;
    bytes = quire_frame_direct(q, slab);
    for (uint32_t i = 0; i <= slab_mask(cache); i++)
        slab[i].slab.cache = cache;
    for (uint32_t i = 0; i < cache->per_slab; i++) {
        char *object = bytes + (size_t)i * cache->stride;

        mark_free(cache, object);
        *link_of(object) = i + 1 < cache->per_slab ? object + cache->stride : NULL;
    }
    slab->slab.free = 0;
    slab_push(q, cache, slab, SLAB_EMPTY);
    return slab;
}

static void slab_destroy_locked(struct quire *q, struct quire_cache *cache,
                                struct quire_frame *slab)
{
    slab_remove(q, cache, slab);
    if (quire_frame_free(q, slab) != QUIRE_OK)
        quire_hook_panic(q, "heap: a slab's frame is counted by somebody else");
}

static struct quire_frame *slab_with_space_locked(struct quire *q, struct quire_cache *cache)
{
    if (cache->list[SLAB_PARTIAL] != QUIRE_FRAME_NONE)
        return quire_frame_at(q, cache->list[SLAB_PARTIAL]);
    if (cache->list[SLAB_EMPTY] != QUIRE_FRAME_NONE)
        return quire_frame_at(q, cache->list[SLAB_EMPTY]);
    return slab_create_locked(q, cache);
}

/* Up to `want` objects of one slab onto a CPU's list. */
static uint32_t slab_take_locked(struct quire *q, struct quire_cache *cache,
                                 struct quire_frame *slab, struct cpu_list *list, uint32_t want)
{
    char *bytes = quire_frame_direct(q, slab);
    void *object = bytes + slab->slab.free;
    uint32_t taken = 0;

    while (object != NULL && taken < want) {
        void *next = *link_of(object);

        *link_of(object) = list->free;
        list->free = object;
        object = next;
        taken++;
    }
    slab->slab.free = object == NULL ? NO_OBJECT : (uint32_t)((char *)object - bytes);
    slab->slab.used = (uint16_t)(slab->slab.used + taken);
    slab_move(q, cache, slab);
    return taken;
}

/* One object back to its slab; frames that became free by it. */
static size_t slab_give_locked(struct quire *q, struct quire_cache *cache, void *object)
{
    struct quire_frame *frame = frame_of_block(q, object);
    uint32_t number = quire_frame_number(q, frame) & ~slab_mask(cache);
    struct quire_frame *slab = quire_frame_at(q, number);
    char *bytes = quire_frame_direct(q, slab);

    *link_of(object) = slab->slab.free == NO_OBJECT ? NULL : bytes + slab->slab.free;
    slab->slab.free = (uint32_t)((char *)object - bytes);
    slab->slab.used--;
    if (slab->slab.list == SLAB_PARTIAL && slab->slab.used != 0)
        return 0;
    slab_move(q, cache, slab);
    if (slab->slab.used != 0 || cache->slabs[SLAB_EMPTY] <= KEEP_EMPTY)
        return 0;
    slab_destroy_locked(q, cache, slab);
    return (size_t)1 << cache->order;
}

/* ---- CPU lists ---- */

static void set_list_count(struct cpu_list *list, uint32_t count)
{
    __atomic_store_n(&list->count, count, __ATOMIC_RELAXED);
}

/* A batch from a manager without slabs, or as much as memory allows. */
static uint32_t take_objects(struct quire *q, const struct quire_cache *cache,
                             struct cpu_list *list)
{
    uint32_t got = 0;

    for (; got < cache->batch; got++) {
        void *object = q->heap.manager->alloc(q, cache->stride, cache->alignment, true);

        if (object == NULL)
            break;
        mark_free(cache, object);
        *link_of(object) = list->free;
        list->free = object;
    }
    return got;
}

/* A batch, or as much as memory allows; true if the list is not empty then. */
static bool refill(struct quire *q, struct quire_cache *cache, struct cpu_list *list)
{
    uint32_t got = 0;

    quire_spin_lock(&cache->lock);
    if (!uses_slabs(q))
        got = take_objects(q, cache, list);
    while (got < cache->batch && uses_slabs(q)) {
        struct quire_frame *slab = slab_with_space_locked(q, cache);

        if (slab == NULL)
            break;
        got += slab_take_locked(q, cache, slab, list, cache->batch - got);
    }
    cache->used += got;
    quire_spin_unlock(&cache->lock);
    set_list_count(list, list->count + got);
    return got != 0;
}

/* The first n objects of a list back to their slabs; frames that became free by it. */
static __attribute__((noinline)) size_t drain(struct quire *q, struct quire_cache *cache,
                                              struct cpu_list *list, uint32_t n)
{
    size_t frames = 0;

    quire_spin_lock(&cache->lock);
    for (uint32_t i = 0; i < n; i++) {
        void *object = list->free;

        list->free = *link_of(object);
        if (uses_slabs(q))
            frames += slab_give_locked(q, cache, object);
        else
            q->heap.manager->free(q, object, true);
    }
    cache->used -= n;
    quire_spin_unlock(&cache->lock);
    set_list_count(list, list->count - n);
    return frames;
}

/* The first object of a list that is not empty. */
QUIRE_INLINE void *pop(struct quire *q, struct quire_cache *cache, struct cpu_list *list)
{
    void *object = list->free;

    list->free = *link_of(object);
    set_list_count(list, list->count - 1);
    mark_out(q, cache, object);
    return object;
}

static __attribute__((noinline)) void *cache_alloc_slow(struct quire *q, struct quire_cache *cache)
{
    struct cpu_list *list = &cache->cpu[quire_platform_cpu()];

    return refill(q, cache, list) ? pop(q, cache, list) : NULL;
}

void *quire_cache_alloc(struct quire *q, struct quire_cache *cache)
{
    struct cpu_list *list = &cache->cpu[quire_platform_cpu()];

    if (quire_platform_allocation_fails())
        return NULL;
    if (QUIRE_UNLIKELY(list->free == NULL))
        return cache_alloc_slow(q, cache);
    return pop(q, cache, list);
}

QUIRE_INLINE void push(struct quire *q, struct quire_cache *cache, void *object)
{
    struct cpu_list *list = &cache->cpu[quire_platform_cpu()];
    uint32_t count = list->count + 1;

    check_out(q, cache, object);
    *link_of(object) = list->free;
    list->free = object;
    set_list_count(list, count);
    if (QUIRE_UNLIKELY(count > cache->keep))
        drain(q, cache, list, cache->batch);
}

void quire_cache_free(struct quire *q, struct quire_cache *cache, void *object)
{
    if (object != NULL)
        push(q, cache, object);
}

/* ---- creating and destroying caches ---- */

/*
 * The smallest slab that wastes no more than an eighth, or the smallest one that holds an object. A
 * frame manager that does not join what is free has only single frames in the end: the latter.
 */
static unsigned slab_order(const struct quire *q, size_t stride)
{
    unsigned first = 0;

    if (q->frame.manager->capabilities &
        (QUIRE_MANAGER_CONTIGUOUS | QUIRE_MANAGER_CONTIGUOUS_SLOW)) {
        for (; first < 3; first++) {
            size_t bytes = QUIRE_PAGE_SIZE << first;

            if (stride <= bytes && bytes % stride <= bytes / 8)
                return first;
        }
    }
    for (unsigned order = first; order < QUIRE_MAX_ORDER; order++)
        if (stride <= QUIRE_PAGE_SIZE << order)
            return order;
    return QUIRE_MAX_ORDER;
}

/* Large objects are worth more memory each: fewer of them wait in CPU lists. */
static uint16_t batch_size(size_t stride)
{
    if (stride <= 256)
        return 32;
    if (stride <= 1024)
        return 16;
    return stride <= 4096 ? 8 : 2;
}

static size_t cache_bytes(const struct quire *q)
{
    return sizeof(struct quire_cache) + q->cpu_count * sizeof(struct cpu_list);
}

static void cache_setup(struct quire *q, struct quire_cache *cache, const char *name, size_t size,
                        size_t alignment)
{
    size_t room = quire_round_up(size, sizeof(void *)); /* for the link, when the object is free */
    size_t stride = quire_round_up(room + RED_BYTES, alignment);
    unsigned order = slab_order(q, stride);

    __builtin_memset(cache, 0, cache_bytes(q));
    cache->name = name;
    cache->size = (uint32_t)room;
    cache->stride = (uint32_t)stride;
    cache->order = (uint16_t)order;
    cache->per_slab = (uint32_t)((QUIRE_PAGE_SIZE << order) / stride);
    cache->alignment = (uint32_t)alignment;
    cache->batch = batch_size(stride);
    cache->keep = (uint16_t)(2 * cache->batch);
    for (unsigned i = 0; i < SLAB_LIST_COUNT; i++)
        cache->list[i] = QUIRE_FRAME_NONE;

    quire_spin_lock(&q->heap.lock);
    cache->next = q->heap.caches;
    if (cache->next != NULL)
        cache->next->previous = cache;
    q->heap.caches = cache;
    quire_spin_unlock(&q->heap.lock);
}

static struct quire_cache *cache_record(struct quire *q)
{
    if (uses_slabs(q))
        return quire_cache_alloc(q, q->heap.cache_of_caches);
    if (quire_platform_allocation_fails())
        return NULL;
    return q->heap.manager->alloc(q, cache_bytes(q), QUIRE_CACHE_LINE, false);
}

struct quire_cache *quire_cache_create(struct quire *q, const char *name, size_t size,
                                       size_t alignment)
{
    struct quire_cache *cache;

    if (alignment == 0)
        alignment = size >= QUIRE_CACHE_LINE ? QUIRE_CACHE_LINE : sizeof(uint64_t);
    if (size == 0 || (alignment & (alignment - 1)) != 0 || alignment > QUIRE_PAGE_SIZE ||
        size > (QUIRE_PAGE_SIZE << QUIRE_MAX_ORDER) - QUIRE_PAGE_SIZE)
        return NULL;
    if (alignment < sizeof(void *))
        alignment = sizeof(void *);
    cache = cache_record(q);
    if (cache != NULL)
        cache_setup(q, cache, name, size, alignment);
    return cache;
}

/* Nobody uses the cache any more, so the other CPUs' lists are ours to empty. */
static void drain_all_lists(struct quire *q, struct quire_cache *cache)
{
    for (unsigned i = 0; i < q->cpu_count; i++)
        drain(q, cache, &cache->cpu[i], cache->cpu[i].count);
}

static size_t free_empty_slabs(struct quire *q, struct quire_cache *cache)
{
    size_t frames = 0;

    quire_spin_lock(&cache->lock);
    while (cache->list[SLAB_EMPTY] != QUIRE_FRAME_NONE) {
        slab_destroy_locked(q, cache, quire_frame_at(q, cache->list[SLAB_EMPTY]));
        frames += (size_t)1 << cache->order;
    }
    quire_spin_unlock(&cache->lock);
    return frames;
}

enum quire_status quire_cache_destroy(struct quire *q, struct quire_cache *cache)
{
    drain_all_lists(q, cache);
    if (cache->used != 0)
        return QUIRE_BUSY;
    free_empty_slabs(q, cache);
    quire_spin_lock(&q->heap.lock);
    if (cache->previous != NULL)
        cache->previous->next = cache->next;
    else
        q->heap.caches = cache->next;
    if (cache->next != NULL)
        cache->next->previous = cache->previous;
    quire_spin_unlock(&q->heap.lock);
    if (uses_slabs(q))
        quire_cache_free(q, q->heap.cache_of_caches, cache);
    else
        q->heap.manager->free(q, cache, false);
    return QUIRE_OK;
}

/* ---- blocks of any size ---- */

/* What a size may rely on, up to a page. */
static size_t block_alignment(size_t size)
{
    return (size & (size - 1)) == 0 && size <= QUIRE_PAGE_SIZE ? size : 16;
}

void *quire_heap_alloc_frames(struct quire *q, size_t frames)
{
    struct quire_frame *first = quire_frame_alloc_run(q, frames, QUIRE_FRAME_HEAP, 0);

    if (first == NULL)
        return NULL;
    first->large.bytes = (uint64_t)frames << QUIRE_PAGE_SHIFT;
    quire_platform_point();
    __atomic_fetch_add(&q->heap.large_frames, frames, __ATOMIC_RELAXED);
    return quire_frame_direct(q, first);
}

void quire_heap_free_frames(struct quire *q, struct quire_frame *first)
{
    size_t frames = (size_t)(first->large.bytes >> QUIRE_PAGE_SHIFT);

    quire_platform_point();
    __atomic_fetch_sub(&q->heap.large_frames, frames, __ATOMIC_RELAXED);
    quire_frame_free_run(q, first, frames);
}

/* Larger than the general caches' objects, or for a manager without them, or nothing at all. */
static __attribute__((noinline)) void *alloc_other(struct quire *q, size_t size)
{
    if (size == 0 || size > SIZE_MAX - QUIRE_PAGE_SIZE)
        return NULL;
    if (uses_slabs(q))
        return quire_heap_alloc_frames(q, quire_page_up(size) >> QUIRE_PAGE_SHIFT);
    if (quire_platform_allocation_fails())
        return NULL;
    return q->heap.manager->alloc(q, size, block_alignment(size), false);
}

static __attribute__((noinline)) void free_other(struct quire *q, struct quire_frame *first,
                                                 void *block)
{
    if (first->large.bytes & QUIRE_HEAP_CUT) {
        q->heap.manager->free(q, block, false);
        return;
    }
    if (first->large.bytes == 0 || ((uintptr_t)block & (QUIRE_PAGE_SIZE - 1)) != 0)
        quire_hook_panic(q, "heap: freeing a pointer into the middle of a large block");
    quire_heap_free_frames(q, first);
}

/* The frame of a block of ours; panics for any other pointer. */
QUIRE_INLINE struct quire_frame *heap_frame(struct quire *q, const void *block)
{
    struct quire_frame *frame = frame_of_block(q, block);

    if (QUIRE_UNLIKELY(frame == NULL || frame->kind != QUIRE_FRAME_HEAP))
        quire_hook_panic(q, "heap: a pointer that is no block of the heap");
    return frame;
}

void *quire_heap_alloc(struct quire *q, size_t size)
{
    if (QUIRE_UNLIKELY(size - 1 >= q->heap.class_limit))
        return alloc_other(q, size);
    return quire_cache_alloc(q, q->heap.general[class_of(size)]);
}

void *quire_heap_alloc_zeroed(struct quire *q, size_t size)
{
    void *block = quire_heap_alloc(q, size);

    if (block != NULL)
        __builtin_memset(block, 0, size);
    return block;
}

void quire_heap_free(struct quire *q, void *block)
{
    struct quire_frame *frame;

    if (block == NULL)
        return;
    frame = heap_frame(q, block);
    if (QUIRE_LIKELY(frame->slab.cache != NULL))
        push(q, frame->slab.cache, block);
    else
        free_other(q, frame, block);
}

size_t quire_heap_size(struct quire *q, const void *block)
{
    const struct quire_frame *frame = heap_frame(q, block);

    if (frame->slab.cache != NULL)
        return frame->slab.cache->size;
    return frame->large.bytes & QUIRE_HEAP_CUT ? q->heap.manager->size(q, block)
                                               : (size_t)frame->large.bytes;
}

void *quire_heap_resize(struct quire *q, void *old, size_t size)
{
    size_t have = old == NULL ? 0 : quire_heap_size(q, old);
    void *block;

    /* Stay where at least half of the block remains in use. */
    if (size != 0 && size <= have && size >= have / 2)
        return old;
    block = quire_heap_alloc(q, size);
    if (block == NULL || old == NULL)
        return block;
    __builtin_memcpy(block, old, have < size ? have : size);
    quire_heap_free(q, old);
    return block;
}

/* ---- bring-up ---- */

/* Everything that bring-up made so far goes back, and the heap is as before it. */
static void heap_undo(struct quire *q)
{
    struct quire_cache *first = q->heap.cache_of_caches;

    for (unsigned i = 0; i < QUIRE_HEAP_CLASSES && q->heap.general[i] != NULL; i++)
        if (quire_cache_destroy(q, q->heap.general[i]) != QUIRE_OK)
            quire_hook_panic(q, "heap: objects are out of a cache that nobody has seen");
    drain_all_lists(q, first);
    free_empty_slabs(q, first);
    quire_heap_free_frames(q, frame_of_block(q, first));
    __builtin_memset(&q->heap, 0, sizeof(q->heap));
}

const struct quire_heap_manager quire_heap_slab = {.name = "slab"};

enum quire_status quire_heap_init(struct quire *q)
{
    return quire_heap_init_with(q, NULL);
}

enum quire_status quire_heap_init_with(struct quire *q, const struct quire_heap_manager *manager)
{
    struct quire_cache *first;

    q->heap.manager = manager != NULL ? manager : &quire_heap_slab;
    if (!uses_slabs(q))
        return QUIRE_OK; /* it makes its arenas when they are needed */
    q->heap.class_limit = CLASS_LIMIT;
    first = quire_heap_alloc_frames(q, quire_page_up(cache_bytes(q)) >> QUIRE_PAGE_SHIFT);
    if (first == NULL)
        return QUIRE_NO_MEMORY;
    cache_setup(q, first, "cache", cache_bytes(q), QUIRE_CACHE_LINE);
    q->heap.cache_of_caches = first;
    for (unsigned i = 0; i < QUIRE_HEAP_CLASSES; i++) {
        size_t size = class_size[i];

        q->heap.general[i] = quire_cache_create(q, class_name[i], size, block_alignment(size));
        if (q->heap.general[i] == NULL) {
            heap_undo(q);
            return QUIRE_NO_MEMORY;
        }
    }
    return QUIRE_OK;
}

/* ---- shrinking, reports, check ---- */

size_t quire_heap_shrink(struct quire *q)
{
    size_t frames = 0;

    quire_spin_lock(&q->heap.lock);
    for (struct quire_cache *cache = q->heap.caches; cache != NULL; cache = cache->next) {
        struct cpu_list *list = &cache->cpu[quire_platform_cpu()];
        frames += drain(q, cache, list, list->count);
        frames += free_empty_slabs(q, cache);
    }
    quire_spin_unlock(&q->heap.lock);
    return uses_slabs(q) ? frames : frames + q->heap.manager->shrink(q);
}

bool quire_cache_stats(struct quire *q, size_t index, struct quire_cache_stats *out)
{
    struct quire_cache *cache;

    quire_spin_lock(&q->heap.lock);
    cache = q->heap.caches;
    while (cache != NULL && index-- > 0)
        cache = cache->next;
    if (cache != NULL) {
        quire_spin_lock(&cache->lock);
        *out = (struct quire_cache_stats){
            .name = cache->name,
            .object_size = cache->stride,
            .slab_frames = uses_slabs(q) ? (size_t)1 << cache->order : 0,
            .per_slab = uses_slabs(q) ? cache->per_slab : 0,
            .objects = cache->used,
            .slabs = (uint64_t)cache->slabs[SLAB_PARTIAL] + cache->slabs[SLAB_FULL] +
                     cache->slabs[SLAB_EMPTY],
        };
        for (unsigned i = 0; i < q->cpu_count; i++)
            out->kept += __atomic_load_n(&cache->cpu[i].count, __ATOMIC_RELAXED);
        quire_spin_unlock(&cache->lock);
    }
    quire_spin_unlock(&q->heap.lock);
    return cache != NULL;
}

/* Free objects of a slab, counted along their links; UINT32_MAX when a link leaves the slab. */
static uint32_t count_free(struct quire *q, const struct quire_cache *cache,
                           const struct quire_frame *slab)
{
    const char *bytes = quire_frame_direct(q, slab);
    uint32_t count = 0;
    size_t offset = slab->slab.free;

    while (offset != NO_OBJECT) {
        void *next;

        if (offset % cache->stride != 0 || offset / cache->stride >= cache->per_slab ||
            ++count > cache->per_slab)
            return UINT32_MAX;
        __builtin_memcpy(&next, bytes + offset, sizeof(next));
        offset = next == NULL ? NO_OBJECT : (uintptr_t)next - (uintptr_t)bytes;
    }
    return count;
}

static unsigned check_slab(struct quire *q, const struct quire_cache *cache, uint32_t number,
                           enum slab_list list)
{
    const struct quire_frame *slab = quire_frame_at(q, number);
    uint32_t used = slab->slab.used;
    bool right_list = list == SLAB_EMPTY  ? used == 0
                      : list == SLAB_FULL ? used == cache->per_slab
                                          : used > 0 && used < cache->per_slab;

    if (slab->kind == QUIRE_FRAME_HEAP && slab->slab.cache == cache && slab->slab.list == list &&
        right_list && count_free(q, cache, slab) == cache->per_slab - used)
        return 0;
    quire_report(q, "heap: a slab's state is wrong: frame, objects in use", number, used);
    return 1;
}

static unsigned check_cache(struct quire *q, struct quire_cache *cache)
{
    uint64_t used = 0;
    unsigned faults = 0;

    for (unsigned list = 0; list < SLAB_LIST_COUNT; list++) {
        uint32_t number = cache->list[list], length = 0;

        while (number != QUIRE_FRAME_NONE && length < cache->slabs[list]) {
            faults += check_slab(q, cache, number, (enum slab_list)list);
            used += quire_frame_at(q, number)->slab.used;
            number = quire_frame_at(q, number)->slab.next;
            length++;
        }
        if (number != QUIRE_FRAME_NONE || length != cache->slabs[list]) {
            quire_report(q, "heap: a list of slabs and its length disagree: list, length", list,
                         cache->slabs[list]);
            faults++;
        }
    }
    if (uses_slabs(q) && used != cache->used) {
        quire_report(q, "heap: a cache's objects and its slabs disagree: cache, slabs", cache->used,
                     used);
        faults++;
    }
    return faults;
}

unsigned quire_heap_check(struct quire *q)
{
    unsigned faults = 0;

    quire_spin_lock(&q->heap.lock);
    for (struct quire_cache *cache = q->heap.caches; cache != NULL; cache = cache->next) {
        quire_spin_lock(&cache->lock);
        faults += check_cache(q, cache);
        quire_spin_unlock(&cache->lock);
    }
    quire_spin_unlock(&q->heap.lock);
    return uses_slabs(q) ? faults : faults + q->heap.manager->check(q);
}
