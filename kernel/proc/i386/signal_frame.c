/*
 * Signal frames of i386 Linux, and the way back.
 *
 * From high to low addresses, below the stack pointer or on the alternate stack:
 *
 *   FXSAVE image, 512 bytes, aligned to 64
 *   the same registers as FSAVE lays them out, 112 bytes: what the context's `fpu` points at
 *   struct rt_frame for handlers with SA_SIGINFO, struct plain_frame for the others; its address
 *   is 12 modulo 16, as after a call
 *
 * A plain frame has a hole of one FSAVE and FXSAVE image, where they were before the FPU state got
 * its own place: old programs know the offset of what lies behind it.
 *
 * Both have the call of sigreturn as code at their end, for handlers without a restorer of their
 * own. Debuggers recognise frames by it; it runs where stacks are executable.
 *
 * What comes back through sigreturn and rt_sigreturn is the program's own and may be anything:
 * selectors of code and stack get the user's privilege level, data selectors that the CPU refuses
 * become null on the way out, only harmless flags are taken, the FPU image is made safe by
 * fpu_load(), and what IRET refuses becomes a signal (gates.c).
 */
#include "core/string.h"
#include "linux/errno.h"
#include "linux/syscalls.h"
#include "proc/i386/fpu_image.h"
#include "proc/signals.h"
#include "x86/usercopy.h"

/* ---- the FPU's registers ---- */

#define FPU_REGISTERS 8

/* FXSAVE's image (SDM volume 1, 10.5.1). */
struct fx_image {
    uint16_t control, status;
    uint8_t valid, reserved;
    uint16_t opcode;
    uint32_t ip, code_segment, data, data_segment;
    uint32_t mxcsr, mxcsr_mask;
    struct fx_register {
        uint16_t significand[4], exponent, reserved[3];
    } st[FPU_REGISTERS];
    uint8_t xmm[128], unused[224];
};
_Static_assert(sizeof(struct fx_image) == sizeof(struct fpu_state), "both are FXSAVE's image");

/* FSAVE's image (SDM volume 1, 8.1.10), and what says whether FXSAVE's follows. */
struct fs_image {
    uint32_t control, status, tags;
    uint32_t ip, code_segment, data, data_segment; /* the opcode above the code segment */
    uint16_t st[FPU_REGISTERS][5];
    uint16_t status_again, magic;
};
_Static_assert(sizeof(struct fs_image) == 112, "the image's layout is ABI");

#define FPU_HAS_FX 0

enum fpu_tag { TAG_VALID, TAG_ZERO, TAG_SPECIAL, TAG_EMPTY };

static enum fpu_tag tag_of(const struct fx_register *st)
{
    switch (st->exponent & 0x7fff) {
    case 0x7fff:
        return TAG_SPECIAL;
    case 0:
        return st->significand[0] | st->significand[1] | st->significand[2] | st->significand[3]
                   ? TAG_SPECIAL
                   : TAG_ZERO;
    default:
        return st->significand[3] & 0x8000 ? TAG_VALID : TAG_SPECIAL;
    }
}

/* Tags go by register, images by distance from the top of the FPU's stack. */
static void to_fs(struct fs_image *out, const struct fx_image *in)
{
    unsigned top = in->status >> 11 & 7;

    *out = (struct fs_image){
        .control = in->control | 0xffff0000u,
        .status = in->status | 0xffff0000u,
        .tags = 0xffff0000u,
        .ip = in->ip,
        .code_segment = (uint16_t)in->code_segment | (uint32_t)in->opcode << 16,
        .data = in->data,
        .data_segment = in->data_segment,
        .status_again = in->status,
        .magic = FPU_HAS_FX,
    };
    for (unsigned i = 0; i < FPU_REGISTERS; i++) {
        unsigned tag = in->valid >> i & 1 ? tag_of(&in->st[(i - top) & 7]) : TAG_EMPTY;

        out->tags |= tag << (2 * i);
        memcpy(out->st[i], &in->st[i], sizeof out->st[i]);
    }
}

/* What FSAVE's image says goes before what FXSAVE's says: old programs change only that. */
static void from_fs(struct fx_image *out, const struct fs_image *in)
{
    out->control = (uint16_t)in->control;
    out->status = (uint16_t)in->status;
    out->opcode = (uint16_t)(in->code_segment >> 16);
    out->ip = in->ip;
    out->code_segment = (uint16_t)in->code_segment;
    out->data = in->data;
    out->data_segment = in->data_segment;
    out->valid = 0;
    for (unsigned i = 0; i < FPU_REGISTERS; i++) {
        if ((in->tags >> (2 * i) & 3) != TAG_EMPTY)
            out->valid |= (uint8_t)(1u << i);
        memcpy(&out->st[i], in->st[i], sizeof in->st[i]);
    }
}

void fpu_image_get(const struct fpu_state *fpu, void *out)
{
    struct fx_image fx;
    struct fs_image fs;

    memcpy(&fx, fpu, sizeof fx);
    to_fs(&fs, &fx);
    memcpy(out, &fs, FPU_IMAGE_SIZE);
}

void fpu_image_set(struct fpu_state *fpu, const void *in)
{
    struct fx_image fx;
    struct fs_image fs = {0};

    memcpy(&fx, fpu, sizeof fx);
    memcpy(&fs, in, FPU_IMAGE_SIZE);
    from_fs(&fx, &fs);
    memcpy(fpu, &fx, sizeof fx);
}

/* Both images lie one behind the other. */
struct fpu_frame {
    struct fs_image fs;
    struct fx_image fx;
};

static int fpu_push(unsigned long place)
{
    struct fpu_frame out;
    struct fpu_state fpu;

    /* FXSAVE leaves out what is reserved: that would tell what this stack held. */
    memset(&fpu, 0, sizeof fpu);
    fpu_save(&fpu);
    memcpy(&out.fx, &fpu, sizeof out.fx);
    to_fs(&out.fs, &out.fx);
    return copy_to_user((void *)place, &out, sizeof out) == 0 ? 0 : -EFAULT;
}

static int fpu_pop(unsigned long place)
{
    struct fpu_frame in;
    struct fpu_state fpu;

    if (place == 0) {
        fpu = *fpu_initial_state;
    } else {
        if (copy_from_user(&in, (void *)place, sizeof in) != 0)
            return -EFAULT;
        from_fs(&in.fx, &in.fs);
        memcpy(&fpu, &in.fx, sizeof fpu);
    }
    fpu_load(&fpu);
    return 0;
}

/* ---- frames ---- */

/* struct sigcontext. */
struct signal_context {
    uint16_t gs, gs_high, fs, fs_high, es, es_high, ds, ds_high;
    uint32_t di, si, bp, sp, bx, dx, cx, ax;
    uint32_t trap_number, error, ip;
    uint16_t cs, cs_high;
    uint32_t flags, sp_again;
    uint16_t ss, ss_high;
    uint32_t fpu; /* user address of the images, or 0 */
    uint32_t old_mask, cr2;
};
_Static_assert(sizeof(struct signal_context) == 88, "the context's layout is ABI");

struct user_context {
    uint32_t flags, link;
    uint32_t stack_start;
    int32_t stack_flags;
    uint32_t stack_size;
    struct signal_context registers;
    signal_set mask;
};
_Static_assert(sizeof(struct user_context) == 116, "the context's layout is ABI");

#define CALL_CODE_SIZE 8

struct plain_frame {
    uint32_t return_address;
    int32_t signo;
    struct signal_context registers;
    uint8_t hole[sizeof(struct fpu_frame)];
    uint32_t mask_high; /* the low half is the context's old_mask */
    uint8_t code[CALL_CODE_SIZE];
};
_Static_assert(sizeof(struct plain_frame) == 732, "the frame's layout is ABI");

struct rt_frame {
    uint32_t return_address;
    int32_t signo;
    uint32_t info_address, context_address;
    struct signal_info info;
    uint8_t info_rest[SIGNAL_INFO_SIZE - sizeof(struct signal_info)];
    struct user_context context;
    uint8_t code[CALL_CODE_SIZE];
};
_Static_assert(sizeof(struct rt_frame) == 268, "the frame's layout is ABI");

/* popl %eax; movl $119, %eax; int $0x80: the handler's argument is still on the stack. */
static const uint8_t sigreturn_code[CALL_CODE_SIZE] = {0x58, 0xb8, 119, 0, 0, 0, 0xcd, 0x80};
/* movl $173, %eax; int $0x80 */
static const uint8_t rt_sigreturn_code[CALL_CODE_SIZE] = {0xb8, 173, 0, 0, 0, 0xcd, 0x80};

static void fill_registers(struct signal_context *to, const struct trap_frame *from,
                           signal_set mask, unsigned long fpu)
{
    const struct thread *thread = current_thread();
    bool trap = !trap_is_syscall(from);

    *to = (struct signal_context){
        .gs = from->gs,
        .fs = from->fs,
        .es = from->es,
        .ds = from->ds,
        .di = from->di,
        .si = from->si,
        .bp = from->bp,
        .sp = from->sp,
        .bx = from->bx,
        .dx = from->dx,
        .cx = from->cx,
        .ax = from->ax,
        .trap_number = trap ? thread->trap.vector : 0,
        .error = trap ? thread->trap.error_code : 0,
        .ip = from->ip,
        .cs = (uint16_t)from->cs,
        .flags = from->flags,
        .sp_again = from->sp,
        .ss = (uint16_t)from->ss,
        .fpu = fpu,
        .old_mask = (uint32_t)mask,
        .cr2 = trap ? thread->trap.address : 0,
    };
}

/* The handler's frame for a stack pointer after a call: the arguments are 16-aligned. */
static unsigned long align_frame(unsigned long sp)
{
    return ((sp + 4) & ~15ul) - 4;
}

/* Where a frame of this size goes, below the FPU's images at *out_fpu. False: it does not fit on
 * the alternate stack. */
static bool find_place(const struct trap_frame *frame, const struct signal_action *action,
                       size_t size, unsigned long *out_place, unsigned long *out_fpu)
{
    const struct thread *thread = current_thread();
    const struct signal_stack *stack = &thread->signal_stack;
    bool nested = on_signal_stack(thread, frame->sp), entering = false;
    unsigned long sp = frame->sp;

    if (action->flags & SA_ONSTACK) {
        if (stack->size != 0 && !nested) {
            sp = stack->start + stack->size;
            entering = true;
        }
    } else if (!nested && (frame->ss & 0xffff) != SEGMENT_USER_DATA &&
               !(action->flags & SA_RESTORER) && action->restorer) {
        sp = action->restorer; /* the stack of old programs that run on a segment of their own */
    }
    *out_fpu = ((sp - sizeof(struct fx_image)) & ~63ul) - sizeof(struct fs_image);
    *out_place = align_frame(*out_fpu - size);
    /* Overflowing the alternate stack must not write below it. */
    return !(entering || nested) || ((unsigned)stack->flags & SS_AUTODISARM) ||
           on_signal_stack(thread, *out_place);
}

static int push_plain(const struct trap_frame *frame, const struct signal_action *action, int signo,
                      signal_set mask, unsigned long place, unsigned long fpu)
{
    struct {
        uint32_t return_address;
        int32_t signo;
        struct signal_context registers;
    } low = {.return_address = place + offsetof(struct plain_frame, code), .signo = signo};
    struct {
        uint32_t mask_high;
        uint8_t code[CALL_CODE_SIZE];
    } high = {.mask_high = (uint32_t)(mask >> 32)};

    _Static_assert(sizeof low == offsetof(struct plain_frame, hole), "what lies before the hole");
    if (action->flags & SA_RESTORER)
        low.return_address = action->restorer;
    fill_registers(&low.registers, frame, mask, fpu);
    memcpy(high.code, sigreturn_code, sizeof high.code);
    if (copy_to_user((void *)place, &low, sizeof low) != 0 ||
        copy_to_user((void *)(place + offsetof(struct plain_frame, mask_high)), &high,
                     sizeof high) != 0)
        return -EFAULT;
    return 0;
}

static int push_rt(const struct trap_frame *frame, const struct signal_action *action,
                   const struct signal_info *info, signal_set mask, unsigned long place,
                   unsigned long fpu)
{
    const struct signal_stack *stack = &current_thread()->signal_stack;
    struct rt_frame out = {
        .return_address = place + offsetof(struct rt_frame, code),
        .signo = info->signo,
        .info_address = place + offsetof(struct rt_frame, info),
        .context_address = place + offsetof(struct rt_frame, context),
        .info = *info,
        .context.stack_start = stack->start,
        .context.stack_flags = stack->flags,
        .context.stack_size = stack->size,
        .context.mask = mask,
    };

    if (action->flags & SA_RESTORER)
        out.return_address = action->restorer;
    fill_registers(&out.context.registers, frame, mask, fpu);
    memcpy(out.code, rt_sigreturn_code, sizeof out.code);
    return copy_to_user((void *)place, &out, sizeof out) == 0 ? 0 : -EFAULT;
}

int signal_frame_push(struct trap_frame *frame, const struct signal_action *action,
                      const struct signal_info *info, signal_set restore_mask)
{
    struct signal_stack *stack = &current_thread()->signal_stack;
    bool rt = (action->flags & SA_SIGINFO) != 0;
    size_t size = rt ? sizeof(struct rt_frame) : sizeof(struct plain_frame);
    unsigned long place, fpu;
    int error;

    if (!find_place(frame, action, size, &place, &fpu))
        return -EFAULT;
    error = fpu_push(fpu);
    if (!error)
        error = rt ? push_rt(frame, action, info, restore_mask, place, fpu)
                   : push_plain(frame, action, info->signo, restore_mask, place, fpu);
    if (error)
        return error;
    if ((unsigned)stack->flags & SS_AUTODISARM)
        *stack = SIGNAL_STACK_NONE;

    /* On the stack for plain C functions, in registers for those that are compiled so. */
    frame->ax = (unsigned long)info->signo;
    frame->dx = rt ? place + offsetof(struct rt_frame, info) : 0;
    frame->cx = rt ? place + offsetof(struct rt_frame, context) : 0;
    frame->ip = action->handler;
    frame->sp = place;
    frame->cs = SEGMENT_USER_CODE;
    frame->ds = frame->es = SEGMENT_USER_DATA;
    frame->ss = SEGMENT_USER_DATA;
    frame->flags &= ~(unsigned long)(RFLAGS_DF | RFLAGS_RF | RFLAGS_TF);
    frame->flags |= RFLAGS_IF;
    trap_frame_changed(frame);
    return 0;
}

/* ---- the way back ---- */

static void take_registers(struct trap_frame *to, const struct signal_context *from)
{
    to->gs = from->gs;
    to->fs = from->fs;
    to->es = from->es;
    to->ds = from->ds;
    to->di = from->di;
    to->si = from->si;
    to->bp = from->bp;
    to->bx = from->bx;
    to->dx = from->dx;
    to->cx = from->cx;
    to->ax = from->ax;
    to->sp = from->sp;
    to->ip = from->ip;
    to->cs = from->cs | 3;
    to->ss = from->ss | 3;
    to->flags = (to->flags & ~(unsigned long)RFLAGS_RESTORABLE) |
                (from->flags & RFLAGS_RESTORABLE) | RFLAGS_IF | RFLAGS_FIXED;
    to->orig_ax = ~0ul; /* no system call to restart */
    trap_frame_changed(to);
}

/* In Linux's order: a handler of the SIGSEGV that a bad FPU image gives sees the rest. */
static int restore(struct trap_frame *frame, const struct signal_context *context, signal_set mask)
{
    struct thread *thread = current_thread();

    thread->restore_blocked = false;
    if ((mask & ~SIGNALS_UNBLOCKABLE) != thread->blocked)
        signal_set_blocked(mask);
    take_registers(frame, context);
    return fpu_pop(context->fpu);
}

static long damaged(void)
{
    signal_force_fault(SIGSEGV, SI_KERNEL, 0);
    return 0;
}

/* The return address and the signal's number have been taken off the stack. */
long sys_sigreturn(void)
{
    struct trap_frame *frame = trap_user_frame();
    unsigned long place = frame->sp - offsetof(struct plain_frame, registers);
    struct signal_context context;
    uint32_t mask_high;

    if (copy_from_user(&context, (void *)(place + offsetof(struct plain_frame, registers)),
                       sizeof context) != 0 ||
        get_user_u32(&mask_high, (void *)(place + offsetof(struct plain_frame, mask_high))) != 0 ||
        restore(frame, &context, (signal_set)mask_high << 32 | context.old_mask) != 0)
        return damaged();
    return (long)frame->ax;
}

/* Only the return address has been. */
long sys_rt_sigreturn(void)
{
    struct trap_frame *frame = trap_user_frame();
    unsigned long place = frame->sp - offsetof(struct rt_frame, signo);
    struct user_context context;

    if (copy_from_user(&context, (void *)(place + offsetof(struct rt_frame, context)),
                       sizeof context) != 0 ||
        restore(frame, &context.registers, context.mask) != 0)
        return damaged();
    signal_stack_set(context.stack_start, context.stack_size, context.stack_flags, frame->sp, true);
    return (long)frame->ax;
}
