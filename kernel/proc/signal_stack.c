/*
 * The alternate signal stack. What is put on it, and how it comes back, is the CPU mode's:
 * signal_frame.c in its folder.
 */
#include "linux/errno.h"
#include "proc/signals.h"

bool on_signal_stack(const struct thread *thread, unsigned long sp)
{
    const struct signal_stack *stack = &thread->signal_stack;

    if ((unsigned)stack->flags & SS_AUTODISARM)
        return false;
    return sp > stack->start && sp - stack->start <= stack->size;
}

/* sigaltstack's second half. restoring: rt_sigreturn, which ignores errors and a stack in use. */
int signal_stack_set(unsigned long start, unsigned long size, int flags, unsigned long sp,
                     bool restoring)
{
    struct thread *thread = current_thread();
    struct signal_stack *stack = &thread->signal_stack;
    int mode = flags & ~(int)SS_AUTODISARM;

    if (on_signal_stack(thread, sp))
        return restoring ? 0 : -EPERM;
    if (mode != SS_DISABLE && mode != SS_ONSTACK && mode != 0)
        return -EINVAL;
    if (stack->start == start && stack->size == size && stack->flags == flags)
        return 0;
    if (mode == SS_DISABLE) {
        start = 0;
        size = 0;
    } else if (size < MINSIGSTKSZ) {
        return -ENOMEM;
    }
    *stack = (struct signal_stack){start, size, flags};
    return 0;
}
