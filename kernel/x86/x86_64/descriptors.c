/*
 * Descriptor tables of long mode, and the registers that SYSCALL reads.
 *
 * A user program can arrange that its stack pointer is anything, and the kernel can have a bug that
 * leaves its own stack unusable. Four exceptions that may hit then have a stack of their own
 * (interrupt stack table): double fault, NMI, debug and machine check.
 */

#include "x86/context.h"
#include "x86/cpu_state.h"
#include "x86/x86_64/offsets.h"

_Static_assert(offsetof(struct cpu, self) == CPU_SELF, "");
_Static_assert(offsetof(struct cpu, stack_top) == CPU_STACK_TOP, "");
_Static_assert(offsetof(struct cpu, user_sp) == CPU_USER_SP, "");
_Static_assert(offsetof(struct cpu, context) == CPU_CONTEXT, "");
_Static_assert(offsetof(struct cpu, syscall_limit) == CPU_LIMIT, "");
_Static_assert(offsetof(struct context, sp) == CONTEXT_SP, "");
_Static_assert(offsetof(struct context, stack_top) == CONTEXT_STACK_TOP, "");
_Static_assert(offsetof(struct context, exit_work) == CONTEXT_EXIT_WORK, "");
_Static_assert(offsetof(struct trap_frame, r15) == FRAME_R15, "");
_Static_assert(offsetof(struct trap_frame, bx) == FRAME_RBX, "");
_Static_assert(offsetof(struct trap_frame, r11) == FRAME_R11, "");
_Static_assert(offsetof(struct trap_frame, ax) == FRAME_RAX, "");
_Static_assert(offsetof(struct trap_frame, di) == FRAME_RDI, "");
_Static_assert(offsetof(struct trap_frame, vector) == FRAME_VECTOR, "");
_Static_assert(offsetof(struct trap_frame, error_code) == FRAME_ERROR_CODE, "");
_Static_assert(offsetof(struct trap_frame, ip) == FRAME_RIP, "");
_Static_assert(offsetof(struct trap_frame, cs) == FRAME_CS, "");
_Static_assert(offsetof(struct trap_frame, flags) == FRAME_RFLAGS, "");
_Static_assert(offsetof(struct trap_frame, sp) == FRAME_RSP, "");
_Static_assert(offsetof(struct trap_frame, ss) == FRAME_SS, "");
_Static_assert(sizeof(struct trap_frame) == FRAME_SIZE, "");
_Static_assert(TRAP_SYSCALL == TRAP_SYSCALL_NUMBER, "");
_Static_assert(SEGMENT_USER_CODE == SELECTOR_USER_CODE, "");
_Static_assert(SEGMENT_USER_DATA == SELECTOR_USER_DATA, "");

/* Segment descriptors of long mode: base and limit are ignored (SDM 3A 3.4.5). */
#define DESCRIPTOR_KERNEL_CODE 0x00af9b000000ffff
#define DESCRIPTOR_KERNEL_DATA 0x00cf93000000ffff
#define DESCRIPTOR_USER_DATA   0x00cff3000000ffff
#define DESCRIPTOR_USER_CODE   0x00affb000000ffff
#define DESCRIPTOR_USER_CODE32 0x00cffb000000ffff /* compatibility mode: 32 bits, 4 GiB */

#define ACCESS_TASK 0x89u /* present, an available 64-bit task state */
#define ACCESS_LDT  0x82u /* present, a local descriptor table */

/* What SYSCALL clears in RFLAGS: the kernel starts with interrupts, traps, and direction off. */
#define SYSCALL_CLEARS                                                                             \
    (RFLAGS_IF | RFLAGS_TF | RFLAGS_DF | RFLAGS_AC | RFLAGS_NT | RFLAGS_IOPL | RFLAGS_RF |         \
     RFLAGS_CF)

void syscall_entry(void);
void syscall_entry_32(void);

/* A system descriptor, which takes two places. */
static void set_system(uint64_t *place, const void *start, size_t size, unsigned access)
{
    uint64_t base = (uintptr_t)start;

    place[0] =
        (size - 1) | (base & 0xffffff) << 16 | (uint64_t)access << 40 | (base >> 24 & 0xff) << 56;
    place[1] = base >> 32;
}

static void load_tables(struct cpu_state *state)
{
    struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) pointer = {sizeof state->gdt - 1, (uintptr_t)state->gdt};

    state->gdt[SEGMENT_KERNEL_CODE / 8] = DESCRIPTOR_KERNEL_CODE;
    state->gdt[SEGMENT_KERNEL_DATA / 8] = DESCRIPTOR_KERNEL_DATA;
    state->gdt[SEGMENT_USER_DATA / 8] = DESCRIPTOR_USER_DATA;
    state->gdt[SEGMENT_USER_CODE / 8] = DESCRIPTOR_USER_CODE;
    state->gdt[SEGMENT_USER_CODE32 / 8] = DESCRIPTOR_USER_CODE32;
    set_system(&state->gdt[SEGMENT_TSS / 8], &state->tss, sizeof state->tss, ACCESS_TASK);
    state->tss.io_map_base = sizeof state->tss; /* no I/O ports for user programs */

    __asm__ volatile("lgdt %0" ::"m"(pointer) : "memory");
    __asm__ volatile("pushq %0; leaq 1f(%%rip), %%rax; pushq %%rax; lretq; 1:\n"
                     "movl %1, %%ss; movl %2, %%ds; movl %2, %%es; movl %2, %%fs; movl %2, %%gs\n"
                     "ltr %w3; lldt %w2" ::"i"(SEGMENT_KERNEL_CODE),
                     "r"(SEGMENT_KERNEL_DATA), "r"(0), "r"(SEGMENT_TSS)
                     : "rax", "memory");
}

static void load_syscall_registers(void)
{
    msr_write(MSR_STAR,
              (uint64_t)(SEGMENT_USER_DATA - 8) << 48 | (uint64_t)SEGMENT_KERNEL_CODE << 32);
    msr_write(MSR_LSTAR, (uintptr_t)syscall_entry);
    msr_write(MSR_CSTAR, (uintptr_t)syscall_entry_32);
    msr_write(MSR_FMASK, SYSCALL_CLEARS);
    msr_write(MSR_EFER, msr_read(MSR_EFER) | EFER_SCE);
}

void cpu_load_descriptors(struct cpu_state *state)
{
    load_tables(state);
    msr_write(MSR_FS_BASE, 0);
    msr_write(MSR_GS_BASE, (uintptr_t)&state->cpu);
    msr_write(MSR_KERNEL_GS_BASE, 0);
    load_syscall_registers();
}

void cpu_load_ldt(const uint64_t *table, unsigned entries)
{
    uint16_t selector = entries ? SEGMENT_LDT : 0;

    if (entries)
        set_system(&cpu_state_of(this_cpu())->gdt[SEGMENT_LDT / 8], table, entries * sizeof *table,
                   ACCESS_LDT);
    __asm__ volatile("lldt %0" ::"r"(selector) : "memory");
}
