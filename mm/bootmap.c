/*
 * Layer 0: the map of what memory there is.
 *
 * Concepts. The map is one sorted array of rows that neither overlap nor touch with equal type,
 * from the first row added on: adding is painting. Painting [start, end) with a type goes once over
 * the rows that the range overlaps or touches (the window) and replaces them by pieces:
 *
 *        window    |  USABLE   |      |  ACPI  |
 *        paint          |    RESERVED     |
 *        pieces    | USABLE |  RESERVED   | ACPI|      add: the larger type wins, gaps are filled
 *        pieces    | US | BOOT |      |  ACPI  |       reserve: only usable memory changes
 *
 * Adjacent pieces of one type become one row. So no order of rows matters, there is nothing to
 * sort, and a map in the order of its addresses costs constant time a row.
 *
 * The pieces are written over the window they were read from. A first pass counts only: how many
 * rows the writing is ahead of the reading at most. The rest of the array is moved up by that much
 * before the second pass writes; when the storage has no room for it, nothing has changed yet.
 *
 * Rounding happens once, in quire_bootmap_finish: usable rows inwards, all others outwards, so that
 * a page is usable only if all of its bytes are. Until then rows are exact to the byte, and two
 * usable rows that meet inside a page lose nothing.
 *
 * Invariants, finished maps: starts and ends are multiples of the page size; sorted; no overlap; no
 * two rows of equal type touch; no usable byte in the video and BIOS area of a PC.
 *
 * Locking: none. One CPU runs when memory is found.
 */

#include <quire/bootmap.h>

/* No row ends above it: the highest multiple of the page size. */
#define ADDRESS_END (~(uint64_t)(QUIRE_PAGE_SIZE - 1))

/* Physical addresses have 52 bits at most (SDM volume 3, 4.1.4): RAM beyond is an invention. */
#define RAM_END ((uint64_t)1 << 52)

/*
 * Video memory, option ROMs and BIOS: on a PC reads there reach devices whatever the map says, and
 * a map that calls it RAM (or sizes from CMOS that ignore it) is wrong.
 */
#define VIDEO_START 0xa0000
#define VIDEO_END   0x100000

struct paint {
    quire_phys start, end;
    enum quire_memory_type type;
    bool only_usable;
};

struct piece_writer {
    struct quire_memory_range *out; /* NULL: count only */
    size_t written;
    size_t read; /* rows of the window that were copied out and may be overwritten */
    size_t lead; /* most that `written` was ahead of `read` */
    struct quire_memory_range pending;
};

static uint64_t min_u64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t max_u64(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static void flush_piece(struct piece_writer *writer)
{
    if (writer->pending.start == writer->pending.end)
        return;
    if (writer->out != NULL)
        writer->out[writer->written] = writer->pending;
    writer->written++;
    if (writer->written > writer->read && writer->written - writer->read > writer->lead)
        writer->lead = writer->written - writer->read;
}

static void emit_piece(struct piece_writer *writer, quire_phys start, quire_phys end,
                       enum quire_memory_type type)
{
    if (start >= end || type == QUIRE_MEMORY_NONE)
        return;
    if (writer->pending.end == start && writer->pending.type == type) {
        writer->pending.end = end;
        return;
    }
    flush_piece(writer);
    writer->pending = (struct quire_memory_range){start, end, type};
}

static enum quire_memory_type mix(const struct paint *paint, enum quire_memory_type under)
{
    if (paint->only_usable)
        return under == QUIRE_MEMORY_USABLE ? paint->type : under;
    return under > paint->type ? under : paint->type;
}

/* One pass over the window's rows; the writer holds the result. */
static void paint_pass(const struct quire_memory_range *window, size_t count,
                       const struct paint *paint, struct piece_writer *writer)
{
    quire_phys reached = paint->start; /* the painted range is done up to here */

    for (size_t i = 0; i < count; i++) {
        struct quire_memory_range row = window[i];

        writer->read = i + 1;
        emit_piece(writer, reached, min_u64(row.start, paint->end), mix(paint, QUIRE_MEMORY_NONE));
        emit_piece(writer, row.start, min_u64(row.end, paint->start), row.type);
        emit_piece(writer, max_u64(row.start, paint->start), min_u64(row.end, paint->end),
                   mix(paint, row.type));
        emit_piece(writer, max_u64(row.start, paint->end), row.end, row.type);
        reached = max_u64(reached, row.end);
    }
    emit_piece(writer, reached, paint->end, mix(paint, QUIRE_MEMORY_NONE));
    flush_piece(writer);
}

/* Index of the first row that ends at or after the address, by bisection. */
static size_t first_row_reaching(const struct quire_bootmap *map, quire_phys address)
{
    size_t low = 0, high = map->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (map->range[middle].end < address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Moves the rows from index `from` on to index `to`; the map's count follows. */
static void move_rows(struct quire_bootmap *map, size_t from, size_t to)
{
    __builtin_memmove(&map->range[to], &map->range[from],
                      (map->count - from) * sizeof(map->range[0]));
    map->count = map->count - from + to;
}

static enum quire_status paint_range(struct quire_bootmap *map, const struct paint *paint)
{
    size_t first = first_row_reaching(map, paint->start);
    size_t last = first;
    struct piece_writer trial = {0};
    struct piece_writer writer = {0};

    if (paint->start >= paint->end)
        return QUIRE_OK;
    while (last < map->count && map->range[last].start <= paint->end)
        last++;
    paint_pass(&map->range[first], last - first, paint, &trial);
    if (trial.lead > map->capacity - map->count)
        return QUIRE_NO_SPACE;
    move_rows(map, first, first + trial.lead);
    writer.out = &map->range[first];
    paint_pass(&map->range[first + trial.lead], last - first, paint, &writer);
    move_rows(map, last + trial.lead, first + writer.written);
    return QUIRE_OK;
}

void quire_bootmap_init(struct quire_bootmap *map, struct quire_memory_range *storage,
                        size_t capacity)
{
    *map = (struct quire_bootmap){.range = storage, .capacity = capacity};
}

/* Usable rows lose the video area, and what no x86 CPU can address. */
static enum quire_status add_usable(struct quire_bootmap *map, quire_phys start, quire_phys end)
{
    struct paint below = {start, min_u64(end, VIDEO_START), QUIRE_MEMORY_USABLE, false};
    struct paint above = {max_u64(start, VIDEO_END), min_u64(end, RAM_END), QUIRE_MEMORY_USABLE,
                          false};
    enum quire_status first = paint_range(map, &below);
    enum quire_status second = paint_range(map, &above);

    return first != QUIRE_OK ? first : second;
}

enum quire_status quire_bootmap_add(struct quire_bootmap *map, quire_phys start, uint64_t length,
                                    enum quire_memory_type type)
{
    uint64_t end = length > ADDRESS_END - start ? ADDRESS_END : start + length;
    struct paint whole = {start, end, type, false};
    enum quire_status status;

    if (map->finished || type <= QUIRE_MEMORY_NONE || type >= QUIRE_MEMORY_TYPE_COUNT)
        return QUIRE_INVALID;
    if (length == 0 || start >= ADDRESS_END)
        return QUIRE_OK;
    if (type == QUIRE_MEMORY_USABLE)
        status = add_usable(map, start, end);
    else
        status = paint_range(map, &whole);
    if (status == QUIRE_NO_SPACE)
        map->lost++;
    return status;
}

/*
 * Appends a rounded row to the finished part of the map. Rows other than usable ones may share a
 * page after rounding: the larger type gets it, and what is left empty disappears.
 */
static size_t append_rounded(struct quire_memory_range *range, size_t count,
                             struct quire_memory_range row)
{
    while (count > 0 && range[count - 1].end > row.start && range[count - 1].type < row.type) {
        range[count - 1].end = row.start;
        if (range[count - 1].start < range[count - 1].end)
            break;
        count--;
    }
    if (count > 0 && range[count - 1].end > row.start)
        row.start = range[count - 1].end;
    if (row.start >= row.end)
        return count;
    if (count > 0 && range[count - 1].end == row.start && range[count - 1].type == row.type) {
        range[count - 1].end = row.end;
        return count;
    }
    range[count] = row;
    return count + 1;
}

enum quire_status quire_bootmap_finish(struct quire_bootmap *map)
{
    size_t count = 0;

    if (map->finished)
        return QUIRE_INVALID;
    for (size_t i = 0; i < map->count; i++) {
        struct quire_memory_range row = map->range[i];

        if (row.type == QUIRE_MEMORY_USABLE) {
            row.start = quire_page_up(row.start);
            row.end = quire_page_down(row.end);
        } else {
            row.start = quire_page_down(row.start);
            row.end = quire_page_up(row.end);
        }
        if (row.start < row.end)
            count = append_rounded(map->range, count, row);
    }
    map->count = count;
    map->finished = true;
    return map->lost != 0 ? QUIRE_NO_SPACE : QUIRE_OK;
}

enum quire_status quire_bootmap_reserve(struct quire_bootmap *map, quire_phys start,
                                        uint64_t length)
{
    uint64_t end = length > ADDRESS_END - start ? ADDRESS_END : quire_page_up(start + length);
    struct paint paint = {quire_page_down(start), end, QUIRE_MEMORY_BOOT, true};

    if (!map->finished)
        return QUIRE_INVALID;
    if (length == 0 || start >= ADDRESS_END)
        return QUIRE_OK;
    return paint_range(map, &paint);
}

enum quire_status quire_bootmap_alloc(struct quire_bootmap *map, uint64_t length,
                                      uint64_t alignment, quire_phys limit, quire_phys *out_start)
{
    enum quire_status status = QUIRE_NO_MEMORY;

    if (!map->finished || alignment == 0 || (alignment & (alignment - 1)) != 0)
        return QUIRE_INVALID;
    if (length == 0)
        return QUIRE_ZERO_LENGTH;
    if (length > RAM_END)
        return QUIRE_NO_MEMORY;
    length = quire_page_up(length);
    alignment = max_u64(alignment, QUIRE_PAGE_SIZE);
    for (size_t i = map->count; i-- > 0;) {
        quire_phys low = max_u64(map->range[i].start, QUIRE_PAGE_SIZE);
        quire_phys high = min_u64(map->range[i].end, quire_page_down(limit));
        quire_phys start;

        if (map->range[i].type != QUIRE_MEMORY_USABLE || high < low || high - low < length)
            continue;
        start = (high - length) & ~(alignment - 1);
        if (start < low)
            continue;
        status = quire_bootmap_reserve(map, start, length);
        if (status == QUIRE_OK) {
            *out_start = start;
            return QUIRE_OK;
        }
    }
    return status;
}

uint64_t quire_bootmap_total(const struct quire_bootmap *map, enum quire_memory_type type)
{
    uint64_t total = 0;

    for (size_t i = 0; i < map->count; i++)
        if (map->range[i].type == type)
            total += map->range[i].end - map->range[i].start;
    return total;
}

quire_phys quire_bootmap_ram_end(const struct quire_bootmap *map)
{
    for (size_t i = map->count; i-- > 0;)
        if (map->range[i].type == QUIRE_MEMORY_USABLE || map->range[i].type == QUIRE_MEMORY_BOOT)
            return map->range[i].end;
    return 0;
}
