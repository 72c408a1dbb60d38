/* A handler without SA_RESTORER: Linux has no way back for it on x86-64. */
#include "process.h"

struct kernel_action {
    void *handler;
    unsigned long flags;
    void *restorer;
    unsigned long mask;
};

static void handler(int signo)
{
    say("ran");
    _exit(4);
}

static void segv(int signo)
{
    say("SIGSEGV");
    _exit(5);
}

static void run(void)
{
    struct kernel_action action = {.handler = handler};

    NEED(syscall(SYS_rt_sigaction, SIGUSR1, &action, NULL, 8) == 0);
    kill(getpid(), SIGUSR1);
}

static void run_handled(void)
{
    signal(SIGSEGV, segv);
    run();
}

int main(void)
{
    in_child("default", run);
    in_child("SIGSEGV handled", run_handled);
    return 0;
}
