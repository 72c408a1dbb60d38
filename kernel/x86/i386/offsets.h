#ifndef KERNEL_X86_I386_OFFSETS_H
#define KERNEL_X86_I386_OFFSETS_H

/* Places and numbers that the assembler needs; descriptors.c asserts that C agrees. */

#define CPU_SELF          0
#define CPU_STACK_TOP     4
#define CPU_CONTEXT       12
#define CPU_LIMIT         16
#define CPU_NARROW_OFFSET 40
#define STATE_NARROW      (STATE_GDT + SELECTOR_NARROW) /* from struct cpu on */
#define STATE_GDT         256

#define CONTEXT_EXIT_WORK 8

#define FRAME_BX         0
#define FRAME_DX         8
#define FRAME_AX         24
#define FRAME_DS         28
#define FRAME_VECTOR     44
#define FRAME_ERROR_CODE 48
#define FRAME_IP         52
#define FRAME_CS         56
#define FRAME_FLAGS      60
#define FRAME_SP         64
#define FRAME_SS         68
#define FRAME_SIZE       72

#define TRAP_SYSCALL_NUMBER 256

#define SELECTOR_KERNEL_CODE 0x60
#define SELECTOR_KERNEL_DATA 0x68
#define SELECTOR_CPU         0x88
#define SELECTOR_NARROW      0xa0

#endif
