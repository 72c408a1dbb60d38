#ifndef KERNEL_X86_I386_CPU_H
#define KERNEL_X86_I386_CPU_H

/* Segment selectors. Those that a program can see are Linux's. */
#define SEGMENT_TLS         0x33 /* the first of three that belong to the thread: 6 * 8 | 3 */
#define SEGMENT_KERNEL_CODE 0x60
#define SEGMENT_KERNEL_DATA 0x68
#define SEGMENT_USER_CODE   0x73
#define SEGMENT_USER_DATA   0x7b
#define SEGMENT_TSS         0x80
#define SEGMENT_CPU         0x88 /* struct cpu */
#define SEGMENT_DOUBLE      0x90 /* the task state that a double fault switches to */
#define SEGMENT_LDT         0x98
#define SEGMENT_NARROW      0xa0 /* the way back to stacks of 16 bits: entry.S */
#define SEGMENT_COUNT       21

#define TLS_SEGMENTS      3
#define TLS_SEGMENT_FIRST 6

/* The segment register that leads to struct cpu in the kernel. */
#define CPU_SEGMENT "fs"

/* Part of struct cpu. */
struct cpu_mode {
    uint32_t temporary;     /* temporary slots in use (highmem.c) */
    uint32_t narrow_offset; /* base of SEGMENT_NARROW, as it was set last (entry.S) */
};

#endif
