/*
 * Switching between threads.
 *
 * The program's general and segment registers lie in its trap frame on its kernel stack. What stays
 * in the CPU while the thread is in the kernel, and moves only when another user thread is switched
 * to, is its FPU state and its three segment descriptors.
 */

#include "x86/context.h"

#include "core/assert.h"
#include "core/string.h"
#include "x86/cpu_state.h"
#include "x86/fpu.h"

void context_switch_stacks(uintptr_t *save_sp, uintptr_t load_sp);
void context_start_kernel(void);

static void load_tls(struct cpu *cpu, const struct context *context)
{
    uint64_t *segment = &cpu_state_of(cpu)->gdt[TLS_SEGMENT_FIRST];

    for (unsigned i = 0; i < TLS_SEGMENTS; i++)
        segment[i] = context->tls[i];
}

void context_switch(struct context *from, struct context *to)
{
    struct cpu *cpu = this_cpu();

    if (from->user)
        fpu_save_own(&from->fpu);
    cpu->context = to;
    cpu->stack_top = to->stack_top;
    cpu_set_kernel_stack(cpu, to->stack_top);
    if (to->user) {
        fpu_load_own(&to->fpu);
        context_load_limit(cpu, to);
        load_tls(cpu, to);
    }
    context_switch_stacks(&from->sp, to->sp);
}

void context_prepare_kernel(struct context *context, void (*function)(void *), void *argument)
{
    /* The words above stay 0: they end the backtrace. */
    struct start_frame *start = (struct start_frame *)(context->stack_top - 16) - 1;

    assert(context->stack_top % 16 == 0);
    memset(start, 0, sizeof *start + 16);
    start->bx = (uintptr_t)function;
    start->si = (uintptr_t)argument;
    start->ip = context_start_kernel;
    context->sp = (uintptr_t)start;
}

/* --- the running thread's user registers ----------------------------------------------------- */

void context_reset_user(struct context *context)
{
    unsigned long flags = interrupts_save();

    memset(context->tls, 0, sizeof context->tls);
    load_tls(this_cpu(), context);
    context_load_limit(this_cpu(), context);
    fpu_load_own(fpu_initial_state);
    interrupts_restore(flags);
}

void context_copy_user(struct context *to)
{
    to->user = true;
    memcpy(to->tls, this_context()->tls, sizeof to->tls);
    fpu_save_own(&to->fpu);
}

void context_set_tls(struct context *context, unsigned index, uint64_t descriptor)
{
    unsigned long flags = interrupts_save();

    assert(index < TLS_SEGMENTS);
    context->tls[index] = descriptor;
    if (this_context() == context)
        load_tls(this_cpu(), context);
    interrupts_restore(flags);
}

/* A program's selectors are loaded on every way back to it. */
void context_ldt_changed(void)
{
}
