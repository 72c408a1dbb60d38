#ifndef KERNEL_X86_TRAP_H
#define KERNEL_X86_TRAP_H

/*
 * Entry into the kernel: exceptions, interrupts, system calls. All three leave the same frame, so
 * that signal delivery, fork and exec see one structure. A frame that came from user mode always
 * lies at the top of the thread's kernel stack: trap_user_frame().
 */

#include "core/compiler.h"
#include "x86/cpu.h"

/* Vectors. */
enum {
    TRAP_DIVIDE = 0,
    TRAP_DEBUG = 1,
    TRAP_NMI = 2,
    TRAP_BREAKPOINT = 3,
    TRAP_OVERFLOW = 4,
    TRAP_BOUND = 5,
    TRAP_INVALID_OPCODE = 6,
    TRAP_NO_FPU = 7,
    TRAP_DOUBLE_FAULT = 8,
    TRAP_INVALID_TSS = 10,
    TRAP_NOT_PRESENT = 11,
    TRAP_STACK = 12,
    TRAP_PROTECTION = 13,
    TRAP_PAGE_FAULT = 14,
    TRAP_FPU = 16,
    TRAP_ALIGNMENT = 17,
    TRAP_MACHINE_CHECK = 18,
    TRAP_SIMD = 19,
    TRAP_IRET = 32,          /* i386, not a vector of the CPU: IRET refused a program's frame */
    TRAP_IRQ_BASE = 32,      /* 32 + line */
    TRAP_SYSCALL = 256,      /* not a vector of the CPU */
    TRAP_FRAME_CHANGED = 257 /* a system call's frame that must be restored whole */
};

#ifdef __x86_64__
#include "x86/x86_64/frame.h"
#else
#include "x86/i386/frame.h"
#endif

/* Page-fault error code bits (SDM volume 3, 4.7). */
#define FAULT_PRESENT  (1u << 0) /* a right was missing; otherwise nothing was there */
#define FAULT_WRITE    (1u << 1)
#define FAULT_USER     (1u << 2)
#define FAULT_RESERVED (1u << 3)
#define FAULT_FETCH    (1u << 4)

static inline bool trap_from_user(const struct trap_frame *frame)
{
    return (frame->cs & 3) != 0;
}

static inline bool trap_is_syscall(const struct trap_frame *frame)
{
    return frame->vector >= TRAP_SYSCALL;
}

/*
 * Whoever changes anything in a system call's frame except ax calls this: the way back to the
 * user then restores every register with IRET. Without it the fast exit (SYSRET) may ignore the
 * change. Needed by exec, sigreturn, signal delivery; harmless elsewhere. The frame still answers
 * trap_is_syscall() with true.
 */
static inline void trap_frame_changed(struct trap_frame *frame)
{
    if (frame->vector == TRAP_SYSCALL)
        frame->vector = TRAP_FRAME_CHANGED;
}

/* The user frame of the thread that runs here (not of a kernel thread). */
static inline struct trap_frame *trap_user_frame(void)
{
    return (struct trap_frame *)(this_cpu()->stack_top - sizeof(struct trap_frame));
}

/* --- supplied by others ---------------------------------------------------------------------- */

/*
 * kernel/proc/fault.c. A page fault at a user address, taken in user mode or by the kernel inside
 * a usercopy function. Interrupts are as they were where the fault happened (on, from user mode);
 * may sleep unless the kernel was the one that faulted with interrupts off. Returns 0 when the
 * access should be tried again: because it was resolved, or, for a user frame, because a signal
 * was made pending. Nonzero only for kernel frames: the access cannot be made; the usercopy
 * function then reports it to its caller.
 */
int fault_handle(struct trap_frame *frame, uintptr_t address, unsigned error_code);

/*
 * kernel/proc/signal.c. An exception in user mode other than a page fault: force signal `signo`
 * with si_code `code` and si_addr `address` on the running thread (a blocked or ignored one kills).
 * It is delivered by exit_to_user_work(). After a bad IRET the frame's cs, ss and ip may be
 * unusable: delivery must set cs and ss itself.
 */
void trap_signal_user(struct trap_frame *frame, int signo, int code, uintptr_t address);

/*
 * kernel/proc. Called with interrupts on, before returning to user mode, as long as the thread's
 * context.exit_work is nonzero: reschedule, deliver signals, ... Clears what it did.
 */
void exit_to_user_work(struct trap_frame *frame);

/* --- supplied by the CPU mode's folder (gates.c) ------------------------------------------------
 */

/*
 * A fault of the instructions that load a user frame: what to go on with, or NULL when the frame is
 * any other. `signal` is called on the user frame that could not be loaded.
 */
struct trap_frame *trap_recover_return(struct trap_frame *frame,
                                       void (*signal)(struct trap_frame *user));

/* For a report, at the level of errors. */
void trap_log_registers(const struct trap_frame *frame);
void trap_log_control_registers(void);

/* --- bring-up -------------------------------------------------------------------------------- */

/* The IDT, with every gate. Before any trap can be taken. */
void trap_init(void);

const char *trap_name(unsigned vector);

/* Text of a page-fault error code ("write to a present page from user mode"). */
const char *fault_describe(unsigned error_code, char *buffer, size_t size);

#endif
