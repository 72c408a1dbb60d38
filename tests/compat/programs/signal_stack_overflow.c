/* A stack overflow is survived on the alternate stack, again and again; without one it kills. */
/* only: x86_64 */
#include "process.h"

#include <setjmp.h>

static sigjmp_buf back;
static volatile int depth;

static void handler(int signo, siginfo_t *info, void *context)
{
    uintptr_t rsp = (uintptr_t)((ucontext_t *)context)->uc_mcontext.gregs[REG_RSP];
    long distance = (long)((uintptr_t)info->si_addr - rsp);

    say("signal %d code %d, address near rsp: %d", signo, info->si_code,
        distance > -65536 && distance < 65536);
    siglongjmp(back, 1);
}

__attribute__((noinline)) static int recurse(int n)
{
    volatile char frame[4096];

    frame[0] = (char)n;
    depth = n;
    return recurse(n + 1) + frame[0];
}

static void overflow(void)
{
    recurse(0);
}

static void overflow_ignored(void)
{
    signal(SIGSEGV, SIG_IGN);
    recurse(0);
}

static void overflow_without(void)
{
    stack_t off = {.ss_flags = SS_DISABLE};

    NEED(sigaltstack(&off, NULL) == 0);
    recurse(0);
}

int main(void)
{
    stack_t stack = {.ss_size = 16 * PAGE};
    struct rlimit limit = {1 << 20, 1 << 20};

    NEED(setrlimit(RLIMIT_STACK, &limit) == 0);
    in_child("no handler", overflow);
    in_child("ignored", overflow_ignored);
    stack.ss_sp = map_pages(16, PROT_READ | PROT_WRITE);
    NEED(sigaltstack(&stack, NULL) == 0);
    handle(SIGSEGV, handler, SA_ONSTACK);
    for (int i = 0; i < 3; i++) {
        if (sigsetjmp(back, 1) == 0)
            recurse(0);
        say("survived, depth about the limit: %d", depth > 200 && depth < 256);
    }
    in_child("handler without a stack", overflow_without);
    return 0;
}
