#ifndef KERNEL_X86_CPU_STATE_H
#define KERNEL_X86_CPU_STATE_H

/* What the hardware reads of a CPU's state; private to kernel/x86. */

#include "x86/cpu.h"

#ifdef __x86_64__
#include "x86/x86_64/cpu_state.h"
#else
#include "x86/i386/cpu_state.h"
#endif

/* Loads descriptor tables, task register, the segment that leads to struct cpu, and what system
   calls need. The tables lie in `state`. */
void cpu_load_descriptors(struct cpu_state *state);

#endif
