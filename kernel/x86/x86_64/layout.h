#ifndef KERNEL_X86_X86_64_LAYOUT_H
#define KERNEL_X86_X86_64_LAYOUT_H

/*
 * The kernel's address space. With five levels the kernel's addresses are the same, and lie below
 * the root's last entry; programs have more than 47 bits, but get those only where they ask for
 * them.
 *
 *   0x0000000000001000 .. 0x00007fffffffefff   user programs
 *   0x00007ffffffff000 .. 0x00ffffffffffefff   likewise, with five levels
 *
 *   0xffff800000000000 .. 0xffffbfffffffffff   direct map: byte p of RAM at KERNEL_DIRECT + p
 *   0xffffc00000000000 .. 0xffffdfffffffffff   kernel areas: stacks, device memory, large tables
 *   0xffffff0000000000 .. 0xffffff7fffffffff   with selfmap=on, the page tables of the space that
 *                                              runs (five levels: from 0xfffe000000000000 on)
 *   0xffffffff80100000 .. _kernel_end          the kernel image, loaded at 1 MiB
 *
 * The last page of the user half stays empty: a SYSCALL at its end would return to a non-canonical
 * address.
 */

#define KERNEL_DIRECT      0xffff800000000000
#define KERNEL_DIRECT_SIZE 0x0000400000000000
#define KERNEL_AREA        0xffffc00000000000
#define KERNEL_AREA_END    0xffffe00000000000
#define KERNEL_IMAGE       0xffffffff80000000

/* The root entry before the last one, in which the image lies. */
#define KERNEL_SELF_MAP(levels) ((quire_virt)0 - ((quire_virt)2 << quire_level_shift(levels)))

/* Programs get places below this one unless they ask for more. */
#define USER_WINDOW_END 0x00007ffffffff000

#ifndef __ASSEMBLER__
extern unsigned long user_end; /* (c) after paging_init(): one past the last address of a program */
#define USER_END user_end
#endif

/* The first page table shows memory below this at its own addresses. */
#define LOADER_MEMORY_END 0x100000000

#endif
