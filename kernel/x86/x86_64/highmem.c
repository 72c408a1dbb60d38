/*
 * Physical memory before and beyond the direct map, long mode: all RAM is in it.
 *
 * boot.S has mapped the low 4 GiB. The frame table of a large machine lies higher, so the first
 * table's direct map is extended to all RAM before layer 1 starts; its few tables are boot memory
 * and forgotten with it.
 */

#include "x86/highmem.h"

#include <quire/bootmap.h>
#include <quire/hooks.h>

#include "core/boot.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/panic.h"
#include "core/string.h"
#include "x86/cpu.h"
#include "x86/paging.h"

#define GIB           (1ull << 30)
#define EARLY_MAP_END (4 * GIB)
#define ENTRY_TABLE   0x003ull /* present, writable */
#define ENTRY_LARGE   0x083ull

/* A table of the first page table, from boot memory that is mapped already. */
static uint64_t *early_table(void)
{
    quire_phys table;

    enum quire_status status =
        quire_bootmap_alloc(&boot_map, PAGE_SIZE, PAGE_SIZE, EARLY_MAP_END, &table);

    if (status != QUIRE_OK)
        panic("first page table: %s", quire_status_string(status));
    return memset(direct_map(table), 0, PAGE_SIZE);
}

static uint64_t *early_next(uint64_t *entry)
{
    if (!(*entry & 1))
        *entry = direct_phys(early_table()) | ENTRY_TABLE;
    return direct_map(*entry & ~0xfffull);
}

/* One gibibyte of the direct map, in a page of that size or in pages of 2 MiB. */
static void early_map_gib(quire_phys start)
{
    quire_virt address = KERNEL_DIRECT + start;
    uint64_t *top = direct_map(cr3_read() & ~0xfffull), *pointers, *entry, *directory;

    if (paging_levels() == 5)
        top = early_next(&top[address >> 48 & 511]);
    pointers = early_next(&top[address >> 39 & 511]);
    entry = &pointers[address >> 30 & 511];
    if (cpu_features.gib_pages) {
        *entry = start | ENTRY_LARGE;
        return;
    }
    directory = early_next(entry);
    for (unsigned i = 0; i < 512; i++)
        directory[i] = (start + i * 0x200000ull) | ENTRY_LARGE;
}

quire_phys highmem_prepare(quire_phys ram_end)
{
    if (ram_end > KERNEL_DIRECT_SIZE) {
        log_warn("RAM above %#lx is not used", (unsigned long)KERNEL_DIRECT_SIZE);
        ram_end = KERNEL_DIRECT_SIZE;
    }
    for (quire_phys start = EARLY_MAP_END; start < ram_end; start += GIB)
        early_map_gib(start);
    return ram_end;
}

void highmem_init(void)
{
}

/* The library asks only where RAM is not in the direct map. */
void *quire_hook_frame_map(struct quire *q, quire_phys frame)
{
    (void)q;
    panic("frame %#lx lies outside the direct map", frame);
}

void quire_hook_frame_unmap(struct quire *q, void *address)
{
    (void)q;
    panic("%p is no temporary mapping", address);
}
