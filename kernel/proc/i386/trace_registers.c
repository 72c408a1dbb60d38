/* Registers of a stopped thread as Linux's user_regs_struct and user_fpregs_struct have them. */
#include "core/string.h"
#include "kernel/linux/errno.h"
#include "kernel/proc/i386/fpu_image.h"
#include "kernel/proc/trace.h"

enum { /* places that are more than a word of the frame, in words */
       AT_DS = 7,
       AT_ES,
       AT_FS,
       AT_GS,
       AT_ORIG_AX,
       AT_IP,
       AT_CS,
       AT_FLAGS,
       AT_SP,
       AT_SS,
       PLAIN = AT_DS, /* the frame begins with these, in the same order */
};

void trace_registers_get(const struct thread *thread, bool hide_step, unsigned long *out)
{
    const struct trap_frame *frame = context_user_frame(&thread->context);

    memcpy(out, frame, PLAIN * sizeof *out);
    out[AT_DS] = frame->ds;
    out[AT_ES] = frame->es;
    out[AT_FS] = frame->fs;
    out[AT_GS] = frame->gs;
    out[AT_ORIG_AX] = trap_is_syscall(frame) ? frame->orig_ax : ~0ul;
    out[AT_IP] = frame->ip;
    out[AT_CS] = frame->cs;
    out[AT_FLAGS] = frame->flags & ~(hide_step ? (unsigned long)RFLAGS_TF : 0);
    out[AT_SP] = frame->sp;
    out[AT_SS] = frame->ss;
}

/* What is wrong with it otherwise is told by the CPU on the way back, as a signal. */
static bool selector_ok(unsigned long value, bool null_ok)
{
    return (value & 3) == 3 ? value <= UINT16_MAX : null_ok && value == 0;
}

static int set_one(struct thread *thread, bool keep_step, size_t at, unsigned long value)
{
    struct trap_frame *frame = context_user_frame(&thread->context);
    unsigned long takes = RFLAGS_RESTORABLE & ~(keep_step ? (unsigned long)RFLAGS_TF : 0);

    if (at < PLAIN) {
        memcpy((unsigned long *)frame + at, &value, sizeof value);
        return 0;
    }
    switch (at) {
    case AT_ORIG_AX:
        if (trap_is_syscall(frame))
            frame->orig_ax = value;
        return 0;
    case AT_IP:
        frame->ip = value;
        return 0;
    case AT_SP:
        frame->sp = value;
        return 0;
    case AT_FLAGS:
        frame->flags = (frame->flags & ~takes) | (value & takes);
        return 0;
    case AT_CS:
    case AT_SS:
        if (!selector_ok(value, false))
            return -EIO;
        *(at == AT_CS ? &frame->cs : &frame->ss) = value;
        return 0;
    default:
        if (!selector_ok(value, true))
            return -EIO;
        *(at == AT_DS   ? &frame->ds
          : at == AT_ES ? &frame->es
          : at == AT_FS ? &frame->fs
                        : &frame->gs) = (uint16_t)value;
        return 0;
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

void trace_fpu_get(const struct thread *thread, void *out)
{
    fpu_image_get(&thread->context.fpu, out);
}

void trace_fpu_set(struct thread *thread, const void *in)
{
    fpu_image_set(&thread->context.fpu, in);
    fpu_make_safe(&thread->context.fpu);
}
