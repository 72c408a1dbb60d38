/*
 * A bitmap as a frame manager: one bit for each frame of a zone, first fit.
 *
 * Concepts. A set bit is a free frame. Bit 0 of the bitmap is the zone's first frame, rounded down
 * to a whole word, so that blocks, which begin at multiples of their size, lie in a word in a known
 * place. The search begins at the zone's hint, the first word that may have a set bit, and takes
 * the lowest block that fits: memory in use stays at low addresses and what is free at high ones.
 *
 * A block smaller than a word is looked for in all its places of a word at once: m & (m >> 1) has a
 * bit where two free frames begin, that & (itself >> 2) where four do, and so on; a mask keeps the
 * aligned places. Larger blocks are whole words.
 *
 * Invariants, with the zone's lock free:
 *  - A bit is set exactly when the frame lies in the manager. Bits outside the zone are never set.
 *  - No word below the hint has a set bit.
 * Nothing is kept in the frames' records, and neighbours need no merging: blocks of any order are
 * there as soon as their bits are.
 *
 * Cost. A single frame is found where the last one was, unless something below was freed: the hint
 * then falls back and rises again, word by word. A block of higher order is a linear search, which
 * is what QUIRE_MANAGER_CONTIGUOUS_SLOW says. The bitmap is 1/32768 of the memory.
 */

#include "frame_internal.h"

#define WORD_BITS  ((uint32_t)(8 * sizeof(unsigned long)))
#define WORD_ORDER (sizeof(unsigned long) == 8 ? 6u : 5u)
#define ALL_FREE   (~0ul)

static uint32_t base_of(const struct quire_zone *zone)
{
    return zone->first & ~(WORD_BITS - 1);
}

static uint32_t word_count(const struct quire_zone *zone)
{
    return zone->first == zone->end ? 0 : (zone->end - 1 - base_of(zone)) / WORD_BITS + 1;
}

/* The zone's first and last word may be used in part. */
static size_t bitmap_storage(uint32_t frames)
{
    return frames == 0 ? 0 : ((size_t)frames / WORD_BITS + 2) * sizeof(unsigned long);
}

static void bitmap_init(struct quire *q, struct quire_zone *zone, void *storage)
{
    (void)q;
    zone->bitmap = storage;
    zone->hint = word_count(zone);
    for (uint32_t i = 0; i < word_count(zone); i++)
        zone->bitmap[i] = 0;
}

/* The bits of a block within its first word, or the whole word. */
static unsigned long block_mask(uint32_t bit, unsigned order)
{
    if (order >= WORD_ORDER)
        return ALL_FREE;
    return ((1ul << ((uint32_t)1 << order)) - 1) << (bit % WORD_BITS);
}

static uint32_t block_words(unsigned order)
{
    return order <= WORD_ORDER ? 1 : (uint32_t)1 << (order - WORD_ORDER);
}

static bool is_free_block(const struct quire_zone *zone, uint32_t number, unsigned order)
{
    uint32_t bit = number - base_of(zone), first = bit / WORD_BITS;
    unsigned long mask = block_mask(bit, order);

    for (uint32_t i = 0; i < block_words(order); i++)
        if ((zone->bitmap[first + i] & mask) != mask)
            return false;
    return true;
}

static uint32_t take_block(struct quire_zone *zone, uint32_t bit, unsigned order)
{
    unsigned long mask = block_mask(bit, order);

    for (uint32_t i = 0; i < block_words(order); i++)
        zone->bitmap[bit / WORD_BITS + i] &= ~mask;
    return base_of(zone) + bit;
}

/* Bits where an aligned block of that order, smaller than a word, begins. */
static unsigned long blocks_in_word(unsigned long word, unsigned order)
{
    static const unsigned long aligned[] = {
        ALL_FREE,
        ALL_FREE / 0x3,
        ALL_FREE / 0xf,
        ALL_FREE / 0xff,
        ALL_FREE / 0xffff,
#if __SIZEOF_LONG__ == 8
        ALL_FREE / 0xfffffffful,
#endif
    };

    for (unsigned i = 0; i < order; i++)
        word &= word >> ((uint32_t)1 << i);
    return word & aligned[order];
}

static uint32_t alloc_small(struct quire_zone *zone, unsigned order)
{
    uint32_t count = word_count(zone);

    for (uint32_t i = zone->hint; i < count; i++) {
        unsigned long found = blocks_in_word(zone->bitmap[i], order);

        if (order == 0)
            zone->hint = i;
        if (found != 0)
            return take_block(zone, i * WORD_BITS + (uint32_t)__builtin_ctzl(found), order);
    }
    if (order == 0)
        zone->hint = count;
    return QUIRE_FRAME_NONE;
}

static uint32_t alloc_large(struct quire_zone *zone, unsigned order)
{
    uint32_t size = (uint32_t)1 << order, base = base_of(zone);
    uint64_t from = (uint64_t)base + (uint64_t)zone->hint * WORD_BITS;

    for (from = (from + size - 1) & ~(uint64_t)(size - 1); from + size <= zone->end; from += size)
        if (from >= base && is_free_block(zone, (uint32_t)from, order))
            return take_block(zone, (uint32_t)from - base, order);
    return QUIRE_FRAME_NONE;
}

static uint32_t bitmap_alloc(struct quire *q, struct quire_zone *zone, unsigned order)
{
    (void)q;
    return order < WORD_ORDER ? alloc_small(zone, order) : alloc_large(zone, order);
}

static void bitmap_free(struct quire *q, struct quire_zone *zone, uint32_t number, unsigned order)
{
    uint32_t bit = number - base_of(zone), first = bit / WORD_BITS;
    unsigned long mask = block_mask(bit, order);

    (void)q;
    for (uint32_t i = 0; i < block_words(order); i++)
        zone->bitmap[first + i] |= mask;
    if (first < zone->hint)
        zone->hint = first;
}

/* The lowest n frames, the last one first: a stack filled this way gives them in rising order. */
static uint32_t bitmap_take(struct quire *q, struct quire_zone *zone, uint32_t n, uint32_t *out)
{
    uint32_t count = word_count(zone), base = base_of(zone), taken = 0;

    (void)q;
    for (; zone->hint < count && taken < n; zone->hint++) {
        unsigned long word = zone->bitmap[zone->hint];

        while (word != 0 && taken < n) {
            out[taken++] = base + zone->hint * WORD_BITS + (uint32_t)__builtin_ctzl(word);
            word &= word - 1;
        }
        zone->bitmap[zone->hint] = word;
        if (word != 0)
            break;
    }
    for (uint32_t i = 0; i < taken / 2; i++) {
        uint32_t number = out[i];

        out[i] = out[taken - 1 - i];
        out[taken - 1 - i] = number;
    }
    return taken;
}

/* What a buddy system would have in its lists: the largest aligned blocks, from the left. */
static void bitmap_blocks(struct quire *q, struct quire_zone *zone, uint64_t *out)
{
    uint32_t base = base_of(zone), number = zone->first;

    (void)q;
    while (number < zone->end) {
        unsigned order = 0;

        if (number % WORD_BITS == 0 && zone->bitmap[(number - base) / WORD_BITS] == 0) {
            number += zone->end - number < WORD_BITS ? zone->end - number : WORD_BITS;
            continue;
        }
        if (!is_free_block(zone, number, 0)) {
            number++;
            continue;
        }
        while (order < QUIRE_MAX_ORDER && (number & ((uint32_t)1 << order)) == 0 &&
               zone->end - number >= (uint32_t)2 << order &&
               is_free_block(zone, number + ((uint32_t)1 << order), order))
            order++;
        out[order]++;
        number += (uint32_t)1 << order;
    }
}

static unsigned check_word(struct quire *q, const struct quire_zone *zone, uint32_t index,
                           uint64_t *total)
{
    unsigned faults = 0;

    for (unsigned long word = zone->bitmap[index]; word != 0; word &= word - 1) {
        uint32_t number = base_of(zone) + index * WORD_BITS + (uint32_t)__builtin_ctzl(word);
        const struct quire_frame *frame;

        ++*total;
        if (number < zone->first || number >= zone->end) {
            quire_report(q, "bitmap: a bit outside the zone is set: frame, zone's end", number,
                         zone->end);
            faults++;
            continue;
        }
        frame = quire_frame_at(q, number);
        if (frame->kind == QUIRE_FRAME_FREE && frame->count == 0 &&
            !(frame->flags & (QUIRE_FRAME_HEAD | QUIRE_FRAME_CACHED)))
            continue;
        quire_report(q, "bitmap: a free bit's frame is not free: frame, kind", number, frame->kind);
        faults++;
    }
    return faults;
}

static unsigned bitmap_check(struct quire *q, struct quire_zone *zone)
{
    uint32_t count = word_count(zone);
    uint64_t total = 0;
    unsigned faults = 0;

    if (zone->hint > count) {
        quire_report(q, "bitmap: the search begins behind the end: word, words", zone->hint, count);
        return 1;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (i < zone->hint && zone->bitmap[i] != 0) {
            quire_report(q, "bitmap: a free frame below where the search begins: word, begin", i,
                         zone->hint);
            faults++;
        }
        faults += check_word(q, zone, i, &total);
    }
    if (total != zone->free) {
        quire_report(q, "bitmap: free frames in the bitmap and in the zone differ: bits, zone",
                     total, zone->free);
        faults++;
    }
    return faults;
}

const struct quire_frame_manager quire_frame_bitmap = {
    .name = "bitmap",
    .capabilities = QUIRE_MANAGER_CONTIGUOUS_SLOW,
    .storage = bitmap_storage,
    .init = bitmap_init,
    .alloc = bitmap_alloc,
    .free = bitmap_free,
    .take = bitmap_take,
    .blocks = bitmap_blocks,
    .check = bitmap_check,
};
