/* Segments and FPU of a stopped thread as Linux's user_regs_struct and user_fpregs_struct have them
 * on x86-64. */
#include "core/string.h"
#include "linux/errno.h"
#include "proc/trace_registers.h"

enum { AT_FS_BASE = TRACE_SS + 1, AT_GS_BASE, AT_DS, AT_ES, AT_FS, AT_GS };

void trace_segments_get(const struct thread *thread, unsigned long *out)
{
    const struct context *context = &thread->context;

    out[AT_FS_BASE] = context->fs_base;
    out[AT_GS_BASE] = context->gs_base;
    out[AT_DS] = context->segments ? context->ds : 0;
    out[AT_ES] = context->segments ? context->es : 0;
    out[AT_FS] = context->segments ? context->fs : 0;
    out[AT_GS] = context->segments ? context->gs : 0;
}

/* Of the local table all: what is not there is null when it is loaded. */
static bool data_selector_ok(unsigned long value)
{
    return value == 0 || value == SEGMENT_USER_DATA || (value <= UINT16_MAX && (value & 7) == 7);
}

int trace_segment_set(struct thread *thread, size_t at, unsigned long value)
{
    struct context *context = &thread->context;

    if (at == AT_FS_BASE || at == AT_GS_BASE) {
        if (value >= USER_END)
            return -EIO;
        *(at == AT_FS_BASE ? &context->fs_base : &context->gs_base) = value;
        return 0;
    }
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

void trace_fpu_get(const struct thread *thread, void *out)
{
    memcpy(out, &thread->context.fpu, sizeof thread->context.fpu);
}

void trace_fpu_set(struct thread *thread, const void *in)
{
    memcpy(&thread->context.fpu, in, sizeof thread->context.fpu);
    fpu_make_safe(&thread->context.fpu);
}
