#ifndef KERNEL_X86_I386_FRAME_H
#define KERNEL_X86_I386_FRAME_H

/*
 * The registers that every entry leaves on the kernel stack; entry.S knows this layout. A frame
 * that came from the kernel ends with `flags`: the CPU pushes stack pointer and stack segment only
 * where it changes the stack. Pushing a segment register may leave the upper half of its word as it
 * was.
 */
struct trap_frame {
    unsigned long bx, cx, dx, si, di, bp, ax;
    uint16_t ds, ds_unused, es, es_unused, fs, fs_unused, gs, gs_unused;
    unsigned long vector; /* the exception's or interrupt's number, TRAP_SYSCALL,
                             TRAP_FRAME_CHANGED */
    union {
        unsigned long error_code; /* exceptions; 0 where the CPU gives none */
        unsigned long orig_ax;    /* system calls: the number, ax being overwritten by the result */
    };
    unsigned long ip, cs, flags, sp, ss;
};

_Static_assert(sizeof(struct trap_frame) == 72, "entry.S knows this layout");

/*
 * The stack pointer as it was, from user mode or from the kernel. A double fault's frame is made
 * from a task state, which has it.
 */
static inline unsigned long trap_stack_pointer(const struct trap_frame *frame)
{
    if ((frame->cs & 3) != 0 || frame->vector == TRAP_DOUBLE_FAULT)
        return frame->sp;
    return (unsigned long)&frame->sp;
}

/* The six arguments of a system call. */
static inline void trap_frame_arguments(const struct trap_frame *frame, unsigned long out[6])
{
    const unsigned long arguments[6] = {frame->bx, frame->cx, frame->dx,
                                        frame->si, frame->di, frame->bp};

    __builtin_memcpy(out, arguments, sizeof arguments);
}

/* A program's registers at its first instruction; all others are 0. */
static inline void trap_frame_start(struct trap_frame *frame, unsigned long ip, unsigned long sp)
{
    *frame = (struct trap_frame){
        .ds = SEGMENT_USER_DATA,
        .es = SEGMENT_USER_DATA,
        .vector = TRAP_FRAME_CHANGED,
        .orig_ax = ~0ul,
        .ip = ip,
        .cs = SEGMENT_USER_CODE,
        .flags = RFLAGS_IF | RFLAGS_FIXED,
        .sp = sp,
        .ss = SEGMENT_USER_DATA,
    };
}

#endif
