#ifndef KERNEL_X86_INSPECT_H
#define KERNEL_X86_INSPECT_H

/*
 * What this CPU has in its control registers and descriptor tables at this moment, read back from
 * the CPU itself. For reports (/proc/quire); the same in both CPU modes.
 */

#include "core/compiler.h"

struct cpu_table_register {
    uintptr_t base;
    uint16_t limit; /* the last byte's offset */
};

struct cpu_registers {
    uintptr_t cr0, cr2, cr3, cr4;
    uintptr_t cr8; /* 64-bit mode: the task priority; else 0 */
    bool has_efer, has_pat;
    uint64_t efer, pat;
    struct cpu_table_register gdt, idt;
    uint16_t task, local; /* selectors of the task state and the local table */
    /* Where the descriptor of `task` says that the task state is; length 0: there is none. */
    uintptr_t task_state;
    uint32_t task_state_size;
};

void cpu_inspect(struct cpu_registers *out);

#endif
