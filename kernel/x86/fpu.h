#ifndef KERNEL_X86_FPU_H
#define KERNEL_X86_FPU_H

/* The FPU and SSE registers of the program that runs here; the kernel's own code uses none. */

#include "x86/context.h"

#ifdef __x86_64__
#define FPU_WIDE "64"
#else
#define FPU_WIDE
#endif

static inline void fpu_save_own(struct fpu_state *out_state)
{
    __asm__ volatile("fxsave" FPU_WIDE " %0" : "=m"(*out_state));
}

/* Loads a state that the kernel itself has saved; any other goes through fpu_load(). */
static inline void fpu_load_own(const struct fpu_state *state)
{
    __asm__ volatile("fxrstor" FPU_WIDE " %0" ::"m"(*state));
}

#endif
