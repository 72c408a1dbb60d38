#ifndef KERNEL_CORE_MEMORY_H
#define KERNEL_CORE_MEMORY_H

/*
 * The kernel's heap on a host, for fuzz targets: blocks of exactly the size that was asked for, so
 * that AddressSanitizer sees every byte beyond; and the n-th allocation fails when asked to.
 */

#include <quire/heap.h>
#include <quire/machine.h>

#include "x86/layout.h"

extern struct quire kernel_machine;

void *kernel_alloc(size_t size);
void *kernel_alloc_zeroed(size_t size);
/* A fuzz target that links users of it defines quire_heap_resize. */
static inline void *kernel_resize(void *old, size_t size)
{
    return quire_heap_resize(&kernel_machine, old, size);
}
void kernel_free(void *block);

/* 1: the next allocation fails; 0: none does. Counts down. */
extern unsigned host_fail_at;
/* Blocks that were not given back. */
extern unsigned host_blocks;

#endif
