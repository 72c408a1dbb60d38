/* Registers of a stopped thread as Linux's user_regs_struct has them: what both CPU modes have. */
#include "core/string.h"
#include "linux/errno.h"
#include "proc/trace_registers.h"

void trace_registers_get(const struct thread *thread, bool hide_step, unsigned long *out)
{
    const struct trap_frame *frame = context_user_frame(&thread->context);

    memcpy(out, frame, TRACE_PLAIN * sizeof *out);
    out[TRACE_ORIG_AX] = trap_is_syscall(frame) ? frame->orig_ax : ~0ul;
    out[TRACE_IP] = frame->ip;
    out[TRACE_CS] = frame->cs;
    out[TRACE_FLAGS] = frame->flags & ~(hide_step ? (unsigned long)RFLAGS_TF : 0);
    out[TRACE_SP] = frame->sp;
    out[TRACE_SS] = frame->ss;
    trace_segments_get(thread, out);
}

/* What is wrong with it otherwise is told by the CPU on the way back, as a signal. */
bool trace_selector_ok(unsigned long value, bool null_ok)
{
    return (value & 3) == 3 ? value <= UINT16_MAX : null_ok && value == 0;
}

static int set_one(struct thread *thread, bool keep_step, size_t at, unsigned long value)
{
    struct trap_frame *frame = context_user_frame(&thread->context);
    unsigned long takes = RFLAGS_RESTORABLE & ~(keep_step ? (unsigned long)RFLAGS_TF : 0);

    if (at < TRACE_PLAIN) {
        memcpy((unsigned long *)frame + at, &value, sizeof value);
        return 0;
    }
    switch (at) {
    case TRACE_ORIG_AX:
        if (trap_is_syscall(frame))
            frame->orig_ax = value;
        return 0;
    case TRACE_IP:
        frame->ip = value;
        return 0;
    case TRACE_SP:
        frame->sp = value;
        return 0;
    case TRACE_FLAGS:
        frame->flags = (frame->flags & ~takes) | (value & takes);
        return 0;
    case TRACE_CS:
    case TRACE_SS:
        if (!trace_selector_ok(value, false))
            return -EIO;
        *(at == TRACE_CS ? &frame->cs : &frame->ss) = value;
        return 0;
    default:
        return trace_segment_set(thread, at, value);
    }
}

int trace_registers_set(struct thread *thread, bool keep_step, const unsigned long *values,
                        size_t first, size_t count)
{
    int error = 0;

    for (size_t i = 0; i < count && !error; i++)
        error = set_one(thread, keep_step, first + i, values[i]);
    trap_frame_changed(context_user_frame(&thread->context));
    return error;
}
