/*
 * Layer 1, the frame table: records are written when they are first needed.
 *
 * Concepts. The table has 32 bytes for each frame up to the end of RAM: 128 MiB on a machine of
 * 16 GiB, most of which nobody looks at for a long time. It is divided into sections of
 * 2^QUIRE_SECTION_ORDER frames. A section's records are written, and its free memory is given to
 * the zones' managers, when a zone runs short, or when somebody asks for the record of an address
 * in it (quire_frame_find). Bring-up therefore costs the same whatever the machine's size. What the
 * records will say comes from a copy of the boot map.
 *
 * A section holds at least one block of the largest order, and begins at a multiple of it, so that
 * no manager looks from one section into the next.
 *
 * Invariants, with the lock free:
 *  - A section's bit in q->frame.written is set exactly when its records hold something.
 *  - zone->unwritten is the number of usable frames of the zone in sections whose bit is not set;
 *    they are free, and counted as such, but in no manager.
 *  - No section of the zone below zone->grow is unwritten.
 *
 * Locking. q->frame.grow_lock for all of that; the zones' locks inside it. A bit is set after the
 * records, with release, and read with acquire. Whoever holds a frame has it from a manager or from
 * quire_frame_find, so its section is written, and quire_frame_at needs no look.
 *
 * Nothing here can fail.
 */

#include <quire/frame.h>

#include "frame_internal.h"

#define SECTION_FRAMES ((uint32_t)1 << QUIRE_SECTION_ORDER)

/* Frames of one kind: [first, end). */
struct piece {
    uint32_t first, end;
    enum quire_frame_kind kind;
};

static enum quire_frame_kind kind_of_memory(enum quire_memory_type type)
{
    switch (type) {
    case QUIRE_MEMORY_USABLE:
        return QUIRE_FRAME_FREE;
    case QUIRE_MEMORY_BOOT:
        return QUIRE_FRAME_BOOT;
    default:
        return QUIRE_FRAME_RESERVED;
    }
}

/* A row's frame numbers, cut to the table; page 0 is never handed out. */
static void row_frames(const struct quire *q, const struct quire_memory_range *row,
                       uint32_t *out_first, uint32_t *out_end)
{
    uint64_t first = row->start >> QUIRE_PAGE_SHIFT, end = row->end >> QUIRE_PAGE_SHIFT;

    if (first == 0)
        first = 1;
    *out_first = (uint32_t)(first < q->frame.count ? first : q->frame.count);
    *out_end = (uint32_t)(end < q->frame.count ? end : q->frame.count);
}

/* The first row that ends above a frame; row_count: none does. */
static size_t row_above(const struct quire *q, uint32_t number)
{
    quire_phys address = (quire_phys)number << QUIRE_PAGE_SHIFT;
    size_t low = 0, high = q->frame.row_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (q->frame.row[middle].end > address)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* The piece at `from`, no longer than up to `limit`. Between rows nothing exists: RESERVED. */
static struct piece piece_at(const struct quire *q, uint32_t from, uint32_t limit)
{
    struct piece piece = {from, limit, QUIRE_FRAME_RESERVED};

    for (size_t i = row_above(q, from); i < q->frame.row_count; i++) {
        uint32_t first, end;

        row_frames(q, &q->frame.row[i], &first, &end);
        if (end <= from || first >= end)
            continue;
        if (first > from) {
            piece.end = first < limit ? first : limit;
        } else {
            piece.end = end < limit ? end : limit;
            piece.kind = kind_of_memory(q->frame.row[i].type);
        }
        break;
    }
    return piece;
}

static unsigned zone_of(const struct quire *q, uint32_t number)
{
    unsigned zone = 0;

    while (number >= q->frame.zone[zone].end)
        zone++;
    return zone;
}

/* The same, cut to the zone of its first frame. */
static struct piece piece_in_zone(const struct quire *q, uint32_t from, uint32_t limit,
                                  unsigned *out_zone)
{
    *out_zone = zone_of(q, from);
    if (limit > q->frame.zone[*out_zone].end)
        limit = q->frame.zone[*out_zone].end;
    return piece_at(q, from, limit);
}

/*
 * What a record begins with; the union behind it means nothing until the frame is allocated. One
 * store a record.
 */
static void write_records(struct quire *q, const struct piece *piece, unsigned zone)
{
    const struct quire_frame record = {
        .count = piece->kind == QUIRE_FRAME_BOOT ? 1 : 0,
        .kind = (uint8_t)piece->kind,
        .zone = (uint8_t)zone,
    };
    struct quire_frame *end = quire_frame_at(q, piece->end);

    for (struct quire_frame *frame = quire_frame_at(q, piece->first); frame < end; frame++)
        __builtin_memcpy(frame, &record, offsetof(struct quire_frame, free));
}

static void give_piece(struct quire *q, const struct piece *piece, unsigned zone_id)
{
    struct quire_zone *zone = &q->frame.zone[zone_id];
    uint32_t frames = piece->end - piece->first;

    quire_spin_lock(&zone->lock);
    quire_frame_give_locked(q, zone, piece->first, frames);
    quire_spin_unlock(&zone->lock);
    __atomic_store_n(&zone->unwritten, zone->unwritten - frames, __ATOMIC_RELAXED);
}

static uint32_t section_end(const struct quire *q, uint32_t section)
{
    uint32_t first = section << QUIRE_SECTION_ORDER;

    return q->frame.count - first < SECTION_FRAMES ? q->frame.count : first + SECTION_FRAMES;
}

/* All records before any free memory: a buddy may lie in another piece. */
static void write_section_locked(struct quire *q, uint32_t section)
{
    uint32_t first = section << QUIRE_SECTION_ORDER, end = section_end(q, section);
    struct piece piece;
    unsigned zone;

    for (uint32_t at = first; at < end; at = piece.end) {
        piece = piece_in_zone(q, at, end, &zone);
        write_records(q, &piece, zone);
    }
    quire_platform_point();
    __atomic_fetch_or(&q->frame.written[section / QUIRE_WORD_BITS],
                      1ul << section % QUIRE_WORD_BITS, __ATOMIC_RELEASE);
    for (uint32_t at = first; at < end; at = piece.end) {
        piece = piece_in_zone(q, at, end, &zone);
        if (piece.kind == QUIRE_FRAME_FREE)
            give_piece(q, &piece, zone);
    }
}

struct quire_frame *quire_frame_write(struct quire *q, uint32_t number)
{
    quire_spin_lock(&q->frame.grow_lock);
    if (!quire_frame_is_written(q, number))
        write_section_locked(q, number >> QUIRE_SECTION_ORDER);
    quire_spin_unlock(&q->frame.grow_lock);
    return quire_frame_at(q, number);
}

bool quire_frame_grow(struct quire *q, struct quire_zone *zone)
{
    uint32_t before;

    if (quire_zone_unwritten(zone) == 0)
        return false;
    quire_spin_lock(&q->frame.grow_lock);
    /* Another CPU may have been here meanwhile: then there is something to take as well. */
    for (before = zone->unwritten; zone->unwritten != 0 && zone->unwritten == before;) {
        if (!quire_frame_is_written(q, zone->grow))
            write_section_locked(q, zone->grow >> QUIRE_SECTION_ORDER);
        zone->grow = section_end(q, zone->grow >> QUIRE_SECTION_ORDER);
    }
    quire_spin_unlock(&q->frame.grow_lock);
    return true;
}

uint32_t quire_frame_next_written(const struct quire *q, uint32_t number)
{
    while (number < q->frame.count && !quire_frame_is_written(q, number))
        number = section_end(q, number >> QUIRE_SECTION_ORDER);
    return number;
}

void quire_frame_table_count(struct quire *q)
{
    struct piece piece;
    unsigned zone;

    for (unsigned i = 0; i < QUIRE_ZONE_COUNT; i++)
        q->frame.zone[i].grow = q->frame.zone[i].first;
    for (uint32_t at = 0; at < q->frame.count; at = piece.end) {
        uint32_t frames;

        piece = piece_in_zone(q, at, q->frame.count, &zone);
        frames = piece.end - piece.first;
        q->cpu[0].kind[piece.kind] += frames;
        if (piece.kind != QUIRE_FRAME_RESERVED)
            q->frame.zone[zone].present += frames;
        if (piece.kind == QUIRE_FRAME_FREE)
            q->frame.zone[zone].unwritten += frames;
    }
}

void quire_frame_census_unwritten(const struct quire *q, struct quire_frame_census *census)
{
    for (uint32_t first = 0; first < q->frame.count;) {
        uint32_t end = section_end(q, first >> QUIRE_SECTION_ORDER);
        struct piece piece;
        unsigned zone;

        for (uint32_t at = first; at < end && !quire_frame_is_written(q, first); at = piece.end) {
            piece = piece_in_zone(q, at, end, &zone);
            census->kind[piece.kind] += piece.end - piece.first;
            if (piece.kind == QUIRE_FRAME_FREE)
                census->unwritten[zone] += piece.end - piece.first;
        }
        first = end;
    }
}

void quire_frame_blocks_unwritten(const struct quire *q, unsigned zone_id, uint64_t *out)
{
    const struct quire_zone *zone = &q->frame.zone[zone_id];
    struct piece piece;

    for (uint32_t at = zone->first; at < zone->end; at = piece.end) {
        uint32_t end = section_end(q, at >> QUIRE_SECTION_ORDER);

        piece = piece_at(q, at, end < zone->end ? end : zone->end);
        if (piece.kind != QUIRE_FRAME_FREE || quire_frame_is_written(q, at))
            continue;
        while (piece.first < piece.end) {
            unsigned order = quire_block_order(piece.first, piece.end - piece.first);

            out[order]++;
            piece.first += (uint32_t)1 << order;
        }
    }
}
