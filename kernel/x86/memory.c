/*
 * Bring-up of the library's layers 0 to 3, and the kernel's own address space.
 *
 * boot.S has mapped the low 4 GiB. The frame table of a large machine lies higher, so the first
 * table's direct map is extended to all RAM before layer 1 starts; its few tables are boot memory
 * and forgotten with it. Then the library builds the real table from rows (below), and the
 * identity map goes.
 *
 * The direct map covers RAM and what firmware keeps in RAM, not the holes between: a cached mapping
 * of a device would be wrong even if never used. Where the image lies, the direct map shows it
 * with the image's own rights, so that text cannot be written through the back door.
 */

#include "core/memory.h"

#include <quire/area.h>
#include <quire/bootmap.h>
#include <quire/frame.h>
#include <quire/pagetable.h>

#include "core/boot.h"
#include "core/boot_info.h"
#include "core/log.h"
#include "core/panic.h"
#include "core/string.h"
#include "x86/cpu.h"

#define GIB            (1ull << 30)
#define LOW_MEMORY_END 0x100000ull
#define EARLY_MAP_END  (4 * GIB)
#define ENTRY_TABLE    0x003ull /* present, writable */
#define ENTRY_2MIB     0x083ull

extern char _kernel_start[], _text_start[], _text_end[], _rodata_start[], _rodata_end[];
extern char _data_start[], _data_end[], _boot_stack_start[], _boot_stack_end[], _kernel_end[];

struct quire kernel_machine;
struct quire_bootmap boot_map;

/* One row of the kernel's mappings: `size` bytes of physical memory from `physical` at `start`. */
struct mapping {
    quire_virt start;
    quire_phys physical;
    size_t size;
    unsigned protection;
    const char *name;
};

static void check(enum quire_status status, const char *what)
{
    if (status != QUIRE_OK)
        panic("%s: %s", what, quire_status_string(status));
}

static quire_phys image_physical(const char *symbol)
{
    return (uintptr_t)symbol - KERNEL_IMAGE;
}

/* --- before layer 1 -------------------------------------------------------------------------- */

/* A table of the first page table, from boot memory that is mapped already. */
static uint64_t *early_table(void)
{
    quire_phys table;

    check(quire_bootmap_alloc(&boot_map, PAGE_SIZE, PAGE_SIZE, EARLY_MAP_END, &table),
          "first page table");
    return memset(direct_map(table), 0, PAGE_SIZE);
}

static uint64_t *early_next(uint64_t *entry)
{
    if (!(*entry & 1))
        *entry = direct_phys(early_table()) | ENTRY_TABLE;
    return direct_map(*entry & ~0xfffull);
}

/* One gibibyte of the direct map, in 2 MiB pages. */
static void early_map_gib(quire_phys start)
{
    quire_virt address = KERNEL_DIRECT + start;
    uint64_t *top = direct_map(cr3_read() & ~0xfffull);
    uint64_t *pointers = early_next(&top[address >> 39 & 511]);
    uint64_t *directory = early_next(&pointers[address >> 30 & 511]);

    for (unsigned i = 0; i < 512; i++)
        directory[i] = (start + i * 0x200000ull) | ENTRY_2MIB;
}

static void early_map_all(void)
{
    quire_phys end = quire_bootmap_ram_end(&boot_map);

    for (quire_phys start = EARLY_MAP_END; start < end; start += GIB)
        early_map_gib(start);
}

/* --- the kernel's mappings ------------------------------------------------------------------- */

static unsigned page_flags(void)
{
    unsigned flags = 0;

    if (cpu_features.global_pages)
        flags |= QUIRE_PAGE_GLOBAL;
    if (!cpu_features.gib_pages)
        flags |= QUIRE_PAGE_NO_GIANT;
    return flags;
}

static void map_row(const struct mapping *row)
{
    enum quire_status status;

    if (row->size == 0)
        return;
    status = quire_pagetable_map(&kernel_machine, &kernel_machine.kernel, row->start, row->physical,
                                 row->size, row->protection, page_flags());
    if (status != QUIRE_OK)
        panic("mapping %s at %#lx: %s", row->name, row->start, quire_status_string(status));
    log_debug("  %016lx .. %016lx %c%c%c %s", row->start, row->start + row->size - 1,
              row->protection & QUIRE_PROT_READ ? 'r' : '-',
              row->protection & QUIRE_PROT_WRITE ? 'w' : '-',
              row->protection & QUIRE_PROT_EXECUTE ? 'x' : '-', row->name);
}

static void map_image(void)
{
    static const struct {
        const char *start, *end;
        unsigned protection;
        const char *name;
    } parts[] = {
        {_text_start, _text_end, QUIRE_PROT_READ | QUIRE_PROT_EXECUTE, "kernel text"},
        {_rodata_start, _rodata_end, QUIRE_PROT_READ, "kernel read-only data"},
        {_data_start, _data_end, QUIRE_PROT_READ | QUIRE_PROT_WRITE, "kernel data"},
        {_boot_stack_start, _boot_stack_end, QUIRE_PROT_READ | QUIRE_PROT_WRITE, "boot stack"},
    };

    for (unsigned i = 0; i < sizeof parts / sizeof parts[0]; i++)
        map_row(&(struct mapping){(quire_virt)parts[i].start, image_physical(parts[i].start),
                                  (size_t)(parts[i].end - parts[i].start), parts[i].protection,
                                  parts[i].name});
}

static void map_direct_part(quire_phys start, quire_phys end, unsigned protection, const char *name)
{
    if (start < end)
        map_row(&(struct mapping){KERNEL_DIRECT + start, start, end - start, protection, name});
}

/* [start, end) of RAM, with the image's read-only part shown read-only. */
static void map_direct(quire_phys start, quire_phys end)
{
    quire_phys fixed_start = image_physical(_text_start), fixed_end = image_physical(_rodata_end);
    unsigned write = QUIRE_PROT_READ | QUIRE_PROT_WRITE;

    if (end <= fixed_start || start >= fixed_end) {
        map_direct_part(start, end, write, "direct map");
        return;
    }
    map_direct_part(start, fixed_start, write, "direct map");
    map_direct_part(fixed_start, fixed_end, QUIRE_PROT_READ, "direct map of text");
    map_direct_part(fixed_end, end, write, "direct map");
}

static bool direct_mapped(enum quire_memory_type type)
{
    return type == QUIRE_MEMORY_USABLE || type == QUIRE_MEMORY_BOOT || type == QUIRE_MEMORY_ACPI ||
           type == QUIRE_MEMORY_NVS || type == QUIRE_MEMORY_SOFT_RESERVED;
}

/* Neighbouring rows of RAM are mapped as one, for the largest pages that fit. */
static void map_all_ram(void)
{
    quire_phys start = 0, end = LOW_MEMORY_END; /* firmware's low memory, whatever its map says */

    for (size_t i = 0; i < boot_map.count; i++) {
        const struct quire_memory_range *row = &boot_map.range[i];
        quire_phys row_start = quire_page_up(row->start), row_end = quire_page_down(row->end);

        if (!direct_mapped(row->type) || row_end <= end || row_start >= row_end)
            continue;
        if (row_start > end) {
            map_direct(start, end);
            start = row_start;
        }
        end = row_end;
    }
    map_direct(start, end);
}

struct protection_walk {
    size_t mappings, bad;
};

static bool check_mapping(void *context, quire_virt address, unsigned level, quire_entry *entry)
{
    struct protection_walk *walk = context;
    bool executable = !(*entry & QUIRE_ENTRY_NO_EXECUTE) && cpu_features.no_execute;

    walk->mappings++;
    if (((*entry & QUIRE_ENTRY_WRITE) && executable) || (*entry & QUIRE_ENTRY_USER)) {
        log_error("kernel mapping at %#lx, level %u, has too many rights: entry %#lx", address,
                  level, *entry);
        walk->bad++;
    }
    return true;
}

bool memory_check_protection(void)
{
    struct protection_walk walk = {0, 0};

    quire_pagetable_visit(&kernel_machine, &kernel_machine.kernel, KERNEL_DIRECT, ~(quire_virt)0,
                          check_mapping, &walk);
    log_info("kernel half: %zu mappings, %zu with too many rights", walk.mappings, walk.bad);
    return walk.mappings != 0 && walk.bad == 0;
}

/* --- the order ------------------------------------------------------------------------------- */

static void log_zones(void)
{
    struct quire_frame_stats stats;

    quire_frame_stats(&kernel_machine, &stats);
    for (unsigned i = 0; i < QUIRE_ZONE_COUNT; i++) {
        const struct quire_zone *zone = &kernel_machine.frame.zone[i];

        if (zone->first != zone->end)
            log_info("  zone %-6s %9lu KiB of RAM, %9lu KiB free", quire_zone_string(i),
                     zone->present * 4, zone->free * 4);
    }
    log_info("memory: %lu KiB of RAM, %lu KiB free, frame manager %s", stats.total * 4,
             stats.free * 4, kernel_machine.frame.manager->name);
}

void memory_init(void)
{
    quire_phys ram_end = quire_bootmap_ram_end(&boot_map);
    struct quire_frame_config config = {.cpu_count = cpu_count, .direct_end = ram_end};

    if (ram_end > KERNEL_DIRECT_SIZE) {
        log_warn("RAM above %#lx is not used", (unsigned long)KERNEL_DIRECT_SIZE);
        config.direct_end = KERNEL_DIRECT_SIZE;
    }
    check(quire_bootmap_reserve(&boot_map, image_physical(_kernel_start),
                                (size_t)(_kernel_end - _kernel_start)),
          "reserving the kernel image");
    if (boot_info.initrd_size != 0)
        check(quire_bootmap_reserve(&boot_map, boot_info.initrd_start, boot_info.initrd_size),
              "reserving the initial archive");
    early_map_all();

    check(quire_frame_init(&kernel_machine, &boot_map, &config), "frames");
    check(quire_heap_init(&kernel_machine), "heap");
    check(quire_pagetable_init(&kernel_machine, 4), "kernel page table");
    map_image();
    map_all_ram();
    cr3_write(kernel_machine.kernel.root);
    check(quire_area_init(&kernel_machine, KERNEL_AREA, KERNEL_AREA_END), "areas");
    log_zones();
    if (QUIRE_DEBUG && !memory_check_protection())
        panic("the kernel's mappings break their own rules");
}
