/* Threads on their way to user mode: what is the same in both CPU modes. */

#include "x86/context.h"

#include "core/assert.h"
#include "core/string.h"
#include "x86/cpu.h"

void context_start_user(void);
_Noreturn void enter_user_frame(struct trap_frame *frame);

void context_prepare_user(struct context *context, const struct trap_frame *frame)
{
    struct trap_frame *copy = context_user_frame(context);
    struct start_frame *start = (struct start_frame *)copy - 1;

    assert(context->stack_top % 16 == 0);
    memset(start, 0, sizeof *start);
    *copy = *frame;
    start->ip = context_start_user;
    context->sp = (uintptr_t)start;
}

_Noreturn void enter_user(const struct trap_frame *frame)
{
    struct trap_frame copy = *frame;

    interrupts_disable();
    *trap_user_frame() = copy;
    enter_user_frame(trap_user_frame());
}

void context_become_user(struct context *context)
{
    context->user = true;
    context_reset_user(context);
}
