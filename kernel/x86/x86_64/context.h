#ifndef KERNEL_X86_X86_64_CONTEXT_H
#define KERNEL_X86_X86_64_CONTEXT_H

struct context {
    uintptr_t sp;            /* kernel stack pointer while not running */
    uintptr_t stack_top;     /* (c) one past the kernel stack, multiple of 16 */
    uint32_t exit_work;      /* (a) EXIT_WORK_*, set by anyone with context_set_exit_work() */
    bool traced;             /* its system calls go to syscall_unknown(), all of them */
    bool user;               /* has user registers: FPU, segments are kept */
    bool segments;           /* a selector below is not null */
    uint16_t ds, es, fs, gs; /* user data selectors, normally all null */
    uintptr_t stack_bottom;  /* (c) lowest byte of the kernel stack */
    uint64_t fs_base;        /* (true also while running) user FS base */
    uint64_t gs_base;        /* user GS base */
    struct fpu_state fpu;    /* stale while running */
};

/* What context_switch_stacks() pops off the kernel stack of a thread that has not run yet. */
struct start_frame {
    uint64_t r15, r14, r13, r12, rbp, rbx;
    void (*ip)(void);
};

/* arch_prctl. The caller has checked that the base lies in the user half. */
void context_set_fs_base(struct context *context, uint64_t base);
void context_set_gs_base(struct context *context, uint64_t base);

#endif
