/*
 * Layer 1: frames.
 *
 * Concepts. Each frame of RAM has a record in the frame table. Zones are ranges of frame numbers
 * with a property; in each the free frames belong to a frame manager behind the zone's lock. In
 * front of the managers every CPU has a stack of free frame numbers: taking and giving one frame is
 * a pop and a push that touch no line another CPU writes. An empty stack takes a batch from a zone,
 * a full one gives its older half back, in runs of neighbours, so that the manager sees few large
 * blocks instead of many single frames.
 *
 *     alloc_one ── pop ── stack of this CPU ── refill (a batch) ── zone NORMAL, DMA32, then DMA
 *     free      ── push ────┘            └──── older half, in runs ── the frame's own zone
 *
 * Frames of zones DMA and HIGH never stay in a stack: the first is too precious, the second may
 * only go to those who asked for it.
 *
 * States of a record:
 *     in the manager   kind FREE, count 0, flag HEAD on the first frame of a block
 *     in a stack       kind FREE, count 0, no flag: nothing but the stack knows it
 *     allocated        kind above RESERVED; the block's first frame has a count, the others 0
 *     not RAM          kind RESERVED, count 0
 *
 * Low memory. A request falls back from its zone to those below, but leaves a share of each to
 * those who can use no other (zone->keep): a machine full of user pages still has a page below 16
 * MiB for a device, and on i386 direct-mapped memory for page tables.
 *
 * Records are written when they are first needed (frame_table.c): a zone that cannot serve a
 * request has more sections written before the next lower zone is asked.
 *
 * The reserve: an allocation without QUIRE_ALLOC_RESERVE leaves q->frame.reserve frames in the
 * managers. Free counts of other zones are read without their locks, so several CPUs at once may
 * dip into it by what they take at that moment; a batch is cut to what is above the reserve.
 *
 * Locking: the zone's lock for everything inside its manager; stacks belong to their CPU. The lock
 * is a leaf.
 *
 * Failure: an allocation that fails has changed nothing but where free frames lie.
 */

#include <quire/frame.h>
#include <quire/hooks.h>

#include "frame_internal.h"

/* Neighbours that are worth a visit to their zone together (quire_frame_free_bulk). */
#define DIRECT_RUN 16

/* ---- poison (debug builds) ---- */

#if QUIRE_DEBUG
static void poison(struct quire *q, struct quire_frame *frame)
{
    void *bytes;

    if (frame->flags & QUIRE_FRAME_ZEROED)
        return;
    bytes = quire_frame_map(q, frame);
    __builtin_memset(bytes, QUIRE_FRAME_POISON, QUIRE_PAGE_SIZE);
    quire_frame_unmap(q, frame, bytes);
    __atomic_store_n(&frame->flags, frame->flags | QUIRE_FRAME_POISONED, __ATOMIC_RELAXED);
}

static void verify_free(struct quire *q, struct quire_frame *frame)
{
    uint64_t expected = 0x0101010101010101u * QUIRE_FRAME_POISON;
    const uint64_t *words;
    bool same = true;

    if (frame->kind != QUIRE_FRAME_FREE || frame->count != 0)
        quire_hook_panic(q, "frame: the manager gave a frame that is in use");
    if (!(frame->flags & (QUIRE_FRAME_POISONED | QUIRE_FRAME_ZEROED)))
        return;
    if (frame->flags & QUIRE_FRAME_ZEROED)
        expected = 0;
    words = quire_frame_map(q, frame);
    for (size_t i = 0; i < QUIRE_PAGE_SIZE / sizeof(*words); i++)
        same &= words[i] == expected;
    quire_frame_unmap(q, frame, (void *)words);
    if (!same)
        quire_hook_panic(q, "frame: a free frame was written to");
}
#else
QUIRE_INLINE void poison(struct quire *q, struct quire_frame *frame)
{
    (void)q;
    (void)frame;
}

QUIRE_INLINE void verify_free(struct quire *q, struct quire_frame *frame)
{
    (void)q;
    (void)frame;
}
#endif

/* ---- records ---- */

#define RECORD_UNION offsetof(struct quire_frame, free)

QUIRE_INLINE void claim(struct quire *q, struct quire_cpu *cpu, struct quire_frame *frame,
                        uint32_t count, unsigned order, enum quire_frame_kind kind)
{
    verify_free(q, frame);
    QUIRE_ADD_OWN(cpu->kind[kind], 1);
    __atomic_store_n(&frame->count, count, __ATOMIC_RELAXED);
    frame->kind = (uint8_t)kind;
    frame->order = (uint8_t)order;
    __atomic_store_n(&frame->flags, 0, __ATOMIC_RELAXED);
    __builtin_memset((char *)frame + RECORD_UNION, 0, sizeof(*frame) - RECORD_UNION);
}

/* The record of an allocated frame becomes that of a free one outside the manager's lists. */
QUIRE_INLINE void release(struct quire *q, struct quire_cpu *cpu, struct quire_frame *frame)
{
    quire_platform_frame_freed(q, quire_frame_number(q, frame));
    QUIRE_ADD_OWN(cpu->kind[frame->kind], -1);
    frame->kind = QUIRE_FRAME_FREE;
    frame->order = 0;
    /* A table that was emptied is full of zeros, and need not be cleared again. */
    __atomic_store_n(&frame->flags, frame->flags & QUIRE_FRAME_ZEROED, __ATOMIC_RELAXED);
    poison(q, frame);
}

static void clear(struct quire *q, struct quire_frame *frame)
{
    void *bytes = quire_frame_map(q, frame);

    quire_platform_clear_page(bytes);
    quire_frame_unmap(q, frame, bytes);
}

void quire_frame_set_kind(struct quire *q, struct quire_frame *frame, enum quire_frame_kind kind)
{
    struct quire_cpu *cpu = quire_this_cpu(q);

    cpu->kind[frame->kind]--;
    cpu->kind[kind]++;
    __builtin_memset((char *)frame + RECORD_UNION, 0, sizeof(*frame) - RECORD_UNION);
    frame->kind = (uint8_t)kind;
}

/* ---- zones ---- */

static void zone_add_free(struct quire_zone *zone, uint32_t frames)
{
    __atomic_store_n(&zone->free, zone->free + frames, __ATOMIC_RELAXED);
}

static unsigned highest_zone(unsigned flags)
{
    if (flags & QUIRE_ALLOC_DMA)
        return QUIRE_ZONE_DMA;
    if (flags & QUIRE_ALLOC_DMA32)
        return QUIRE_ZONE_DMA32;
    return flags & QUIRE_ALLOC_HIGH ? QUIRE_ZONE_HIGH : QUIRE_ZONE_NORMAL;
}

/* Frames of a zone that a request for zone `wanted` or below may have. */
static uint64_t zone_offers(const struct quire_zone *zone, unsigned wanted, unsigned flags)
{
    uint64_t free = quire_zone_free(zone);
    uint32_t keep = flags & QUIRE_ALLOC_RESERVE ? 0 : zone->keep[wanted];

    return free > keep ? free - keep : 0;
}

/*
 * May n frames leave the managers? Without QUIRE_ALLOC_RESERVE the reserve must remain in them, of
 * what requests for direct-mapped memory may have; those for the lowest zones leave it anywhere.
 */
static bool above_reserve(const struct quire *q, uint64_t n, unsigned flags)
{
    unsigned wanted = highest_zone(flags);
    bool low = wanted < QUIRE_ZONE_NORMAL;
    uint64_t free = 0;

    if (!(flags & QUIRE_ALLOC_RESERVE))
        n += __atomic_load_n(&q->frame.reserve, __ATOMIC_RELAXED);
    for (unsigned i = (low ? (unsigned)QUIRE_ZONE_HIGH : wanted) + 1; i-- > 0;) {
        free += low ? quire_zone_free(&q->frame.zone[i])
                    : zone_offers(&q->frame.zone[i], wanted, flags);
        if (free >= n)
            return true;
    }
    return false;
}

void quire_frame_set_reserve(struct quire *q, uint64_t frames)
{
    __atomic_store_n(&q->frame.reserve, frames, __ATOMIC_RELAXED);
}

uint64_t quire_frame_offered(const struct quire *q, enum quire_zone_id zone)
{
    uint64_t free = 0;

    for (unsigned i = (unsigned)zone + 1; i-- > 0;)
        free += zone_offers(&q->frame.zone[i], zone, 0);
    return free;
}

uint64_t quire_frame_available(const struct quire *q)
{
    uint64_t direct = quire_frame_offered(q, QUIRE_ZONE_NORMAL), any;

    if (q->frame.zone[QUIRE_ZONE_HIGH].present == 0)
        return direct;
    any = quire_frame_offered(q, QUIRE_ZONE_HIGH);
    return any < direct ? any : direct;
}

/* Layer 5 wants to know, once, when few frames are left. */
static void tell_when_low(struct quire *q)
{
    uint64_t low = __atomic_load_n(&q->reclaim.low, __ATOMIC_RELAXED);

    if (low != 0 && quire_frame_available(q) < low &&
        !__atomic_exchange_n(&q->reclaim.told, true, __ATOMIC_RELAXED))
        quire_hook_memory_low(q);
}

static uint32_t take_from(struct quire *q, struct quire_zone *zone, unsigned order)
{
    uint32_t number;

    do {
        quire_spin_lock(&zone->lock);
        number = q->frame.manager->alloc(q, zone, order);
        if (number != QUIRE_FRAME_NONE)
            zone_add_free(zone, -((uint32_t)1 << order));
        quire_spin_unlock(&zone->lock);
    } while (number == QUIRE_FRAME_NONE && quire_frame_grow(q, zone));
    return number;
}

static uint32_t take_block(struct quire *q, unsigned order, unsigned flags)
{
    unsigned wanted = highest_zone(flags);

    if (!above_reserve(q, (uint64_t)1 << order, flags))
        return QUIRE_FRAME_NONE;
    for (unsigned i = wanted + 1; i-- > 0;) {
        struct quire_zone *zone = &q->frame.zone[i];
        uint32_t number;

        if (zone_offers(zone, wanted, flags) < (uint64_t)1 << order)
            continue;
        number = take_from(q, zone, order);
        if (number != QUIRE_FRAME_NONE)
            return number;
    }
    return QUIRE_FRAME_NONE;
}

void quire_frame_give_locked(struct quire *q, struct quire_zone *zone, uint32_t first, uint32_t n)
{
    const struct quire_frame_manager *manager = q->frame.manager;

    zone_add_free(zone, n);
    while (n > 0) {
        unsigned order = quire_block_order(first, n);

        manager->free(q, zone, first, order);
        first += (uint32_t)1 << order;
        n -= (uint32_t)1 << order;
    }
}

/* Released frames [first, first + n), all in one zone. */
static void give_run(struct quire *q, uint32_t first, uint32_t n)
{
    struct quire_zone *zone = &q->frame.zone[quire_frame_at(q, first)->zone];

    quire_spin_lock(&zone->lock);
    quire_frame_give_locked(q, zone, first, n);
    quire_spin_unlock(&zone->lock);
}

/* ---- stacks ---- */

static void set_stack_count(struct quire_cpu *cpu, uint32_t count)
{
    __atomic_store_n(&cpu->frame_count, count, __ATOMIC_RELAXED);
}

/* Single frames from one zone's manager into out[]; how many came. */
static uint32_t take_singles(struct quire *q, struct quire_zone *zone, uint32_t want, uint32_t *out)
{
    const struct quire_frame_manager *manager = q->frame.manager;
    uint32_t taken = 0;

    quire_spin_lock(&zone->lock);
    if (manager->take != NULL) {
        taken = manager->take(q, zone, want, out);
    } else {
        while (taken < want && (out[taken] = manager->alloc(q, zone, 0)) != QUIRE_FRAME_NONE)
            taken++;
    }
    zone_add_free(zone, -taken);
    quire_spin_unlock(&zone->lock);
    return taken;
}

/* What a zone offers to ordinary requests, at most `want`, onto the stack; how many came. */
static uint32_t refill_from(struct quire *q, struct quire_cpu *cpu, unsigned zone_id, uint32_t want)
{
    struct quire_zone *zone = &q->frame.zone[zone_id];
    uint64_t offers = zone_offers(zone, QUIRE_ZONE_NORMAL, 0);
    uint32_t taken;

    if (want > offers)
        want = (uint32_t)offers;
    if (want == 0)
        return 0;
    do
        taken = take_singles(q, zone, want, &cpu->frame[cpu->frame_count]);
    while (taken == 0 && quire_frame_grow(q, zone));
    set_stack_count(cpu, cpu->frame_count + taken);
    return taken;
}

/* What is left above the reserve, when that is less than a batch. */
static uint32_t last_frames(const struct quire *q)
{
    uint32_t n = QUIRE_FRAME_CACHE_BATCH;

    while (n > 0 && !above_reserve(q, n, 0))
        n--;
    return n;
}

/* A batch onto an empty stack. DMA memory is touched only when there is nothing else. */
static bool refill(struct quire *q, struct quire_cpu *cpu)
{
    uint32_t want = QUIRE_FRAME_CACHE_BATCH;

    if (QUIRE_UNLIKELY(!above_reserve(q, want, 0)))
        want = last_frames(q);
    for (unsigned i = QUIRE_ZONE_NORMAL + 1; i-- > QUIRE_ZONE_DMA32;)
        want -= refill_from(q, cpu, i, want);
    if (cpu->frame_count == 0)
        refill_from(q, cpu, QUIRE_ZONE_DMA, want);
    tell_when_low(q);
    return cpu->frame_count != 0;
}

/*
 * Frames of a stack back to their zones. Neighbours, in rising or falling order, go as one run; a
 * zone's lock is kept while the frames are its own.
 */
static void give_numbers(struct quire *q, const uint32_t *numbers, uint32_t n)
{
    const struct quire_frame_manager *manager = q->frame.manager;
    struct quire_zone *zone = NULL;
    uint32_t i = 0;

    while (i < n) {
        uint32_t first = numbers[i], end = first + 1;

        if (zone == NULL || first < zone->first || first >= zone->end) {
            if (zone != NULL)
                quire_spin_unlock(&zone->lock);
            zone = &q->frame.zone[quire_frame_at(q, first)->zone];
            quire_spin_lock(&zone->lock);
        }
        for (i++; i < n; i++) {
            if (numbers[i] == end && end < zone->end)
                end++;
            else if (numbers[i] + 1 == first && first > zone->first)
                first--;
            else
                break;
        }
        if (end - first > 1) {
            quire_frame_give_locked(q, zone, first, end - first);
            continue;
        }
        zone_add_free(zone, 1);
        manager->free(q, zone, first, 0);
    }
    if (zone != NULL)
        quire_spin_unlock(&zone->lock);
}

/* The older half of a full stack goes back; the newer one is still in the data cache. */
static __attribute__((noinline)) void drain_half(struct quire *q, struct quire_cpu *cpu)
{
    uint32_t give = cpu->frame_count / 2;

    give_numbers(q, cpu->frame, give);
    __builtin_memmove(&cpu->frame[0], &cpu->frame[give],
                      (cpu->frame_count - give) * sizeof(cpu->frame[0]));
    set_stack_count(cpu, cpu->frame_count - give);
}

void quire_frame_drain(struct quire *q)
{
    struct quire_cpu *cpu = quire_this_cpu(q);

    give_numbers(q, cpu->frame, cpu->frame_count);
    set_stack_count(cpu, 0);
}

static __attribute__((noinline)) void push_slow(struct quire *q, struct quire_cpu *cpu,
                                                struct quire_frame *frame)
{
    uint32_t number = quire_frame_number(q, frame);

    if (frame->zone - (unsigned)QUIRE_ZONE_DMA32 > QUIRE_ZONE_NORMAL - QUIRE_ZONE_DMA32) {
        release(q, cpu, frame);
        give_run(q, number, 1);
        return;
    }
    drain_half(q, cpu);
    release(q, cpu, frame);
    cpu->frame[cpu->frame_count] = number;
    set_stack_count(cpu, cpu->frame_count + 1);
}

/* A single frame with count 0 becomes free: on this CPU's stack, or in its zone if that is no
 * stack's. */
QUIRE_INLINE void push(struct quire *q, struct quire_cpu *cpu, struct quire_frame *frame)
{
    uint32_t used = cpu->frame_count;

    if (QUIRE_UNLIKELY(used == QUIRE_FRAME_CACHE_SIZE ||
                       frame->zone - (unsigned)QUIRE_ZONE_DMA32 >
                           QUIRE_ZONE_NORMAL - QUIRE_ZONE_DMA32)) {
        push_slow(q, cpu, frame);
        return;
    }
    release(q, cpu, frame);
    cpu->frame[used] = quire_frame_number(q, frame);
    set_stack_count(cpu, used + 1);
}

/* ---- allocation ---- */

static struct quire_frame *claim_run(struct quire *q, uint32_t number, size_t n, unsigned order,
                                     enum quire_frame_kind kind, unsigned flags)
{
    struct quire_frame *first = quire_frame_at(q, number);
    struct quire_cpu *cpu = quire_this_cpu(q);

    claim(q, cpu, first, 1, order, kind);
    for (size_t i = 1; i < n; i++)
        claim(q, cpu, first + i, 0, 0, kind);
    if (flags & QUIRE_ALLOC_ZERO)
        for (size_t i = 0; i < n; i++)
            clear(q, first + i);
    cpu->event[QUIRE_EVENT_FRAME_ALLOC] += n;
    return first;
}

/* Through the manager. This CPU's stack may hold what keeps a block from being whole: once without
 * it. */
static uint32_t take_block_hard(struct quire *q, unsigned order, unsigned flags)
{
    uint32_t number = take_block(q, order, flags);

    tell_when_low(q);
    if (number == QUIRE_FRAME_NONE && quire_this_cpu(q)->frame_count != 0) {
        quire_frame_drain(q);
        number = take_block(q, order, flags);
    }
    if (number == QUIRE_FRAME_NONE && quire_platform_uses_reserve())
        number = take_block(q, order, flags | QUIRE_ALLOC_RESERVE);
    return number;
}

/* The stack's newest frame; the stack is not empty. */
QUIRE_INLINE struct quire_frame *pop(struct quire *q, struct quire_cpu *cpu,
                                     enum quire_frame_kind kind, unsigned flags)
{
    uint32_t left = cpu->frame_count - 1;
    struct quire_frame *frame = quire_frame_at(q, cpu->frame[left]);
    bool zeroed = (frame->flags & QUIRE_FRAME_ZEROED) != 0;

    set_stack_count(cpu, left);
    claim(q, cpu, frame, 1, 0, kind);
    cpu->event[QUIRE_EVENT_FRAME_ALLOC]++;
    if ((flags & QUIRE_ALLOC_ZERO) && !zeroed)
        quire_platform_clear_page(quire_frame_direct(q, frame));
    return frame;
}

/* The stack is empty, or not what the flags ask for. */
static __attribute__((noinline)) struct quire_frame *
alloc_one_slow(struct quire *q, enum quire_frame_kind kind, unsigned flags)
{
    struct quire_cpu *cpu = quire_this_cpu(q);
    uint32_t number;

    if ((flags & q->frame.slow_flags) == 0 && refill(q, cpu))
        return pop(q, cpu, kind, flags);
    number = take_block_hard(q, 0, flags);
    return number == QUIRE_FRAME_NONE ? NULL : claim_run(q, number, 1, 0, kind, flags);
}

struct quire_frame *quire_frame_alloc_one(struct quire *q, enum quire_frame_kind kind,
                                          unsigned flags)
{
    struct quire_cpu *cpu = quire_this_cpu(q);

    if (quire_platform_allocation_fails())
        return NULL;
    if (QUIRE_UNLIKELY((flags & q->frame.slow_flags) != 0 || cpu->frame_count == 0))
        return alloc_one_slow(q, kind, flags);
    return pop(q, cpu, kind, flags);
}

struct quire_frame *quire_frame_alloc(struct quire *q, unsigned order, enum quire_frame_kind kind,
                                      unsigned flags)
{
    uint32_t number;

    if (order == 0)
        return quire_frame_alloc_one(q, kind, flags);
    if (order > QUIRE_MAX_ORDER || quire_platform_allocation_fails())
        return NULL;
    number = take_block_hard(q, order, flags);
    if (number == QUIRE_FRAME_NONE)
        return NULL;
    return claim_run(q, number, (size_t)1 << order, order, kind, flags);
}

/* Everything that was allocated so far goes back. */
static void undo_many(struct quire *q, struct quire_frame **frames, size_t n)
{
    for (size_t i = 0; i < n; i++)
        __atomic_store_n(&frames[i]->count, 0, __ATOMIC_RELAXED);
    quire_frame_free_bulk(q, frames, n);
}

/*
 * What is asked for in vain is refused before it has emptied the zones, where that can be seen.
 * Other CPUs' stacks are not counted, since nobody but they can take from them.
 */
enum quire_status quire_frame_alloc_many(struct quire *q, size_t n, enum quire_frame_kind kind,
                                         unsigned flags, struct quire_frame **out)
{
    struct quire_cpu *cpu = quire_this_cpu(q);

    if (n > cpu->frame_count && !above_reserve(q, n - cpu->frame_count, flags))
        return QUIRE_NO_MEMORY;
    for (size_t i = 0; i < n; i++) {
        if (QUIRE_UNLIKELY(quire_platform_allocation_fails()))
            out[i] = NULL;
        else if (QUIRE_LIKELY((flags & q->frame.slow_flags) == 0 && cpu->frame_count > 0))
            out[i] = pop(q, cpu, kind, flags);
        else
            out[i] = alloc_one_slow(q, kind, flags);
        if (QUIRE_UNLIKELY(out[i] == NULL)) {
            undo_many(q, out, i);
            return QUIRE_NO_MEMORY;
        }
    }
    return QUIRE_OK;
}

struct quire_frame *quire_frame_alloc_run(struct quire *q, size_t n, enum quire_frame_kind kind,
                                          unsigned flags)
{
    unsigned order;
    uint32_t number;

    if (n == 0 || n > (size_t)1 << QUIRE_MAX_ORDER || quire_platform_allocation_fails())
        return NULL;
    order = n == 1 ? 0 : 32 - (unsigned)__builtin_clz((uint32_t)n - 1);
    number = take_block_hard(q, order, flags);
    if (number == QUIRE_FRAME_NONE)
        return NULL;
    if (n < (size_t)1 << order)
        give_run(q, number + (uint32_t)n, ((uint32_t)1 << order) - (uint32_t)n);
    return claim_run(q, number, n, order, kind, flags);
}

/* ---- freeing ---- */

#if QUIRE_DEBUG
/* n neighbours, each a single frame to which nobody refers any more. */
static void verify_freeable(struct quire *q, const struct quire_frame *first, size_t n)
{
    for (const struct quire_frame *frame = first; frame < first + n; frame++)
        if (frame->count != 0 || frame->kind <= QUIRE_FRAME_RESERVED || frame->order != 0)
            quire_hook_panic(q, "frame: freeing a frame that is counted, free or part of a block");
}
#else
QUIRE_INLINE void verify_freeable(struct quire *q, const struct quire_frame *first, size_t n)
{
    (void)q;
    (void)first;
    (void)n;
}
#endif

static void free_one(struct quire *q, struct quire_frame *frame)
{
    struct quire_cpu *cpu = quire_this_cpu(q);

    verify_freeable(q, frame, 1);
    cpu->event[QUIRE_EVENT_FRAME_FREE]++;
    push(q, cpu, frame);
}

static void release_run(struct quire *q, struct quire_cpu *cpu, struct quire_frame *first, size_t n)
{
    for (size_t i = 0; i < n; i++)
        release(q, cpu, first + i);
    give_run(q, quire_frame_number(q, first), (uint32_t)n);
}

void quire_frame_free_run(struct quire *q, struct quire_frame *first, size_t n)
{
    struct quire_cpu *cpu = quire_this_cpu(q);

    __atomic_store_n(&first->count, 0, __ATOMIC_RELAXED);
    cpu->event[QUIRE_EVENT_FRAME_FREE] += n;
    release_run(q, cpu, first, n);
}

enum quire_status quire_frame_free(struct quire *q, struct quire_frame *frame)
{
    uint32_t count;

    if (QUIRE_UNLIKELY(!quire_frame_is_written(q, quire_frame_number(q, frame))))
        quire_frame_write(q, quire_frame_number(q, frame));
    count = __atomic_load_n(&frame->count, __ATOMIC_RELAXED);
    if (count == 0)
        return QUIRE_NOT_ALLOCATED;
    if (count != 1 || quire_frame_phys(q, frame) == q->frame.zero)
        return QUIRE_BUSY;
    if (frame->order != 0) {
        quire_frame_free_run(q, frame, (size_t)1 << frame->order);
        return QUIRE_OK;
    }
    __atomic_store_n(&frame->count, 0, __ATOMIC_RELAXED);
    free_one(q, frame);
    return QUIRE_OK;
}

/* How many of the frames, from the first on, are neighbours in rising order within one zone. */
QUIRE_INLINE size_t run_length(const struct quire *q, struct quire_frame *const *frames, size_t n)
{
    const struct quire_frame *first = frames[0];
    size_t in_zone = q->frame.zone[first->zone].end - quire_frame_number(q, first);
    size_t length = 1;

    if (n > in_zone)
        n = in_zone;
    while (length < n && frames[length] == first + length)
        length++;
    return length;
}

/*
 * Frames of a large mapping come in runs, because batches go onto the stacks in order. While the
 * stack has enough for what is allocated next, a run goes to its zone at once, as a few large
 * blocks.
 */
void quire_frame_free_bulk(struct quire *q, struct quire_frame *const *frames, size_t n)
{
    struct quire_cpu *cpu = quire_this_cpu(q);

    cpu->event[QUIRE_EVENT_FRAME_FREE] += n;
    for (size_t i = 0; i < n;) {
        size_t run = 1;

        if (n - i >= DIRECT_RUN && frames[i + 1] == frames[i] + 1 &&
            cpu->frame_count >= QUIRE_FRAME_CACHE_BATCH)
            run = run_length(q, frames + i, n - i);
        if (run >= DIRECT_RUN) {
            verify_freeable(q, frames[i], run);
            release_run(q, cpu, frames[i], run);
            i += run;
            continue;
        }
        for (; run > 0; run--, i++) {
            verify_freeable(q, frames[i], 1);
            push(q, cpu, frames[i]);
        }
    }
}

void quire_frame_put(struct quire *q, struct quire_frame *frame)
{
    if (quire_frame_drop(frame))
        free_one(q, frame);
}

/* ---- frames beyond the direct map ---- */

void *quire_frame_map_slow(struct quire *q, quire_phys address)
{
    return quire_hook_frame_map(q, address);
}

void quire_frame_unmap_slow(struct quire *q, void *address)
{
    quire_hook_frame_unmap(q, address);
}
