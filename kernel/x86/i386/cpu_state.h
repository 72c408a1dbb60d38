#ifndef KERNEL_X86_I386_CPU_STATE_H
#define KERNEL_X86_I386_CPU_STATE_H

/*
 * The CPU changes to a stack of its own only through a task gate, which only the double fault has:
 * with the kernel's stack unusable, any other exception ends in one. All others may use the stack
 * that they find, because entering from a program always changes to the thread's.
 */
enum {
    STACK_DOUBLE_FAULT,
    INTERRUPT_STACKS,
};

/* 32-bit task state segment (SDM 3A 8.2.1). */
struct task_state {
    uint32_t link;
    uint32_t sp0, ss0, sp1, ss1, sp2, ss2;
    uint32_t cr3, ip, flags;
    uint32_t ax, cx, dx, bx, sp, bp, si, di;
    uint32_t es, cs, ss, ds, fs, gs, ldt;
    uint16_t trap, io_map_base;
};

_Static_assert(sizeof(struct task_state) == 104, "the CPU knows this layout");

struct cpu_state {
    struct cpu cpu;
    struct task_state tss;
    struct task_state double_fault;
    uint64_t gdt[SEGMENT_COUNT] __attribute__((aligned(16)));
};

static inline struct cpu_state *cpu_state_of(const struct cpu *cpu)
{
    return container_of(cpu, struct cpu_state, cpu);
}

static inline void cpu_set_kernel_stack(struct cpu *cpu, uintptr_t top)
{
    cpu->tss->sp0 = top;
}

/* Where an interrupt stack ends: one past its last byte. */
static inline uintptr_t cpu_interrupt_stack(const struct cpu *cpu, unsigned index)
{
    (void)index;
    return cpu_state_of(cpu)->double_fault.sp0;
}

/* Also notes the page table that the handler will run on: this one. */
static inline void cpu_set_interrupt_stack(struct cpu *cpu, unsigned index, uintptr_t top)
{
    struct task_state *state = &cpu_state_of(cpu)->double_fault;

    (void)index;
    state->sp0 = top;
    state->sp = top;
    state->cr3 = cr3_read();
}

#endif
