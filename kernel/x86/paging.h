#ifndef KERNEL_X86_PAGING_H
#define KERNEL_X86_PAGING_H

/* How many levels page tables have: decided once, at boot, by each CPU mode's folder. */

#include <quire/format.h>

/* Decides, and makes the CPU and the first page table follow. The kernel's options are known; the
 * library's table is not there yet. */
void paging_init(void);

/* What paging_init() decided, QUIRE_LEVELS_DEFAULT before. */
unsigned paging_levels(void);

#endif
