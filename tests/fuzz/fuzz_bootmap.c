/*
 * Any bytes as a memory map in any of the formats: no adapter reads beyond its input (each gets a
 * heap block of exactly that size), and whatever comes out is sorted, disjoint and page-aligned,
 * never calls the video area usable, and gives only memory that it called usable.
 *
 * Input: byte 0 chooses the storage's size, byte 1 the format, byte 2 an entry size; the rest is
 * the map.
 */

#include <stdlib.h>
#include <string.h>

#include <quire/bootmap.h>

#define CAPACITY 64

static void require(int truth)
{
    if (!truth)
        abort();
}

static void require_well_formed(const struct quire_bootmap *map)
{
    require(map->count <= map->capacity);
    for (size_t i = 0; i < map->count; i++) {
        const struct quire_memory_range *row = &map->range[i];

        require(row->start < row->end);
        require(row->type > QUIRE_MEMORY_NONE && row->type < QUIRE_MEMORY_TYPE_COUNT);
        if (map->finished)
            require(((row->start | row->end) & 0xfff) == 0);
        if (row->type == QUIRE_MEMORY_USABLE)
            require(row->end <= 0xa0000 || row->start >= 0x100000);
        if (i == 0)
            continue;
        require(row[-1].end <= row->start);
        require(row[-1].end < row->start || row[-1].type != row->type);
    }
}

static void add_limine(struct quire_bootmap *map, const uint8_t *bytes, size_t size)
{
    const void *entries[CAPACITY];
    size_t count = 0;

    for (; size >= 24 && count < CAPACITY; bytes += 24, size -= 24)
        entries[count++] = bytes;
    quire_bootmap_add_limine(map, entries, count);
}

static void add_rows(struct quire_bootmap *map, const uint8_t *bytes, size_t size)
{
    for (; size >= 17; bytes += 17, size -= 17) {
        uint64_t start, length;

        memcpy(&start, bytes, 8);
        memcpy(&length, bytes + 8, 8);
        quire_bootmap_add(map, start, length, (enum quire_memory_type)(bytes[16] % 16));
        require_well_formed(map);
    }
}

static void add_map(struct quire_bootmap *map, unsigned format, size_t entry_size,
                    const uint8_t *bytes, size_t size)
{
    switch (format % 7) {
    case 0:
        if (entry_size != 0)
            quire_bootmap_add_e820(map, bytes, size / entry_size, entry_size);
        break;
    case 1:
        quire_bootmap_add_multiboot1(map, bytes, size);
        break;
    case 2:
        quire_bootmap_add_multiboot2(map, bytes, size);
        break;
    case 3:
        quire_bootmap_add_pvh(map, bytes, size / 24);
        break;
    case 4:
        quire_bootmap_add_efi(map, bytes, size, entry_size);
        break;
    case 5:
        add_limine(map, bytes, size);
        break;
    default:
        add_rows(map, bytes, size);
    }
}

static void take_memory(struct quire_bootmap *map, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint64_t before = quire_bootmap_total(map, QUIRE_MEMORY_USABLE);
        uint64_t length = 1 + (uint64_t)i * 5000;
        quire_phys start = 0;
        enum quire_status status =
            quire_bootmap_alloc(map, length, (uint64_t)1 << (i % 24), UINT64_MAX >> i, &start);

        require_well_formed(map);
        require(status == QUIRE_OK || status == QUIRE_NO_MEMORY || status == QUIRE_NO_SPACE);
        if (status != QUIRE_OK)
            continue;
        require(start >= 0x1000 && start % ((uint64_t)1 << (i % 24)) == 0);
        require(start + length <= UINT64_MAX >> i);
        require(before - quire_bootmap_total(map, QUIRE_MEMORY_USABLE) == quire_page_up(length));
        require(quire_bootmap_ram_end(map) >= start + length);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct quire_memory_range rows[CAPACITY];
    struct quire_bootmap map;
    uint8_t *bytes;

    if (size < 3)
        return 0;
    bytes = malloc(size - 3);
    if (bytes == NULL)
        return 0;
    if (size > 3)
        memcpy(bytes, data + 3, size - 3);
    quire_bootmap_init(&map, rows, data[0] % (CAPACITY + 1));
    add_map(&map, data[1], data[2], bytes, size - 3);
    require_well_formed(&map);
    require(quire_bootmap_finish(&map) == (map.lost != 0 ? QUIRE_NO_SPACE : QUIRE_OK));
    require_well_formed(&map);
    if (size > 19) {
        uint64_t range[2];

        memcpy(range, bytes, sizeof(range));
        quire_bootmap_reserve(&map, range[0], range[1]);
        require_well_formed(&map);
    }
    take_memory(&map, 12);
    free(bytes);
    return 0;
}
