#ifndef KERNEL_X86_I386_LAYOUT_H
#define KERNEL_X86_I386_LAYOUT_H

/*
 * The kernel's address space on 32 bits, two-level and PAE paging alike.
 *
 *   0x00001000 .. 0xbfffffff   user programs
 *   0xc0000000 .. 0xefffffff   direct map: byte p of the low 768 MiB of RAM at KERNEL_DIRECT + p
 *   0xf0000000 .. 0xfdffffff   kernel areas: stacks, device memory, large tables
 *   0xfe000000 .. 0xfe7fffff   with selfmap=on, the page tables of the space that runs (two-level
 *                              tables: the first half of it)
 *   0xfe800000 .. 0xfebfffff   temporary slots, for frames beyond the direct map (highmem.c)
 *   0xff100000 .. _kernel_end  the kernel image, loaded at 1 MiB
 *
 * RAM beyond the direct map is zone HIGH: user and file pages come from there.
 */

#define KERNEL_DIRECT        0xc0000000
#define KERNEL_DIRECT_SIZE   0x30000000
#define KERNEL_AREA          0xf0000000
#define KERNEL_AREA_END      0xfe000000
#define KERNEL_TEMPORARY     0xfe800000
#define KERNEL_TEMPORARY_END 0xfec00000
#define KERNEL_IMAGE         0xff000000

#define KERNEL_SELF_MAP(levels) 0xfe000000

#define USER_END        0xc0000000
#define USER_WINDOW_END USER_END

/* The first page table shows memory below this at its own addresses. */
#define LOADER_MEMORY_END 0xc0000000

#endif
