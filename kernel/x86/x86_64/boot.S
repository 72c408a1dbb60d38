/*
 * From the boot loader to kernel_main().
 *
 * QEMU's -kernel enters at the PVH note's address, GRUB at the Multiboot2 entry tag's, the boot
 * code of boot/ at the ELF entry: all in 32-bit protected mode, paging off, at physical addresses.
 * Which it was is told by the magic number that EBX points to (PVH), else by EAX.
 *
 * The first page table maps the low 4 GiB three times with 2 MiB pages: at 0 (we run there when
 * paging comes on), in the direct map (to read what the loader left), and, 2 GiB of it, at the
 * kernel's own addresses. memory_init() replaces it by the real one.
 */

#include "x86/layout.h"

#define PHYSICAL(symbol)     ((symbol) - KERNEL_IMAGE)

#define PVH_MAGIC            0x336ec578
#define MULTIBOOT2_HEADER    0xe85250d6
#define MULTIBOOT2_MAGIC     0x36d76289
#define XEN_PHYS32_ENTRY     18

#define PAGE_TABLE           0x003 /* present, writable */
#define PAGE_LARGE           0x083 /* present, writable, 2 MiB */

#define CR0_PE_WP_PG         0x80010001
#define CR4_PAE              0x20
#define CR4_FIVE_LEVELS      0x1000
#define CR0_PAGING           0x80000000
#define MSR_EFER_NUMBER      0xc0000080
#define EFER_LME_BIT         0x100

    .section .note.pvh, "a", @note
    .balign 4
    .long 4, 8, XEN_PHYS32_ENTRY
    .asciz "Xen"
    .balign 4
    .quad PHYSICAL(boot_entry)

    .section .multiboot2, "a"
    .balign 8
#include "x86/multiboot2.inc"

    .section .text.boot, "ax"
    .code32
    .globl boot_entry
boot_entry:
    cli
    cld
    movl $PHYSICAL(boot_stack_top), %esp
    movl $PVH_MAGIC, %esi
    cmpl %esi, (%ebx)
    je 1f
    movl %eax, %esi         /* Multiboot or our own, or something that kernel_main() refuses */
1:
    movl %ebx, %ebp         /* ESI and EBP keep magic and structure until the call */

    /* A CPU without long mode gets a word on the serial line and a stop. */
    movl $0x80000000, %eax
    cpuid
    cmpl $0x80000001, %eax
    jb no_long_mode
    movl $0x80000001, %eax
    cpuid
    testl $(1 << 29), %edx
    jz no_long_mode

    /* Four page directories of 2 MiB pages: the low 4 GiB. */
    movl $PHYSICAL(boot_directories), %ecx
    movl $PAGE_LARGE, %eax
    xorl %edx, %edx         /* entry number */
2:
    movl %eax, (%ecx, %edx, 8)
    movl $0, 4(%ecx, %edx, 8)
    addl $0x200000, %eax
    incl %edx
    cmpl $2048, %edx
    jne 2b

    /* Their pointers, and the top level. The loader need not have cleared this memory. */
    movl $PHYSICAL(boot_top), %ecx
    xorl %eax, %eax
    movl %ecx, %edi
    movl $(3 * PAGE_SIZE / 4), %ecx
    rep stosl
    movl $PHYSICAL(boot_top), %ecx
    movl $PHYSICAL(boot_pointers_low) + PAGE_TABLE, %eax
    movl %eax, (%ecx)
    movl %eax, 8 * 256(%ecx)
    movl $PHYSICAL(boot_pointers_high) + PAGE_TABLE, 8 * 511(%ecx)
    movl $PHYSICAL(boot_directories) + PAGE_TABLE, %eax
    movl $PHYSICAL(boot_pointers_low), %ecx
    movl %eax, 8 * 510 + (boot_pointers_high - boot_pointers_low)(%ecx)
    movl %eax, (%ecx)
    addl $PAGE_SIZE, %eax
    movl %eax, 8 * 511 + (boot_pointers_high - boot_pointers_low)(%ecx)
    movl %eax, 8(%ecx)
    addl $PAGE_SIZE, %eax
    movl %eax, 16(%ecx)
    addl $PAGE_SIZE, %eax
    movl %eax, 24(%ecx)

    movl $CR4_PAE, %eax
    movl %eax, %cr4
    movl $PHYSICAL(boot_top), %eax
    movl %eax, %cr3
    movl $MSR_EFER_NUMBER, %ecx
    rdmsr
    orl $EFER_LME_BIT, %eax
    wrmsr
    movl $CR0_PE_WP_PG, %eax
    movl %eax, %cr0
    lgdt PHYSICAL(boot_gdt_pointer)
    ljmp $0x08, $PHYSICAL(boot_long)

/*
 * void boot_enter_five_levels(void): the first page table gets a level on top, whose entries for low
 * addresses and for the kernel's own are the old top. CR4.LA57 changes only while paging is off,
 * and with paging off nobody is in long mode: through the identity map to 32-bit code without
 * memory accesses, and back. Interrupts are off.
 */
five_levels_off:
    movl %cr0, %eax
    andl $~CR0_PAGING, %eax
    movl %eax, %cr0
    movl %cr4, %eax
    orl $CR4_FIVE_LEVELS, %eax
    movl %eax, %cr4
    movl $PHYSICAL(boot_root), %eax
    movl %eax, %cr3
    movl %cr0, %eax
    orl $CR0_PAGING, %eax
    movl %eax, %cr0
    ljmp $0x08, $PHYSICAL(five_levels_on)

    .code64
    .globl boot_enter_five_levels
boot_enter_five_levels:
    pushq %rbx
    pushq %rbp
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movl %cs, %eax
    pushq %rax              /* with the return address below: as LRET wants them */
    pushq $five_levels_back
    movq $boot_root, %rdi
    xorl %eax, %eax
    movl $(PAGE_SIZE / 8), %ecx
    rep stosq
    movl $PHYSICAL(boot_top) + PAGE_TABLE, %eax
    movq %rax, boot_root
    movq %rax, boot_root + 8 * 511
    movq %rsp, five_levels_stack
    sgdt five_levels_gdt
    lgdt boot_gdt_pointer_long
    ljmpl *five_levels_target
five_levels_on:
    movabsq $five_levels_high, %rax
    jmp *%rax
five_levels_high:
    movq five_levels_stack, %rsp
    lgdt five_levels_gdt
    lretq
five_levels_back:
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbp
    popq %rbx
    ret
    .code32

no_long_mode:
    movl $PHYSICAL(no_long_mode_text), %esi
    movw $0x3f8, %dx
1:
    lodsb
    testb %al, %al
    jz 2f
    outb %al, %dx
    jmp 1b
2:
    cli
    hlt
    jmp 2b
no_long_mode_text:
    .asciz "quire: this CPU has no long mode; the x86-64 kernel needs it\r\n"

    .code64
boot_long:
    movabsq $boot_high, %rax
    jmp *%rax
boot_high:
    xorl %eax, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    movl %eax, %fs
    movl %eax, %gs
    movq $boot_stack_top, %rsp

    movq $_bss_start, %rdi
    movq $_bss_end, %rcx
    subq %rdi, %rcx
    shrq $3, %rcx
    xorl %eax, %eax
    rep stosq

    movl %esi, %edi         /* magic, physical address of the loader's structure */
    movl %ebp, %esi
    xorl %ebp, %ebp
    pushq $0                /* the backtrace ends here */
    call kernel_main
4:
    cli
    hlt
    jmp 4b

    .section .rodata.boot, "a"
    .balign 8
boot_gdt:
    .quad 0
    .quad 0x00af9a000000ffff /* 64-bit code */
    .quad 0x00cf9a000000ffff /* 32-bit code */
boot_gdt_end:
boot_gdt_pointer:
    .short boot_gdt_end - boot_gdt - 1
    .long PHYSICAL(boot_gdt)
boot_gdt_pointer_long:
    .short boot_gdt_end - boot_gdt - 1
    .quad PHYSICAL(boot_gdt)
five_levels_target:
    .long PHYSICAL(five_levels_off)
    .short 0x10

    /* Kept out of .bss proper: in use while .bss is cleared. */
    .section .boot_tables, "aw", @nobits
    .balign PAGE_SIZE
boot_root:
    .skip PAGE_SIZE
boot_top:
    .skip PAGE_SIZE
boot_pointers_low:
    .skip PAGE_SIZE
boot_pointers_high:
    .skip PAGE_SIZE
boot_directories:
    .skip 4 * PAGE_SIZE
five_levels_stack:
    .skip 8
five_levels_gdt:
    .skip 16

    /* The linker script leaves an unmapped page below this one. */
    .section .boot_stack, "aw", @nobits
    .balign PAGE_SIZE
    .globl boot_stack_bottom, boot_stack_top
boot_stack_bottom:
    .skip KERNEL_STACK_SIZE
boot_stack_top:

    .section .note.GNU-stack, "", @progbits
