/* Registers of a stopped thread as Linux's user_regs_struct and user_fpregs_struct have them. */
#include "core/string.h"
#include "kernel/linux/errno.h"
#include "kernel/proc/trace.h"

enum { /* places that are more than a word of the frame, in words */
       AT_AX = 10,
       AT_ORIG_AX = 15,
       AT_IP,
       AT_CS,
       AT_FLAGS,
       AT_SP,
       AT_SS,
       AT_FS_BASE,
       AT_GS_BASE,
       AT_DS,
       AT_ES,
       AT_FS,
       AT_GS,
       PLAIN = AT_ORIG_AX, /* the frame begins with these, in the same order */
};

void trace_registers_get(const struct thread *thread, bool hide_step, unsigned long *out)
{
    const struct trap_frame *frame = context_user_frame(&thread->context);
    const struct context *context = &thread->context;

    memcpy(out, frame, PLAIN * sizeof *out);
    out[AT_ORIG_AX] = trap_is_syscall(frame) ? frame->orig_ax : ~0ul;
    out[AT_IP] = frame->ip;
    out[AT_CS] = frame->cs;
    out[AT_FLAGS] = frame->flags & ~(hide_step ? (unsigned long)RFLAGS_TF : 0);
    out[AT_SP] = frame->sp;
    out[AT_SS] = frame->ss;
    out[AT_FS_BASE] = context->fs_base;
    out[AT_GS_BASE] = context->gs_base;
    out[AT_DS] = context->segments ? context->ds : 0;
    out[AT_ES] = context->segments ? context->es : 0;
    out[AT_FS] = context->segments ? context->fs : 0;
    out[AT_GS] = context->segments ? context->gs : 0;
}

/* A selector that IRET or a move may be given: what it names is looked at there. */
static bool selector_ok(unsigned long value, bool null_ok)
{
    return (value & 3) == 3 ? value <= UINT16_MAX : null_ok && value == 0;
}

/* The data selectors are loaded in the kernel, where they must not fault. */
static bool data_selector_ok(unsigned long value)
{
    return value == 0 || value == SEGMENT_USER_DATA;
}

static int set_one(struct thread *thread, bool keep_step, size_t at, unsigned long value)
{
    struct trap_frame *frame = context_user_frame(&thread->context);
    struct context *context = &thread->context;
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
    case AT_FS_BASE:
    case AT_GS_BASE:
        if (value >= USER_END)
            return -EIO;
        *(at == AT_FS_BASE ? &context->fs_base : &context->gs_base) = value;
        return 0;
    default:
        if (!data_selector_ok(value))
            return -EIO;
        if (!context->segments)
            context->ds = context->es = context->fs = context->gs = 0;
        *(at == AT_DS   ? &context->ds
          : at == AT_ES ? &context->es
          : at == AT_FS ? &context->fs
                        : &context->gs) = (uint16_t)value;
        context->segments = (context->ds | context->es | context->fs | context->gs) != 0;
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
    memcpy(out, &thread->context.fpu, sizeof thread->context.fpu);
}

void trace_fpu_set(struct thread *thread, const void *in)
{
    memcpy(&thread->context.fpu, in, sizeof thread->context.fpu);
    fpu_make_safe(&thread->context.fpu);
}
