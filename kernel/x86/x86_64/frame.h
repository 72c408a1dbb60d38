#ifndef KERNEL_X86_X86_64_FRAME_H
#define KERNEL_X86_X86_64_FRAME_H

/* The registers that every entry leaves on the kernel stack; entry.S knows this layout. */
struct trap_frame {
    unsigned long r15, r14, r13, r12, bp, bx; /* kept by C functions */
    unsigned long r11, r10, r9, r8, ax, cx, dx, si, di;
    unsigned long vector; /* the exception's or interrupt's number, TRAP_SYSCALL,
                             TRAP_FRAME_CHANGED */
    union {
        unsigned long error_code; /* exceptions; 0 where the CPU gives none */
        unsigned long orig_ax;    /* system calls: the number, ax being overwritten by the result */
    };
    unsigned long ip, cs, flags, sp, ss;
};

_Static_assert(sizeof(struct trap_frame) == 176, "entry.S knows this layout");

/* The stack pointer as it was, from user mode or from the kernel. */
static inline unsigned long trap_stack_pointer(const struct trap_frame *frame)
{
    return frame->sp;
}

/* The six arguments of a system call. */
static inline void trap_frame_arguments(const struct trap_frame *frame, unsigned long out[6])
{
    const unsigned long arguments[6] = {frame->di,  frame->si, frame->dx,
                                        frame->r10, frame->r8, frame->r9};

    __builtin_memcpy(out, arguments, sizeof arguments);
}

/* A program's registers at its first instruction; all others are 0. */
static inline void trap_frame_start(struct trap_frame *frame, unsigned long ip, unsigned long sp)
{
    *frame = (struct trap_frame){
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
