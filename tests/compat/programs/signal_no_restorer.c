/* A handler without SA_RESTORER: i386 calls sigreturn from its stack, where that may be executed.
 */
#include "compat.h"

struct kernel_action {
    void *handler;
    unsigned long flags;
    void *restorer;
    unsigned long mask[8 / sizeof(long)];
};

static volatile int handled;

static void on_user(int signo)
{
    handled = signo;
}

static void on_user_info(int signo, siginfo_t *info, void *context)
{
    (void)context;
    handled = info->si_signo == signo ? signo : -1;
}

static void send(void *flags)
{
    struct kernel_action action = {.flags = (unsigned long)flags};

    action.handler = action.flags & SA_SIGINFO ? (void *)on_user_info : (void *)on_user;
    if (syscall(SYS_rt_sigaction, SIGUSR1, &action, NULL, 8) != 0)
        puts("refused");
    handled = 0;
    syscall(SYS_kill, getpid(), SIGUSR1);
    printf("handled %d, and back\n", handled);
    fflush(stdout);
}

int main(void)
{
    uintptr_t here = (uintptr_t)&here & ~(PAGE - 1);

    puts("on a stack that may not be executed, if that can be told");
    fflush(stdout);
    in_child(send, (void *)0);
    in_child(send, (void *)SA_SIGINFO);
    call_mprotect((char *)here - 4 * PAGE, 5 * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC);
    puts("on one that may");
    fflush(stdout);
    in_child(send, (void *)0);
    in_child(send, (void *)SA_SIGINFO);
    return 0;
}
