/*
 * Switching between threads.
 *
 * The kernel itself uses neither the FPU nor user segments, so the user's registers of those kinds
 * stay in the CPU while the thread is in the kernel, and move only when another user thread is
 * switched to. The FPU image is saved and loaded at once, not on first use: that is one cheap
 * instruction each, and never leaves one program's registers to another.
 *
 * A program changes its FS and GS bases only through arch_prctl (FSGSBASE stays off), so the bases
 * kept in the context are the truth and nothing is read back. A selector that a program loads by
 * hand is different: it is rare, and kept in the slow path.
 */

#include "x86/context.h"

#include "core/assert.h"
#include "core/string.h"
#include "x86/cpu_state.h"

#define FPU_CONTROL_DEFAULT 0x037f
#define MXCSR_DEFAULT       0x1f80
#define MXCSR_MASK_DEFAULT  0xffbf /* when the CPU says 0 (SDM volume 1, 11.6.6) */

/* Places in the FXSAVE image. */
#define IMAGE_MXCSR      24
#define IMAGE_MXCSR_MASK 28

void context_switch_stacks(uintptr_t *save_rsp, uintptr_t load_rsp);
void context_start_kernel(void);
void context_start_user(void);
_Noreturn void enter_user_frame(struct trap_frame *frame);

static struct fpu_state initial_state;
static uint32_t mxcsr_mask = MXCSR_MASK_DEFAULT;
const struct fpu_state *fpu_initial_state = &initial_state;

static inline void fxsave(struct fpu_state *state)
{
    __asm__ volatile("fxsave64 %0" : "=m"(*state));
}

static inline void fxrstor(const struct fpu_state *state)
{
    __asm__ volatile("fxrstor64 %0" ::"m"(*state));
}

void fpu_init(void)
{
    uint16_t control = FPU_CONTROL_DEFAULT;
    uint32_t mxcsr = MXCSR_DEFAULT, mask;

    __asm__ volatile("fninit; fldcw %0; ldmxcsr %1" ::"m"(control), "m"(mxcsr));
    fxsave(&initial_state);
    memcpy(&mask, initial_state.bytes + IMAGE_MXCSR_MASK, sizeof mask);
    if (mask != 0)
        mxcsr_mask = mask;
    /* The registers' old contents are not the program's business. */
    memset(initial_state.bytes + 32, 0, sizeof initial_state - 32);
}

/* --- segments -------------------------------------------------------------------------------- */

/*
 * A program that loads a null selector makes the base 0 and leaves no trace (SDM 3A 3.4.4; AMD
 * keeps the base). So what was written last can be trusted only when it was 0.
 */
static void set_fs_base(struct cpu *cpu, uint64_t base)
{
    if (base != 0 || cpu->fs_base != 0) {
        cpu->fs_base = base;
        msr_write(MSR_FS_BASE, base);
    }
}

static void set_gs_base(struct cpu *cpu, uint64_t base)
{
    if (base != 0 || cpu->user_gs_base != 0) {
        cpu->user_gs_base = base;
        msr_write(MSR_KERNEL_GS_BASE, base);
    }
}

/* Loading GS changes the base in use, which is the kernel's: exchange around it. */
static void load_gs_selector(uint16_t selector)
{
    uint64_t flags = interrupts_save();

    __asm__ volatile("swapgs; movl %0, %%gs; swapgs" ::"r"((uint32_t)selector) : "memory");
    interrupts_restore(flags);
}

/* Only selectors of user segments can be here, whose loading cannot fault. */
static void load_selectors(struct cpu *cpu, uint16_t ds, uint16_t es, uint16_t fs, uint16_t gs)
{
    __asm__ volatile("movl %0, %%ds; movl %1, %%es; movl %2, %%fs" ::"r"((uint32_t)ds),
                     "r"((uint32_t)es), "r"((uint32_t)fs)
                     : "memory");
    load_gs_selector(gs);
    /* A selector takes its base with it; what the thread has set comes back after it. */
    cpu->fs_base = ~0ull;
    cpu->user_gs_base = ~0ull;
}

static void save_selectors(struct cpu *cpu, struct context *context)
{
    uint32_t ds, es, fs, gs;

    __asm__ volatile("movl %%ds, %0; movl %%es, %1; movl %%fs, %2; movl %%gs, %3"
                     : "=r"(ds), "=r"(es), "=r"(fs), "=r"(gs));
    context->segments = (ds | es | fs | gs) != 0;
    if (likely(!context->segments))
        return;
    context->ds = (uint16_t)ds;
    context->es = (uint16_t)es;
    context->fs = (uint16_t)fs;
    context->gs = (uint16_t)gs;
    load_selectors(cpu, 0, 0, 0, 0);
}

static void load_user(struct cpu *cpu, struct context *context)
{
    fxrstor(&context->fpu);
    if (unlikely(context->segments))
        load_selectors(cpu, context->ds, context->es, context->fs, context->gs);
    set_fs_base(cpu, context->fs_base);
    set_gs_base(cpu, context->gs_base);
}

/* --- switching ------------------------------------------------------------------------------- */

void context_switch(struct context *from, struct context *to)
{
    struct cpu *cpu = this_cpu();

    if (from->user) {
        fxsave(&from->fpu);
        save_selectors(cpu, from);
    }
    cpu->context = to;
    cpu->stack_top = to->stack_top;
    cpu->tss->rsp0 = to->stack_top;
    if (to->user)
        load_user(cpu, to);
    context_switch_stacks(&from->rsp, to->rsp);
}

/* What context_switch_stacks() pops. */
struct start_frame {
    uint64_t r15, r14, r13, r12, rbp, rbx;
    void (*rip)(void);
};

void context_prepare_kernel(struct context *context, void (*function)(void *), void *argument)
{
    /* The word above stays 0: it ends the backtrace, and aligns the stack as a call would. */
    struct start_frame *start = (struct start_frame *)(context->stack_top - 16) - 1;

    assert(context->stack_top % 16 == 0);
    memset(start, 0, sizeof *start + 16);
    start->rbx = (uintptr_t)function;
    start->r12 = (uintptr_t)argument;
    start->rip = context_start_kernel;
    context->rsp = (uintptr_t)start;
}

void context_prepare_user(struct context *context, const struct trap_frame *frame)
{
    struct trap_frame *copy = context_user_frame(context);
    struct start_frame *start = (struct start_frame *)copy - 1;

    assert(context->stack_top % 16 == 0);
    memset(start, 0, sizeof *start);
    *copy = *frame;
    start->rip = context_start_user;
    context->rsp = (uintptr_t)start;
}

_Noreturn void enter_user(const struct trap_frame *frame)
{
    struct trap_frame copy = *frame;

    interrupts_disable();
    *trap_user_frame() = copy;
    enter_user_frame(trap_user_frame());
}

/* --- the running thread's user registers ----------------------------------------------------- */

void context_become_user(struct context *context)
{
    context->user = true;
    context_reset_user(context);
}

void context_reset_user(struct context *context)
{
    uint64_t flags = interrupts_save();
    struct cpu *cpu = this_cpu();

    context->fs_base = 0;
    context->gs_base = 0;
    context->segments = false;
    load_selectors(cpu, 0, 0, 0, 0);
    set_fs_base(cpu, 0);
    set_gs_base(cpu, 0);
    fxrstor(&initial_state);
    interrupts_restore(flags);
}

void context_copy_user(struct context *to)
{
    const struct context *from = this_context();
    uint32_t ds, es, fs, gs;

    __asm__ volatile("movl %%ds, %0; movl %%es, %1; movl %%fs, %2; movl %%gs, %3"
                     : "=r"(ds), "=r"(es), "=r"(fs), "=r"(gs));
    to->user = true;
    to->ds = (uint16_t)ds;
    to->es = (uint16_t)es;
    to->fs = (uint16_t)fs;
    to->gs = (uint16_t)gs;
    to->segments = (ds | es | fs | gs) != 0;
    to->fs_base = from->fs_base;
    to->gs_base = from->gs_base;
    fxsave(&to->fpu);
}

void context_set_fs_base(struct context *context, uint64_t base)
{
    uint64_t flags = interrupts_save();

    context->fs_base = base;
    if (this_context() == context)
        set_fs_base(this_cpu(), base);
    interrupts_restore(flags);
}

void context_set_gs_base(struct context *context, uint64_t base)
{
    uint64_t flags = interrupts_save();

    context->gs_base = base;
    if (this_context() == context)
        set_gs_base(this_cpu(), base);
    interrupts_restore(flags);
}

void fpu_save(struct fpu_state *out_state)
{
    fxsave(out_state);
}

void fpu_load(struct fpu_state *state)
{
    uint32_t mxcsr;

    /* A reserved bit set would make FXRSTOR fault in the kernel. */
    memcpy(&mxcsr, state->bytes + IMAGE_MXCSR, sizeof mxcsr);
    mxcsr &= mxcsr_mask;
    memcpy(state->bytes + IMAGE_MXCSR, &mxcsr, sizeof mxcsr);
    fxrstor(state);
}
