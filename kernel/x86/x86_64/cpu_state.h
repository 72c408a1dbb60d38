#ifndef KERNEL_X86_X86_64_CPU_STATE_H
#define KERNEL_X86_X86_64_CPU_STATE_H

/* Places in the interrupt stack table, counted from 0 (the gate's field counts from 1). */
enum {
    STACK_DOUBLE_FAULT,
    STACK_NMI,
    STACK_DEBUG,
    STACK_MACHINE_CHECK,
    INTERRUPT_STACKS,
};

/* 64-bit task state segment (SDM 3A 8.7). */
struct task_state {
    uint32_t reserved0;
    uint64_t rsp0, rsp1, rsp2;
    uint64_t reserved1;
    uint64_t ist[7];
    uint64_t reserved2;
    uint16_t reserved3;
    uint16_t io_map_base;
} __attribute__((packed));

_Static_assert(sizeof(struct task_state) == 104, "the CPU knows this layout");

struct cpu_state {
    struct cpu cpu;
    struct task_state tss __attribute__((aligned(16)));
    uint64_t gdt[SEGMENT_COUNT] __attribute__((aligned(16)));
};

static inline struct cpu_state *cpu_state_of(const struct cpu *cpu)
{
    return container_of(cpu, struct cpu_state, cpu);
}

static inline void cpu_set_kernel_stack(struct cpu *cpu, uintptr_t top)
{
    cpu->tss->rsp0 = top;
}

/* Where an interrupt stack ends: one past its last byte. */
static inline uintptr_t cpu_interrupt_stack(const struct cpu *cpu, unsigned index)
{
    return cpu->tss->ist[index];
}

static inline void cpu_set_interrupt_stack(struct cpu *cpu, unsigned index, uintptr_t top)
{
    cpu->tss->ist[index] = top;
}

#endif
