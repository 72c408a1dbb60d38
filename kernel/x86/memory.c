/*
 * Bring-up of the library's layers 0 to 4, and the kernel's own address space.
 *
 * boot.S has mapped low memory, and highmem_prepare() what else the direct map shall hold. Then the
 * library builds the real table from rows (below), and the identity map goes.
 *
 * The direct map covers RAM and what firmware keeps in RAM, not the holes between: a cached mapping
 * of a device would be wrong even if never used. Where the image lies, the direct map shows it
 * with the image's own rights, so that text cannot be written through the back door.
 */

#include "core/memory.h"

#include <quire/area.h>
#include <quire/bootmap.h>
#include <quire/commit.h>
#include <quire/frame.h>
#include <quire/pagetable.h>
#include <quire/space.h>

#include "core/boot.h"
#include "core/boot_info.h"
#include "core/log.h"
#include "core/panic.h"
#include "core/printf.h"
#include "core/string.h"
#include "x86/cpu.h"
#include "x86/highmem.h"
#include "x86/paging.h"
#include "x86/probe.h"

#define LOW_MEMORY_END 0x100000ull

/* What boot.S has put into the direct map. */
#define EARLY_DIRECT_END                                                                           \
    ((quire_phys)KERNEL_DIRECT_SIZE < 1ull << 32 ? (quire_phys)KERNEL_DIRECT_SIZE : 1ull << 32)
#define ADDRESS_DIGITS ((int)(2 * sizeof(quire_virt)))

extern char _kernel_start[], _text_start[], _text_end[], _rodata_start[], _rodata_end[];
extern char _data_start[], _data_end[], _boot_stack_start[], _boot_stack_end[], _kernel_end[];

struct quire kernel_machine;
struct quire_bootmap boot_map;

/*
 * The kernel's mappings: one table of rows, shared by every space because they all lie in the
 * kernel half. The image's rows come first; the direct map's are added from the memory map.
 */
static struct memory_mapping *mappings; /* (c) after memory_init() */
static size_t mapping_count;

static void check(enum quire_status status, const char *what)
{
    if (status == QUIRE_NO_MEMORY && boot_info.initrd_size != 0)
        boot_refuse(
            "too little memory: there is none for %s beside the initial archive of %llu KiB", what,
            (unsigned long long)boot_info.initrd_size / 1024);
    if (status == QUIRE_NO_MEMORY)
        boot_refuse("too little memory: there is none for %s", what);
    if (status != QUIRE_OK)
        panic("%s: %s", what, quire_status_string(status));
}

static quire_phys image_physical(const char *symbol)
{
    return (uintptr_t)symbol - KERNEL_IMAGE;
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

static void add_row(quire_virt start, quire_virt end, quire_phys physical, unsigned protection,
                    const char *name)
{
    if (start < end)
        mappings[mapping_count++] = (struct memory_mapping){start, end, physical, protection, name};
}

static void add_image_rows(void)
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
        add_row((quire_virt)parts[i].start, (quire_virt)parts[i].end,
                image_physical(parts[i].start), parts[i].protection, parts[i].name);
}

static void add_direct_row(quire_phys start, quire_phys end, unsigned protection, const char *name)
{
    add_row(KERNEL_DIRECT + (quire_virt)start, KERNEL_DIRECT + (quire_virt)end, start, protection,
            name);
}

/* [start, end) of RAM as far as the direct map reaches, with the image's read-only part shown
 * read-only. */
static void add_direct_rows(quire_phys start, quire_phys end)
{
    static const char name[] = "direct map", fixed_name[] = "direct map of kernel text";
    quire_phys fixed_start = image_physical(_text_start), fixed_end = image_physical(_rodata_end);
    unsigned write = QUIRE_PROT_READ | QUIRE_PROT_WRITE;

    if (end > kernel_machine.frame.direct_end)
        end = kernel_machine.frame.direct_end;
    if (start >= end)
        return;
    if (end <= fixed_start || start >= fixed_end) {
        add_direct_row(start, end, write, name);
        return;
    }
    add_direct_row(start, fixed_start, write, name);
    add_direct_row(fixed_start, fixed_end, QUIRE_PROT_READ, fixed_name);
    add_direct_row(fixed_end, end, write, name);
}

static bool direct_mapped(enum quire_memory_type type)
{
    return type == QUIRE_MEMORY_USABLE || type == QUIRE_MEMORY_BOOT || type == QUIRE_MEMORY_ACPI ||
           type == QUIRE_MEMORY_NVS || type == QUIRE_MEMORY_SOFT_RESERVED;
}

/* Neighbouring ranges of RAM become one row, for the largest pages that fit. */
static void add_ram_rows(void)
{
    quire_phys start = 0, end = LOW_MEMORY_END; /* firmware's low memory, whatever its map says */

    for (size_t i = 0; i < boot_map.count; i++) {
        const struct quire_memory_range *row = &boot_map.range[i];
        quire_phys row_start = quire_page_up(row->start), row_end = quire_page_down(row->end);

        if (!direct_mapped(row->type) || row_end <= end || row_start >= row_end)
            continue;
        if (row_start > end) {
            add_direct_rows(start, end);
            start = row_start;
        }
        end = row_end;
    }
    add_direct_rows(start, end);
}

static void map_rows(void)
{
    log_debug("kernel mappings:");
    for (const struct memory_mapping *row = mappings; row < mappings + mapping_count; row++) {
        enum quire_status status;

        log_debug("  %0*zx .. %0*zx %c%c%c %s", ADDRESS_DIGITS, row->start, ADDRESS_DIGITS,
                  row->end - 1, row->protection & QUIRE_PROT_READ ? 'r' : '-',
                  row->protection & QUIRE_PROT_WRITE ? 'w' : '-',
                  row->protection & QUIRE_PROT_EXECUTE ? 'x' : '-', row->name);
        status =
            quire_pagetable_map(&kernel_machine, &kernel_machine.kernel, row->start, row->physical,
                                row->end - row->start, row->protection, page_flags());
        if (status != QUIRE_OK)
            panic("mapping %s at %#zx: %s", row->name, row->start, quire_status_string(status));
    }
}

/* The table is as long as the machine's memory map makes it. */
static void map_kernel(void)
{
    mappings = kernel_alloc((boot_map.count + 8) * sizeof *mappings);
    if (!mappings)
        panic("no memory for the table of the kernel's mappings");
    add_image_rows();
    add_ram_rows();
    map_rows();
}

bool memory_mapping(size_t n, struct memory_mapping *out)
{
    if (n >= mapping_count)
        return false;
    *out = mappings[n];
    return true;
}

const char *memory_describe(uintptr_t address, char *buffer, size_t size)
{
    struct quire_area area;

    for (size_t i = 0; i < mapping_count; i++) {
        if (address >= mappings[i].start && address < mappings[i].end)
            return mappings[i].name;
    }
    if (!quire_canonical(address, paging_levels()))
        return "not canonical";
    if (address < KERNEL_AREA || address >= KERNEL_AREA_END)
        return "nothing is there";
    if (!quire_area_find(&kernel_machine, address, &area) || address < area.start - PAGE_SIZE)
        return "no kernel area is there";
    snprintf(buffer, size, "%s area \"%s\"",
             address >= area.start && address < area.start + area.length ? "in" : "guard page of",
             area.name);
    return buffer;
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
        log_error("kernel mapping at %#zx, level %u, has too many rights: entry %#" PRIx64, address,
                  level, (uint64_t)*entry);
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
            log_info("  zone %-6s %9" PRIu64 " KiB of RAM, %9" PRIu64 " KiB free",
                     quire_zone_string(i), zone->present * 4, quire_zone_free(zone) * 4);
    }
    log_info("memory: %" PRIu64 " KiB of RAM, %" PRIu64 " KiB free, frame manager %s, heap %s",
             stats.total * 4, stats.free * 4, kernel_machine.frame.manager->name,
             kernel_machine.heap.manager->name);
}

/* Linux's: vm.overcommit_memory 0, overcommit_ratio 50, admin_reserve_kbytes, user_reserve_kbytes.
 */
static void set_commit_policy(void)
{
    const uint64_t pages = kernel_machine.commit.machine, mib = (1u << 20) / PAGE_SIZE;
    uint64_t three_percent = pages / 32;

    quire_commit_set(&kernel_machine, QUIRE_COMMIT_HEURISTIC, pages / 2,
                     three_percent < 8 * mib ? three_percent : 8 * mib,
                     three_percent < 128 * mib ? three_percent : 128 * mib);
}

/* selfmap=on: programs may read their own page tables. */
static bool self_map_wanted(void)
{
    const char *option = boot_option("selfmap");

    return option != NULL && (*option == '\0' || strcmp(option, "on") == 0);
}

/* A loader that knows only the file's length may put the archive where the kernel's memory ends. */
static void reserve_archive(void)
{
    quire_phys start = boot_info.initrd_start, end = start + boot_info.initrd_size;

    if (start < image_physical(_kernel_end) && end > image_physical(_kernel_start))
        boot_refuse("too little memory: the loader has put the initial archive over the kernel");
    check(quire_bootmap_reserve(&boot_map, start, end - start), "reserving the initial archive");
}

void memory_init(void)
{
    struct quire_frame_config config = {.cpu_count = cpu_count,
                                        .manager = parts_frame_manager(),
                                        .ram_limit = (quire_phys)1 << cpu_features.physical_bits};

    check(quire_bootmap_reserve(&boot_map, image_physical(_kernel_start),
                                (size_t)(_kernel_end - _kernel_start)),
          "reserving the kernel image");
    if (boot_info.initrd_size != 0)
        reserve_archive();
    memory_probe(&boot_map, 0, EARLY_DIRECT_END);
    config.direct_end = highmem_prepare(quire_bootmap_ram_end(&boot_map));
    memory_probe(&boot_map, EARLY_DIRECT_END, config.direct_end);

    check(quire_frame_init(&kernel_machine, &boot_map, &config), "frames");
    check(quire_heap_init_with(&kernel_machine, parts_heap_manager()), "heap");
    check(quire_pagetable_init(&kernel_machine, paging_levels()), "kernel page table");
    map_kernel();
    cr3_write((unsigned long)kernel_machine.kernel.root);
    highmem_init();
    check(quire_area_init(&kernel_machine, KERNEL_AREA, KERNEL_AREA_END), "areas");
    if (self_map_wanted())
        check(quire_self_map_init(&kernel_machine, KERNEL_SELF_MAP(kernel_machine.kernel.levels)),
              "the view of page tables");
    check(quire_space_init(&kernel_machine), "address spaces");
    set_commit_policy();
    log_zones();
    if (QUIRE_DEBUG && !memory_check_protection())
        panic("the kernel's mappings break their own rules");
}
