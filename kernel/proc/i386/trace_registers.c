/* Segments and FPU of a stopped thread as Linux's user_regs_struct and user_fpregs_struct have them
 * on i386. */
#include "linux/errno.h"
#include "proc/i386/fpu_image.h"
#include "proc/trace_registers.h"

enum { AT_DS = TRACE_PLAIN, AT_ES, AT_FS, AT_GS };

void trace_segments_get(const struct thread *thread, unsigned long *out)
{
    const struct trap_frame *frame = context_user_frame(&thread->context);

    out[AT_DS] = frame->ds;
    out[AT_ES] = frame->es;
    out[AT_FS] = frame->fs;
    out[AT_GS] = frame->gs;
}

int trace_segment_set(struct thread *thread, size_t at, unsigned long value)
{
    struct trap_frame *frame = context_user_frame(&thread->context);

    if (!trace_selector_ok(value, true))
        return -EIO;
    *(at == AT_DS   ? &frame->ds
      : at == AT_ES ? &frame->es
      : at == AT_FS ? &frame->fs
                    : &frame->gs) = (uint16_t)value;
    return 0;
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
