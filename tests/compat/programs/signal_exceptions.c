/* Exceptions other than page faults: signal, code, address relative to the instruction, trap. */
/* only: x86_64 */
#include "process.h"

#include <setjmp.h>

static sigjmp_buf back;
static unsigned long start;

static void handler(int signo, siginfo_t *info, void *context)
{
    greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
    long address = (long)info->si_addr;

    registers[REG_EFL] &= ~0x40100l;
    if (info->si_addr)
        address -= (long)start;
    say("  signal %d code %d address %s%ld rip +%ld trap %ld error %#lx", signo, info->si_code,
        info->si_addr ? "+" : "", address, (long)registers[REG_RIP] - (long)start,
        (long)registers[REG_TRAPNO], (unsigned long)registers[REG_ERR]);
    __asm__ volatile("pushfq; andq $~0x40100, (%%rsp); popfq" ::: "memory", "cc");
    siglongjmp(back, 1);
}

#define EXCEPTION(what, code, ...)                                                                 \
    do {                                                                                           \
        say("%s", what);                                                                           \
        if (sigsetjmp(back, 1) == 0) {                                                             \
            __asm__ volatile("leaq 1f(%%rip), %%rcx; movq %%rcx, %0\n1: " code                     \
                             : "=m"(start)::"rax", "rcx", "rdx", "rbx", "memory", "cc");           \
            say("  no signal");                                                                    \
        }                                                                                          \
    } while (0)

static void in_x87(void)
{
    uint16_t control = 0x37b; /* division by zero unmasked */

    say("x87 division by zero");
    if (sigsetjmp(back, 1) == 0) {
        __asm__ volatile("leaq 1f(%%rip), %%rcx; movq %%rcx, %0; fninit; fldcw %1; fld1; fldz;"
                         " fdivrp; 1: fwait"
                         : "=m"(start)
                         : "m"(control)
                         : "rcx", "memory");
        say("  no signal");
    }
    __asm__ volatile("fninit");
}

static void in_sse(const char *what, uint32_t mask, double a, double b)
{
    uint32_t control = 0x1f80 & ~mask;

    say("%s", what);
    if (sigsetjmp(back, 1) == 0) {
        __asm__ volatile("leaq 1f(%%rip), %%rcx; movq %%rcx, %0; ldmxcsr %1; movsd %2, %%xmm0;"
                         " 1: divsd %3, %%xmm0"
                         : "=m"(start)
                         : "m"(control), "m"(a), "m"(b)
                         : "rcx", "xmm0", "memory");
        say("  no signal");
    }
    control = 0x1f80;
    __asm__ volatile("ldmxcsr %0" ::"m"(control));
}

int main(void)
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};

    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        handle(signals[i], handler, 0);
    EXCEPTION("division by zero",
              "xorl %%edx, %%edx; xorl %%ecx, %%ecx; movl $1, %%eax; divl %%ecx");
    EXCEPTION("division overflow",
              "movl $-1, %%edx; movl $1, %%ecx; xorl %%eax, %%eax; divl %%ecx");
    EXCEPTION("int3", "int3");
    EXCEPTION("int $3", ".byte 0xcd, 3");
    EXCEPTION("ud2", "ud2");
    EXCEPTION("hlt", "hlt");
    EXCEPTION("cli", "cli");
    EXCEPTION("in", "inb $0x64, %%al");
    EXCEPTION("out", "outb %%al, $0x80");
    EXCEPTION("rdmsr", "movl $0x10, %%ecx; rdmsr");
    EXCEPTION("mov to cr0", "movq %%rax, %%cr0");
    EXCEPTION("mov from cr3", "movq %%cr3, %%rax");
    EXCEPTION("int $4", "int $4");
    EXCEPTION("int $5", "int $5");
    EXCEPTION("int $13", "int $13");
    EXCEPTION("int $14", "int $14");
    EXCEPTION("int $255", "int $255");
    EXCEPTION("single step", "pushfq; orq $0x100, (%%rsp); popfq; nop; nop");
    EXCEPTION("load of a bad selector", "movl $0x1f3, %%eax; movl %%eax, %%ds");
    EXCEPTION("sysexit", "sysexitl");
    EXCEPTION("swapgs", "swapgs");
    EXCEPTION("lgdt", "lgdt (%%rsp)");
    EXCEPTION("invlpg", "invlpg (%%rsp)");
    EXCEPTION("lock on a register", ".byte 0xf0, 0x90");
    EXCEPTION("unaligned movaps", "movaps 1(%%rsp), %%xmm0");
    EXCEPTION("unaligned load with AC",
              "pushfq; orq $0x40000, (%%rsp); popfq; movl 1(%%rsp), %%eax;"
              " pushfq; andq $~0x40000, (%%rsp); popfq");
    EXCEPTION("a jump to a non-canonical address", "movabsq $0x800000000000, %%rax; jmp *%%rax");
    EXCEPTION("push on a non-canonical stack",
              "movq %%rsp, %%rdx; movabsq $0x900000000000, %%rsp; movq $1, %%rax;"
              " movq (%%rdx), %%rcx; movq %%rdx, %%rsp");
    in_x87();
    in_sse("SSE division by zero", 0x200, 1, 0);
    in_sse("SSE invalid", 0x80, 0, 0);
    in_sse("SSE overflow", 0x400, 1e308, 1e-300);
    in_sse("SSE underflow", 0x800, 1e-300, 1e300);
    in_sse("SSE precision", 0x1000, 1, 3);
    return 0;
}
