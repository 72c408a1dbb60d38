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
#include "machine.h"

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
    uint16_t unmasked = 0x37b; /* division by zero */

    raises(SIGFPE, FPE_INTDIV, zero = 1000 / zero);
    raises(SIGFPE, FPE_INTDIV, __asm__ volatile("idivl %1" ::"a"(0x80000000), "r"(-1), "d"(-1)));
    raises(SIGFPE, FPE_FLTDIV,
           __asm__ volatile("fninit; fldcw %2; fldl %0; fdivl %1; fwait" ::"m"(one), "m"(nothing),
                            "m"(unmasked)
                            : "memory"));
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
    raises_at(SIGSEGV, KERNEL_CODE, 0, __asm__ volatile("inb $0x64, %%al" ::: AX));
    raises_at(SIGSEGV, KERNEL_CODE, 0, __asm__ volatile("rdmsr" ::"c"(0xc0000080) : AX, "edx"));
    raises_at(SIGSEGV, KERNEL_CODE, 0, __asm__ volatile("mov %%cr3, %%" AX ::: AX));
#ifdef __x86_64__
    raises_at(SIGSEGV, KERNEL_CODE, 0, __asm__ volatile("swapgs"));
    raises_at(SIGSEGV, KERNEL_CODE, 0, __asm__ volatile("sysretq"));
#endif
    raises_at(SIGSEGV, KERNEL_CODE, 0, __asm__ volatile("invlpg (" SP ")" ::));
}

/* Entries of 32 bits have no such bit. */
static bool has_no_execute(void)
{
    char line[4096];
    FILE *file = fopen("/proc/cpuinfo", "r");
    bool found = sizeof(long) == 8;

    while (file && !found && fgets(line, sizeof line, file))
        found = strncmp(line, "flags", 5) == 0 && strstr(line, " nx ");
    if (file)
        fclose(file);
    return found;
}

static void addresses(void)
{
    char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    volatile char *kernel = (volatile char *)KERNEL_PLACE;
    volatile char *direct = (volatile char *)DIRECT_PLACE;

    check(page != MAP_FAILED);
    page[0] = (char)0xc3;
    raises_at(SIGSEGV, SEGV_MAPERR, 8, *(volatile char *)8 = 1);
#ifdef __x86_64__
    raises_at(SIGSEGV, KERNEL_CODE, 0, (void)*(volatile char *)0x8000000000000000);
#endif
    raises_at(SIGSEGV, SEGV_MAPERR, kernel, (void)*kernel);
    raises_at(SIGSEGV, SEGV_MAPERR, kernel, *kernel = 1);
    raises_at(SIGSEGV, SEGV_MAPERR, direct, (void)*direct);
    if (has_no_execute())
        raises_at(SIGSEGV, SEGV_ACCERR, page, ((void (*)(void))(uintptr_t)page)());
    raises_at(SIGSEGV, SEGV_MAPERR, kernel, ((void (*)(void))(uintptr_t)kernel)());
    check(mprotect(page, 4096, PROT_READ) == 0);
    raises_at(SIGSEGV, SEGV_ACCERR, page, *(volatile char *)page = 1);
    check(mprotect(page, 4096, PROT_NONE) == 0);
    raises_at(SIGSEGV, SEGV_ACCERR, page + 5, (void)*(volatile char *)(page + 5));
    check(munmap(page, 4096) == 0);
    raises_at(SIGSEGV, SEGV_MAPERR, page + 9, (void)*(volatile char *)(page + 9));

#ifdef __x86_64__
    /* Through the stack pointer; real CPUs say stack fault (SIGBUS), QEMU's translator does not. */
    seen = 0;
    if (sigsetjmp(back, 1) == 0)
        __asm__ volatile("movq %0, %%rsp; pushq $1" ::"r"(0x8000000000000000ul));
    check((seen == SIGSEGV || seen == SIGBUS) && seen_code == KERNEL_CODE);
    seen = 0;
    if (sigsetjmp(back, 1) == 0)
        __asm__ volatile("jmp *%0" ::"r"(0x8000000000000000ul));
    check(seen == SIGSEGV && seen_code == KERNEL_CODE);
#endif

    /* The last page below the non-canonical hole is nobody's: SYSCALL there would return into it.
     */
    check(mmap((void *)USER_TOP, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
          MAP_FAILED);
}

static void flags(void)
{
    unsigned long after;

    raises(SIGTRAP, TRAP_TRACE,
           __asm__ volatile(PUSHF "; " ORF " $0x100, (" SP "); " POPF "; nop" ::
                                : "cc"));
    /* Single steps across a system call: the step is taken behind it, not lost, not in the kernel.
     */
    raises(SIGTRAP, TRAP_TRACE,
           __asm__ volatile(PUSHF "; " ORF " $0x100, (" SP "); movl $" TEXT(
                                NUMBER_GETPID) ", %%eax; " POPF "; " SYSTEM_CALL "; nop" ::
                                : CALL_CLOBBERS));
    /* NT, AC and DF set at a system call: the kernel is not confused, the flags are kept. */
    __asm__ volatile(PUSHF "; " ORF " $0x44400, (" SP "); " POPF "; " GETPID "\n" PUSHF "; " POP
                           " %0; " PUSHF "; " ANDF " $~0x44400, (" SP "); " POPF
                     : "=b"(after)::CALL_CLOBBERS, "cc");
    check((after & 0x44400) == 0x44400);
    /* IOPL and IF are not the program's to set. */
    __asm__ volatile(PUSHF "; " ORF " $0x3000, (" SP "); " ANDF " $~0x200, (" SP "); " POPF
                           "; " PUSHF "; " POP " %0"
                     : "=r"(after)::"memory", "cc");
    check((after & 0x3200) == 0x200);
}

/* What a system call leaves untouched. */
static void kept_registers(void)
{
#ifdef __x86_64__
    /* SYSCALL leaves the return address in rcx and the flags in r11, all else untouched. */
    register uint64_t r8 __asm__("r8") = 8, r9 __asm__("r9") = 9, r10 __asm__("r10") = 10;
    uint64_t rdi = 1, rsi = 2, rdx = 3, rcx, r11, here;
    __asm__ volatile(
        "movl $39, %%eax; leaq 1f(%%rip), %4; syscall; 1: movq %%rcx, %5; movq %%r11, %6"
        : "+D"(rdi), "+S"(rsi), "+d"(rdx), "+r"(r8), "=&b"(here), "=&r"(rcx), "=&r"(r11), "+r"(r9),
          "+r"(r10)::"rax", "rcx", "r11", "memory");
    check(rdi == 1 && rsi == 2 && rdx == 3 && r8 == 8 && r9 == 9 && r10 == 10);
    check(rcx == here && (r11 & 0x200));
#else
    unsigned long ax = NUMBER_GETPID, bx = 1, cx = 2, dx = 3, si = 4, di = 5;
    __asm__ volatile("int $0x80"
                     : "+a"(ax), "+b"(bx), "+c"(cx), "+d"(dx), "+S"(si), "+D"(di)::"memory");
    check(ax == (unsigned long)getpid());
    check(bx == 1 && cx == 2 && dx == 3 && si == 4 && di == 5);
#endif
}

static void segments(void)
{
    uint32_t ds, es, before;

    raises_at(SIGSEGV, KERNEL_CODE, 0, __asm__ volatile("movl %0, %%fs" ::"r"(KERNEL_DATA)));
    raises_at(SIGSEGV, KERNEL_CODE, 0, __asm__ volatile("movl %0, %%es" ::"r"(0x1f3)));
    /* A selector of one's own stays over a switch to another process and back. */
    __asm__ volatile("movl %%ds, %0" : "=r"(before));
    __asm__ volatile("movl %0, %%ds; movl %0, %%es" ::"r"(USER_DATA));
    if (fork() == 0)
        _exit(0);
    wait(NULL);
    __asm__ volatile("movl %%ds, %0; movl %%es, %1" : "=r"(ds), "=r"(es));
    check(ds == USER_DATA && es == USER_DATA);
    __asm__ volatile("movl %0, %%ds; movl %0, %%es" ::"r"(before));
}

/* --- sigreturn with a frame that nobody should believe --------------------------------------- */

static void (*spoil)(ucontext_t *context);

static void on_user(int signo, siginfo_t *info, void *context)
{
    (void)signo, (void)info;
    spoil(context);
}

static void kernel_ip(ucontext_t *c)
{
    c->uc_mcontext.gregs[REG_IP] = (greg_t)KERNEL_PLACE;
}

#ifdef __x86_64__
static void far_ip(ucontext_t *c)
{
    c->uc_mcontext.gregs[REG_IP] = (greg_t)0x8000000000000000;
}

static void edge_ip(ucontext_t *c)
{
    c->uc_mcontext.gregs[REG_IP] = 0x800000000000;
}

static void far_sp(ucontext_t *c)
{
    c->uc_mcontext.gregs[REG_STACK] = (greg_t)0x8000000000000000;
}

static void kernel_code_segment(ucontext_t *c)
{
    c->uc_mcontext.gregs[REG_CSGSFS] = 0x002b000000000008;
}

static void null_segments(ucontext_t *c)
{
    c->uc_mcontext.gregs[REG_CSGSFS] = 0;
}
#else
static void far_ip(ucontext_t *c)
{
    c->uc_mcontext.gregs[REG_IP] = -1;
}

static void edge_ip(ucontext_t *c)
{
    c->uc_mcontext.gregs[REG_IP] = (greg_t)USER_TOP;
}

static void far_sp(ucontext_t *c)
{
    c->uc_mcontext.gregs[REG_STACK] = (greg_t)USER_TOP;
    c->uc_mcontext.gregs[REG_UESP] = 0;
    c->uc_mcontext.gregs[REG_IP] = 0; /* it would live without a stack for long */
}

static void kernel_code_segment(ucontext_t *c)
{
    c->uc_mcontext.gregs[REG_CS] = KERNEL_CODE_SELECTOR;
    c->uc_mcontext.gregs[REG_SS] = KERNEL_DATA;
    c->uc_mcontext.gregs[REG_GS] = KERNEL_DATA;
}

static void null_segments(ucontext_t *c)
{
    c->uc_mcontext.gregs[REG_CS] = 0;
    c->uc_mcontext.gregs[REG_SS] = 0;
    c->uc_mcontext.gregs[REG_DS] = 0;
    c->uc_mcontext.gregs[REG_ES] = 0;
    c->uc_mcontext.gregs[REG_FS] = 0;
    c->uc_mcontext.gregs[REG_GS] = 0;
}
#endif

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
    c->uc_mcontext.fpregs = (void *)DIRECT_PLACE;
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

    check(died_of(return_with(far_ip), SIGSEGV));
    check(died_of(return_with(edge_ip), SIGSEGV));
    check(died_of(return_with(kernel_ip), SIGSEGV));
    status = return_with(far_sp);
    check(died_of(status, SIGSEGV) || died_of(status, SIGBUS));
    /* Both kernels make user segments of what they find, or kill: never ring 0. */
    return_with(kernel_code_segment);
    return_with(null_segments);
    return_with(wild_flags);
    return_with(wild_fpu);
    return_with(wild_fpu_pointer);
}

/* --- SSE and x87 registers are a thread's own ------------------------------------------------ */

static int spin_with(double value, int turns)
{
    int wrong = 0;
    double low, high;

    for (int i = 0; i < turns; i++) {
        /* sched_yield: the other process puts its own value there. */
        __asm__ volatile("movsd %2, %%xmm3; movsd %2, %%xmm7; movl $" TEXT(
                             NUMBER_YIELD) ", %%eax; " SYSTEM_CALL "\n"
                                           "movsd %%xmm3, %0; movsd %%xmm7, %1"
                         : "=m"(low), "=m"(high)
                         : "m"(value)
                         : "xmm3", "xmm7", CALL_CLOBBERS);
        wrong += low != value || high != value;
    }
    return wrong;
}

static void on_user_clobber(int signo)
{
    (void)signo;
    __asm__ volatile("movd %0, %%xmm5" ::"r"(0x1234) : "xmm5");
}

static void registers(void)
{
    double value = 5.5, found;
    uint32_t mxcsr = 0x1fc0, mxcsr_found; /* denormals are zero */
    int status;
    pid_t child = fork();

    if (child == 0)
        _exit(spin_with(12345.678, 2000) != 0);
    check(spin_with(-0.001, 2000) == 0);
    check(waitpid(child, &status, 0) == child && status == 0);

    signal(SIGUSR1, on_user_clobber);
    __asm__ volatile("movsd %1, %%xmm5; ldmxcsr %3; " GETPID "; " SET_KILL "; " SYSTEM_CALL "\n"
                     "movsd %%xmm5, %0; stmxcsr %2"
                     : "=m"(found), "+m"(value), "=m"(mxcsr_found)
                     : "m"(mxcsr)
                     : FIRST, SECOND, "xmm5", CALL_CLOBBERS);
    check(found == value);
    check((mxcsr_found & ~0x3fu) == (mxcsr & ~0x3fu));
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
    run(kept_registers);
    run(segments);
    run(sigreturn_frames);
    run(registers);
    return check_failures != 0;
}
