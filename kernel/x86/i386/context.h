#ifndef KERNEL_X86_I386_CONTEXT_H
#define KERNEL_X86_I386_CONTEXT_H

struct context {
    uintptr_t sp;               /* kernel stack pointer while not running */
    uintptr_t stack_top;        /* (c) one past the kernel stack, multiple of 16 */
    uint32_t exit_work;         /* (a) EXIT_WORK_*, set by anyone with context_set_exit_work() */
    bool traced;                /* its system calls go to syscall_unknown(), all of them */
    bool user;                  /* has user registers: FPU, segments are kept */
    uintptr_t stack_bottom;     /* (c) lowest byte of the kernel stack */
    uint64_t tls[TLS_SEGMENTS]; /* (true also while running) descriptors of the thread's segments */
    struct fpu_state fpu;       /* stale while running */
};

/* What context_switch_stacks() pops off the kernel stack of a thread that has not run yet. */
struct start_frame {
    uintptr_t di, si, bp, bx;
    void (*ip)(void);
};

/*
 * set_thread_area, clone: one of the thread's descriptors, counted from 0, as the CPU reads it; 0
 * is an empty one. The caller has checked that it is a data segment of privilege level 3, of 32
 * bits. The program's selectors are loaded again on the way back to it.
 */
void context_set_tls(struct context *context, unsigned index, uint64_t descriptor);

#endif
