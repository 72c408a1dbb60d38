/* What a program writes into a signal frame before it returns through it. */
/* only: x86_64 */
#include "process.h"

static void (*damage)(ucontext_t *);

static void handler(int signo, siginfo_t *info, void *context)
{
    damage(context);
}

/* Addresses of the program's own depend on how it was linked: told as 1. */
static unsigned long outside_program(unsigned long address)
{
    extern const char __executable_start[], etext[];

    return address >= (unsigned long)__executable_start && address < (unsigned long)etext ? 1
                                                                                          : address;
}

static void fatal(int signo, siginfo_t *info, void *context)
{
    const greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;

    say("  then signal %d code %d address %#lx rip %#lx cs %#lx ss %#lx trap %ld error %#lx", signo,
        info->si_code, outside_program((unsigned long)info->si_addr),
        outside_program((unsigned long)registers[REG_RIP]),
        (unsigned long)registers[REG_CSGSFS] & 0xffff, (unsigned long)registers[REG_CSGSFS] >> 48,
        (long)registers[REG_TRAPNO], (unsigned long)registers[REG_ERR]);
    _exit(5);
}

static void run(void)
{
    stack_t stack = {.ss_sp = map_pages(16, PROT_READ | PROT_WRITE), .ss_size = 16 * PAGE};
    unsigned long before, after;

    NEED(sigaltstack(&stack, NULL) == 0);
    handle(SIGUSR1, handler, 0);
    handle(SIGSEGV, fatal, SA_ONSTACK);
    handle(SIGBUS, fatal, SA_ONSTACK);
    handle(SIGILL, fatal, SA_ONSTACK);
    handle(SIGTRAP, fatal, SA_ONSTACK);
    __asm__ volatile("pushfq; popq %0" : "=r"(before));
    kill(getpid(), SIGUSR1);
    __asm__ volatile("pushfq; popq %0; pushq $0x202; popfq; cld" : "=r"(after));
    say("  came back, flags changed %#lx", (before ^ after) & ~0x8d5ul);
}

static void bad_rip(ucontext_t *context)
{
    context->uc_mcontext.gregs[REG_RIP] = (greg_t)0x0000900000000000ul;
}

static void kernel_rip(ucontext_t *context)
{
    context->uc_mcontext.gregs[REG_RIP] = (greg_t)0xffffffff81000000ul;
}

static void low_rip(ucontext_t *context)
{
    context->uc_mcontext.gregs[REG_RIP] = 16;
}

static void set_cs(ucontext_t *context, unsigned long cs)
{
    context->uc_mcontext.gregs[REG_CSGSFS] =
        (context->uc_mcontext.gregs[REG_CSGSFS] & ~0xffffl) | (long)cs;
}

static void kernel_cs(ucontext_t *context)
{
    set_cs(context, 0x10);
}

static void null_cs(ucontext_t *context)
{
    set_cs(context, 0);
}

static void wild_cs(ucontext_t *context)
{
    set_cs(context, 0xfff8);
}

static void set_ss(ucontext_t *context, unsigned long ss)
{
    context->uc_mcontext.gregs[REG_CSGSFS] =
        (long)(((unsigned long)context->uc_mcontext.gregs[REG_CSGSFS] & 0xfffffffffffful) |
               ss << 48);
}

static void null_ss(ucontext_t *context)
{
    set_ss(context, 0);
}

static void wild_ss(ucontext_t *context)
{
    set_ss(context, 0x1230);
}

static void kernel_ss(ucontext_t *context)
{
    set_ss(context, 0x18);
}

static void all_flags(ucontext_t *context)
{
    /* Not TF, which would stop the next instruction. */
    context->uc_mcontext.gregs[REG_EFL] = (greg_t)(0xfffffffffffffffful & ~0x100ul & ~0x40000ul);
}

static void no_flags(ucontext_t *context)
{
    context->uc_mcontext.gregs[REG_EFL] = 0;
}

static void trace_flag(ucontext_t *context)
{
    context->uc_mcontext.gregs[REG_EFL] |= 0x100;
}

static void no_fpu(ucontext_t *context)
{
    context->uc_mcontext.fpregs = NULL;
}

static void wild_fpu(ucontext_t *context)
{
    context->uc_mcontext.fpregs = (void *)0x10;
}

static void kernel_fpu(ucontext_t *context)
{
    context->uc_mcontext.fpregs = (void *)0xffff888000000000ul;
}

static void unaligned_fpu(ucontext_t *context)
{
    context->uc_mcontext.fpregs = (void *)((char *)context->uc_mcontext.fpregs + 8);
}

static void bad_mxcsr(ucontext_t *context)
{
    context->uc_mcontext.fpregs->mxcsr = 0xffff1f80;
}

static void all_ones_fpu(ucontext_t *context)
{
    memset(context->uc_mcontext.fpregs, 0xff, 416);
    context->uc_mcontext.fpregs->mxcsr = 0x1f80;
}

static void bad_stack(ucontext_t *context)
{
    context->uc_stack.ss_sp = (void *)0x1000;
    context->uc_stack.ss_size = 3;
    context->uc_stack.ss_flags = 0;
}

static void other_mask(ucontext_t *context)
{
    sigset_t all;

    sigfillset(&all);
    memcpy(&context->uc_sigmask, &all, 8);
}

static void wild_rsp(ucontext_t *context)
{
    __asm__ volatile("movq $0x10, %rsp; movl $15, %eax; syscall");
}

static void kernel_rsp(ucontext_t *context)
{
    __asm__ volatile("movabsq $0xffff888000000000, %rsp; movl $15, %eax; syscall");
}

static const struct {
    const char *name;
    void (*damage)(ucontext_t *);
} cases[] = {
    {"non-canonical rip", bad_rip},
    {"kernel rip", kernel_rip},
    {"low rip", low_rip},
    {"kernel cs", kernel_cs},
    {"null cs", null_cs},
    {"wild cs", wild_cs},
    {"null ss", null_ss},
    {"wild ss", wild_ss},
    {"kernel ss", kernel_ss},
    {"all flags", all_flags},
    {"no flags", no_flags},
    {"trace flag", trace_flag},
    {"no FPU state", no_fpu},
    {"wild FPU state", wild_fpu},
    {"kernel FPU state", kernel_fpu},
    {"unaligned FPU state", unaligned_fpu},
    {"bad mxcsr", bad_mxcsr},
    {"FPU state of ones", all_ones_fpu},
    {"bad alternate stack", bad_stack},
    {"all blocked", other_mask},
    {"sigreturn at a wild rsp", wild_rsp},
    {"sigreturn at a kernel rsp", kernel_rsp},
};

int main(void)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        damage = cases[i].damage;
        in_child(cases[i].name, run);
    }
    return 0;
}
