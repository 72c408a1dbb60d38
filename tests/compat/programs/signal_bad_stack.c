/* A signal frame on a stack that cannot take it: SIGSEGV, which kills unless it has another. */
/* only: x86_64 */
#include "process.h"

static unsigned long bad;

static void nothing(int signo, siginfo_t *info, void *context)
{
    say("handler of %d", signo);
}

/* kill(getpid(), SIGUSR1) with the stack pointer there. */
static void signal_on(unsigned long rsp)
{
    register long pid __asm__("rdi") = getpid();
    register long signo __asm__("rsi") = SIGUSR1;

    handle(SIGUSR1, nothing, 0);
    __asm__ volatile("movq %%rsp, %%rbx; movq %2, %%rsp; movl $62, %%eax; syscall;"
                     " movq %%rbx, %%rsp"
                     : "+r"(pid), "+r"(signo)
                     : "r"(rsp)
                     : "rax", "rbx", "rcx", "r11", "memory");
    say("came back");
}

static void on_bad(void)
{
    signal_on(bad);
}

static void segv(int signo, siginfo_t *info, void *context)
{
    const greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;

    say("SIGSEGV's handler: code %d address %#lx rsp as set %d", info->si_code,
        (unsigned long)info->si_addr, (unsigned long)registers[REG_RSP] == bad);
    _exit(7);
}

static void on_bad_handled(void)
{
    stack_t stack = {.ss_sp = map_pages(16, PROT_READ | PROT_WRITE), .ss_size = 16 * PAGE};

    NEED(sigaltstack(&stack, NULL) == 0);
    handle(SIGSEGV, segv, SA_ONSTACK);
    signal_on(bad);
}

static void on_bad_handled_nowhere(void)
{
    handle(SIGSEGV, segv, 0);
    signal_on(bad);
}

static void all(const char *what, unsigned long rsp)
{
    char text[80];

    bad = rsp;
    snprintf(text, sizeof text, "%s", what);
    in_child(text, on_bad);
    snprintf(text, sizeof text, "%s, SIGSEGV handled elsewhere", what);
    in_child(text, on_bad_handled);
    snprintf(text, sizeof text, "%s, SIGSEGV handled there", what);
    in_child(text, on_bad_handled_nowhere);
}

int main(void)
{
    char *pages = map_pages(8, PROT_READ | PROT_WRITE);

    all("good", (unsigned long)pages + 8 * PAGE);
    NEED(mprotect(pages, 4 * PAGE, PROT_READ) == 0);
    all("read-only", (unsigned long)pages + 4 * PAGE);
    NEED(munmap(pages, 4 * PAGE) == 0);
    all("half a frame above a hole", (unsigned long)pages + 4 * PAGE + 700);
    all("unmapped", (unsigned long)pages + 3 * PAGE);
    all("page 0", 0x800);
    all("null", 0);
    all("kernel half", 0xffff888000100000ul);
    all("end of memory", ~7ul);
    all("non-canonical", 0x0000900000000000ul);
    all("just above user memory", 0x0000800000000000ul);
    return 0;
}
