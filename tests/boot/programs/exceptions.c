/*
 * What a program can do to the CPU: each exception becomes the right signal, hostile registers are
 * survived, and registers are a thread's own. Self-checking; prints the same under Linux and quire.
 *
 * Left out because the two would differ for reasons that are not the kernel's: alignment checks and
 * SSE exceptions (QEMU's translator raises neither), far returns and IRET (it reads the stack with
 * the kernel's rights, which SMAP forbids), int 0x80 (Debian's Linux has 32-bit calls).
 */
#define _GNU_SOURCE
#include "check.h"

#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#define KERNEL_CODE 0x80 /* SI_KERNEL */

static sigjmp_buf back;
static volatile int seen, seen_code;
static void *volatile seen_address;

static void on_fault(int signo, siginfo_t *info, void *context)
{
    ucontext_t *user = context;

    seen = signo;
    seen_code = info->si_code;
    seen_address = info->si_addr;
    user->uc_mcontext.gregs[REG_EFL] &= ~0x40500; /* AC, DF, TF: not for the rest of the program */
    siglongjmp(back, 1);
}

static void catch_faults(void)
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};
    static char stack[65536];
    stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
    struct sigaction action = {.sa_sigaction = on_fault,
                               .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};

    check(sigaltstack(&alternate, NULL) == 0);
    for (unsigned i = 0; i < sizeof signals / sizeof signals[0]; i++)
        check(sigaction(signals[i], &action, NULL) == 0);
}

/* Runs the statement, which must raise this signal with this code. */
#define raises(signo, code, statement)                                                             \
    do {                                                                                           \
        seen = 0;                                                                                  \
        if (sigsetjmp(back, 1) == 0) {                                                             \
            statement;                                                                             \
        }                                                                                          \
        __asm__ volatile("cld");                                                                   \
        check_count++;                                                                             \
        if (seen != (signo) || seen_code != (code)) {                                              \
            check_failures++;                                                                      \
            printf("FAILED %s:%d: %s: signal %d code %d, wanted %d code %d\n", __func__, __LINE__, \
                   #statement, seen, seen_code, signo, code);                                      \
        }                                                                                          \
    } while (0)

#define raises_at(signo, code, where, statement)                                                   \
    do {                                                                                           \
        raises(signo, code, statement);                                                            \
        check(seen_address == (void *)(where));                                                    \
    } while (0)

static void arithmetic(void)
{
    volatile int zero = 0;
    volatile double one = 1, nothing = 0;

    raises(SIGFPE, FPE_INTDIV, zero = 1000 / zero);
    raises(SIGFPE, FPE_INTDIV, __asm__ volatile("idivl %1" ::"a"(0x80000000), "r"(-1), "d"(-1)));
    raises(SIGFPE, FPE_FLTDIV,
           __asm__ volatile("fninit; pushq $0x37b; fldcw (%%rsp); popq %%rax\n"
                            "fldl %0; fdivl %1; fwait" ::"m"(one),
                            "m"(nothing)
                            : "rax", "memory"));
    __asm__ volatile("fninit");
}

static void instructions(void)
{
    raises(SIGILL, ILL_ILLOPN, __asm__ volatile("ud2"));
    raises_at(SIGTRAP, KERNEL_CODE, 0, __asm__ volatile("int3"));
    raises_at(SIGSEGV, KERNEL_CODE, 0, __asm__ volatile("int $4"));
    raises_at(SIGSEGV, KERNEL_CODE, 0, __asm__ volatile("int $14"));
    raises_at(SIGSEGV, KERNEL_CODE, 0, __asm__ volatile("int $0x20"));
    raises_at(SIGSEGV, KERNEL_CODE, 0, __asm__ volatile("hlt"));
    raises_at(SIGSEGV, KERNEL_CODE, 0, __asm__ volatile("cli"));
    raises_at(SIGSEGV, KERNEL_CODE, 0, __asm__ volatile("inb $0x64, %%al" ::: "rax"));
    raises_at(SIGSEGV, KERNEL_CODE, 0, __asm__ volatile("rdmsr" ::"c"(0xc0000080) : "rax", "rdx"));
    raises_at(SIGSEGV, KERNEL_CODE, 0, __asm__ volatile("mov %%cr3, %%rax" ::: "rax"));
    raises_at(SIGSEGV, KERNEL_CODE, 0, __asm__ volatile("swapgs"));
    raises_at(SIGSEGV, KERNEL_CODE, 0, __asm__ volatile("sysretq"));
    raises_at(SIGSEGV, KERNEL_CODE, 0, __asm__ volatile("invlpg (%rsp)"));
}

static void addresses(void)
{
    char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    volatile char *high = (volatile char *)0x8000000000000000;
    volatile char *kernel = (volatile char *)0xffffffff80100000;
    volatile char *direct = (volatile char *)0xffff888000100000;

    check(page != MAP_FAILED);
    page[0] = (char)0xc3;
    raises_at(SIGSEGV, SEGV_MAPERR, 8, *(volatile char *)8 = 1);
    raises_at(SIGSEGV, KERNEL_CODE, 0, (void)*high);
    raises_at(SIGSEGV, SEGV_MAPERR, kernel, (void)*kernel);
    raises_at(SIGSEGV, SEGV_MAPERR, kernel, *kernel = 1);
    raises_at(SIGSEGV, SEGV_MAPERR, direct, (void)*direct);
    raises_at(SIGSEGV, SEGV_ACCERR, page, ((void (*)(void))(uintptr_t)page)());
    raises_at(SIGSEGV, SEGV_MAPERR, kernel, ((void (*)(void))(uintptr_t)kernel)());
    check(mprotect(page, 4096, PROT_READ) == 0);
    raises_at(SIGSEGV, SEGV_ACCERR, page, *(volatile char *)page = 1);
    check(mprotect(page, 4096, PROT_NONE) == 0);
    raises_at(SIGSEGV, SEGV_ACCERR, page + 5, (void)*(volatile char *)(page + 5));
    check(munmap(page, 4096) == 0);
    raises_at(SIGSEGV, SEGV_MAPERR, page + 9, (void)*(volatile char *)(page + 9));

    /* Through the stack pointer; real CPUs say stack fault (SIGBUS), QEMU's translator does not. */
    seen = 0;
    if (sigsetjmp(back, 1) == 0)
        __asm__ volatile("movq %0, %%rsp; pushq $1" ::"r"(0x8000000000000000ul));
    check((seen == SIGSEGV || seen == SIGBUS) && seen_code == KERNEL_CODE);
    seen = 0;
    if (sigsetjmp(back, 1) == 0)
        __asm__ volatile("jmp *%0" ::"r"(0x8000000000000000ul));
    check(seen == SIGSEGV && seen_code == KERNEL_CODE);

    /* The last page below the non-canonical hole is nobody's: SYSCALL there would return into it.
     */
    check(mmap((void *)0x7ffffffff000, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
               0) == MAP_FAILED);
}

static void flags(void)
{
    uint64_t after;

    raises(SIGTRAP, TRAP_TRACE,
           __asm__ volatile("pushfq; orq $0x100, (%%rsp); popfq; nop" ::
                                : "cc"));
    /* Single steps across a system call: the step is taken behind it, not lost, not in the kernel.
     */
    raises(SIGTRAP, TRAP_TRACE,
           __asm__ volatile("pushfq; orq $0x100, (%%rsp); movl $39, %%eax; popfq; syscall; nop" ::
                                : "rax", "rcx", "r11", "memory"));
    /* NT, AC and DF set at a system call: the kernel is not confused, the flags are kept. */
    __asm__ volatile("pushfq; orq $0x44400, (%%rsp); popfq; movl $39, %%eax; syscall\n"
                     "pushfq; popq %0; pushfq; andq $~0x44400, (%%rsp); popfq"
                     : "=r"(after)::"rax", "rcx", "r11", "memory", "cc");
    check((after & 0x44400) == 0x44400);
    /* IOPL and IF are not the program's to set. */
    __asm__ volatile("pushfq; orq $0x3000, (%%rsp); andq $~0x200, (%%rsp); popfq; pushfq; popq %0"
                     : "=r"(after)::"memory", "cc");
    check((after & 0x3200) == 0x200);
    /* SYSCALL leaves the return address in rcx and the flags in r11, all else untouched. */
    register uint64_t r8 __asm__("r8") = 8, r9 __asm__("r9") = 9, r10 __asm__("r10") = 10;
    uint64_t rdi = 1, rsi = 2, rdx = 3, rcx, r11, here;
    __asm__ volatile(
        "movl $39, %%eax; leaq 1f(%%rip), %4; syscall; 1: movq %%rcx, %5; movq %%r11, %6"
        : "+D"(rdi), "+S"(rsi), "+d"(rdx), "+r"(r8), "=&b"(here), "=&r"(rcx), "=&r"(r11), "+r"(r9),
          "+r"(r10)::"rax", "rcx", "r11", "memory");
    check(rdi == 1 && rsi == 2 && rdx == 3 && r8 == 8 && r9 == 9 && r10 == 10);
    check(rcx == here && (r11 & 0x200));
}

static void segments(void)
{
    uint32_t ds, es;

    raises_at(SIGSEGV, KERNEL_CODE, 0, __asm__ volatile("movl %0, %%ds" ::"r"(0x10)));
    raises_at(SIGSEGV, KERNEL_CODE, 0, __asm__ volatile("movl %0, %%es" ::"r"(0x1f3)));
    /* A selector of one's own stays over a switch to another process and back. */
    __asm__ volatile("movl %0, %%ds; movl %0, %%es" ::"r"(0x2b));
    if (fork() == 0)
        _exit(0);
    wait(NULL);
    __asm__ volatile("movl %%ds, %0; movl %%es, %1" : "=r"(ds), "=r"(es));
    check(ds == 0x2b && es == 0x2b);
    __asm__ volatile("movl %0, %%ds; movl %0, %%es" ::"r"(0));
}

/* --- sigreturn with a frame that nobody should believe --------------------------------------- */

static void (*spoil)(ucontext_t *context);

static void on_user(int signo, siginfo_t *info, void *context)
{
    (void)signo, (void)info;
    spoil(context);
}

static void far_rip(ucontext_t *c)
{
    c->uc_mcontext.gregs[REG_RIP] = (greg_t)0x8000000000000000;
}

static void edge_rip(ucontext_t *c)
{
    c->uc_mcontext.gregs[REG_RIP] = 0x800000000000;
}

static void kernel_rip(ucontext_t *c)
{
    c->uc_mcontext.gregs[REG_RIP] = (greg_t)0xffffffff80100000;
}

static void far_rsp(ucontext_t *c)
{
    c->uc_mcontext.gregs[REG_RSP] = (greg_t)0x8000000000000000;
}

static void kernel_code_segment(ucontext_t *c)
{
    c->uc_mcontext.gregs[REG_CSGSFS] = 0x002b000000000008;
}

static void null_segments(ucontext_t *c)
{
    c->uc_mcontext.gregs[REG_CSGSFS] = 0;
}

static void wild_flags(ucontext_t *c)
{
    c->uc_mcontext.gregs[REG_EFL] |= 0x3f7000; /* IOPL, NT, RF, VM, VIF, VIP, ID ... */
    c->uc_mcontext.gregs[REG_EFL] &= ~0x200;
}

static void wild_fpu(ucontext_t *c)
{
    if (c->uc_mcontext.fpregs)
        memset(c->uc_mcontext.fpregs, 0xff, 512);
}

static void wild_fpu_pointer(ucontext_t *c)
{
    c->uc_mcontext.fpregs = (void *)0xffff800000000000;
}

/* The child returns from a signal with a spoilt frame; whatever becomes of it, we are still here.
 */
static int return_with(void (*spoiler)(ucontext_t *))
{
    int status = -1;
    pid_t child = fork();

    if (child == 0) {
        struct sigaction action = {.sa_sigaction = on_user, .sa_flags = SA_SIGINFO};

        signal(SIGSEGV, SIG_DFL);
        signal(SIGBUS, SIG_DFL);
        spoil = spoiler;
        sigaction(SIGUSR1, &action, NULL);
        raise(SIGUSR1);
        _exit(42);
    }
    check(waitpid(child, &status, 0) == child);
    return status;
}

static bool died_of(int status, int signo)
{
    return WIFSIGNALED(status) && WTERMSIG(status) == signo;
}

static void sigreturn_frames(void)
{
    int status;

    check(died_of(return_with(far_rip), SIGSEGV));
    check(died_of(return_with(edge_rip), SIGSEGV));
    check(died_of(return_with(kernel_rip), SIGSEGV));
    status = return_with(far_rsp);
    check(died_of(status, SIGSEGV) || died_of(status, SIGBUS));
    /* Both kernels make user segments of what they find, or kill: never ring 0. */
    return_with(kernel_code_segment);
    return_with(null_segments);
    return_with(wild_flags);
    return_with(wild_fpu);
    return_with(wild_fpu_pointer);
}

/* --- SSE and x87 registers are a thread's own ------------------------------------------------ */

static uint64_t spin_with(uint64_t value, int turns)
{
    uint64_t wrong = 0, found, high;

    for (int i = 0; i < turns; i++) {
        /* sched_yield: the other process puts its own value there. */
        __asm__ volatile("movq %2, %%xmm3; movq %2, %%xmm15; movl $24, %%eax; syscall\n"
                         "movq %%xmm3, %0; movq %%xmm15, %1"
                         : "=&r"(found), "=&r"(high)
                         : "r"(value)
                         : "rax", "rcx", "r11", "xmm3", "xmm15", "memory");
        wrong += found != value || high != value;
    }
    return wrong;
}

static void on_user_clobber(int signo)
{
    (void)signo;
    __asm__ volatile("movq %0, %%xmm5" ::"r"(0x1234ul) : "xmm5");
}

static void registers(void)
{
    uint64_t value = 0x5555, found;
    uint32_t mxcsr = 0x1fc0, mxcsr_found; /* denormals are zero */
    int status;
    pid_t child = fork();

    if (child == 0)
        _exit(spin_with(0xaaaaaaaaaaaaaaaa, 2000) != 0);
    check(spin_with(0x123456789abcdef0, 2000) == 0);
    check(waitpid(child, &status, 0) == child && status == 0);

    signal(SIGUSR1, on_user_clobber);
    __asm__ volatile("movq %1, %%xmm5; ldmxcsr %3; movl $39, %%eax; syscall; movl %%eax, %%edi\n"
                     "movl $10, %%esi; movl $62, %%eax; syscall\n"
                     "movq %%xmm5, %0; stmxcsr %2"
                     : "=r"(found), "+r"(value), "=m"(mxcsr_found)
                     : "m"(mxcsr)
                     : "rax", "rcx", "rdi", "rsi", "r11", "xmm5", "memory");
    check(found == value);
    check((mxcsr_found & ~0x3f) == (mxcsr & ~0x3fu));
    mxcsr = 0x1f80;
    __asm__ volatile("ldmxcsr %0" ::"m"(mxcsr));
}

int main(void)
{
    catch_faults();
    run(arithmetic);
    run(instructions);
    run(addresses);
    run(flags);
    run(segments);
    run(sigreturn_frames);
    run(registers);
    return check_failures != 0;
}
