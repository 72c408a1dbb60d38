/* Descriptor tables of 32-bit protected mode, and the two task states. */

#include "x86/context.h"
#include "x86/cpu_state.h"
#include "x86/i386/offsets.h"

_Static_assert(offsetof(struct cpu, stack_top) == CPU_STACK_TOP, "");
_Static_assert(offsetof(struct cpu, context) == CPU_CONTEXT, "");
_Static_assert(offsetof(struct cpu, syscall_limit) == CPU_LIMIT, "");
_Static_assert(offsetof(struct context, exit_work) == CONTEXT_EXIT_WORK, "");
_Static_assert(offsetof(struct trap_frame, bx) == FRAME_BX, "");
_Static_assert(offsetof(struct trap_frame, dx) == FRAME_DX, "");
_Static_assert(offsetof(struct trap_frame, ax) == FRAME_AX, "");
_Static_assert(offsetof(struct trap_frame, ds) == FRAME_DS, "");
_Static_assert(offsetof(struct trap_frame, vector) == FRAME_VECTOR, "");
_Static_assert(offsetof(struct trap_frame, error_code) == FRAME_ERROR_CODE, "");
_Static_assert(offsetof(struct trap_frame, ip) == FRAME_IP, "");
_Static_assert(offsetof(struct trap_frame, cs) == FRAME_CS, "");
_Static_assert(offsetof(struct trap_frame, flags) == FRAME_FLAGS, "");
_Static_assert(offsetof(struct trap_frame, sp) == FRAME_SP, "");
_Static_assert(sizeof(struct trap_frame) == FRAME_SIZE, "");
_Static_assert(TRAP_SYSCALL == TRAP_SYSCALL_NUMBER, "");
_Static_assert(SEGMENT_KERNEL_CODE == SELECTOR_KERNEL_CODE, "");
_Static_assert(SEGMENT_KERNEL_DATA == SELECTOR_KERNEL_DATA, "");
_Static_assert(SEGMENT_CPU == SELECTOR_CPU, "");
_Static_assert(SEGMENT_NARROW == SELECTOR_NARROW, "");
_Static_assert(offsetof(struct cpu, self) == CPU_SELF, "");
_Static_assert(offsetof(struct cpu, mode.narrow_offset) == CPU_NARROW_OFFSET, "");
_Static_assert(offsetof(struct trap_frame, ss) == FRAME_SS, "");
_Static_assert(offsetof(struct cpu_state, gdt) - offsetof(struct cpu_state, cpu) == STATE_GDT, "");

/* Base 0, 4 GiB. */
#define DESCRIPTOR_KERNEL_CODE 0x00cf9b000000ffff
#define DESCRIPTOR_KERNEL_DATA 0x00cf93000000ffff
#define DESCRIPTOR_USER_CODE   0x00cffb000000ffff
#define DESCRIPTOR_USER_DATA   0x00cff3000000ffff

#define ACCESS_DATA 0x4093u /* present, privilege level 0, writable; 32 bits, limit in bytes */
#define ACCESS_TASK 0x0089u /* present, an available 32-bit task state */
#define ACCESS_LDT  0x0082u /* present, a local descriptor table */

void double_fault_entry(void);

/* Of up to a mebibyte. */
static uint64_t descriptor(const void *start, size_t size, unsigned access)
{
    uint64_t base = (uintptr_t)start, limit = size - 1;

    return (limit & 0xffff) | (base & 0xffffff) << 16 | (uint64_t)access << 40 |
           (limit >> 16 & 0xf) << 48 | (base >> 24) << 56;
}

void cpu_load_descriptors(struct cpu_state *state)
{
    struct {
        uint16_t limit;
        uintptr_t base;
    } __attribute__((packed)) pointer = {sizeof state->gdt - 1, (uintptr_t)state->gdt};

    state->gdt[SEGMENT_KERNEL_CODE / 8] = DESCRIPTOR_KERNEL_CODE;
    state->gdt[SEGMENT_KERNEL_DATA / 8] = DESCRIPTOR_KERNEL_DATA;
    state->gdt[SEGMENT_USER_CODE / 8] = DESCRIPTOR_USER_CODE;
    state->gdt[SEGMENT_USER_DATA / 8] = DESCRIPTOR_USER_DATA;
    state->gdt[SEGMENT_NARROW / 8] = DESCRIPTOR_KERNEL_DATA; /* its base is set when it is needed */
    state->gdt[SEGMENT_CPU / 8] = descriptor(&state->cpu, sizeof state->cpu, ACCESS_DATA);
    state->gdt[SEGMENT_TSS / 8] = descriptor(&state->tss, sizeof state->tss, ACCESS_TASK);
    state->gdt[SEGMENT_DOUBLE / 8] =
        descriptor(&state->double_fault, sizeof state->double_fault, ACCESS_TASK);

    state->tss.ss0 = SEGMENT_KERNEL_DATA;
    state->tss.io_map_base = sizeof state->tss; /* no I/O ports for user programs */
    state->double_fault.ss0 = SEGMENT_KERNEL_DATA;
    state->double_fault.io_map_base = sizeof state->double_fault;
    state->double_fault.ip = (uintptr_t)double_fault_entry;
    state->double_fault.flags = RFLAGS_FIXED;
    state->double_fault.cs = SEGMENT_KERNEL_CODE;
    state->double_fault.ss = SEGMENT_KERNEL_DATA;
    state->double_fault.ds = SEGMENT_KERNEL_DATA;
    state->double_fault.es = SEGMENT_KERNEL_DATA;
    state->double_fault.fs = SEGMENT_CPU;

    __asm__ volatile("lgdt %0" ::"m"(pointer) : "memory");
    __asm__ volatile("ljmp %0, $1f; 1:\n"
                     "movl %1, %%ss; movl %1, %%ds; movl %1, %%es; movl %2, %%fs; movl %3, %%gs\n"
                     "ltr %w4; lldt %w3" ::"i"(SEGMENT_KERNEL_CODE),
                     "r"(SEGMENT_KERNEL_DATA), "r"(SEGMENT_CPU), "r"(0), "r"(SEGMENT_TSS)
                     : "memory");
}

void cpu_load_ldt(const uint64_t *table, unsigned entries)
{
    uint16_t selector = entries ? SEGMENT_LDT : 0;

    if (entries)
        cpu_state_of(this_cpu())->gdt[SEGMENT_LDT / 8] =
            descriptor(table, entries * sizeof *table, ACCESS_LDT);
    __asm__ volatile("lldt %0" ::"r"(selector) : "memory");
}
