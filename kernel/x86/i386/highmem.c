/*
 * RAM beyond the direct map on 32 bits.
 *
 * The direct map covers the low 768 MiB, which boot.S has mapped already; all RAM above is zone
 * HIGH. Whoever needs a high frame's bytes maps it at one of the CPU's temporary slots for a moment
 * (quire_frame_map). Slots nest: a CPU's are a stack, the last one taken is given back first. The
 * holder stays on its CPU and does not sleep; a page fault in between would take slots above and
 * give them back.
 *
 * All slots lie in one leaf table, whose entries are found once. A free slot shows the zero page,
 * read-only, so that the table's entries are never empty and the library, which built it, need not
 * know of what happens here.
 *
 * Locking: none; a slot belongs to its CPU, and interrupt handlers map nothing.
 */

#include "x86/highmem.h"

#include <quire/hooks.h>
#include <quire/pagetable.h>

#include "core/log.h"
#include "core/memory.h"
#include "core/panic.h"
#include "x86/cpu.h"

/* The deepest nesting is that of a fault's copy inside a file's copy inside a report. */
#define SLOTS_PER_CPU 16

#define SLOT_RIGHTS                                                                                \
    (QUIRE_ENTRY_PRESENT | QUIRE_ENTRY_WRITE | QUIRE_ENTRY_ACCESSED | QUIRE_ENTRY_DIRTY)

static quire_entry *slots; /* (c) the leaf table's entries, from the first slot's on */
static quire_entry free_entry, no_execute; /* (c) */

quire_phys highmem_prepare(quire_phys ram_end)
{
    return ram_end < KERNEL_DIRECT_SIZE ? ram_end : KERNEL_DIRECT_SIZE;
}

static bool note_slots(void *context, quire_virt address, unsigned level, quire_entry *entry)
{
    (void)context;
    if (address != KERNEL_TEMPORARY || level != 1)
        panic("the temporary slots' first entry is at %#lx, level %u", (unsigned long)address,
              level);
    slots = entry;
    free_entry = *entry;
    return false;
}

void highmem_init(void)
{
    unsigned count = cpu_count * SLOTS_PER_CPU;

    if (count > QUIRE_TABLE_ENTRIES)
        panic("no temporary slots for %u CPUs", cpu_count);
    for (unsigned i = 0; i < count; i++) {
        enum quire_status status = quire_pagetable_map(
            &kernel_machine, &kernel_machine.kernel, KERNEL_TEMPORARY + i * PAGE_SIZE,
            kernel_machine.frame.zero, PAGE_SIZE, QUIRE_PROT_READ, QUIRE_PAGE_SMALL);

        if (status != QUIRE_OK)
            panic("mapping the temporary slots: %s", quire_status_string(status));
    }
    if (cpu_features.no_execute)
        no_execute = QUIRE_ENTRY_NO_EXECUTE;
    quire_pagetable_visit(&kernel_machine, &kernel_machine.kernel, KERNEL_TEMPORARY,
                          KERNEL_TEMPORARY_END, note_slots, NULL);
}

static void set_slot(unsigned slot, quire_entry entry)
{
    quire_entry_exchange(&slots[slot], entry);
    __asm__ volatile("invlpg (%0)" ::"r"(KERNEL_TEMPORARY + slot * PAGE_SIZE) : "memory");
}

void *quire_hook_frame_map(struct quire *q, quire_phys frame)
{
    struct cpu *cpu = this_cpu();
    unsigned slot = cpu->id * SLOTS_PER_CPU + cpu->mode.temporary;

    (void)q;
    if (cpu->mode.temporary == SLOTS_PER_CPU)
        panic("%u temporary slots are in use at once", SLOTS_PER_CPU);
    cpu->mode.temporary++;
    set_slot(slot, (quire_entry)frame | SLOT_RIGHTS | no_execute);
    return (void *)(KERNEL_TEMPORARY + slot * PAGE_SIZE);
}

void quire_hook_frame_unmap(struct quire *q, void *address)
{
    struct cpu *cpu = this_cpu();
    unsigned slot = cpu->id * SLOTS_PER_CPU + cpu->mode.temporary - 1;

    (void)q;
    if (cpu->mode.temporary == 0 ||
        ((uintptr_t)address & ~(uintptr_t)(PAGE_SIZE - 1)) != KERNEL_TEMPORARY + slot * PAGE_SIZE)
        panic("%p is not the temporary slot that was taken last", address);
    cpu->mode.temporary--;
    set_slot(slot, free_entry);
}
