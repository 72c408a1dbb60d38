#ifndef KERNEL_X86_HIGHMEM_H
#define KERNEL_X86_HIGHMEM_H

/* Physical memory and the direct map: answered by each CPU mode's folder. */

#include <quire/types.h>

/*
 * Before layer 1: how far the direct map reaches on a machine whose RAM ends at `ram_end`. All of
 * it below that is mapped by the first page table when this returns.
 */
quire_phys highmem_prepare(quire_phys ram_end);

/* Once the kernel's page table is loaded: temporary slots for frames beyond the direct map. */
void highmem_init(void);

#endif
