/*
 * quire/bootmap.h, layer 0: what memory is there?
 *
 * Firmware describes memory as rows that may be unsorted, overlapping, unaligned, empty or wrapping. The boot map takes
 * them in any of the usual formats, makes one sorted map of non-overlapping rows of it, and hands out memory by bump
 * allocation until layer 1 lives. It needs no other layer, no heap, and no direct map.
 */
#ifndef QUIRE_BOOTMAP_H
#define QUIRE_BOOTMAP_H

#include <quire/types.h>

/* In order of authority: where rows overlap, the larger value wins. */
enum quire_memory_type {
    QUIRE_MEMORY_NONE = 0,        /* nothing was said about it */
    QUIRE_MEMORY_USABLE,          /* RAM for us */
    QUIRE_MEMORY_SOFT_RESERVED,   /* RAM that firmware would like kept for a purpose */
    QUIRE_MEMORY_PERSISTENT,      /* NVDIMM: RAM that keeps its content, never handed out */
    QUIRE_MEMORY_ACPI,            /* ACPI tables; may be reclaimed after they were read */
    QUIRE_MEMORY_NVS,             /* ACPI non-volatile storage */
    QUIRE_MEMORY_RESERVED,        /* firmware, devices, unknown types */
    QUIRE_MEMORY_UNUSABLE,        /* broken RAM */
    QUIRE_MEMORY_BOOT,            /* RAM in use at boot: kernel image, archive, what boot_alloc gave away */
    QUIRE_MEMORY_TYPE_COUNT
};

/* A row: [start, end), in bytes; sizes that would wrap are clipped at 2^64 - 1 rounded to a page. */
struct quire_memory_range {
    quire_phys start;
    quire_phys end;
    enum quire_memory_type type;
};

/* Storage is the caller's (an array in its .bss, or boot memory); `lost` counts rows that found no room. */
struct quire_bootmap {
    struct quire_memory_range *range; /* sorted by start once finished */
    size_t count;
    size_t capacity;
    size_t lost;
    bool finished;
};

/* An empty map over the caller's storage, which must outlive the map. */
void quire_bootmap_init(struct quire_bootmap *map, struct quire_memory_range *storage,
                        size_t capacity);

/*
 * One row, bytes [start, start + length). Empty rows are ignored; rows that wrap are clipped. Unfinished maps only.
 * QUIRE_NO_SPACE: the storage is full (the map stays valid, `lost` counts).
 */
enum quire_status quire_bootmap_add(struct quire_bootmap *map, quire_phys start, uint64_t length,
                                    enum quire_memory_type type);

/*
 * Adapters: each reads the format's own rows. All tolerate unaligned pointers. QUIRE_INVALID: the structure contradicts itself
 * (entry size too small, total size cut); rows before the fault are kept.
 */
enum quire_status quire_bootmap_add_e820(struct quire_bootmap *map, const void *entries,
                                         size_t count, size_t entry_size);
enum quire_status quire_bootmap_add_multiboot1(struct quire_bootmap *map, const void *mmap,
                                               size_t length);
enum quire_status quire_bootmap_add_multiboot2(struct quire_bootmap *map, const void *tag,
                                               size_t length);
enum quire_status quire_bootmap_add_pvh(struct quire_bootmap *map, const void *entries,
                                        size_t count);
enum quire_status quire_bootmap_add_efi(struct quire_bootmap *map, const void *descriptors,
                                        size_t length, size_t descriptor_size);
enum quire_status quire_bootmap_add_limine(struct quire_bootmap *map, const void *const *entries,
                                           size_t count);
/* CMOS/INT 15h AH=88h sizes: KiB below 1 MiB and KiB above. */
enum quire_status quire_bootmap_add_sizes(struct quire_bootmap *map, uint32_t base_kib,
                                          uint32_t extended_kib);

/* Sort, resolve overlaps by authority, round usable rows inwards to pages, merge equal neighbours. */
enum quire_status quire_bootmap_finish(struct quire_bootmap *map);

/* Finished maps: mark RAM in use (kernel image, archive, structures). Splits rows as needed; outside RAM a no-op. */
enum quire_status quire_bootmap_reserve(struct quire_bootmap *map, quire_phys start,
                                        uint64_t length);

/*
 * Finished maps: `length` bytes of RAM at a multiple of `alignment` (a power of two), wholly below `limit`, highest first so that
 * low memory stays free for devices. Never gives page 0. The range becomes QUIRE_MEMORY_BOOT. QUIRE_NO_MEMORY: none fits.
 */
enum quire_status quire_bootmap_alloc(struct quire_bootmap *map, uint64_t length,
                                      uint64_t alignment, quire_phys limit,
                                      quire_phys *out_start);

/* Bytes of a type in the map; one past the highest byte of RAM (usable or in use at boot). */
uint64_t quire_bootmap_total(const struct quire_bootmap *map, enum quire_memory_type type);
quire_phys quire_bootmap_ram_end(const struct quire_bootmap *map);

const char *quire_memory_type_string(enum quire_memory_type type);

#endif
