/* sigaltstack: what it accepts and says, on the stack and off it. */
#include "process.h"

static stack_t stack;

static void show(const char *what)
{
    stack_t now;

    NEED(sigaltstack(NULL, &now) == 0);
    say("%s: sp %s size %zu flags %#x", what,
        now.ss_sp == NULL          ? "null"
        : now.ss_sp == stack.ss_sp ? "the stack"
                                   : "other",
        now.ss_size, (unsigned)now.ss_flags);
}

static int set(void *start, size_t size, int flags)
{
    stack_t new = {.ss_sp = start, .ss_size = size, .ss_flags = flags};

    return sigaltstack(&new, NULL);
}

static void on_it(int signo, siginfo_t *info, void *context)
{
    const ucontext_t *user = context;
    char here;

    show("in the handler");
    CHECK(&here > (char *)stack.ss_sp && &here < (char *)stack.ss_sp + stack.ss_size);
    TRY(set(stack.ss_sp, stack.ss_size, 0));
    TRY(set(NULL, 0, SS_DISABLE));
    TRY(set(stack.ss_sp, 100, 0));
    say("context: flags %#x size %zu", (unsigned)user->uc_stack.ss_flags, user->uc_stack.ss_size);
}

static void not_on_it(int signo, siginfo_t *info, void *context)
{
    char here;

    show("in the handler without SA_ONSTACK");
    CHECK(&here > (char *)stack.ss_sp && &here < (char *)stack.ss_sp + stack.ss_size);
    TRY(set(stack.ss_sp, stack.ss_size, 0));
}

int main(void)
{
    stack_t old;

    stack.ss_size = 16 * PAGE;
    stack.ss_sp = map_pages(16, PROT_READ | PROT_WRITE);
    show("at the start");
    TRY(set(stack.ss_sp, 2047, 0));
    TRY(set(stack.ss_sp, 2048, 0));
    show("2048 bytes");
    TRY(set(stack.ss_sp, stack.ss_size, 4));
    TRY(set(stack.ss_sp, stack.ss_size, 3));
    TRY(set(stack.ss_sp, stack.ss_size, SS_ONSTACK));
    show("SS_ONSTACK");
    TRY(set(stack.ss_sp, stack.ss_size, 1 << 30));
    TRY(set((void *)~0ul, stack.ss_size, 0));
    TRY(set((void *)0xffff800000000000ul, stack.ss_size, 0));
    TRY(set(stack.ss_sp, 5, SS_DISABLE));
    show("SS_DISABLE");
    TRY(syscall(SYS_sigaltstack, 8, NULL));
    TRY(syscall(SYS_sigaltstack, NULL, 8));
    TRY(set(stack.ss_sp, stack.ss_size, 0));
    TRY(syscall(SYS_sigaltstack, NULL, &old));
    handle(SIGUSR1, on_it, SA_ONSTACK);
    handle(SIGUSR2, not_on_it, 0);
    raise(SIGUSR1);
    show("after the handler");
    raise(SIGUSR2);
    show("after the other");
    NEED(set(NULL, 0, SS_DISABLE) == 0);
    handle(SIGUSR1, not_on_it, SA_ONSTACK);
    raise(SIGUSR1);
    show("after a handler that set it");
    return 0;
}
