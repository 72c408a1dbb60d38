/*
 * quire/bootmap.h, layer 0: what memory is there?
 *
 * Firmware describes memory as rows that may be unsorted, overlapping, unaligned, empty or
 * wrapping. The boot map takes them in any of the usual formats, makes one sorted map of
 * non-overlapping rows of it, and hands out memory by bump allocation until layer 1 lives. It needs
 * no other layer, no heap, and no direct map.
 */
#ifndef QUIRE_BOOTMAP_H
#define QUIRE_BOOTMAP_H

#include <quire/types.h>

/* In order of authority: where rows overlap, the larger value wins. */
enum quire_memory_type {
    QUIRE_MEMORY_NONE = 0,      /* nothing was said about it */
    QUIRE_MEMORY_USABLE,        /* RAM for us */
    QUIRE_MEMORY_SOFT_RESERVED, /* RAM that firmware would like kept for a purpose */
    QUIRE_MEMORY_PERSISTENT,    /* NVDIMM: RAM that keeps its content, never handed out */
    QUIRE_MEMORY_ACPI,          /* ACPI tables; may be reclaimed after they were read */
    QUIRE_MEMORY_NVS,           /* ACPI non-volatile storage */
    QUIRE_MEMORY_RESERVED,      /* firmware, devices, unknown types */
    QUIRE_MEMORY_UNUSABLE,      /* broken RAM */
    QUIRE_MEMORY_BOOT, /* RAM in use at boot: kernel image, archive, what boot_alloc gave away */
    QUIRE_MEMORY_TYPE_COUNT
};

/* A row: [start, end), in bytes; what would wrap ends at the last multiple of the page size. */
struct quire_memory_range {
    quire_phys start;
    quire_phys end;
    enum quire_memory_type type;
};

/*
 * Storage is the caller's (an array in its .bss, or boot memory). Firmware's rows need that many,
 * and each quire_bootmap_reserve or _alloc up to two more; twice the rows plus 32 is comfortable.
 */
struct quire_bootmap {
    struct quire_memory_range *range; /* sorted by start, without overlap */
    size_t count;
    size_t capacity;
    size_t lost; /* rows that found no room */
    bool finished;
};

/* An empty map over the caller's storage, which must outlive the map. */
void quire_bootmap_init(struct quire_bootmap *map, struct quire_memory_range *storage,
                        size_t capacity);

/*
 * One row, bytes [start, start + length), in any order. Empty rows are ignored; rows that wrap are
 * clipped. Usable memory is never what lies in a PC's video and BIOS area, 0xa0000 to 0xfffff, nor
 * beyond 2^52: a map that says so is wrong. QUIRE_NO_SPACE: the storage is full; the map is as
 * before, and `lost` counts. QUIRE_INVALID: no such type, or the map is finished.
 */
enum quire_status quire_bootmap_add(struct quire_bootmap *map, quire_phys start, uint64_t length,
                                    enum quire_memory_type type);

/*
 * Adapters: each reads the format's own rows. All tolerate unaligned pointers. QUIRE_INVALID: the
 * structure contradicts itself (entry size too small, total size cut); rows before the fault are
 * kept. QUIRE_NO_SPACE: rows without room are counted in `lost`, all others are added.
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

/*
 * No more rows come: usable ones are rounded inwards to pages, all others outwards. Only finished
 * maps give memory. QUIRE_NO_SPACE: finished, but rows were lost, and what they reserved may be
 * called usable; a kernel that cannot offer more storage had better stop. QUIRE_INVALID: finished
 * before.
 */
enum quire_status quire_bootmap_finish(struct quire_bootmap *map);

/*
 * Finished maps: marks usable memory in use (kernel image, archive, structures), whole pages. What
 * is not usable stays what it is. QUIRE_NO_SPACE: no room to split a row; nothing changed.
 * QUIRE_INVALID: not finished.
 */
enum quire_status quire_bootmap_reserve(struct quire_bootmap *map, quire_phys start,
                                        uint64_t length);

/*
 * Finished maps: `length` bytes, rounded up to pages, of RAM at a multiple of `alignment` (a power
 * of two; a page at least), wholly below `limit`, highest first so that low memory stays free for
 * devices. Never gives page 0. The range becomes QUIRE_MEMORY_BOOT. QUIRE_NO_MEMORY: none fits.
 * QUIRE_NO_SPACE: some would, but there is no room to split its row. QUIRE_ZERO_LENGTH.
 * QUIRE_INVALID: alignment, or not finished.
 */
enum quire_status quire_bootmap_alloc(struct quire_bootmap *map, uint64_t length,
                                      uint64_t alignment, quire_phys limit, quire_phys *out_start);

/* Bytes of a type in the map; one past the highest byte of RAM (usable or in use at boot). */
uint64_t quire_bootmap_total(const struct quire_bootmap *map, enum quire_memory_type type);
quire_phys quire_bootmap_ram_end(const struct quire_bootmap *map);

const char *quire_memory_type_string(enum quire_memory_type type);

#endif
