/*
 * The loader's entry, and its way to the BIOS and back.
 *
 * The loader is C in 32-bit protected mode, flat segments, interrupts off, no paging. Only here does
 * the CPU run in real mode: once at the entry, and then for each BIOS call. Nothing depends on
 * segment limits that survive a mode change ("unreal mode"), which BIOSes and their interrupt
 * handlers do not keep.
 *
 * This file's code and data lie below 64 KiB, where real mode reaches them with segment 0; so does
 * the stack, which both modes share.
 */

#include "boot/disk_header.h"

#define CODE32      0x08
#define DATA32      0x10
#define CODE16      0x18
#define DATA16      0x20

#define CR0_PE      1
#define STACK_TOP   0x7c00

/* struct bios_registers */
#define R_EAX       0
#define R_EBX       4
#define R_ECX       8
#define R_EDX       12
#define R_ESI       16
#define R_EDI       20
#define R_EBP       24
#define R_DS        28
#define R_ES        30
#define R_FLAGS     32
#define R_SIZE      36

    .section .header, "aw"
    .globl disk_header
disk_header:
    .long LOADER_MAGIC, entry, 0
    .long 0, 0, 0
    .long 0, 0, 0
    .long 0, 0, 0
    .skip DISK_COMMAND_LINE_SIZE

    .section .low, "awx"
    .code16
entry:
    cli
    lgdtl gdt_pointer
    movl %cr0, %eax
    orb $CR0_PE, %al
    movl %eax, %cr0
    ljmpl $CODE32, $1f

    .code32
1:
    movw $DATA32, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %fs
    movw %ax, %gs
    movw %ax, %ss
    movl $STACK_TOP, %esp
    cld
    movzbl %dl, %edx
    movl $_bss_start, %edi
    movl $_bss_end, %ecx
    subl %edi, %ecx
    xorl %eax, %eax
    rep stosb
    pushl %edx
    call loader_main        /* does not return */

/* void bios_call(unsigned vector, struct bios_registers *registers) */
    .globl bios_call
bios_call:
    pushl %ebp
    pushl %ebx
    pushl %esi
    pushl %edi
    movb 20(%esp), %al
    movb %al, vector
    movl 24(%esp), %esi
    movl $registers, %edi
    movl $R_SIZE / 4, %ecx
    rep movsl
    movl %esp, saved_stack
    ljmp $CODE16, $1f

    .code16
1:
    movw $DATA16, %ax       /* segments with real mode's limits */
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %fs
    movw %ax, %gs
    movw %ax, %ss
    movl %cr0, %eax
    andb $~CR0_PE, %al
    movl %eax, %cr0
    ljmp $0, $2f
2:
    xorw %ax, %ax
    movw %ax, %ds
    movw %ax, %fs
    movw %ax, %gs
    movw %ax, %ss
    lidtl real_vectors
    movw registers + R_ES, %es
    movl registers + R_EBX, %ebx
    movl registers + R_ECX, %ecx
    movl registers + R_EDX, %edx
    movl registers + R_ESI, %esi
    movl registers + R_EDI, %edi
    movl registers + R_EBP, %ebp
    movl registers + R_EAX, %eax
    pushw registers + R_DS
    popw %ds
    sti
    .byte 0xcd              /* int */
vector:
    .byte 0
    cli
    cld
    pushw %ds
    pushl %eax
    pushfl
    xorw %ax, %ax
    movw %ax, %ds
    popl registers + R_FLAGS
    popl registers + R_EAX
    popw registers + R_DS
    movw %es, registers + R_ES
    movl %ebx, registers + R_EBX
    movl %ecx, registers + R_ECX
    movl %edx, registers + R_EDX
    movl %esi, registers + R_ESI
    movl %edi, registers + R_EDI
    movl %ebp, registers + R_EBP
    lgdtl gdt_pointer       /* the BIOS may have used its own */
    movl %cr0, %eax
    orb $CR0_PE, %al
    movl %eax, %cr0
    ljmpl $CODE32, $3f

    .code32
3:
    movw $DATA32, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %fs
    movw %ax, %gs
    movw %ax, %ss
    movl saved_stack, %esp
    movl $registers, %esi
    movl 24(%esp), %edi
    movl $R_SIZE / 4, %ecx
    rep movsl
    popl %edi
    popl %esi
    popl %ebx
    popl %ebp
    ret

/* void enter_kernel(uint32_t entry, uint32_t magic, const void *handoff), does not return */
    .globl enter_kernel
enter_kernel:
    movl 4(%esp), %ecx
    movl 8(%esp), %eax
    movl 12(%esp), %ebx
    jmp *%ecx

    .balign 8
gdt:
    .quad 0
    .quad 0x00cf9a000000ffff
    .quad 0x00cf92000000ffff
    .quad 0x00009a000000ffff
    .quad 0x000092000000ffff
gdt_end:
gdt_pointer:
    .short gdt_end - gdt - 1
    .long gdt
real_vectors:
    .short 0x3ff
    .long 0
    .balign 4
registers:
    .skip R_SIZE
saved_stack:
    .long 0

    .section .note.GNU-stack, "", @progbits
