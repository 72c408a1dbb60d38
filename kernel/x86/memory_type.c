/* Devices' memory: how it is cached, and where it can be reached before the library lives. */

#include "x86/memory_type.h"

#include <quire/bootmap.h>
#include <quire/pagetable.h>

#include "core/boot.h"
#include "core/memory.h"
#include "x86/cpu.h"

#define FIRST_TABLE_END 0x100000000ull /* boot.S maps no more */

/* The index into the page attribute table that a leaf entry gives. */
static unsigned attribute_index(const struct quire_translation *found)
{
    quire_entry entry = found->step[found->steps - 1].entry;
    quire_entry pat = found->level > 1 ? QUIRE_ENTRY_PAT_LARGE : QUIRE_ENTRY_PAT;

    return ((entry & QUIRE_ENTRY_WRITE_THROUGH) != 0) |
           ((entry & QUIRE_ENTRY_CACHE_DISABLE) != 0) << 1 | ((entry & pat) != 0) << 2;
}

static const char *type_name(unsigned index)
{
    static const char *const types[8] = {"uncached",   "write-combining", "reserved",
                                         "reserved",   "write-through",   "write-protected",
                                         "write-back", "uncached"};
    static const uint8_t without_pat[4] = {6, 4, 7, 0};

    if (!cpu_features.pat)
        return types[without_pat[index & 3]];
    return types[msr_read(MSR_PAT) >> 8 * index & 7];
}

const char *memory_type_name(const void *address, size_t size)
{
    quire_virt at = (quire_virt)address & QUIRE_PAGE_MASK, end = (quire_virt)address + size;
    const char *name = NULL;

    while (at < end) {
        struct quire_translation found;
        const char *here;

        quire_pagetable_translate(&kernel_machine, &kernel_machine.kernel, at, &found);
        if (!found.present)
            return "not mapped";
        here = type_name(attribute_index(&found));
        if (name && name != here)
            return "mixed";
        name = here;
        at += QUIRE_PAGE_SIZE;
    }
    return name ? name : "nothing";
}

bool memory_is_ram(uint64_t physical, uint64_t size)
{
    for (size_t i = 0; i < boot_map.count; i++) {
        const struct quire_memory_range *row = &boot_map.range[i];

        if ((row->type == QUIRE_MEMORY_USABLE || row->type == QUIRE_MEMORY_BOOT) &&
            physical < row->end && physical + size > row->start)
            return true;
    }
    return false;
}

/*
 * Large pages of the first page table, uncached, where kernel areas will be: what lies beyond the
 * direct map of a 32-bit kernel. The table is used until memory_init() makes the real one.
 */
static void *map_early(uint64_t physical, uint64_t size)
{
    const uint64_t page = 1ull << quire_level_shift(2);
    uint64_t inside = physical & (page - 1), at = physical - inside;
    quire_entry *table = direct_map((quire_phys)(cr3_read() & ~0x1ful));

    if (size > KERNEL_AREA_END - KERNEL_AREA - page)
        return NULL;
    for (unsigned level = QUIRE_LEVELS_DEFAULT; level > 2; level--)
        table = direct_map(quire_entry_phys(table[quire_level_index(KERNEL_AREA, level)]));
    for (unsigned i = quire_level_index(KERNEL_AREA, 2); at < physical + size; i++, at += page)
        table[i] = (quire_entry)at | QUIRE_ENTRY_PRESENT | QUIRE_ENTRY_WRITE | QUIRE_ENTRY_LARGE |
                   QUIRE_ENTRY_CACHE_DISABLE | QUIRE_ENTRY_WRITE_THROUGH;
    cr3_write(cr3_read());
    return (void *)(KERNEL_AREA + (uintptr_t)inside);
}

void *memory_early_device(uint64_t physical, uint64_t size)
{
    if (kernel_machine.kernel.root != 0 || physical > FIRST_TABLE_END ||
        size > FIRST_TABLE_END - physical)
        return NULL;
    if (physical + size <= KERNEL_DIRECT_SIZE)
        return direct_map((quire_phys)physical);
    return map_early(physical, size);
}
