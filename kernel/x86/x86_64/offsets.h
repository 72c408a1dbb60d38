#ifndef KERNEL_X86_X86_64_OFFSETS_H
#define KERNEL_X86_X86_64_OFFSETS_H

/* Places and numbers that the assembler needs; descriptors.c asserts that C agrees. */

#define CPU_SELF      0
#define CPU_STACK_TOP 8
#define CPU_USER_SP   16
#define CPU_CONTEXT   24
#define CPU_LIMIT     32

#define CONTEXT_SP        0
#define CONTEXT_STACK_TOP 8
#define CONTEXT_EXIT_WORK 16

#define FRAME_R15        0
#define FRAME_RBX        40
#define FRAME_R11        48
#define FRAME_R10        56
#define FRAME_R9         64
#define FRAME_R8         72
#define FRAME_RAX        80
#define FRAME_RCX        88
#define FRAME_RDX        96
#define FRAME_RSI        104
#define FRAME_RDI        112
#define FRAME_VECTOR     120
#define FRAME_ERROR_CODE 128
#define FRAME_RIP        136
#define FRAME_CS         144
#define FRAME_RFLAGS     152
#define FRAME_RSP        160
#define FRAME_SS         168
#define FRAME_SIZE       176

#define TRAP_SYSCALL_NUMBER 256

#define SELECTOR_KERNEL_CODE 0x08
#define SELECTOR_USER_DATA   0x2b
#define SELECTOR_USER_CODE   0x33

#define MSR_GS_BASE_NUMBER 0xc0000101

#endif
