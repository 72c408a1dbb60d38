/*
 * Allocations that fail on purpose: fail-nth. See failnth.c.
 */
#ifndef KERNEL_PROC_FAILNTH_H
#define KERNEL_PROC_FAILNTH_H

#include "proc/process.h"

/* The n-th allocation of the thread from now on fails; 0: none does. */
void failnth_set(struct thread *thread, uint32_t n);
/* As the kernel option failnth= says, for the first program's first thread. */
void failnth_start(struct thread *thread);
/* An allocation of the running thread failed on purpose, and it was not in user mode since. */
static inline bool failnth_struck(void)
{
    return current_thread()->allocation_struck;
}

#endif
