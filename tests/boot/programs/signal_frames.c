/*
 * What a signal handler finds on its stack and in its registers, what of it comes back, and what
 * becomes of a frame that was damaged. i386 has two kinds of frames: with SA_SIGINFO and without.
 */
#define _GNU_SOURCE
#include "check.h"

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#define RESTORER 0x04000000

/* As the kernel takes it: the C library would put a restorer of its own. */
struct kernel_action {
    void *handler;
    unsigned long flags;
    void *restorer;
    uint64_t mask;
} __attribute__((packed, aligned(4)));

static void set_handler(int signo, void *handler, unsigned long flags, void *restorer,
                        uint64_t mask)
{
    struct kernel_action action = {handler, flags, restorer, mask};

    check(syscall(SYS_rt_sigaction, signo, &action, NULL, 8) == 0);
}

static uint64_t blocked(void)
{
    uint64_t mask = 0;

    syscall(SYS_rt_sigprocmask, 0, NULL, &mask, 8);
    return mask;
}

static bool dies_of(void (*child_runs)(void), int signo)
{
    int status;
    pid_t child = fork();

    if (child == 0) {
        child_runs();
        _exit(0);
    }
    return waitpid(child, &status, 0) == child && WIFSIGNALED(status) && WTERMSIG(status) == signo;
}

static volatile int handled;

#ifdef __i386__

void return_plain(void);
void return_rt(void);
__asm__("return_plain: popl %eax; movl $119, %eax; int $0x80\n"
        "return_rt: movl $173, %eax; int $0x80\n");

struct context {
    uint16_t gs, gs_high, fs, fs_high, es, es_high, ds, ds_high;
    uint32_t di, si, bp, sp, bx, dx, cx, ax;
    uint32_t trap_number, error, ip;
    uint16_t cs, cs_high;
    uint32_t flags, sp_again;
    uint16_t ss, ss_high;
    uint32_t fpu, old_mask, cr2;
};

struct fpu {
    uint32_t control, status, tags, ip, code_segment, data, data_segment;
    uint16_t st[8][5];
    uint16_t status_again, magic;
    uint16_t fx_control, fx_status, fx_valid, fx_opcode;
    uint32_t fx_pointers[4], fx_mxcsr, fx_mask;
    uint16_t fx_st[8][8];
    uint32_t fx_xmm[8][4];
    uint8_t fx_rest[224];
};

struct plain_frame {
    uint32_t return_address, signo;
    struct context context;
    uint8_t hole[624];
    uint32_t mask_high;
    uint8_t code[8];
};

struct rt_frame {
    uint32_t return_address, signo, info_address, context_address;
    uint8_t info[128];
    uint32_t flags, link, stack_start, stack_flags, stack_size;
    struct context context;
    uint64_t mask;
    uint8_t code[8];
} __attribute__((packed, aligned(4)));

_Static_assert(sizeof(struct fpu) == 112 + 512, "");
_Static_assert(sizeof(struct plain_frame) == 732, "");
_Static_assert(sizeof(struct rt_frame) == 268, "");

static uint16_t selector_of_code(void)
{
    uint16_t selector;

    __asm__("movw %%cs, %0" : "=r"(selector));
    return selector;
}

static uint16_t selector_of_data(void)
{
    uint16_t selector;

    __asm__("movw %%ds, %0" : "=r"(selector));
    return selector;
}

/* The registers as `interrupt` sets them. */
static void check_context(const struct context *context)
{
    const struct fpu *fpu = (const void *)(uintptr_t)context->fpu;
    static const uint16_t pi[5] = {0xc235, 0x2168, 0xdaa2, 0xc90f, 0x4000};

    check(context->cs == selector_of_code() && context->ss == selector_of_data());
    check(context->ds == selector_of_data() && context->es == selector_of_data());
    check((context->gs & 3) == 3 && !(context->gs_high | context->fs_high | context->es_high));
    check(!(context->ds_high | context->cs_high | context->ss_high));
    check(context->ax == 0 && context->bx == (uint32_t)getpid() && context->dx == 0xd);
    check(context->si == 0x51 && context->di == 0xd1 && context->sp == context->sp_again);
    check(context->old_mask == 0 && context->flags & 0x200);

    check((context->fpu + 112) % 64 == 0 && fpu->magic == 0);
    /* Three registers in use: zero on top, then pi, then one. */
    check(fpu->control == 0xffff037f && fpu->status == 0xffff2800 && fpu->tags == 0xffff07ff);
    check(fpu->status_again == 0x2800 && memcmp(fpu->st[1], pi, sizeof pi) == 0);
    check(fpu->st[2][4] == 0x3fff && fpu->st[2][3] == 0x8000 && fpu->st[0][4] == 0);
    check(fpu->fx_control == 0x37f && fpu->fx_status == 0x2800 && (fpu->fx_valid & 0xff) == 0xe0);
    check(fpu->fx_mxcsr == 0x1f80 && memcmp(fpu->fx_st[1], pi, sizeof pi) == 0);
    check(fpu->fx_xmm[0][0] == 0x11111111 && fpu->fx_xmm[0][3] == 0x44444444);
}

static const struct plain_frame *plain_seen;

/* Out of the compiler's sight: to it, these are bytes of its own frame that nobody reads. */
static void *launder(void *pointer)
{
    __asm__ volatile("" : "+r"(pointer)::"memory");
    return pointer;
}

static void on_plain(int signo)
{
    struct plain_frame *frame = launder((char *)__builtin_frame_address(0) + 4);
    struct fpu *fpu = (void *)(uintptr_t)frame->context.fpu;

    handled++;
    plain_seen = frame;
    check((uintptr_t)frame % 16 == 12 && signo == SIGUSR1 && frame->signo == SIGUSR1);
    check(frame->return_address == (uintptr_t)return_plain);
    check_context(&frame->context);
    check(frame->mask_high == 0 && blocked() == (0x300000400ull | 1ull << (SIGUSR1 - 1)));
    check(memcmp(frame->code, "\x58\xb8\x77\0\0\0\xcd\x80", 8) == 0);
    frame->context.bx = 0x12345678;
    frame->context.old_mask = 0x20;
    frame->mask_high = 0x40;
    fpu->control = 0x27f;
    fpu->fx_control = 0x37f; /* FSAVE's goes before FXSAVE's */
    fpu->fx_xmm[0][0] = 0xfeedface;
    launder(frame);
}

static void on_rt(int signo, siginfo_t *info, void *context)
{
    struct rt_frame *frame = launder((char *)__builtin_frame_address(0) + 4);

    handled++;
    check((uintptr_t)frame % 16 == 12 && signo == SIGUSR2 && info->si_pid == getpid());
    check((void *)info == frame->info && context == (void *)&frame->flags);
    check(frame->return_address == (uintptr_t)return_rt && frame->link == 0);
    check(frame->mask == 0 && memcmp(frame->code, "\xb8\xad\0\0\0\xcd\x80", 8) == 0);
    check_context(&frame->context);
    frame->context.bx = 0x77;
    frame->mask = 0x8000000020;
    launder(frame);
}

/* Sends a signal with known registers. */
static void interrupt(int signo, uint32_t *out_bx, uint16_t *out_control, uint32_t *out_xmm)
{
    static const uint32_t xmm[4] = {0x11111111, 0x22222222, 0x33333333, 0x44444444};
    long double one;
    uint32_t found[4];
    long process = getpid();

    __asm__ volatile("fninit; fld1; fldpi; fldz; movups %0, %%xmm0" ::"m"(xmm));
    __asm__ volatile("int $0x80"
                     : "=b"(*out_bx)
                     : "a"(SYS_kill), "0"(process), "c"(signo), "d"(0xd), "S"(0x51), "D"(0xd1)
                     : "memory");
    __asm__ volatile("fnstcw %0; movups %%xmm0, %1; fstp %%st(0); fstp %%st(0); fstpt %2; fninit"
                     : "=m"(*out_control), "=m"(found), "=m"(one));
    *out_xmm = found[0];
    check(one == 1.0L);
}

static void plain(void)
{
    uint32_t bx, xmm;
    uint16_t control;

    handled = 0;
    set_handler(SIGUSR1, on_plain, RESTORER, return_plain, 0x300000400);
    interrupt(SIGUSR1, &bx, &control, &xmm);
    check(handled == 1 && bx == 0x12345678 && control == 0x27f && xmm == 0xfeedface);
    check(blocked() == 0x4000000020);
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &(uint64_t){0}, NULL, 8);
}

static void rt(void)
{
    uint32_t bx, xmm;
    uint16_t control;

    handled = 0;
    set_handler(SIGUSR2, on_rt, RESTORER | SA_SIGINFO, return_rt, 0);
    interrupt(SIGUSR2, &bx, &control, &xmm);
    check(handled == 1 && bx == 0x77 && control == 0x37f && xmm == 0x11111111);
    check(blocked() == 0x8000000020);
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &(uint64_t){0}, NULL, 8);
}

/* Functions that take their arguments in registers find them there. */
void register_handler(void);
__asm__("register_handler: movl %eax, in_registers_at; movl %edx, in_registers_at + 4\n"
        "movl %ecx, in_registers_at + 8; ret\n"
        ".data\n .balign 4\n in_registers_at: .long 0, 0, 0\n .text\n");
extern volatile uint32_t in_registers_at[3];

static void arguments(void)
{
    set_handler(SIGUSR1, register_handler, RESTORER, return_plain, 0);
    raise(SIGUSR1);
    check(in_registers_at[0] == SIGUSR1 && in_registers_at[1] == 0 && in_registers_at[2] == 0);
    set_handler(SIGUSR1, register_handler, RESTORER | SA_SIGINFO, return_rt, 0);
    raise(SIGUSR1);
    check(in_registers_at[0] == SIGUSR1 && in_registers_at[2] == in_registers_at[1] + 128);
}

static char other_stack[65536];

static void alternate(void)
{
    stack_t stack = {.ss_sp = other_stack, .ss_size = sizeof other_stack}, now;
    uint32_t bx, xmm;
    uint16_t control;

    handled = 0;
    check(sigaltstack(&stack, NULL) == 0);
    set_handler(SIGUSR1, on_plain, RESTORER | SA_ONSTACK, return_plain, 0x300000400);
    interrupt(SIGUSR1, &bx, &control, &xmm);
    check(handled == 1 && (char *)plain_seen > other_stack &&
          (char *)plain_seen < other_stack + sizeof other_stack);
    check(bx == 0x12345678);
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &(uint64_t){0}, NULL, 8);
    /* Given up for the handler, and a plain frame has no place to bring it back from. */
    stack.ss_flags = (int)(1u << 31);
    check(sigaltstack(&stack, NULL) == 0);
    interrupt(SIGUSR1, &bx, &control, &xmm);
    check(handled == 2 && sigaltstack(NULL, &now) == 0 && now.ss_flags == SS_DISABLE);
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &(uint64_t){0}, NULL, 8);
}

/* ---- damage ---- */

static unsigned damage;

static void do_damage(int signo, siginfo_t *info, void *user)
{
    struct context *context = (void *)((char *)user + 20);

    (void)signo, (void)info;
    switch (damage) {
    case 0: /* not the program's to use, and none at all */
        context->ds = 0x60;
        context->es = 0xfff8;
        break;
    case 1:
        context->cs = 0x60; /* the kernel's, where the kernel has 32 bits */
        break;
    case 2:
        context->ss = 0x68;
        break;
    case 3:
        context->cs = 0;
        break;
    case 4:
        context->cs = selector_of_data();
        break;
    case 5:
        context->fpu = 0x10;
        break;
    case 6:
        context->ip = 0xfffffff0;
        break;
    case 7: /* a fresh FPU */
        context->fpu = 0;
        break;
    case 8: /* reserved bits of MXCSR */
        ((struct fpu *)(uintptr_t)context->fpu)->fx_mxcsr = 0xffffffff;
        break;
    case 9: /* I/O privilege, nested task, virtual 8086: not for programs */
        context->flags |= 0x27000;
        break;
    }
}

static void run_damaged(void)
{
    uint32_t bx = 0, flags, data = selector_of_data(), ds, es;

    signal(SIGSEGV, SIG_DFL);
    set_handler(SIGUSR1, do_damage, RESTORER | SA_SIGINFO, return_rt, 0);
    __asm__ volatile("int $0x80\n"
                     "movw %%ds, %%cx; movl %5, %%edx; movl %%edx, %%ds\n"
                     "movw %%es, %%dx; movl %5, %%eax; movl %%eax, %%es\n"
                     "pushfl; popl %%eax"
                     : "=a"(flags), "=c"(ds), "=d"(es)
                     : "a"(SYS_kill), "b"(getpid()), "S"(data), "c"(SIGUSR1)
                     : "memory");
    if (damage == 0 && ((uint16_t)es != 0 || (uint16_t)ds == 0x60))
        _exit(1);
    if (flags & 0x27000)
        _exit(2);
    (void)bx;
    _exit(0);
}

static bool survives(void)
{
    int status;
    pid_t child = fork();

    if (child == 0)
        run_damaged();
    return waitpid(child, &status, 0) == child && status == 0;
}

static void damaged(void)
{
    for (damage = 0; damage < 10; damage++) {
        if (damage >= 1 && damage <= 4)
            check(dies_of(run_damaged, SIGILL)); /* IRET refuses */
        else if (damage == 5 || damage == 6)
            check(dies_of(run_damaged, SIGSEGV));
        else
            check(survives());
    }
}

static void no_room(void)
{
    set_handler(SIGUSR1, on_plain, RESTORER, return_plain, 0);
    __asm__ volatile("movl $0x10, %%esp; int $0x80; ud2" ::"a"(SYS_kill), "b"(getpid()),
                     "c"(SIGUSR1)
                     : "memory");
}

/* The alternate stack is as small as may be, and in use nearly to its end. */
static void overflow(void)
{
    stack_t stack = {.ss_sp = other_stack, .ss_size = 2048};

    sigaltstack(&stack, NULL);
    set_handler(SIGUSR1, on_plain, RESTORER | SA_ONSTACK, return_plain, 0);
    __asm__ volatile("movl %2, %%esp; int $0x80; ud2" ::"a"(SYS_kill), "b"(getpid()),
                     "S"(other_stack + 300), "c"(SIGUSR1)
                     : "memory");
}

static void no_place(void)
{
    check(dies_of(no_room, SIGSEGV));
    check(dies_of(overflow, SIGSEGV));
}

#else

void return_rt(void);
__asm__("return_rt: movl $15, %eax; syscall\n");

static char other_stack[65536];
static void *frame_seen;

static void on_signal(int signo, siginfo_t *info, void *context)
{
    uintptr_t frame = (uintptr_t)__builtin_frame_address(0) + 8;

    handled++;
    frame_seen = (void *)frame;
    check(frame % 16 == 8 && signo == SIGUSR2 && info->si_pid == getpid());
    check((uintptr_t)context == frame + 8 && *(void **)frame == (void *)return_rt);
}

static void rt(void)
{
    handled = 0;
    set_handler(SIGUSR2, on_signal, RESTORER | SA_SIGINFO, return_rt, 0);
    raise(SIGUSR2);
    check(handled == 1 && blocked() == 0);
}

static void alternate(void)
{
    stack_t stack = {.ss_sp = other_stack, .ss_size = sizeof other_stack};

    check(sigaltstack(&stack, NULL) == 0);
    set_handler(SIGUSR2, on_signal, RESTORER | SA_SIGINFO | SA_ONSTACK, return_rt, 0);
    raise(SIGUSR2);
    check(handled == 2 && (char *)frame_seen > other_stack &&
          (char *)frame_seen < other_stack + sizeof other_stack);
}

static void no_restorer(void)
{
    set_handler(SIGUSR2, on_signal, SA_SIGINFO, NULL, 0);
    raise(SIGUSR2);
}

static void no_place(void)
{
    check(dies_of(no_restorer, SIGSEGV));
}

#endif

int main(void)
{
    setvbuf(stdout, NULL, _IONBF, 0);
#ifdef __i386__
    run(plain);
    run(arguments);
    run(damaged);
#endif
    run(rt);
    run(alternate);
    run(no_place);
    return check_failures != 0;
}
