#ifndef KERNEL_X86_X86_64_CPU_H
#define KERNEL_X86_X86_64_CPU_H

/* Segment selectors, in the order that SYSCALL and SYSRET demand. */
#define SEGMENT_KERNEL_CODE 0x08
#define SEGMENT_KERNEL_DATA 0x10
#define SEGMENT_USER_CODE32 0x23 /* 0x20 | 3, as under Linux */
#define SEGMENT_USER_DATA   0x2b /* 0x28 | 3, as under Linux */
#define SEGMENT_USER_CODE   0x33 /* 0x30 | 3, as under Linux */
#define SEGMENT_TSS         0x40
#define SEGMENT_LDT         0x50
#define SEGMENT_COUNT       12 /* task state and local table take two places each */

/* The segment register that leads to struct cpu in the kernel. */
#define CPU_SEGMENT "gs"

#define MSR_STAR           0xc0000081
#define MSR_LSTAR          0xc0000082
#define MSR_CSTAR          0xc0000083
#define MSR_FMASK          0xc0000084
#define MSR_FS_BASE        0xc0000100
#define MSR_GS_BASE        0xc0000101
#define MSR_KERNEL_GS_BASE 0xc0000102

/* Part of struct cpu. */
struct cpu_mode {
    uint64_t fs_base;      /* what was last written to MSR_FS_BASE */
    uint64_t user_gs_base; /* the same of MSR_KERNEL_GS_BASE */
};

#endif
