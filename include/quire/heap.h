/*
 * quire/heap.h, layer 2: kernel memory of any size, and caches of equal objects (slab; Bonwick
 * 1994). Context: not from interrupt handlers; nothing sleeps.
 */
#ifndef QUIRE_HEAP_H
#define QUIRE_HEAP_H

#include <quire/machine.h>

/*
 * The exchangeable part: where blocks, and the objects that caches keep for their CPUs, come from.
 * Slabs, the default, are built into the layer, which calls none of these then. `cached`: an object
 * of a cache. Every call locks for itself; a cache's lock may be held.
 */
struct quire_heap_manager {
    const char *name;
    /* aligned to a power of two up to a page; NULL: no memory */
    void *(*alloc)(struct quire *q, size_t size, size_t alignment, bool cached);
    /* what was not allocated that way panics, as it does in size() */
    void (*free)(struct quire *q, void *block, bool cached);
    size_t (*size)(struct quire *q, const void *block);
    size_t (*shrink)(struct quire *q); /* frames given back */
    unsigned (*check)(struct quire *q);
};

extern const struct quire_heap_manager quire_heap_slab;     /* the default */
extern const struct quire_heap_manager quire_heap_firstfit; /* boundary tags, address order */

/* The manager with that name; NULL: there is none. */
const struct quire_heap_manager *quire_heap_manager_find(const char *name);

/* Once, after quire_frame_init; slabs. QUIRE_NO_MEMORY: the heap is as before. */
enum quire_status quire_heap_init(struct quire *q);
/* The same with the manager that is wanted (NULL: slabs). */
enum quire_status quire_heap_init_with(struct quire *q, const struct quire_heap_manager *manager);

/*
 * At least `size` bytes, aligned to 16 (to the size, for powers of two up to a page); above a page
 * whole pages, which are contiguous frames: up to 2^QUIRE_MAX_ORDER of them. NULL: no memory, or
 * size 0. Not zeroed.
 */
void *quire_heap_alloc(struct quire *q, size_t size);
/* The same, zeroed. */
void *quire_heap_alloc_zeroed(struct quire *q, size_t size);
/* Grow or shrink, content kept up to the smaller size. NULL: the old block is untouched. old ==
 * NULL allocates. */
void *quire_heap_resize(struct quire *q, void *old, size_t size);
/* NULL is a no-op. A pointer that is no block of the heap, or freed twice (debug builds), panics.
 */
void quire_heap_free(struct quire *q, void *block);
/* Usable bytes of a block. */
size_t quire_heap_size(struct quire *q, const void *block);

/*
 * A cache of objects of one size. alignment 0: natural (8, or a cache line for objects of a line or
 * more). The name is kept by pointer. NULL: no memory.
 */
struct quire_cache *quire_cache_create(struct quire *q, const char *name, size_t size,
                                       size_t alignment);
/*
 * Nobody may use the cache any more, on any CPU. QUIRE_BUSY: objects are still out; the cache stays
 * as it is.
 */
enum quire_status quire_cache_destroy(struct quire *q, struct quire_cache *cache);
void *quire_cache_alloc(struct quire *q, struct quire_cache *cache);
void quire_cache_free(struct quire *q, struct quire_cache *cache, void *object);

/* Gives empty slabs and this CPU's free objects back; frames freed. The layer's part of a
 * reclaimer. */
size_t quire_heap_shrink(struct quire *q);

struct quire_cache_stats {
    const char *name;
    size_t object_size; /* with padding */
    size_t slab_frames; /* frames per slab */
    size_t per_slab;    /* objects per slab */
    uint64_t objects;   /* handed out, or kept by a CPU */
    uint64_t kept;      /* of those: kept by the CPUs for what they allocate next */
    uint64_t slabs;     /* 0 without slabs, as the two numbers above */
};

/* The index-th cache (0, 1, ...); false past the last. */
bool quire_cache_stats(struct quire *q, size_t index, struct quire_cache_stats *out);

unsigned quire_heap_check(struct quire *q);

#endif
