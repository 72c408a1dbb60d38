/*
 * The memory maps of real machines in tests/data/bootmaps: whatever the order of their rows, the
 * boot map's totals are those of `expected`, and layer 1 puts exactly these pages in its zones.
 * Told in the words of each boot loader, they give the same map.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"

#define DATA "tests/data/bootmaps/"

/*
 * Frame tables beyond this RAM would cost the test too much memory, or a 32-bit host has not so
 * many addresses: rows are cut there.
 */
#if UINTPTR_MAX > UINT32_MAX
#define FRAMES_LIMIT ((uint64_t)17 << 30)
#else
#define FRAMES_LIMIT ((uint64_t)1 << 30)
#endif

struct expected {
    char name[64];
    uint64_t rows, listed, dma, dma32, normal, end;
};

struct row {
    uint64_t start, length;
    bool efi;
    uint32_t type; /* of E820, or of EFI */
};

static uint32_t e820_type(const char *word)
{
    static const struct {
        const char *word;
        uint32_t type;
    } types[] = {{"usable", 1},
                 {"reserved", 2},
                 {"acpi", 3},
                 {"nvs", 4},
                 {"unusable", 5},
                 {"persistent", 12},
                 {"softreserved", 0xefffffff}};

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (strcmp(word, types[i].word) == 0)
            return types[i].type;
    assert_int_equal(strncmp(word, "type", 4), 0);
    return (uint32_t)strtoul(word + 4, NULL, 10);
}

static size_t read_rows(const char *name, struct row *rows, size_t capacity)
{
    char path[128], line[512], word[64];
    unsigned long long start, last;
    size_t count = 0;
    FILE *file;

    snprintf(path, sizeof(path), DATA "%s.map", name);
    file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof(line), file) != NULL) {
        struct row *row = &rows[count];

        if (line[0] == '#')
            continue;
        assert_int_equal(sscanf(line, "%llx %llx %63s", &start, &last, word), 3);
        assert_true(count++ < capacity);
        row->start = start;
        row->length = last - start + 1; /* 0 for 0 .. 2^64 - 1 */
        row->efi = strncmp(word, "efi-", 4) == 0;
        row->type = row->efi ? (uint32_t)strtoul(word + 4, NULL, 10) : e820_type(word);
    }
    fclose(file);
    return count;
}

static void add_row(struct quire_bootmap *map, const struct row *row)
{
    struct {
        uint64_t type, start, virtual, pages, attributes;
    } efi = {row->type, row->start, 0, row->length >> 12, 8};
    uint8_t e820[20];

    if (row->efi) {
        assert_int_equal(quire_bootmap_add_efi(map, &efi, sizeof(efi), sizeof(efi)), QUIRE_OK);
        return;
    }
    memcpy(e820, &row->start, 8);
    memcpy(e820 + 8, &row->length, 8);
    memcpy(e820 + 16, &row->type, 4);
    assert_int_equal(quire_bootmap_add_e820(map, e820, 1, sizeof(e820)), QUIRE_OK);
}

static uint64_t pages_between(const struct quire_bootmap *map, uint64_t low, uint64_t high)
{
    uint64_t pages = 0;

    for (size_t i = 0; i < map->count; i++) {
        uint64_t start = map->range[i].start > low ? map->range[i].start : low;
        uint64_t end = map->range[i].end < high ? map->range[i].end : high;

        if (map->range[i].type == QUIRE_MEMORY_USABLE && start < end)
            pages += (end - start) >> 12;
    }
    return pages;
}

static void shuffle(struct row *rows, size_t count, uint64_t *seed)
{
    for (size_t i = count; i > 1; i--) {
        size_t j = host_random_below(seed, i);
        struct row row = rows[i - 1];

        rows[i - 1] = rows[j];
        rows[j] = row;
    }
}

static void check_totals(const struct expected *expected, const struct row *rows)
{
    struct quire_memory_range storage[HOST_ROWS];
    struct quire_bootmap map;
    uint64_t before = 0;

    quire_bootmap_init(&map, storage, HOST_ROWS);
    for (size_t i = 0; i < expected->rows; i++) {
        uint64_t usable = quire_bootmap_total(&map, QUIRE_MEMORY_USABLE);

        add_row(&map, &rows[i]);
        before += quire_bootmap_total(&map, QUIRE_MEMORY_USABLE) - usable;
    }
    assert_int_equal(before, expected->listed);
    assert_int_equal(quire_bootmap_finish(&map), QUIRE_OK);
    assert_int_equal(pages_between(&map, 0, 16 << 20), expected->dma);
    assert_int_equal(pages_between(&map, 16 << 20, (uint64_t)4 << 30), expected->dma32);
    assert_int_equal(pages_between(&map, (uint64_t)4 << 30, UINT64_MAX), expected->normal);
    assert_int_equal(quire_bootmap_ram_end(&map), expected->end);
}

/*
 * What the zones own and what is free in them, against the pages that the map calls usable; page 0
 * is never handed out.
 */
static void check_frames(const struct expected *expected, const struct row *rows)
{
    uint64_t size = expected->end < FRAMES_LIMIT ? expected->end : FRAMES_LIMIT;
    struct host *host = malloc(sizeof(*host));
    struct quire_frame_stats stats;
    uint64_t usable, used, page0, dma32, normal;

    host_init(host, size);
    for (size_t i = 0; i < expected->rows; i++) {
        struct row row = rows[i];

        if (row.start >= size)
            continue;
        if (row.length > size - row.start)
            row.length = size - row.start;
        add_row(&host->map, &row);
    }
    assert_int_equal(quire_bootmap_finish(&host->map), QUIRE_OK);
    page0 = host->map.range[0].start == 0 && host->map.range[0].type == QUIRE_MEMORY_USABLE;
    usable = quire_bootmap_total(&host->map, QUIRE_MEMORY_USABLE) >> 12;
    dma32 = pages_between(&host->map, 16 << 20, (uint64_t)4 << 30);
    normal = pages_between(&host->map, (uint64_t)4 << 30, UINT64_MAX);
    if (expected->end <= FRAMES_LIMIT) {
        assert_int_equal(dma32, expected->dma32);
        assert_int_equal(normal, expected->normal);
    }
    if (usable < 16) {
        struct quire_frame_config config = {.cpu_count = 1, .direct_end = size};

        /* the broken table: nothing to live on, and it says so */
        assert_int_equal(quire_frame_init(&host->q, &host->map, &config), QUIRE_NO_MEMORY);
    } else {
        struct quire_frame_config config = {.cpu_count = 2, .direct_end = size};

        assert_int_equal(quire_frame_init(&host->q, &host->map, &config), QUIRE_OK);
        used = quire_bootmap_total(&host->map, QUIRE_MEMORY_BOOT) >> 12;
        quire_frame_stats(&host->q, &stats);
        assert_int_equal(stats.total, usable - page0);
        assert_int_equal(stats.free, usable - page0 - used);
        assert_int_equal(host->q.frame.zone[QUIRE_ZONE_DMA].present, expected->dma - page0);
        assert_int_equal(host->q.frame.zone[QUIRE_ZONE_DMA32].present, dma32);
        assert_int_equal(host->q.frame.zone[QUIRE_ZONE_NORMAL].present, normal);
        if (size < (uint64_t)5 << 30)
            assert_int_equal(quire_frame_check(&host->q), 0);
    }
    host_end(host);
    free(host);
}

/* ---- the same map in every loader's words ---- */

/* Built byte by byte, one byte off any alignment. */
struct words {
    uint8_t bytes[1 + 64 * HOST_ROWS];
    size_t size;
};

static void put(struct words *words, uint64_t value, size_t size)
{
    assert_true(1 + words->size + size <= sizeof(words->bytes));
    memcpy(words->bytes + 1 + words->size, &value, size);
    words->size += size;
}

static void put_e820_rows(struct words *words, const struct row *rows, size_t count,
                          size_t entry_size, bool sized)
{
    for (size_t i = 0; i < count; i++) {
        if (sized) /* Multiboot 1 */
            put(words, entry_size, 4);
        put(words, rows[i].start, 8);
        put(words, rows[i].length, 8);
        put(words, rows[i].type, 4);
        for (size_t at = 20; at < entry_size; at++)
            put(words, 0xa5, 1);
    }
}

static enum quire_status tell_e820(struct quire_bootmap *map, const struct row *rows, size_t count,
                                   size_t entry_size)
{
    struct words words = {.size = 0};

    put_e820_rows(&words, rows, count, entry_size, false);
    return quire_bootmap_add_e820(map, words.bytes + 1, count, entry_size);
}

static enum quire_status tell_multiboot1(struct quire_bootmap *map, const struct row *rows,
                                         size_t count, size_t entry_size)
{
    struct words words = {.size = 0};

    put_e820_rows(&words, rows, count, entry_size, true);
    return quire_bootmap_add_multiboot1(map, words.bytes + 1, words.size);
}

static enum quire_status tell_multiboot2(struct quire_bootmap *map, const struct row *rows,
                                         size_t count, size_t entry_size)
{
    struct words words = {.size = 0};

    put(&words, 6, 4);
    put(&words, 16 + count * entry_size, 4);
    put(&words, entry_size, 4);
    put(&words, 0, 4);
    put_e820_rows(&words, rows, count, entry_size, false);
    return quire_bootmap_add_multiboot2(map, words.bytes + 1, words.size);
}

static enum quire_status tell_pvh(struct quire_bootmap *map, const struct row *rows, size_t count,
                                  size_t entry_size)
{
    struct words words = {.size = 0};

    put_e820_rows(&words, rows, count, 24, false);
    (void)entry_size;
    return quire_bootmap_add_pvh(map, words.bytes + 1, count);
}

/* Limine has fewer types; what it has no word for, it reserves. */
static uint64_t limine_type(uint32_t type)
{
    switch (type) {
    case 1:
        return 0;
    case 3:
        return 2;
    case 4:
        return 3;
    case 5:
        return 4;
    default:
        return 1;
    }
}

static enum quire_status tell_limine(struct quire_bootmap *map, const struct row *rows,
                                     size_t count, size_t entry_size)
{
    const void *pointers[HOST_ROWS];
    struct words words = {.size = 0};

    (void)entry_size;
    for (size_t i = 0; i < count; i++) {
        pointers[i] = words.bytes + 1 + words.size;
        put(&words, rows[i].start, 8);
        put(&words, rows[i].length, 8);
        put(&words, limine_type(rows[i].type), 8);
    }
    return quire_bootmap_add_limine(map, pointers, count);
}

static enum quire_status tell_efi(struct quire_bootmap *map, const struct row *rows, size_t count,
                                  size_t entry_size)
{
    struct words words = {.size = 0};

    for (size_t i = 0; i < count; i++) {
        put(&words, rows[i].type, 8);
        put(&words, rows[i].start, 8);
        put(&words, 0xffffffff00000000, 8);
        put(&words, rows[i].length >> 12, 8);
        put(&words, 8, 8); /* write-back */
        for (size_t at = 40; at < entry_size; at++)
            put(&words, 0xa5, 1);
    }
    return quire_bootmap_add_efi(map, words.bytes + 1, words.size, entry_size);
}

static void assert_same(const struct quire_bootmap *one, const struct quire_bootmap *other)
{
    assert_int_equal(one->count, other->count);
    for (size_t i = 0; i < one->count; i++) {
        assert_int_equal(one->range[i].start, other->range[i].start);
        assert_int_equal(one->range[i].end, other->range[i].end);
        assert_int_equal(one->range[i].type, other->range[i].type);
    }
}

/* One adapter gets all rows at once; the map is compared with the rows told one by one. */
static void check_format(enum quire_status (*tell)(struct quire_bootmap *, const struct row *,
                                                   size_t, size_t),
                         const struct row *rows, size_t count, size_t entry_size)
{
    struct quire_memory_range storage[HOST_ROWS], told_storage[HOST_ROWS];
    struct quire_bootmap map, told;

    quire_bootmap_init(&map, storage, HOST_ROWS);
    quire_bootmap_init(&told, told_storage, HOST_ROWS);
    for (size_t i = 0; i < count; i++) {
        struct row row = rows[i];

        if (tell == tell_limine && limine_type(row.type) == 1)
            row.type = 2;
        add_row(&map, &row);
    }
    assert_int_equal(tell(&told, rows, count, entry_size), QUIRE_OK);
    assert_same(&map, &told);
    assert_int_equal(quire_bootmap_finish(&map), QUIRE_OK);
    assert_int_equal(quire_bootmap_finish(&told), QUIRE_OK);
    assert_same(&map, &told);
}

static void check_formats(const struct row *rows, size_t count)
{
    if (rows[0].efi) {
        check_format(tell_efi, rows, count, 40);
        check_format(tell_efi, rows, count, 48); /* what firmware gives today */
        check_format(tell_efi, rows, count, 56);
        return;
    }
    for (size_t entry_size = 20; entry_size <= 28; entry_size += 4) {
        check_format(tell_e820, rows, count, entry_size);
        check_format(tell_multiboot1, rows, count, entry_size);
        check_format(tell_multiboot2, rows, count, entry_size);
    }
    check_format(tell_pvh, rows, count, 24);
    check_format(tell_limine, rows, count, 24);
}

static void every_real_map(void **state)
{
    uint64_t seed = host_seed();
    FILE *file = fopen(DATA "expected", "r");
    char line[256];
    unsigned maps = 0;

    (void)state;
    assert_non_null(file);
    while (fgets(line, sizeof(line), file) != NULL) {
        struct expected expected;
        struct row rows[HOST_ROWS];
        unsigned long long n[6];

        if (line[0] == '#')
            continue;
        assert_int_equal(sscanf(line, "%63s %llu %llu %llu %llu %llu %llx", expected.name, &n[0],
                                &n[1], &n[2], &n[3], &n[4], &n[5]),
                         7);
        expected.rows = n[0];
        expected.listed = n[1];
        expected.dma = n[2];
        expected.dma32 = n[3];
        expected.normal = n[4];
        expected.end = n[5];
        host_log_clear();
        assert_int_equal(read_rows(expected.name, rows, HOST_ROWS), expected.rows);
        check_totals(&expected, rows);
        check_frames(&expected, rows);
        check_formats(rows, expected.rows);
        for (int i = 0; i < 5; i++) {
            shuffle(rows, expected.rows, &seed);
            check_totals(&expected, rows);
        }
        maps++;
    }
    fclose(file);
    assert_int_equal(maps, 35);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_real_map),
    };

    return cmocka_run_group_tests_name("bootmap_maps", tests, NULL, NULL);
}
