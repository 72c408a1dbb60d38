/*
 * quire/heap.h, layer 2: kernel memory of any size, and caches of equal objects (slab; Bonwick
 * 1994). Context: not from interrupt handlers; nothing sleeps.
 */
#ifndef QUIRE_HEAP_H
#define QUIRE_HEAP_H

#include <quire/machine.h>

/* Once, after quire_frame_init. QUIRE_NO_MEMORY. */
enum quire_status quire_heap_init(struct quire *q);

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
    uint64_t slabs;
};

/* The index-th cache (0, 1, ...); false past the last. */
bool quire_cache_stats(struct quire *q, size_t index, struct quire_cache_stats *out);

unsigned quire_heap_check(struct quire *q);

#endif
