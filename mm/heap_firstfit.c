/*
 * First fit as the heap's manager: blocks of any size in one row, boundary tags, free blocks in the
 * order of their addresses (Knuth, The Art of Computer Programming 2.5, algorithms A and C).
 *
 * Concepts. Memory comes as arenas: a run of frames with a header, blocks that fill it without a
 * gap, and a tag at its end.
 *
 *     | arena | tag | block ... | tag | block ... | tag | free ... | end tag |
 *
 * A tag is in front of each block. It says how long the block is, how long the one before it is (so
 * that both neighbours are found in constant time), and what it is: free, handed out as a block of
 * the heap, handed out as an object of a cache. A free block begins with its links to the free
 * blocks below and above it in its arena.
 *
 * Allocation takes the first free block, in the order of addresses, in which an aligned block finds
 * room; what is left in front and behind stays free. Freeing joins the block with free neighbours.
 * An arena knows a bound for its largest free block, so that full ones are passed by in one step.
 * Arenas are as long as ARENA_FRAMES where memory can be had in one piece, shorter where it cannot.
 * What needs 2 KiB or more, or alignment to that, is a run of whole frames instead.
 *
 * Invariants, with the lock free:
 *  - The blocks of an arena add up to it. No two free ones are neighbours.
 *  - The list of free blocks holds exactly the free blocks, by rising address; arenas likewise.
 *  - arena->largest is at least the size of its largest free block.
 *
 * Against slabs: no memory is set apart for a size, 16 bytes are spent on each block, one lock
 * serves all CPUs (caches soften that: their CPU lists stand in front), and the search takes as
 * long as there are holes too small: external fragmentation, which slabs do not have.
 *
 * Locking. q->heap.arena_lock for everything here; frames are allocated with it held (order: a
 * cache's lock → arena lock → zone).
 *
 * Failure leaves everything as it was. A tag that says something impossible panics, in all builds:
 * freeing twice and freeing what is no block are named. Debug builds fill free memory with a
 * pattern and keep a red zone behind each block.
 */

#include <quire/frame.h>
#include <quire/hooks.h>

#include "frame_internal.h"
#include "heap_internal.h"

#define GRAIN        16
#define MIN_BLOCK    (2 * GRAIN) /* a tag and two links */
#define ARENA_FRAMES 16
#define FRAMES_FROM  2048 /* sizes and alignments from which whole frames are taken */
#define KEEP_EMPTY   1

enum {
    TAG_FREE = 0x65657266,
    TAG_HEAP = 0x70616568,
    TAG_CACHE = 0x68636163,
    TAG_END = 0x21646e65,
};

struct block {
    uint32_t size;   /* bytes to the next tag, a multiple of GRAIN */
    uint32_t before; /* size of the block before; 0: the first */
    uint32_t state;
    uint32_t asked; /* bytes that the user may use (debug builds keep a red zone behind them) */
    struct block *next, *previous; /* free blocks only; the user's memory begins here */
};

#define TAG_BYTES ((size_t)GRAIN)
_Static_assert(offsetof(struct block, next) == TAG_BYTES, "a tag is one grain");
_Static_assert(sizeof(struct block) <= MIN_BLOCK, "links fit into the smallest block");

struct quire_arena {
    struct quire_arena *next, *previous;
    struct block *free; /* lowest free block */
    size_t bytes;       /* whole arena */
    uint32_t largest;   /* no free block is larger */
};

#define ARENA_BYTES quire_round_up(sizeof(struct quire_arena), GRAIN)

static struct block *first_block(struct quire_arena *arena)
{
    return (struct block *)(void *)((char *)arena + ARENA_BYTES);
}

static struct block *block_after(struct block *block)
{
    return (struct block *)(void *)((char *)block + block->size);
}

static struct block *block_before(struct block *block)
{
    return (struct block *)(void *)((char *)block - block->before);
}

static void *memory_of(struct block *block)
{
    return (char *)block + TAG_BYTES;
}

static struct block *block_of(const void *memory)
{
    return (struct block *)((uintptr_t)memory - TAG_BYTES);
}

static size_t room_of(const struct quire_arena *arena)
{
    return arena->bytes - ARENA_BYTES - TAG_BYTES;
}

/* ---- red zones and poison (debug builds) ---- */

#if QUIRE_DEBUG
#define RED_BYTES GRAIN

static void poison(void *start, size_t length)
{
    __builtin_memset(start, QUIRE_HEAP_POISON, length);
}

/*
 * Tags of blocks that were joined to the one before stay in place, so that freeing them once more
 * is recognised.
 */
static bool grain_is_poisoned(const char *grain)
{
    const uint64_t expected = 0x0101010101010101u * QUIRE_HEAP_POISON;
    uint64_t words[2];

    __builtin_memcpy(words, grain, GRAIN);
    return (words[0] == expected && words[1] == expected) ||
           ((const struct block *)(const void *)grain)->state == TAG_FREE;
}

static bool is_poisoned(struct block *block)
{
    for (size_t at = MIN_BLOCK; at < block->size; at += GRAIN)
        if (!grain_is_poisoned((const char *)block + at))
            return false;
    return true;
}

/* The block was cut to its size; all of it is poisoned memory, old tags included. */
static void mark_out(struct quire *q, struct block *block, size_t asked)
{
    if (!is_poisoned(block))
        quire_hook_panic(q, "heap: an object was written to after it was freed");
    poison(memory_of(block), block->size - TAG_BYTES);
    block->asked = (uint32_t)asked;
    __builtin_memset((char *)memory_of(block) + asked, QUIRE_HEAP_RED,
                     block->size - TAG_BYTES - asked);
}

static void mark_free(struct quire *q, struct block *block)
{
    if (!quire_bytes_are((char *)memory_of(block) + block->asked,
                         block->size - TAG_BYTES - block->asked, QUIRE_HEAP_RED))
        quire_hook_panic(q, "heap: the memory behind an object was written to");
    poison(memory_of(block), block->size - TAG_BYTES);
}
#else
#define RED_BYTES 0

QUIRE_INLINE void poison(void *start, size_t length)
{
    (void)start;
    (void)length;
}

QUIRE_INLINE bool is_poisoned(struct block *block)
{
    (void)block;
    return true;
}

QUIRE_INLINE void mark_out(struct quire *q, struct block *block, size_t asked)
{
    (void)q;
    (void)asked;
    block->asked = block->size - (uint32_t)TAG_BYTES;
}

QUIRE_INLINE void mark_free(struct quire *q, struct block *block)
{
    (void)q;
    (void)block;
}
#endif

/* ---- the list of free blocks ---- */

static void list_insert(struct quire_arena *arena, struct block *block, struct block *previous)
{
    struct block *next = previous != NULL ? previous->next : arena->free;

    block->previous = previous;
    block->next = next;
    if (next != NULL)
        next->previous = block;
    if (previous != NULL)
        previous->next = block;
    else
        arena->free = block;
}

static void list_remove(struct quire_arena *arena, struct block *block)
{
    if (block->next != NULL)
        block->next->previous = block->previous;
    if (block->previous != NULL)
        block->previous->next = block->next;
    else
        arena->free = block->next;
}

/* The highest free block below an address; NULL: none. */
static struct block *free_below(struct quire_arena *arena, const struct block *block)
{
    struct block *below = NULL;

    for (struct block *at = arena->free; at != NULL && at < block; at = at->next)
        below = at;
    return below;
}

static void set_size(struct block *block, size_t size)
{
    block->size = (uint32_t)size;
    block_after(block)->before = (uint32_t)size;
}

/* ---- arenas ---- */

static bool is_empty(struct quire_arena *arena)
{
    struct block *first = first_block(arena);

    return first->state == TAG_FREE && first->size == room_of(arena);
}

static void arena_link_locked(struct quire *q, struct quire_arena *arena)
{
    struct quire_arena *previous = NULL, *next = q->heap.arenas;

    while (next != NULL && next < arena) {
        previous = next;
        next = next->next;
    }
    arena->previous = previous;
    arena->next = next;
    if (next != NULL)
        next->previous = arena;
    if (previous != NULL)
        previous->next = arena;
    else
        q->heap.arenas = arena;
}

/* An arena with room for a block of that size; NULL: no memory. */
static struct quire_arena *arena_create_locked(struct quire *q, size_t need)
{
    size_t least = quire_page_up(need + ARENA_BYTES + TAG_BYTES) >> QUIRE_PAGE_SHIFT;
    size_t frames = least > ARENA_FRAMES ? least : ARENA_FRAMES;
    struct quire_frame *frame = NULL;
    struct quire_arena *arena;
    struct block *block, *end;

    while (frames >= least && frame == NULL) {
        frame = quire_frame_alloc_run(q, frames, QUIRE_FRAME_HEAP, 0);
        if (frame == NULL)
            frames = frames > 2 * least ? frames / 2 : frames == least ? 0 : least;
    }
    if (frame == NULL)
        return NULL;
    for (size_t i = 0; i < frames; i++)
        frame[i].large.bytes = QUIRE_HEAP_CUT;
    arena = quire_frame_direct(q, frame);
    *arena = (struct quire_arena){.bytes = frames << QUIRE_PAGE_SHIFT};
    arena->largest = (uint32_t)room_of(arena);
    block = first_block(arena);
    *block = (struct block){.size = arena->largest, .state = TAG_FREE};
    end = block_after(block);
    end->size = 0;
    end->before = block->size;
    end->state = TAG_END;
    poison((char *)block + MIN_BLOCK, block->size - MIN_BLOCK);
    list_insert(arena, block, NULL);
    arena_link_locked(q, arena);
    q->heap.empty_arenas++;
    q->heap.arena_frames += frames;
    return arena;
}

static size_t arena_destroy_locked(struct quire *q, struct quire_arena *arena)
{
    struct quire_frame *first =
        quire_frame_of(q, quire_platform_direct_phys(q, (const void *)arena));
    size_t frames = arena->bytes >> QUIRE_PAGE_SHIFT;

    if (arena->next != NULL)
        arena->next->previous = arena->previous;
    if (arena->previous != NULL)
        arena->previous->next = arena->next;
    else
        q->heap.arenas = arena->next;
    q->heap.empty_arenas--;
    q->heap.arena_frames -= frames;
    quire_frame_free_run(q, first, frames);
    return frames;
}

static struct quire_arena *arena_of_locked(struct quire *q, const struct block *block)
{
    struct quire_arena *found = NULL;

    for (struct quire_arena *at = q->heap.arenas;
         at != NULL && (const void *)at < (const void *)block; at = at->next)
        found = at;
    return found;
}

/* ---- allocation ---- */

/*
 * Where a block with that many bytes and aligned memory would begin in a free one; NULL: nowhere.
 * What is left in front is nothing, or can be a block.
 */
static struct block *place(struct block *free, size_t need, size_t alignment)
{
    uintptr_t start = (uintptr_t)memory_of(free), at = quire_round_up(start, alignment);

    while (at != start && at - start < MIN_BLOCK)
        at += alignment;
    if (at - start + need > free->size)
        return NULL;
    return block_of((void *)at);
}

/* The block leaves the free one that holds it; what is left of that stays free. */
static void carve(struct quire_arena *arena, struct block *free, struct block *block, size_t need)
{
    size_t front = (size_t)((char *)block - (char *)free), all = free->size;
    struct block *previous = free->previous;

    if (front != 0) {
        set_size(free, front);
        block->before = (uint32_t)front;
        previous = free;
    } else {
        list_remove(arena, free);
    }
    if (all - front - need < MIN_BLOCK) {
        set_size(block, all - front);
        return;
    }
    set_size(block, need);
    set_size(block_after(block), all - front - need);
    block_after(block)->state = TAG_FREE;
    list_insert(arena, block_after(block), previous);
}

static struct block *take_from_arena(struct quire_arena *arena, size_t need, size_t alignment)
{
    uint32_t largest = 0;

    for (struct block *free = arena->free; free != NULL; free = free->next) {
        struct block *block = place(free, need, alignment);

        if (block != NULL) {
            carve(arena, free, block, need);
            return block;
        }
        if (free->size > largest)
            largest = free->size;
    }
    arena->largest = largest;
    return NULL;
}

static struct block *take_locked(struct quire *q, size_t need, size_t alignment)
{
    struct quire_arena *arena;
    struct block *block = NULL;
    bool empty = false;

    for (arena = q->heap.arenas; arena != NULL && block == NULL; arena = arena->next) {
        if (arena->largest < need)
            continue;
        empty = is_empty(arena);
        block = take_from_arena(arena, need, alignment);
    }
    if (block == NULL) {
        /* Room for the worst that alignment can do. */
        arena = arena_create_locked(q, need + alignment + MIN_BLOCK);
        if (arena == NULL)
            return NULL;
        empty = true;
        block = take_from_arena(arena, need, alignment);
    }
    q->heap.empty_arenas -= empty;
    return block;
}

static void *firstfit_alloc(struct quire *q, size_t size, size_t alignment, bool cached)
{
    size_t asked = quire_round_up(size, GRAIN);
    struct block *block;

    if (size >= FRAMES_FROM || alignment >= FRAMES_FROM)
        return size > SIZE_MAX - QUIRE_PAGE_SIZE
                   ? NULL
                   : quire_heap_alloc_frames(q, quire_page_up(size) >> QUIRE_PAGE_SHIFT);
    if (alignment < GRAIN)
        alignment = GRAIN;
    quire_spin_lock(&q->heap.arena_lock);
    block = take_locked(q, TAG_BYTES + asked + RED_BYTES, alignment);
    if (block != NULL) {
        mark_out(q, block, asked);
        block->state = cached ? TAG_CACHE : TAG_HEAP;
    }
    quire_spin_unlock(&q->heap.arena_lock);
    return block != NULL ? memory_of(block) : NULL;
}

/* ---- freeing ---- */

/* The tag of memory that is out; anything else panics. */
static struct block *block_out(struct quire *q, const void *memory, bool cached)
{
    struct block *block = block_of(memory);

    if (((uintptr_t)memory & (GRAIN - 1)) != 0)
        quire_hook_panic(q, "heap: freeing a pointer into the middle of an object");
    if (block->state == (cached ? TAG_CACHE : TAG_HEAP))
        return block;
    if (block->state == TAG_FREE)
        quire_hook_panic(q, "heap: an object was freed twice");
    if (block->state == TAG_CACHE)
        quire_hook_panic(q, "heap: an object of a cache was freed as a block");
    quire_hook_panic(q, "heap: freeing a pointer into the middle of an object");
}

/* Free, and one with its free neighbours; the tags of what is joined stay behind. */
static void join_locked(struct quire_arena *arena, struct block *block)
{
    struct block *after = block_after(block), *before = block_before(block);
    bool into_before = block->before != 0 && before->state == TAG_FREE;

    block->state = TAG_FREE;
    if (after->state == TAG_FREE) {
        list_remove(arena, after);
        set_size(block, (size_t)block->size + after->size);
        poison(&after->next, MIN_BLOCK - TAG_BYTES);
    }
    if (into_before) {
        set_size(before, (size_t)before->size + block->size);
        block = before;
    } else {
        list_insert(arena, block, free_below(arena, block));
    }
    if (block->size > arena->largest)
        arena->largest = block->size;
}

static void firstfit_free(struct quire *q, void *memory, bool cached)
{
    struct quire_frame *frame = quire_frame_find(q, quire_platform_direct_phys(q, memory));
    struct quire_arena *arena;
    struct block *block;

    if (!(frame->large.bytes & QUIRE_HEAP_CUT)) {
        quire_heap_free_frames(q, frame);
        return;
    }
    quire_spin_lock(&q->heap.arena_lock);
    block = block_out(q, memory, cached);
    arena = arena_of_locked(q, block);
    mark_free(q, block);
    join_locked(arena, block);
    if (is_empty(arena)) {
        q->heap.empty_arenas++;
        if (q->heap.empty_arenas > KEEP_EMPTY)
            arena_destroy_locked(q, arena);
    }
    quire_spin_unlock(&q->heap.arena_lock);
}

static size_t firstfit_size(struct quire *q, const void *memory)
{
    return block_out(q, memory, false)->asked;
}

static size_t firstfit_shrink(struct quire *q)
{
    size_t frames = 0;

    quire_spin_lock(&q->heap.arena_lock);
    for (struct quire_arena *arena = q->heap.arenas, *next; arena != NULL; arena = next) {
        next = arena->next;
        if (is_empty(arena))
            frames += arena_destroy_locked(q, arena);
    }
    quire_spin_unlock(&q->heap.arena_lock);
    return frames;
}

/* ---- check ---- */

static unsigned complain(struct quire *q, const char *text, const void *where, uint64_t number)
{
    quire_report(q, text, (uintptr_t)where, number);
    return 1;
}

/* The blocks from the first tag to the end; *out_free: how many are free, in the list's order. */
static unsigned check_blocks(struct quire *q, struct quire_arena *arena)
{
    struct block *block = first_block(arena), *expected = arena->free, *below = NULL;
    size_t left = room_of(arena);
    uint32_t before = 0;
    bool after_free = false;

    while (left > 0) {
        bool is_free = block->state == TAG_FREE;

        if (block->size < MIN_BLOCK || block->size % GRAIN != 0 || block->size > left ||
            block->before != before)
            return complain(q, "firstfit: a tag's sizes are wrong: block, size", block,
                            block->size);
        if (!is_free && block->state != TAG_HEAP && block->state != TAG_CACHE)
            return complain(q, "firstfit: a tag's state is unknown: block, state", block,
                            block->state);
        if (is_free && after_free)
            return complain(q, "firstfit: two free neighbours: block, size", block, block->size);
        if (is_free && (block != expected || block->previous != below))
            return complain(q,
                            "firstfit: a free block is not in its place in the list: block, "
                            "size",
                            block, block->size);
        if (is_free && (block->size > arena->largest || !is_poisoned(block)))
            return complain(q,
                            "firstfit: a free block is larger than the arena knows, or was "
                            "written to: block, size",
                            block, block->size);
        if (is_free) {
            below = block;
            expected = block->next;
        }
        after_free = is_free;
        before = block->size;
        left -= block->size;
        block = block_after(block);
    }
    if (block->state != TAG_END || block->before != before || expected != NULL)
        return complain(q, "firstfit: an arena's end or its list is wrong: tag, state", block,
                        block->state);
    return 0;
}

static unsigned firstfit_check(struct quire *q)
{
    uint64_t frames = 0, empty = 0;
    unsigned faults = 0;

    quire_spin_lock(&q->heap.arena_lock);
    for (struct quire_arena *arena = q->heap.arenas; arena != NULL; arena = arena->next) {
        faults += check_blocks(q, arena);
        frames += arena->bytes >> QUIRE_PAGE_SHIFT;
        empty += is_empty(arena);
        if (arena->next != NULL && (arena->next <= arena || arena->next->previous != arena))
            faults +=
                complain(q, "firstfit: arenas are not in order: arena, bytes", arena, arena->bytes);
    }
    if (frames != q->heap.arena_frames || empty != q->heap.empty_arenas) {
        quire_report(q, "firstfit: arenas and their counts disagree: frames, empty", frames, empty);
        faults++;
    }
    quire_spin_unlock(&q->heap.arena_lock);
    return faults;
}

const struct quire_heap_manager quire_heap_firstfit = {
    .name = "firstfit",
    .alloc = firstfit_alloc,
    .free = firstfit_free,
    .size = firstfit_size,
    .shrink = firstfit_shrink,
    .check = firstfit_check,
};
