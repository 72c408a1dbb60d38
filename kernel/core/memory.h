#ifndef KERNEL_CORE_MEMORY_H
#define KERNEL_CORE_MEMORY_H

/* The one machine that this kernel runs on, and short names for its heap and direct map. */

#include <quire/heap.h>
#include <quire/machine.h>

#include "x86/layout.h"

extern struct quire kernel_machine;

/* The parts that the command line names (frames=, heap=), or the library's choice; never NULL. */
const struct quire_frame_manager *parts_frame_manager(void);
const struct quire_heap_manager *parts_heap_manager(void);

/*
 * No memory was found for so many frames: caches are emptied, a process may be killed for it
 * (proc/oom.h). True: try again. May sleep; with interrupts off, in an interrupt handler and before
 * there are processes the answer is false.
 */
bool memory_reclaim(size_t frames);

/* Blocks above it are not worth a process: they may not be found even when much is free. */
#define KERNEL_RECLAIM_LIMIT (8 * QUIRE_PAGE_SIZE)

static inline bool kernel_alloc_again(size_t size)
{
    return size != 0 && size <= KERNEL_RECLAIM_LIMIT &&
           memory_reclaim((size + QUIRE_PAGE_SIZE - 1) / QUIRE_PAGE_SIZE);
}

/*
 * Rules as in <quire/heap.h>: not from interrupt handlers, and NULL when memory is short even after
 * memory_reclaim(): no spinlock may be held, unless with interrupts off.
 */
static inline void *kernel_alloc(size_t size)
{
    void *block;

    do
        block = quire_heap_alloc(&kernel_machine, size);
    while (__builtin_expect(block == NULL, 0) && kernel_alloc_again(size));
    return block;
}

static inline void *kernel_alloc_zeroed(size_t size)
{
    void *block;

    do
        block = quire_heap_alloc_zeroed(&kernel_machine, size);
    while (__builtin_expect(block == NULL, 0) && kernel_alloc_again(size));
    return block;
}

static inline void *kernel_resize(void *old, size_t size)
{
    void *block;

    do
        block = quire_heap_resize(&kernel_machine, old, size);
    while (__builtin_expect(block == NULL, 0) && kernel_alloc_again(size));
    return block;
}

static inline void *kernel_cache_alloc(struct quire_cache *cache)
{
    void *object;

    do
        object = quire_cache_alloc(&kernel_machine, cache);
    while (__builtin_expect(object == NULL, 0) && memory_reclaim(1));
    return object;
}

static inline void kernel_free(void *block)
{
    quire_heap_free(&kernel_machine, block);
}

/* RAM (and the firmware's tables in it) by physical address; not for device memory. */
static inline void *direct_map(quire_phys address)
{
    return (void *)(KERNEL_DIRECT + (uintptr_t)address);
}

/* The inverse, for pointers into the direct map: heap, frames, page tables. */
static inline quire_phys direct_phys(const void *pointer)
{
    return (uintptr_t)pointer - KERNEL_DIRECT;
}

/* Layers 0 to 4 from the boot map to address spaces, in that order; panics when the machine is too
 * small. */
void memory_init(void);

/* The n-th row of the kernel's mappings, for reports; false: there are not so many. */
struct memory_mapping {
    quire_virt start, end;
    quire_phys physical;
    unsigned protection; /* QUIRE_PROT_* */
    const char *name;
};
bool memory_mapping(size_t n, struct memory_mapping *out);

/* What lies at a kernel address, for reports; the text is in `buffer` or constant. Any context. */
const char *memory_describe(uintptr_t address, char *buffer, size_t size);

/* Walks every mapping of the kernel half: true when none is writable and executable, or open to
   programs. Offenders are logged. */
bool memory_check_protection(void);

#endif
