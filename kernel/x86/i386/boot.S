/*
 * From the boot loader to kernel_main().
 *
 * QEMU's -kernel enters by Multiboot1 (PVH where it is given the ELF file another way), GRUB by
 * Multiboot1 or Multiboot2: all in 32-bit protected mode, paging off, at physical addresses. Which
 * of them it was is told by the magic number that EBX points to (PVH), else by EAX.
 *
 * The first page table maps, with large pages, the low 3 GiB at their own addresses (we run there
 * when paging comes on, and read there what the loader left), the direct map's low memory, and the
 * last 16 MiB, where the image lies. memory_init() replaces it by the real one.
 */

#include "quire/config.h"
#include "x86/layout.h"

#define PHYSICAL(symbol) ((symbol) - KERNEL_IMAGE)

#define PVH_MAGIC            0x336ec578
#define MULTIBOOT1_HEADER    0x1badb002
#define MULTIBOOT1_FLAGS     3 /* modules on page boundaries, memory information */
#define MULTIBOOT2_HEADER    0xe85250d6
#define XEN_PHYS32_ENTRY     18

#define PAGE_LARGE           0x083 /* present, writable, 4 or 2 MiB */

#define CR0_PE_WP_PG         0x80010001
#define CR4_PSE              0x10
#define CR4_PAE              0x20

/* QEMU ends by it where it has the device (x86/power.h). */
#define DEBUG_EXIT_PORT      0xf4
#define POWER_OFF_PANIC      0x3f

#define FLAG_ID              0x200000
/* CPUID.1:EDX: PSE, TSC, CMPXCHG8B, CMOV, FXSAVE. */
#define NEEDED_FEATURES      ((1 << 3) | (1 << 4) | (1 << 8) | (1 << 15) | (1 << 24))
#define FEATURE_PAE          (1 << 6)

#if QUIRE_FORMAT == QUIRE_FORMAT_I386_PAE
#define LARGE_SHIFT   21
#define ENTRY_BYTES   8
#define CR4_PAGING    CR4_PAE
#else
#define LARGE_SHIFT   22
#define ENTRY_BYTES   4
#define CR4_PAGING    CR4_PSE
#endif
#define FIRST(address) ((address) >> LARGE_SHIFT)
#define IMAGE_ENTRIES  (0x1000000 >> LARGE_SHIFT)

    .section .note.pvh, "a", @note
    .balign 4
    .long 4, 4, XEN_PHYS32_ENTRY
    .asciz "Xen"
    .balign 4
    .long PHYSICAL(boot_entry)

    .section .multiboot2, "a"
    .balign 8
multiboot1_header:
    .long MULTIBOOT1_HEADER, MULTIBOOT1_FLAGS, -(MULTIBOOT1_HEADER + MULTIBOOT1_FLAGS)
    .balign 8
#include "x86/multiboot2.inc"

    /* What the ELF header names: loaders jump to it as it is. */
    .globl boot_entry_physical
    .set boot_entry_physical, PHYSICAL(boot_entry)

    .section .text.boot, "ax"
    .globl boot_entry
boot_entry:
    cli
    cld
    movl $PHYSICAL(boot_stack_top), %esp
    movl $PVH_MAGIC, %esi
    cmpl %esi, (%ebx)
    je 1f
    movl %eax, %esi         /* Multiboot, or something that kernel_main() refuses */
1:
    movl %ebx, %ebp         /* ESI and EBP keep magic and structure until the call */

    /* A CPU that lacks what the kernel needs gets a word on the serial line and a stop. CPUID is
       there where its flag can be changed. */
    pushfl
    popl %eax
    movl %eax, %ecx
    xorl $FLAG_ID, %eax
    pushl %eax
    popfl
    pushfl
    popl %eax
    cmpl %eax, %ecx
    je too_old
    movl $1, %eax
    cpuid
    movl %edx, %eax
    andl $NEEDED_FEATURES, %eax
    cmpl $NEEDED_FEATURES, %eax
    jne too_old
#if QUIRE_FORMAT == QUIRE_FORMAT_I386_PAE
    testl $FEATURE_PAE, %edx
    jz no_pae
#endif

    /* The loader need not have cleared this memory. */
    movl $PHYSICAL(boot_directory), %edi
    xorl %eax, %eax
    movl $((boot_tables_end - boot_directory) / 4), %ecx
    rep stosl

    /* The low 3 GiB, then as much of them in the direct map and at the image's addresses. */
    movl $PHYSICAL(boot_directory), %edi
    movl $FIRST(KERNEL_DIRECT), %ecx
    call fill
    movl $FIRST(KERNEL_DIRECT_SIZE), %ecx
    call fill
    movl $PHYSICAL(boot_directory) + FIRST(KERNEL_IMAGE) * ENTRY_BYTES, %edi
    movl $IMAGE_ENTRIES, %ecx
    call fill

#if QUIRE_FORMAT == QUIRE_FORMAT_I386_PAE
    /* The four pointers have no rights: those bits are reserved. */
    movl $PHYSICAL(boot_pointers), %edi
    movl $PHYSICAL(boot_directory) + 1, %eax
    movl $4, %ecx
3:
    movl %eax, (%edi)
    addl $PAGE_SIZE, %eax
    addl $8, %edi
    loop 3b
    movl $PHYSICAL(boot_pointers), %eax
#else
    movl $PHYSICAL(boot_directory), %eax
#endif
    movl $CR4_PAGING, %ecx
    movl %ecx, %cr4
    movl %eax, %cr3
    movl $CR0_PE_WP_PG, %eax
    movl %eax, %cr0
    lgdt PHYSICAL(boot_gdt_pointer)
    ljmp $0x08, $boot_high

/* Large pages of memory from 0 on, ecx of them, into the entries at edi. */
fill:
    movl $PAGE_LARGE, %eax
4:
    movl %eax, (%edi)
    addl $ENTRY_BYTES, %edi
    addl $(1 << LARGE_SHIFT), %eax
    loop 4b
    ret

too_old:
    movl $PHYSICAL(too_old_text), %esi
    jmp refuse
#if QUIRE_FORMAT == QUIRE_FORMAT_I386_PAE
no_pae:
    movl $PHYSICAL(no_pae_text), %esi
#endif
refuse:
    movw $0x3f8, %dx
5:
    lodsb
    testb %al, %al
    jz 6f
    outb %al, %dx
    jmp 5b
6:
    movb $POWER_OFF_PANIC, %al
    outb %al, $DEBUG_EXIT_PORT
    cli
    hlt
    jmp 6b
too_old_text:
    .asciz "quire: this CPU is too old; the i386 kernels need CPUID, PSE, TSC, CMPXCHG8B, CMOV and FXSAVE\r\n"
#if QUIRE_FORMAT == QUIRE_FORMAT_I386_PAE
no_pae_text:
    .asciz "quire: this CPU has no PAE; the i386-pae kernel needs it, the i386 kernel does not\r\n"
#endif

boot_high:
    movl $0x10, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    xorl %eax, %eax
    movl %eax, %fs
    movl %eax, %gs
    movl $boot_stack_top - 16, %esp

    movl $_bss_start, %edi
    movl $_bss_end, %ecx
    subl %edi, %ecx
    shrl $2, %ecx
    xorl %eax, %eax
    rep stosl

    pushl $0                /* magic, physical address of the loader's structure in 64 bits */
    pushl %ebp
    pushl %esi
    xorl %ebp, %ebp         /* the backtrace ends here */
    call kernel_main
7:
    cli
    hlt
    jmp 7b

    .section .rodata.boot, "a"
    .balign 8
boot_gdt:
    .quad 0
    .quad 0x00cf9a000000ffff /* 4 GiB of code */
    .quad 0x00cf92000000ffff /* and data */
boot_gdt_end:
boot_gdt_pointer:
    .short boot_gdt_end - boot_gdt - 1
    .long PHYSICAL(boot_gdt)

    /* Kept out of .bss proper: in use while .bss is cleared. */
    .section .boot_tables, "aw", @nobits
    .balign PAGE_SIZE
boot_directory:
    .skip (1 << (32 - LARGE_SHIFT)) * ENTRY_BYTES
boot_pointers:
    .skip 32
boot_tables_end:

    /* The linker script leaves an unmapped page below this one. */
    .section .boot_stack, "aw", @nobits
    .balign PAGE_SIZE
    .globl boot_stack_bottom, boot_stack_top
boot_stack_bottom:
    .skip KERNEL_STACK_SIZE
boot_stack_top:

    .section .note.GNU-stack, "", @progbits
