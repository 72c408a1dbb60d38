/*
 * Signal frames of x86-64 Linux, and the way back.
 *
 * From high to low addresses, below the 128 bytes that the ABI lets leaf functions use, or on the
 * alternate stack:
 *
 *   FXSAVE image, 512 bytes, aligned to 64
 *   struct signal_frame: return address (the restorer), ucontext, siginfo; its address is 8 modulo
 * 16
 *
 * What comes back through rt_sigreturn is the program's own and may be anything: selectors get the
 * user's privilege level, only harmless flags are taken, the FPU image is made safe by fpu_load(),
 * and what the CPU refuses (a non-canonical address, a selector of no user segment) faults at the
 * IRET on the way out, whose faults become signals (trap.c).
 */
#include "core/string.h"
#include "linux/errno.h"
#include "linux/syscalls.h"
#include "proc/signals.h"
#include "x86/usercopy.h"

#define RED_ZONE 128

/* uc_flags: the frame holds SS, and sigreturn restores it as given. */
#define UC_SIGCONTEXT_SS     2u
#define UC_STRICT_RESTORE_SS 4u

struct signal_context {
    uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
    uint64_t di, si, bp, bx, dx, ax, cx, sp, ip, flags;
    uint16_t cs, gs, fs, ss;
    uint64_t error, trap_number, old_mask, cr2;
    uint64_t fpu; /* user address of the image, or 0 */
    uint64_t reserved[8];
};

struct user_context {
    uint64_t flags, link;
    uint64_t stack_start;
    int32_t stack_flags, pad;
    uint64_t stack_size;
    struct signal_context registers;
    signal_set mask;
};

struct signal_frame {
    uint64_t return_address;
    struct user_context context;
    struct signal_info info;
    uint8_t info_rest[128 - sizeof(struct signal_info)];
};
_Static_assert(sizeof(struct signal_frame) == 440, "the frame's layout is ABI");
_Static_assert(sizeof(struct signal_info) == 48, "siginfo_t's used part");

static void fill_registers(struct signal_context *restrict to,
                           const struct trap_frame *restrict from, signal_set mask)
{
    const struct thread *thread = current_thread();
    bool trap = !trap_is_syscall(from);

    to->r8 = from->r8;
    to->r9 = from->r9;
    to->r10 = from->r10;
    to->r11 = from->r11;
    to->r12 = from->r12;
    to->r13 = from->r13;
    to->r14 = from->r14;
    to->r15 = from->r15;
    to->di = from->di;
    to->si = from->si;
    to->bp = from->bp;
    to->bx = from->bx;
    to->dx = from->dx;
    to->ax = from->ax;
    to->cx = from->cx;
    to->sp = from->sp;
    to->ip = from->ip;
    to->flags = from->flags;
    to->cs = (uint16_t)from->cs;
    to->gs = 0;
    to->fs = 0;
    to->ss = (uint16_t)from->ss;
    to->error = trap ? thread->trap.error_code : 0;
    to->trap_number = trap ? thread->trap.vector : 0;
    to->old_mask = mask;
    to->cr2 = trap ? thread->trap.address : 0;
    __builtin_memset(to->reserved, 0, sizeof to->reserved);
}

int signal_frame_push(struct trap_frame *frame, const struct signal_action *action,
                      const struct signal_info *info, signal_set restore_mask)
{
    struct thread *thread = current_thread();
    struct signal_stack *stack = &thread->signal_stack;
    struct signal_frame out;
    struct fpu_state fpu;
    uint64_t sp = frame->sp - RED_ZONE, image, place;
    bool entering = false;

    if ((action->flags & SA_ONSTACK) && stack->size != 0 && !on_signal_stack(thread, frame->sp)) {
        sp = stack->start + stack->size;
        entering = true;
    }
    image = (sp - sizeof fpu) & ~63ull;
    place = ((image - sizeof out) & ~15ull) - 8;
    /* Overflowing the alternate stack must not write below it. */
    if ((entering || on_signal_stack(thread, frame->sp)) && stack->size != 0 &&
        !on_signal_stack(thread, place) && !((unsigned)stack->flags & SS_AUTODISARM))
        return -EFAULT;
    if (!(action->flags & SA_RESTORER))
        return -EFAULT;

    __builtin_memset(&out.context, 0, offsetof(struct user_context, registers));
    out.return_address = action->restorer;
    out.context.flags = UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS;
    out.context.stack_start = stack->start;
    out.context.stack_flags = stack->flags;
    out.context.stack_size = stack->size;
    fill_registers(&out.context.registers, frame, restore_mask);
    out.context.registers.fpu = image;
    out.context.mask = restore_mask;
    out.info = *info;
    __builtin_memset(out.info_rest, 0, sizeof out.info_rest);
    /* FXSAVE leaves out what is reserved, six bytes behind each register among it: those would tell
     * what this stack held. Software's bytes at the end stay 0, too: no extended state follows. */
    __builtin_memset(&fpu, 0, sizeof fpu);
    fpu_save(&fpu);
    if (copy_to_user((void *)image, &fpu, sizeof fpu) != 0 ||
        copy_to_user((void *)place, &out, sizeof out) != 0)
        return -EFAULT;
    if ((unsigned)stack->flags & SS_AUTODISARM)
        *stack = SIGNAL_STACK_NONE;

    frame->di = (uint64_t)info->signo;
    frame->si = place + offsetof(struct signal_frame, info);
    frame->dx = place + offsetof(struct signal_frame, context);
    frame->ax = 0;
    frame->ip = action->handler;
    frame->sp = place;
    frame->cs = SEGMENT_USER_CODE;
    frame->ss = SEGMENT_USER_DATA;
    frame->flags &= ~(uint64_t)(RFLAGS_DF | RFLAGS_RF | RFLAGS_TF);
    frame->flags |= RFLAGS_IF;
    trap_frame_changed(frame);
    return 0;
}

static void take_registers(struct trap_frame *to, const struct signal_context *from)
{
    to->r8 = from->r8;
    to->r9 = from->r9;
    to->r10 = from->r10;
    to->r11 = from->r11;
    to->r12 = from->r12;
    to->r13 = from->r13;
    to->r14 = from->r14;
    to->r15 = from->r15;
    to->di = from->di;
    to->si = from->si;
    to->bp = from->bp;
    to->bx = from->bx;
    to->dx = from->dx;
    to->ax = from->ax;
    to->cx = from->cx;
    to->sp = from->sp;
    to->ip = from->ip;
    to->cs = from->cs | 3;
    to->ss = from->ss | 3;
    to->flags = (to->flags & ~(uint64_t)RFLAGS_RESTORABLE) | (from->flags & RFLAGS_RESTORABLE) |
                RFLAGS_IF | RFLAGS_FIXED;
    to->orig_ax = ~0ull; /* no system call to restart */
    trap_frame_changed(to);
}

long sys_rt_sigreturn(void)
{
    struct thread *thread = current_thread();
    struct trap_frame *frame = trap_user_frame();
    struct user_context context;
    struct fpu_state fpu;
    uint64_t place = frame->sp - 8;

    if (copy_from_user(&context, (void *)(place + offsetof(struct signal_frame, context)),
                       sizeof context) != 0)
        goto bad;
    /* In Linux's order: a handler of the SIGSEGV that a bad FPU image gives sees the rest. */
    thread->restore_blocked = false;
    if ((context.mask & ~SIGNALS_UNBLOCKABLE) != thread->blocked)
        signal_set_blocked(context.mask);
    take_registers(frame, &context.registers);
    if (context.registers.fpu == 0) {
        fpu = *fpu_initial_state;
    } else if ((context.registers.fpu & 15) ||
               copy_from_user(&fpu, (void *)context.registers.fpu, sizeof fpu) != 0) {
        goto bad;
    }
    fpu_load(&fpu);
    signal_stack_set(context.stack_start, context.stack_size, context.stack_flags, frame->sp, true);
    return (long)frame->ax;

bad:
    signal_force_fault(SIGSEGV, SI_KERNEL, 0);
    return 0;
}
