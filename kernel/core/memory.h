#ifndef KERNEL_CORE_MEMORY_H
#define KERNEL_CORE_MEMORY_H

/* The one machine that this kernel runs on, and short names for its heap and direct map. */

#include <quire/heap.h>
#include <quire/machine.h>

#include "x86/layout.h"

extern struct quire kernel_machine;

/* Rules as in <quire/heap.h>: NULL when memory is short; not from interrupt handlers. */
static inline void *kernel_alloc(size_t size)
{
    return quire_heap_alloc(&kernel_machine, size);
}

static inline void *kernel_alloc_zeroed(size_t size)
{
    return quire_heap_alloc_zeroed(&kernel_machine, size);
}

static inline void kernel_free(void *block)
{
    quire_heap_free(&kernel_machine, block);
}

/* RAM (and the firmware's tables in it) by physical address; not for device memory. */
static inline void *direct_map(quire_phys address)
{
    return (void *)(KERNEL_DIRECT + address);
}

/* The inverse, for pointers into the direct map: heap, frames, page tables. */
static inline quire_phys direct_phys(const void *pointer)
{
    return (uintptr_t)pointer - KERNEL_DIRECT;
}

/* Layers 0 to 4 from the boot map to address spaces, in that order; panics when the machine is too
 * small. */
void memory_init(void);

/* What lies at a kernel address, for reports; the text is in `buffer` or constant. Any context. */
const char *memory_describe(uintptr_t address, char *buffer, size_t size);

/* Walks every mapping of the kernel half: true when none is writable and executable, or open to
   programs. Offenders are logged. */
bool memory_check_protection(void);

#endif
