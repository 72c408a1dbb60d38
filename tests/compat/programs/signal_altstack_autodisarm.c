/* SS_AUTODISARM: the stack is off while a handler runs, and back after it. */
#include "process.h"

static char *stack;
static int depth;

static void show(const char *what)
{
    stack_t now;

    NEED(sigaltstack(NULL, &now) == 0);
    say("%s: sp %s size %zu flags %#x", what, now.ss_sp == stack ? "the stack" : "null",
        now.ss_size, (unsigned)now.ss_flags);
}

static void handler(int signo, siginfo_t *info, void *context)
{
    const ucontext_t *user = context;
    char here;

    show("in the handler");
    say("depth %d on the stack %d context flags %#x size %zu", depth,
        &here > stack && &here < stack + 16 * PAGE, (unsigned)user->uc_stack.ss_flags,
        user->uc_stack.ss_size);
    if (depth++ < 1) {
        stack_t again = {.ss_sp = stack + 8 * PAGE - PAGE, .ss_size = 2 * PAGE};

        raise(SIGUSR2);
        TRY(sigaltstack(&again, NULL));
        show("set again");
    }
}

int main(void)
{
    stack_t new = {.ss_size = 16 * PAGE, .ss_flags = (int)(1u << 31)};

    stack = new.ss_sp = map_pages(16, PROT_READ | PROT_WRITE);
    TRY(sigaltstack(&new, NULL));
    show("set");
    new.ss_flags |= SS_ONSTACK;
    TRY(sigaltstack(&new, NULL));
    show("with SS_ONSTACK");
    handle(SIGUSR1, handler, SA_ONSTACK);
    handle(SIGUSR2, handler, SA_ONSTACK);
    raise(SIGUSR1);
    show("after");
    raise(SIGUSR1);
    show("after the second");
    new.ss_flags = (int)(1u << 31) | SS_DISABLE;
    TRY(sigaltstack(&new, NULL));
    show("disabled");
    return 0;
}
