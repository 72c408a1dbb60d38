/* A thread's stack overflow ends in its guard: SIGSEGV, SEGV_ACCERR, survived on another stack. */
#include "process.h"

#include <setjmp.h>

static char *stack;
static sigjmp_buf back;

static void handler(int signo, siginfo_t *info, void *context)
{
    char *at = info->si_addr;

    say("signal %d code %d, in the guard %d", signo, info->si_code,
        at >= stack && at < stack + 4 * PAGE);
    siglongjmp(back, 1);
}

__attribute__((noinline)) static int recurse(int n)
{
    volatile char frame[512];

    frame[0] = (char)n;
    if (n == 1000000)
        return 0;
    return recurse(n + 1) + frame[0];
}

static void *overflow(void *argument)
{
    stack_t other = {.ss_size = 16 * PAGE, .ss_sp = map_pages(16, PROT_READ | PROT_WRITE)};

    NEED(sigaltstack(&other, NULL) == 0);
    for (int i = 0; i < 3; i++) {
        if (sigsetjmp(back, 1) == 0)
            recurse(0);
        say("survived");
    }
    return NULL;
}

int main(void)
{
    pthread_attr_t attribute;
    pthread_t thread;

    stack = map_pages(64, PROT_READ | PROT_WRITE);
    NEED(mprotect(stack, 4 * PAGE, PROT_NONE) == 0);
    handle(SIGSEGV, handler, SA_ONSTACK);
    pthread_attr_init(&attribute);
    pthread_attr_setstack(&attribute, stack + 4 * PAGE, 60 * PAGE);
    NEED(pthread_create(&thread, &attribute, overflow, NULL) == 0);
    pthread_join(thread, NULL);
    return 0;
}
