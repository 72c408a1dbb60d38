#ifndef KERNEL_X86_CONTEXT_H
#define KERNEL_X86_CONTEXT_H

/*
 * What a thread keeps while another one runs: its kernel stack pointer, its user segment bases and
 * selectors, its FPU and SSE registers. struct thread embeds one; the scheduler calls
 * context_switch(). The callee-saved registers of the kernel side lie on the kernel stack.
 */

#include "core/compiler.h"
#include "x86/syscall.h"

/* Bits of context.exit_work; any bit makes the way to user mode call exit_to_user_work(). */
#define EXIT_WORK_RESCHEDULE (1u << 0)
#define EXIT_WORK_SIGNAL     (1u << 1)
#define EXIT_WORK_OTHER      (1u << 2)

/* The image of FXSAVE, in long mode FXSAVE64 (SDM volume 1, 10.5). */
struct fpu_state {
    uint8_t bytes[512];
} __attribute__((aligned(16)));

#ifdef __x86_64__
#include "x86/x86_64/context.h"
#else
#include "x86/i386/context.h"
#endif

static inline void context_set_exit_work(struct context *context, uint32_t bits)
{
    __atomic_fetch_or(&context->exit_work, bits, __ATOMIC_RELEASE);
}

static inline void context_clear_exit_work(struct context *context, uint32_t bits)
{
    __atomic_fetch_and(&context->exit_work, ~bits, __ATOMIC_ACQ_REL);
}

/*
 * Saves the running thread into `from` and runs `to`; returns when someone switches back. With
 * interrupts off. Does not load an address space: the caller does that before (the kernel half is
 * the same everywhere). this_cpu()->context is `to` afterwards.
 */
void context_switch(struct context *from, struct context *to);

/*
 * Prepares a context that was zero-filled and given stack_bottom and stack_top. The first switch
 * to it calls thread_switched(), turns interrupts on and calls function(argument), which must not
 * return.
 */
void context_prepare_kernel(struct context *context, void (*function)(void *), void *argument);

/*
 * The same for a thread that enters user mode with the registers of *frame: fork and clone, which
 * pass a changed copy of trap_user_frame(). The copy lies at the top of the new kernel stack:
 * context_user_frame(). Calls thread_switched() first, then exit_to_user_work() if asked to.
 */
void context_prepare_user(struct context *context, const struct trap_frame *frame);

static inline struct trap_frame *context_user_frame(const struct context *context)
{
    return (struct trap_frame *)(context->stack_top - sizeof(struct trap_frame));
}

/* Supplied by the scheduler: finishes a switch on the new thread's stack (unlocks the run queue,
   drops the dead predecessor). Called with interrupts off. */
void thread_switched(void);

/* Supplied by the scheduler: whose context it is, for reports ("sh, 12"). Any context, no locks. */
const char *context_name(const struct context *context);

/*
 * Leaves the kernel with the registers of *frame, from a thread that was started as a kernel
 * thread: the first user program. Copies the frame to the top of the kernel stack. The context's
 * `user` must be set by context_become_user() before.
 */
_Noreturn void enter_user(const struct trap_frame *frame);

/* The running kernel thread becomes a user thread with a fresh FPU and zero segment bases. */
void context_become_user(struct context *context);

/* Which system calls of the thread that runs next go straight to the table. */
static inline void context_load_limit(struct cpu *cpu, const struct context *to)
{
    cpu->syscall_limit = unlikely(to->traced) ? 0 : syscall_count;
}

/* --- of the running thread ------------------------------------------------------------------- */

/* exec: FPU registers as a program finds them at its start, segment bases zero, selectors null. */
void context_reset_user(struct context *context);

/* fork, clone: FPU registers, bases and selectors of the running thread into a new context. */
void context_copy_user(struct context *to);

/*
 * An entry of the running thread's local descriptor table changed: data segments are loaded again
 * from it, or become null. With interrupts off.
 */
void context_ldt_changed(void);

/* Signal frames. The running thread's FPU registers out, and back in: a state that came from user
   memory is made safe (reserved MXCSR bits are cleared). */
void fpu_save(struct fpu_state *out_state);
void fpu_load(struct fpu_state *state);
/* Only the second half of that, for a state that is loaded later. */
void fpu_make_safe(struct fpu_state *state);

/* The state a program starts with (FCW 0x37f, MXCSR 0x1f80). */
extern const struct fpu_state *fpu_initial_state;

void fpu_init(void);

/* --- kernel stacks --------------------------------------------------------------------------- */

/* KERNEL_STACK_SIZE bytes with a guard page below; false when memory is short. May be freed by
   anyone who does not run on it. */
bool kernel_stack_alloc(uintptr_t *out_bottom, uintptr_t *out_top);
void kernel_stack_free(uintptr_t bottom);

/* Gives back the stacks of dead threads that are kept for new ones: frames freed. For a reclaimer;
   not with interrupts off. */
size_t kernel_stack_trim(void);

#endif
