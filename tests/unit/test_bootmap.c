/* Layer 0: each rule of the map, each adapter, each error; then random maps against a byte model.
 */

#include <string.h>

#include "host.h"

#define ROWS 64

struct fixture {
    struct quire_bootmap map;
    struct quire_memory_range rows[ROWS];
};

static struct quire_bootmap *empty_map(struct fixture *fixture, size_t capacity)
{
    memset(fixture, 0xee, sizeof(*fixture));
    quire_bootmap_init(&fixture->map, fixture->rows, capacity);
    return &fixture->map;
}

static void add(struct quire_bootmap *map, uint64_t start, uint64_t end,
                enum quire_memory_type type)
{
    assert_int_equal(quire_bootmap_add(map, start, end - start, type), QUIRE_OK);
}

/* The whole map as rows of three numbers, ended by a row of type NONE. */
static void assert_map(const struct quire_bootmap *map, const struct quire_memory_range *expected)
{
    size_t n = 0;

    for (; expected[n].type != QUIRE_MEMORY_NONE; n++) {
        assert_true(n < map->count);
        assert_int_equal(map->range[n].start, expected[n].start);
        assert_int_equal(map->range[n].end, expected[n].end);
        assert_int_equal(map->range[n].type, expected[n].type);
    }
    assert_int_equal(map->count, n);
}

#define assert_rows(map, ...)                                                                      \
    assert_map(map, (const struct quire_memory_range[]){__VA_ARGS__, {0, 0, QUIRE_MEMORY_NONE}})

static void rows_in_any_order_are_sorted_and_merged(void **state)
{
    struct fixture fixture;
    struct quire_bootmap *map = empty_map(&fixture, ROWS);

    (void)state;
    add(map, 0x400000, 0x500000, QUIRE_MEMORY_USABLE);
    add(map, 0x200000, 0x300000, QUIRE_MEMORY_USABLE);
    add(map, 0x300000, 0x400000, QUIRE_MEMORY_USABLE);
    add(map, 0x600000, 0x700000, QUIRE_MEMORY_RESERVED);
    assert_int_equal(quire_bootmap_finish(map), QUIRE_OK);
    assert_rows(map, {0x200000, 0x500000, QUIRE_MEMORY_USABLE},
                {0x600000, 0x700000, QUIRE_MEMORY_RESERVED});
}

static void larger_type_wins_where_rows_overlap(void **state)
{
    struct fixture fixture;

    (void)state;
    for (int order = 0; order < 2; order++) {
        struct quire_bootmap *map = empty_map(&fixture, ROWS);

        if (order == 0)
            add(map, 0x200000, 0x800000, QUIRE_MEMORY_USABLE);
        add(map, 0x300000, 0x400000, QUIRE_MEMORY_RESERVED);
        add(map, 0x380000, 0x500000, QUIRE_MEMORY_ACPI);
        if (order == 1)
            add(map, 0x200000, 0x800000, QUIRE_MEMORY_USABLE);
        assert_int_equal(quire_bootmap_finish(map), QUIRE_OK);
        assert_rows(map, {0x200000, 0x300000, QUIRE_MEMORY_USABLE},
                    {0x300000, 0x400000, QUIRE_MEMORY_RESERVED},
                    {0x400000, 0x500000, QUIRE_MEMORY_ACPI},
                    {0x500000, 0x800000, QUIRE_MEMORY_USABLE});
    }
}

static void empty_rows_are_ignored(void **state)
{
    struct fixture fixture;
    struct quire_bootmap *map = empty_map(&fixture, ROWS);

    (void)state;
    assert_int_equal(quire_bootmap_add(map, 0, 0, QUIRE_MEMORY_RESERVED), QUIRE_OK);
    assert_int_equal(quire_bootmap_add(map, 0x123456, 0, QUIRE_MEMORY_USABLE), QUIRE_OK);
    assert_int_equal(quire_bootmap_finish(map), QUIRE_OK);
    assert_int_equal(map->count, 0);
    assert_int_equal(quire_bootmap_ram_end(map), 0);
}

static void rows_that_wrap_are_clipped(void **state)
{
    struct fixture fixture;
    struct quire_bootmap *map = empty_map(&fixture, ROWS);
    const uint64_t top = ~(uint64_t)0xfff;

    (void)state;
    assert_int_equal(quire_bootmap_add(map, top - 0x1000, UINT64_MAX, QUIRE_MEMORY_RESERVED),
                     QUIRE_OK);
    assert_int_equal(quire_bootmap_add(map, top + 1, 100, QUIRE_MEMORY_RESERVED), QUIRE_OK);
    assert_int_equal(quire_bootmap_finish(map), QUIRE_OK);
    assert_rows(map, {top - 0x1000, top, QUIRE_MEMORY_RESERVED});
}

static void memory_beyond_52_bits_is_not_usable(void **state)
{
    struct fixture fixture;
    struct quire_bootmap *map = empty_map(&fixture, ROWS);

    (void)state;
    assert_int_equal(quire_bootmap_add(map, 0x100000, UINT64_MAX, QUIRE_MEMORY_USABLE), QUIRE_OK);
    assert_int_equal(quire_bootmap_finish(map), QUIRE_OK);
    assert_rows(map, {0x100000, (uint64_t)1 << 52, QUIRE_MEMORY_USABLE});
}

static void video_area_is_never_usable(void **state)
{
    struct fixture fixture;
    struct quire_bootmap *map = empty_map(&fixture, ROWS);

    (void)state;
    add(map, 0, 0x400000, QUIRE_MEMORY_USABLE);
    assert_int_equal(quire_bootmap_finish(map), QUIRE_OK);
    assert_rows(map, {0, 0xa0000, QUIRE_MEMORY_USABLE}, {0x100000, 0x400000, QUIRE_MEMORY_USABLE});
    map = empty_map(&fixture, ROWS);
    add(map, 0xa8000, 0xf8000, QUIRE_MEMORY_USABLE);
    add(map, 0xc0000, 0xd0000, QUIRE_MEMORY_NVS);
    assert_int_equal(quire_bootmap_finish(map), QUIRE_OK);
    assert_rows(map, {0xc0000, 0xd0000, QUIRE_MEMORY_NVS});
}

static void usable_rows_round_inwards_others_outwards(void **state)
{
    struct fixture fixture;
    struct quire_bootmap *map = empty_map(&fixture, ROWS);

    (void)state;
    add(map, 0x200400, 0x20f800, QUIRE_MEMORY_USABLE);
    add(map, 0x20f800, 0x20fc00, QUIRE_MEMORY_ACPI); /* its page is lost to the usable row */
    add(map, 0x300010, 0x300020, QUIRE_MEMORY_USABLE);
    add(map, 0x400010, 0x400020, QUIRE_MEMORY_NVS);
    assert_int_equal(quire_bootmap_finish(map), QUIRE_OK);
    assert_rows(map, {0x201000, 0x20f000, QUIRE_MEMORY_USABLE},
                {0x20f000, 0x210000, QUIRE_MEMORY_ACPI}, {0x400000, 0x401000, QUIRE_MEMORY_NVS});
}

static void usable_rows_that_meet_inside_a_page_lose_nothing(void **state)
{
    struct fixture fixture;
    struct quire_bootmap *map = empty_map(&fixture, ROWS);

    (void)state;
    add(map, 0x200000, 0x280123, QUIRE_MEMORY_USABLE);
    add(map, 0x280123, 0x300000, QUIRE_MEMORY_USABLE);
    assert_int_equal(quire_bootmap_finish(map), QUIRE_OK);
    assert_rows(map, {0x200000, 0x300000, QUIRE_MEMORY_USABLE});
}

static void largest_type_gets_a_shared_page(void **state)
{
    struct fixture fixture;
    struct quire_bootmap *map = empty_map(&fixture, ROWS);

    (void)state;
    add(map, 0x200000, 0x201100, QUIRE_MEMORY_ACPI);
    add(map, 0x201200, 0x201300, QUIRE_MEMORY_UNUSABLE);
    add(map, 0x201400, 0x201500, QUIRE_MEMORY_NVS);
    add(map, 0x201600, 0x203000, QUIRE_MEMORY_RESERVED);
    assert_int_equal(quire_bootmap_finish(map), QUIRE_OK);
    assert_rows(map, {0x200000, 0x201000, QUIRE_MEMORY_ACPI},
                {0x201000, 0x202000, QUIRE_MEMORY_UNUSABLE},
                {0x202000, 0x203000, QUIRE_MEMORY_RESERVED});
}

static void full_storage_is_named_and_changes_nothing(void **state)
{
    struct fixture fixture;
    struct quire_bootmap *map = empty_map(&fixture, 3);

    (void)state;
    add(map, 0x200000, 0x800000, QUIRE_MEMORY_USABLE);
    /* a hole in the middle makes three rows of one: fits exactly */
    add(map, 0x300000, 0x400000, QUIRE_MEMORY_RESERVED);
    assert_int_equal(quire_bootmap_add(map, 0x500000, 0x1000, QUIRE_MEMORY_ACPI), QUIRE_NO_SPACE);
    assert_int_equal(map->lost, 1);
    /* what merges needs no room */
    add(map, 0x800000, 0x900000, QUIRE_MEMORY_USABLE);
    /* what swallows makes room */
    add(map, 0x380000, 0x900000, QUIRE_MEMORY_UNUSABLE);
    assert_rows(map, {0x200000, 0x300000, QUIRE_MEMORY_USABLE},
                {0x300000, 0x380000, QUIRE_MEMORY_RESERVED},
                {0x380000, 0x900000, QUIRE_MEMORY_UNUSABLE});
    assert_int_equal(quire_bootmap_finish(map), QUIRE_NO_SPACE);
    assert_true(map->finished);
}

static void finished_maps_take_no_rows_and_unfinished_ones_give_nothing(void **state)
{
    struct fixture fixture;
    struct quire_bootmap *map = empty_map(&fixture, ROWS);
    quire_phys start = 77;

    (void)state;
    assert_int_equal(quire_bootmap_add(map, 0, 1, QUIRE_MEMORY_NONE), QUIRE_INVALID);
    assert_int_equal(quire_bootmap_add(map, 0, 1, QUIRE_MEMORY_TYPE_COUNT), QUIRE_INVALID);
    add(map, 0x200000, 0x400000, QUIRE_MEMORY_USABLE);
    assert_int_equal(quire_bootmap_alloc(map, 1, 1, UINT64_MAX, &start), QUIRE_INVALID);
    assert_int_equal(quire_bootmap_reserve(map, 0x200000, 1), QUIRE_INVALID);
    assert_int_equal(quire_bootmap_finish(map), QUIRE_OK);
    assert_int_equal(quire_bootmap_finish(map), QUIRE_INVALID);
    assert_int_equal(quire_bootmap_add(map, 0x500000, 1, QUIRE_MEMORY_USABLE), QUIRE_INVALID);
    assert_int_equal(start, 77);
    assert_rows(map, {0x200000, 0x400000, QUIRE_MEMORY_USABLE});
}

static void reserve_takes_whole_pages_of_usable_memory_only(void **state)
{
    struct fixture fixture;
    struct quire_bootmap *map = empty_map(&fixture, ROWS);

    (void)state;
    add(map, 0x200000, 0x300000, QUIRE_MEMORY_USABLE);
    add(map, 0x300000, 0x310000, QUIRE_MEMORY_ACPI);
    add(map, 0x320000, 0x400000, QUIRE_MEMORY_USABLE);
    assert_int_equal(quire_bootmap_finish(map), QUIRE_OK);
    assert_int_equal(quire_bootmap_reserve(map, 0x2ff801, 0x20800), QUIRE_OK);
    assert_int_equal(quire_bootmap_reserve(map, 0x210fff, 2), QUIRE_OK);
    assert_int_equal(quire_bootmap_reserve(map, 0x500000, 0x1000), QUIRE_OK); /* not RAM */
    assert_int_equal(quire_bootmap_reserve(map, 0x200000, 0), QUIRE_OK);
    assert_rows(map, {0x200000, 0x210000, QUIRE_MEMORY_USABLE},
                {0x210000, 0x212000, QUIRE_MEMORY_BOOT}, {0x212000, 0x2ff000, QUIRE_MEMORY_USABLE},
                {0x2ff000, 0x300000, QUIRE_MEMORY_BOOT}, {0x300000, 0x310000, QUIRE_MEMORY_ACPI},
                {0x320000, 0x321000, QUIRE_MEMORY_BOOT}, {0x321000, 0x400000, QUIRE_MEMORY_USABLE});
    assert_int_equal(quire_bootmap_reserve(map, 0x3ff000, UINT64_MAX), QUIRE_OK);
    assert_int_equal(quire_bootmap_total(map, QUIRE_MEMORY_BOOT), 0x5000);
    assert_int_equal(quire_bootmap_ram_end(map), 0x400000);
}

static void alloc_gives_the_highest_fit_below_the_limit(void **state)
{
    struct fixture fixture;
    struct quire_bootmap *map = empty_map(&fixture, ROWS);
    quire_phys start;

    (void)state;
    add(map, 0x0, 0x10000, QUIRE_MEMORY_USABLE);
    add(map, 0x200000, 0x300000, QUIRE_MEMORY_USABLE);
    add(map, 0x400000, 0x408000, QUIRE_MEMORY_USABLE);
    assert_int_equal(quire_bootmap_finish(map), QUIRE_OK);
    assert_int_equal(quire_bootmap_alloc(map, 1, 1, UINT64_MAX, &start), QUIRE_OK);
    assert_int_equal(start, 0x407000);
    assert_int_equal(quire_bootmap_alloc(map, 0x10000, 0x1000, UINT64_MAX, &start), QUIRE_OK);
    assert_int_equal(start, 0x2f0000);
    assert_int_equal(quire_bootmap_alloc(map, 0x1000, 0x40000, UINT64_MAX, &start), QUIRE_OK);
    assert_int_equal(start, 0x400000);
    assert_int_equal(quire_bootmap_alloc(map, 0x2000, 0x1000, 0x204fff, &start), QUIRE_OK);
    assert_int_equal(start, 0x202000);
    assert_int_equal(quire_bootmap_alloc(map, 0xf000, 0x1000, 0x200000, &start), QUIRE_OK);
    assert_int_equal(start, 0x1000); /* page 0 stays */
    assert_int_equal(quire_bootmap_alloc(map, 0x1000, 0x1000, 0x200000, &start), QUIRE_NO_MEMORY);
    assert_int_equal(quire_bootmap_alloc(map, UINT64_MAX, 1, UINT64_MAX, &start), QUIRE_NO_MEMORY);
    assert_int_equal(quire_bootmap_alloc(map, 0, 1, UINT64_MAX, &start), QUIRE_ZERO_LENGTH);
    assert_int_equal(quire_bootmap_alloc(map, 1, 0, UINT64_MAX, &start), QUIRE_INVALID);
    assert_int_equal(quire_bootmap_alloc(map, 1, 24, UINT64_MAX, &start), QUIRE_INVALID);
}

static void alloc_without_room_for_a_split_looks_elsewhere(void **state)
{
    struct fixture fixture;
    struct quire_bootmap *map = empty_map(&fixture, 2);
    quire_phys start;

    (void)state;
    add(map, 0x200000, 0x300000, QUIRE_MEMORY_USABLE);
    add(map, 0x400000, 0x401000, QUIRE_MEMORY_USABLE);
    assert_int_equal(quire_bootmap_finish(map), QUIRE_OK);
    assert_int_equal(quire_bootmap_alloc(map, 0x2000, 1, UINT64_MAX, &start), QUIRE_NO_SPACE);
    assert_int_equal(quire_bootmap_alloc(map, 0x1000, 1, UINT64_MAX, &start), QUIRE_OK);
    assert_int_equal(start, 0x400000);
    assert_int_equal(quire_bootmap_alloc(map, 0x1000, 1, UINT64_MAX, &start), QUIRE_NO_SPACE);
    assert_int_equal(quire_bootmap_alloc(map, 0x100000, 1, UINT64_MAX, &start), QUIRE_OK);
    assert_int_equal(quire_bootmap_alloc(map, 0x1000, 1, UINT64_MAX, &start), QUIRE_NO_MEMORY);
}

/* ---- adapters ---- */

struct writer {
    uint8_t bytes[512];
    size_t length;
};

static void put(struct writer *writer, uint64_t value, size_t size)
{
    memcpy(writer->bytes + writer->length, &value, size);
    writer->length += size;
}

static void put_e820(struct writer *writer, uint64_t start, uint64_t length, uint32_t type,
                     size_t entry_size)
{
    put(writer, start, 8);
    put(writer, length, 8);
    put(writer, type, 4);
    for (size_t i = 20; i < entry_size; i++)
        put(writer, 0, 1);
}

static void e820_types_and_entry_sizes(void **state)
{
    const size_t sizes[] = {20, 24, 33};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct fixture fixture;
        struct quire_bootmap *map = empty_map(&fixture, ROWS);
        struct writer writer = {.length = 1}; /* not aligned */

        put_e820(&writer, 0x200000, 0x100000, 1, sizes[i]);
        put_e820(&writer, 0x300000, 0x1000, 2, sizes[i]);
        put_e820(&writer, 0x310000, 0x1000, 3, sizes[i]);
        put_e820(&writer, 0x320000, 0x1000, 4, sizes[i]);
        put_e820(&writer, 0x330000, 0x1000, 5, sizes[i]);
        put_e820(&writer, 0x340000, 0x1000, 7, sizes[i]);
        put_e820(&writer, 0x350000, 0x1000, 12, sizes[i]);
        put_e820(&writer, 0x360000, 0x1000, 16, sizes[i]);
        put_e820(&writer, 0x370000, 0x1000, 20, sizes[i]);
        put_e820(&writer, 0x380000, 0x1000, 0xefffffff, sizes[i]);
        put_e820(&writer, 0, 0, 0, sizes[i]);
        assert_int_equal(quire_bootmap_add_e820(map, writer.bytes + 1, 11, sizes[i]), QUIRE_OK);
        assert_int_equal(quire_bootmap_finish(map), QUIRE_OK);
        assert_rows(map, {0x200000, 0x300000, QUIRE_MEMORY_USABLE},
                    {0x300000, 0x301000, QUIRE_MEMORY_RESERVED},
                    {0x310000, 0x311000, QUIRE_MEMORY_ACPI}, {0x320000, 0x321000, QUIRE_MEMORY_NVS},
                    {0x330000, 0x331000, QUIRE_MEMORY_UNUSABLE},
                    {0x340000, 0x341000, QUIRE_MEMORY_PERSISTENT},
                    {0x350000, 0x351000, QUIRE_MEMORY_PERSISTENT},
                    {0x360000, 0x361000, QUIRE_MEMORY_RESERVED},
                    {0x370000, 0x371000, QUIRE_MEMORY_RESERVED},
                    {0x380000, 0x381000, QUIRE_MEMORY_SOFT_RESERVED});
    }
}

static void e820_rows_without_room_are_counted_and_the_rest_is_read(void **state)
{
    struct fixture fixture;
    struct quire_bootmap *map = empty_map(&fixture, 2);
    struct writer writer = {.length = 0};

    (void)state;
    put_e820(&writer, 0x200000, 0x1000, 1, 20);
    put_e820(&writer, 0x300000, 0x1000, 1, 20);
    put_e820(&writer, 0x400000, 0x1000, 1, 20);
    put_e820(&writer, 0x201000, 0x1000, 1, 20); /* merges */
    assert_int_equal(quire_bootmap_add_e820(map, writer.bytes, 4, 20), QUIRE_NO_SPACE);
    assert_int_equal(map->lost, 1);
    assert_rows(map, {0x200000, 0x202000, QUIRE_MEMORY_USABLE},
                {0x300000, 0x301000, QUIRE_MEMORY_USABLE});
    assert_int_equal(quire_bootmap_add_e820(map, writer.bytes, 1, 19), QUIRE_INVALID);
}

static void multiboot1_rows_carry_their_size(void **state)
{
    struct fixture fixture;
    struct quire_bootmap *map = empty_map(&fixture, ROWS);
    struct writer writer = {.length = 0};

    (void)state;
    put(&writer, 20, 4);
    put_e820(&writer, 0x200000, 0x1000, 1, 20);
    put(&writer, 28, 4);
    put_e820(&writer, 0x300000, 0x1000, 3, 28);
    assert_int_equal(quire_bootmap_add_multiboot1(map, writer.bytes, writer.length), QUIRE_OK);
    assert_rows(map, {0x200000, 0x201000, QUIRE_MEMORY_USABLE},
                {0x300000, 0x301000, QUIRE_MEMORY_ACPI});
    /* cut in the second row, in its size, and a size that holds no row: the first stays */
    for (size_t length = 24; length < writer.length; length++) {
        map = empty_map(&fixture, ROWS);
        assert_int_equal(quire_bootmap_add_multiboot1(map, writer.bytes, length),
                         length == 24 ? QUIRE_OK : QUIRE_INVALID);
        assert_rows(map, {0x200000, 0x201000, QUIRE_MEMORY_USABLE});
    }
    writer.bytes[0] = 19;
    assert_int_equal(quire_bootmap_add_multiboot1(map, writer.bytes, writer.length), QUIRE_INVALID);
}

static void multiboot2_tag(void **state)
{
    struct fixture fixture;
    struct quire_bootmap *map = empty_map(&fixture, ROWS);
    struct writer writer = {.length = 0};

    (void)state;
    put(&writer, 6, 4);
    put(&writer, 16 + 48, 4);
    put(&writer, 24, 4);
    put(&writer, 0, 4);
    put_e820(&writer, 0x200000, 0x1000, 1, 24);
    put_e820(&writer, 0x300000, 0x1000, 4, 24);
    assert_int_equal(quire_bootmap_add_multiboot2(map, writer.bytes, writer.length), QUIRE_OK);
    assert_rows(map, {0x200000, 0x201000, QUIRE_MEMORY_USABLE},
                {0x300000, 0x301000, QUIRE_MEMORY_NVS});
    map = empty_map(&fixture, ROWS);
    assert_int_equal(quire_bootmap_add_multiboot2(map, writer.bytes, 16 + 47), QUIRE_INVALID);
    assert_rows(map, {0x200000, 0x201000, QUIRE_MEMORY_USABLE});
    assert_int_equal(quire_bootmap_add_multiboot2(map, writer.bytes, 15), QUIRE_INVALID);
    writer.bytes[4] = 16 + 40; /* half a row */
    assert_int_equal(quire_bootmap_add_multiboot2(map, writer.bytes, writer.length), QUIRE_INVALID);
    writer.bytes[4] = 15;
    assert_int_equal(quire_bootmap_add_multiboot2(map, writer.bytes, writer.length), QUIRE_INVALID);
    writer.bytes[4] = 16 + 48;
    writer.bytes[8] = 0; /* entries of no size */
    assert_int_equal(quire_bootmap_add_multiboot2(map, writer.bytes, writer.length), QUIRE_INVALID);
    writer.bytes[8] = 24;
    writer.bytes[0] = 5; /* another tag */
    assert_int_equal(quire_bootmap_add_multiboot2(map, writer.bytes, writer.length), QUIRE_INVALID);
}

static void pvh_rows(void **state)
{
    struct fixture fixture;
    struct quire_bootmap *map = empty_map(&fixture, ROWS);
    struct writer writer = {.length = 0};

    (void)state;
    put_e820(&writer, 0x200000, 0x1000, 1, 24);
    put_e820(&writer, 0x300000, 0x1000, 2, 24);
    assert_int_equal(quire_bootmap_add_pvh(map, writer.bytes, 2), QUIRE_OK);
    assert_rows(map, {0x200000, 0x201000, QUIRE_MEMORY_USABLE},
                {0x300000, 0x301000, QUIRE_MEMORY_RESERVED});
}

static void put_efi(struct writer *writer, uint32_t type, uint64_t start, uint64_t pages,
                    uint64_t attributes)
{
    put(writer, type, 8);
    put(writer, start, 8);
    put(writer, 0, 8);
    put(writer, pages, 8);
    put(writer, attributes, 8);
    put(writer, 0, 8); /* firmware's descriptors are longer than the structure */
}

static void efi_descriptors(void **state)
{
    const uint64_t write_back = 8, special = 8 | 0x40000;
    struct fixture fixture;
    struct quire_bootmap *map = empty_map(&fixture, ROWS);
    struct writer writer = {.length = 0};

    (void)state;
    put_efi(&writer, 7, 0x200000, 256, write_back);
    put_efi(&writer, 4, 0x300000, 1, write_back);
    put_efi(&writer, 5, 0x301000, 1, write_back);
    put_efi(&writer, 9, 0x302000, 1, write_back);
    put_efi(&writer, 10, 0x303000, 1, write_back);
    put_efi(&writer, 14, 0x304000, 1, write_back);
    put_efi(&writer, 7, 0x305000, 1, special);
    put_efi(&writer, 7, 0x306000, 1, 1); /* uncacheable only */
    put_efi(&writer, 8, 0x307000, 1, write_back);
    assert_int_equal(quire_bootmap_add_efi(map, writer.bytes, writer.length, 48), QUIRE_OK);
    assert_rows(
        map, {0x200000, 0x301000, QUIRE_MEMORY_USABLE}, {0x301000, 0x302000, QUIRE_MEMORY_RESERVED},
        {0x302000, 0x303000, QUIRE_MEMORY_ACPI}, {0x303000, 0x304000, QUIRE_MEMORY_NVS},
        {0x304000, 0x305000, QUIRE_MEMORY_PERSISTENT},
        {0x305000, 0x306000, QUIRE_MEMORY_SOFT_RESERVED},
        {0x306000, 0x307000, QUIRE_MEMORY_RESERVED}, {0x307000, 0x308000, QUIRE_MEMORY_UNUSABLE});
    assert_int_equal(quire_bootmap_add_efi(map, writer.bytes, writer.length, 39), QUIRE_INVALID);
    assert_int_equal(quire_bootmap_add_efi(map, writer.bytes, 95, 48), QUIRE_INVALID);
    /* pages that overflow a byte count reach to the end of the address space */
    writer.length = 0;
    put_efi(&writer, 0, 0x400000, UINT64_MAX, 0);
    assert_int_equal(quire_bootmap_add_efi(map, writer.bytes, 48, 48), QUIRE_OK);
    assert_int_equal(map->range[map->count - 1].end, ~(uint64_t)0xfff);
}

static void limine_entries(void **state)
{
    const uint64_t entries[][3] = {
        {0x200000, 0x1000, 0}, {0x300000, 0x1000, 1}, {0x400000, 0x1000, 2}, {0x500000, 0x1000, 3},
        {0x600000, 0x1000, 4}, {0x700000, 0x1000, 5}, {0x800000, 0x1000, 6}, {0x900000, 0x1000, 7}};
    const void *pointers[8];
    struct fixture fixture;
    struct quire_bootmap *map = empty_map(&fixture, ROWS);

    (void)state;
    for (size_t i = 0; i < 8; i++)
        pointers[i] = entries[i];
    assert_int_equal(quire_bootmap_add_limine(map, pointers, 8), QUIRE_OK);
    assert_rows(
        map, {0x200000, 0x201000, QUIRE_MEMORY_USABLE}, {0x300000, 0x301000, QUIRE_MEMORY_RESERVED},
        {0x400000, 0x401000, QUIRE_MEMORY_ACPI}, {0x500000, 0x501000, QUIRE_MEMORY_NVS},
        {0x600000, 0x601000, QUIRE_MEMORY_UNUSABLE}, {0x700000, 0x701000, QUIRE_MEMORY_BOOT},
        {0x800000, 0x801000, QUIRE_MEMORY_BOOT}, {0x900000, 0x901000, QUIRE_MEMORY_RESERVED});
}

static void sizes_from_cmos(void **state)
{
    struct fixture fixture;
    struct quire_bootmap *map = empty_map(&fixture, ROWS);

    (void)state;
    assert_int_equal(quire_bootmap_add_sizes(map, 639, 19 * 1024), QUIRE_OK);
    assert_int_equal(quire_bootmap_finish(map), QUIRE_OK);
    assert_rows(map, {0, 0x9f000, QUIRE_MEMORY_USABLE}, {0x100000, 0x1400000, QUIRE_MEMORY_USABLE});
}

/* ---- random maps against a model that knows every byte ---- */

#define MODEL_BASE  0x200000
#define MODEL_PAGES 24
#define MODEL_BYTES (MODEL_PAGES * 4096)

static void model_paint(uint8_t *model, uint64_t start, uint64_t length, uint8_t type)
{
    for (uint64_t i = start; i < start + length && i < MODEL_BYTES; i++)
        if (type > model[i])
            model[i] = type;
}

static uint8_t model_page(const uint8_t *model, unsigned page)
{
    uint8_t largest = 0, smallest = 255;

    for (unsigned i = page * 4096; i < (page + 1) * 4096; i++) {
        largest = model[i] > largest ? model[i] : largest;
        smallest = model[i] < smallest ? model[i] : smallest;
    }
    if (largest > QUIRE_MEMORY_USABLE)
        return largest;
    return smallest;
}

static void assert_well_formed(const struct quire_bootmap *map, bool aligned)
{
    for (size_t i = 0; i < map->count; i++) {
        const struct quire_memory_range *row = &map->range[i];

        assert_true(row->start < row->end);
        assert_true(row->type > QUIRE_MEMORY_NONE && row->type < QUIRE_MEMORY_TYPE_COUNT);
        if (aligned)
            assert_int_equal((row->start | row->end) & 0xfff, 0);
        if (i == 0)
            continue;
        assert_true(row[-1].end <= row->start);
        assert_true(row[-1].end < row->start || row[-1].type != row->type);
    }
}

static uint8_t type_at(const struct quire_bootmap *map, uint64_t address)
{
    for (size_t i = 0; i < map->count; i++)
        if (address >= map->range[i].start && address < map->range[i].end)
            return (uint8_t)map->range[i].type;
    return QUIRE_MEMORY_NONE;
}

static void assert_pages(const struct quire_bootmap *map, const uint8_t *pages)
{
    for (unsigned page = 0; page < MODEL_PAGES; page++)
        assert_int_equal(type_at(map, MODEL_BASE + page * 4096), pages[page]);
}

static void random_round(uint64_t *seed)
{
    static uint8_t model[MODEL_BYTES];
    uint8_t pages[MODEL_PAGES];
    struct fixture fixture;
    size_t capacity = 4 + host_random_below(seed, ROWS - 4);
    struct quire_bootmap *map = empty_map(&fixture, capacity);
    unsigned rows = (unsigned)host_random_below(seed, 24);
    size_t lost = 0;

    memset(model, 0, sizeof(model));
    for (unsigned i = 0; i < rows; i++) {
        uint64_t start = host_random_below(seed, MODEL_BYTES);
        uint64_t length = host_random_below(seed, MODEL_BYTES / 3);
        uint8_t type = (uint8_t)(1 + host_random_below(seed, QUIRE_MEMORY_TYPE_COUNT - 1));
        enum quire_status status;

        if (host_random_below(seed, 2) == 0)
            type = QUIRE_MEMORY_USABLE;
        if (start + length > MODEL_BYTES)
            length = MODEL_BYTES - start;
        status = quire_bootmap_add(map, MODEL_BASE + start, length, type);
        if (status == QUIRE_OK)
            model_paint(model, start, length, type);
        else
            lost++;
        assert_well_formed(map, false);
        assert_int_equal(map->lost, lost);
        assert_true(map->count <= capacity);
    }
    assert_int_equal(quire_bootmap_finish(map), lost != 0 ? QUIRE_NO_SPACE : QUIRE_OK);
    for (unsigned page = 0; page < MODEL_PAGES; page++)
        pages[page] = model_page(model, page);
    assert_well_formed(map, true);
    assert_pages(map, pages);
    for (unsigned i = 0; i < 8; i++) {
        uint64_t length = 1 + host_random_below(seed, 3 * 4096);
        quire_phys start = 0;
        enum quire_status status = quire_bootmap_alloc(map, length, 1, UINT64_MAX, &start);

        assert_true(status == QUIRE_OK || status == QUIRE_NO_MEMORY || status == QUIRE_NO_SPACE);
        if (status != QUIRE_OK)
            continue;
        for (quire_phys at = start; at < start + length; at += 4096) {
            assert_int_equal(pages[(at - MODEL_BASE) / 4096], QUIRE_MEMORY_USABLE);
            pages[(at - MODEL_BASE) / 4096] = QUIRE_MEMORY_BOOT;
        }
        assert_well_formed(map, true);
        assert_pages(map, pages);
    }
}

static void random_maps_agree_with_the_model(void **state)
{
    uint64_t seed = host_seed();

    (void)state;
    for (unsigned round = 0; round < 300; round++)
        random_round(&seed);
}

static void thousands_of_rows(void **state)
{
    static struct quire_memory_range rows[20000];
    struct quire_bootmap map;

    (void)state;
    quire_bootmap_init(&map, rows, 20000);
    /* falling addresses, every second page: the worst order */
    for (uint64_t i = 10000; i-- > 0;)
        add(&map, 0x200000 + i * 0x2000, 0x201000 + i * 0x2000, QUIRE_MEMORY_USABLE);
    assert_int_equal(quire_bootmap_finish(&map), QUIRE_OK);
    assert_int_equal(map.count, 10000);
    assert_int_equal(quire_bootmap_total(&map, QUIRE_MEMORY_USABLE), 10000 * 0x1000);
    assert_well_formed(&map, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_in_any_order_are_sorted_and_merged),
        cmocka_unit_test(larger_type_wins_where_rows_overlap),
        cmocka_unit_test(empty_rows_are_ignored),
        cmocka_unit_test(rows_that_wrap_are_clipped),
        cmocka_unit_test(memory_beyond_52_bits_is_not_usable),
        cmocka_unit_test(video_area_is_never_usable),
        cmocka_unit_test(usable_rows_round_inwards_others_outwards),
        cmocka_unit_test(usable_rows_that_meet_inside_a_page_lose_nothing),
        cmocka_unit_test(largest_type_gets_a_shared_page),
        cmocka_unit_test(full_storage_is_named_and_changes_nothing),
        cmocka_unit_test(finished_maps_take_no_rows_and_unfinished_ones_give_nothing),
        cmocka_unit_test(reserve_takes_whole_pages_of_usable_memory_only),
        cmocka_unit_test(alloc_gives_the_highest_fit_below_the_limit),
        cmocka_unit_test(alloc_without_room_for_a_split_looks_elsewhere),
        cmocka_unit_test(e820_types_and_entry_sizes),
        cmocka_unit_test(e820_rows_without_room_are_counted_and_the_rest_is_read),
        cmocka_unit_test(multiboot1_rows_carry_their_size),
        cmocka_unit_test(multiboot2_tag),
        cmocka_unit_test(pvh_rows),
        cmocka_unit_test(efi_descriptors),
        cmocka_unit_test(limine_entries),
        cmocka_unit_test(sizes_from_cmos),
        cmocka_unit_test(random_maps_agree_with_the_model),
        cmocka_unit_test(thousands_of_rows),
    };

    return cmocka_run_group_tests_name("bootmap", tests, NULL, NULL);
}
