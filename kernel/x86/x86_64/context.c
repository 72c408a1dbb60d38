/*
 * Switching between threads.
 *
 * The kernel itself uses neither the FPU nor user segments, so the user's registers of those kinds
 * stay in the CPU while the thread is in the kernel, and move only when another user thread is
 * switched to.
 *
 * A program changes its FS and GS bases only through arch_prctl (FSGSBASE stays off), so the bases
 * kept in the context are the truth and nothing is read back. A selector that a program loads by
 * hand, of the flat segment or of its local table, is different: it is rare, and kept in the slow
 * path; its base is its descriptor's.
 */

#include "x86/context.h"

#include "core/assert.h"
#include "core/string.h"
#include "x86/cpu_state.h"
#include "x86/fpu.h"

void context_switch_stacks(uintptr_t *save_rsp, uintptr_t load_rsp);
void context_start_kernel(void);

/* --- segments -------------------------------------------------------------------------------- */

/*
 * A program that loads a null selector makes the base 0 and leaves no trace (SDM 3A 3.4.4; AMD
 * keeps the base). So what was written last can be trusted only when it was 0.
 */
static void set_fs_base(struct cpu *cpu, uint64_t base)
{
    if (base != 0 || cpu->mode.fs_base != 0) {
        cpu->mode.fs_base = base;
        msr_write(MSR_FS_BASE, base);
    }
}

static void set_gs_base(struct cpu *cpu, uint64_t base)
{
    if (base != 0 || cpu->mode.user_gs_base != 0) {
        cpu->mode.user_gs_base = base;
        msr_write(MSR_KERNEL_GS_BASE, base);
    }
}

/* Loading GS changes the base in use, which is the kernel's: exchange around it. */
static void load_gs_selector(uint16_t selector)
{
    unsigned long flags = interrupts_save();

    __asm__ volatile("swapgs; movl %0, %%gs; swapgs" ::"r"((uint32_t)selector) : "memory");
    interrupts_restore(flags);
}

#define IS_LOCAL 4u /* a selector's bit: of the local table */

static bool is_null(uint16_t selector)
{
    return (selector & ~3u) == 0;
}

/*
 * Whether a data segment register takes it (SDM 3A 5.6): of the global table all that a program can
 * have are fine; of the local one an entry may have changed since it was loaded. Nobody changes it
 * between this and the load: that is done with interrupts off, on the one CPU that has the space.
 */
static uint16_t loadable(uint16_t selector)
{
    uint32_t rights = 0;

    if (!(selector & IS_LOCAL))
        return selector;
    __asm__("lar %1, %0" : "+r"(rights) : "r"((uint32_t)selector) : "cc");
    if (!(rights & 0x8000) ||
        (rights & 0xa00) == 0x800) /* absent (or no such); code not to be read */
        return 0;
    return selector;
}

static void load_selectors(struct cpu *cpu, uint16_t ds, uint16_t es, uint16_t fs, uint16_t gs)
{
    __asm__ volatile("movl %0, %%ds; movl %1, %%es; movl %2, %%fs" ::"r"((uint32_t)loadable(ds)),
                     "r"((uint32_t)loadable(es)), "r"((uint32_t)loadable(fs))
                     : "memory");
    load_gs_selector(loadable(gs));
    /* A selector takes its base with it: what was written last is there no more. */
    cpu->mode.fs_base = ~0ull;
    cpu->mode.user_gs_base = ~0ull;
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
    /* Whoever loaded a selector lost the base, also with one of the null selectors 1 to 3. */
    if (fs != 0)
        context->fs_base = 0;
    if (gs != 0)
        context->gs_base = 0;
    load_selectors(cpu, 0, 0, 0, 0);
}

static void load_user(struct cpu *cpu, struct context *context)
{
    fpu_load_own(&context->fpu);
    context_load_limit(cpu, context);
    if (unlikely(context->segments))
        load_selectors(cpu, context->ds, context->es, context->fs, context->gs);
    /* A segment's base is its descriptor's. */
    if (likely(!context->segments || is_null(context->fs)))
        set_fs_base(cpu, context->fs_base);
    if (likely(!context->segments || is_null(context->gs)))
        set_gs_base(cpu, context->gs_base);
}

/* --- switching ------------------------------------------------------------------------------- */

void context_switch(struct context *from, struct context *to)
{
    struct cpu *cpu = this_cpu();

    if (from->user) {
        fpu_save_own(&from->fpu);
        save_selectors(cpu, from);
    }
    cpu->context = to;
    cpu->stack_top = to->stack_top;
    cpu_set_kernel_stack(cpu, to->stack_top);
    if (to->user)
        load_user(cpu, to);
    context_switch_stacks(&from->sp, to->sp);
}

void context_prepare_kernel(struct context *context, void (*function)(void *), void *argument)
{
    /* The word above stays 0: it ends the backtrace, and aligns the stack as a call would. */
    struct start_frame *start = (struct start_frame *)(context->stack_top - 16) - 1;

    assert(context->stack_top % 16 == 0);
    memset(start, 0, sizeof *start + 16);
    start->rbx = (uintptr_t)function;
    start->r12 = (uintptr_t)argument;
    start->ip = context_start_kernel;
    context->sp = (uintptr_t)start;
}

/* --- the running thread's user registers ----------------------------------------------------- */

void context_reset_user(struct context *context)
{
    unsigned long flags = interrupts_save();
    struct cpu *cpu = this_cpu();

    context->fs_base = 0;
    context->gs_base = 0;
    context->segments = false;
    context_load_limit(cpu, context);
    load_selectors(cpu, 0, 0, 0, 0);
    set_fs_base(cpu, 0);
    set_gs_base(cpu, 0);
    fpu_load_own(fpu_initial_state);
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
    fpu_save_own(&to->fpu);
}

void context_ldt_changed(void)
{
    uint32_t ds, es;

    __asm__ volatile("movl %%ds, %0; movl %%es, %1" : "=r"(ds), "=r"(es));
    if (ds & IS_LOCAL)
        __asm__ volatile("movl %0, %%ds" ::"r"((uint32_t)loadable((uint16_t)ds)) : "memory");
    if (es & IS_LOCAL)
        __asm__ volatile("movl %0, %%es" ::"r"((uint32_t)loadable((uint16_t)es)) : "memory");
}

/* A base that is set by number belongs to no segment any more. */
void context_set_fs_base(struct context *context, uint64_t base)
{
    unsigned long flags = interrupts_save();
    struct cpu *cpu = this_cpu();
    uint32_t selector;

    context->fs_base = base;
    context->fs = 0;
    if (this_context() == context) {
        __asm__ volatile("movl %%fs, %0" : "=r"(selector));
        if (selector != 0) {
            __asm__ volatile("movl %0, %%fs" ::"r"(0) : "memory");
            cpu->mode.fs_base = ~0ull;
        }
        set_fs_base(cpu, base);
    }
    interrupts_restore(flags);
}

void context_set_gs_base(struct context *context, uint64_t base)
{
    unsigned long flags = interrupts_save();
    struct cpu *cpu = this_cpu();
    uint32_t selector;

    context->gs_base = base;
    context->gs = 0;
    if (this_context() == context) {
        __asm__ volatile("movl %%gs, %0" : "=r"(selector));
        if (selector != 0) {
            load_gs_selector(0);
            cpu->mode.user_gs_base = ~0ull;
        }
        set_gs_base(cpu, base);
    }
    interrupts_restore(flags);
}
