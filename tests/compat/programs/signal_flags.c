/* SA_* flags: nesting, masks, one-shot handlers, and which of them sigaction gives back. */
#include "process.h"

static int depth, runs;

static void nest(int signo, siginfo_t *info, void *context)
{
    sigset_t blocked;

    depth++;
    sigprocmask(SIG_SETMASK, NULL, &blocked);
    say("enter %d depth %d blocked usr1 %d usr2 %d", signo, depth, sigismember(&blocked, SIGUSR1),
        sigismember(&blocked, SIGUSR2));
    if (runs++ < 3)
        raise(SIGUSR1);
    say("leave %d depth %d", signo, depth);
    depth--;
}

static void set(int flags, int also)
{
    struct sigaction action = {.sa_sigaction = nest, .sa_flags = SA_SIGINFO | flags};

    sigemptyset(&action.sa_mask);
    if (also)
        sigaddset(&action.sa_mask, also);
    runs = 0;
    NEED(sigaction(SIGUSR1, &action, NULL) == 0);
}

struct kernel_action {
    void *handler;
    unsigned long flags;
    void *restorer;
    unsigned long mask;
};

static void raw(unsigned long flags)
{
    struct kernel_action new = {.handler = SIG_IGN, .flags = flags, .mask = ~0ul}, old;

    TRY(syscall(SYS_rt_sigaction, SIGUSR2, &new, NULL, 8));
    NEED(syscall(SYS_rt_sigaction, SIGUSR2, NULL, &old, 8) == 0);
    say("flags %#lx give %#lx mask %#lx", flags, old.flags, old.mask);
}

static void wait_ignored(int flags, void *handler)
{
    struct kernel_action new = {.handler = handler, .flags = (unsigned long)flags};
    int status;
    pid_t pid;

    NEED(syscall(SYS_rt_sigaction, SIGCHLD, &new, NULL, 8) == 0);
    pid = fork();
    if (pid == 0)
        _exit(3);
    errno = 0;
    pid = waitpid(pid, &status, 0);
    say("SIGCHLD %s flags %#x: wait %s", handler ? "ignored" : "default", flags,
        pid > 0 ? "took it" : error_name(errno));
}

int main(void)
{
    struct kernel_action action = {0};

    say("plain");
    set(0, 0);
    raise(SIGUSR1);
    say("SA_NODEFER");
    set(SA_NODEFER, 0);
    raise(SIGUSR1);
    say("SA_NODEFER with a mask");
    set(SA_NODEFER, SIGUSR2);
    raise(SIGUSR1);
    say("a mask of another");
    set(0, SIGUSR2);
    raise(SIGUSR1);
    say("SA_RESETHAND");
    set((int)SA_RESETHAND, 0);
    runs = 3; /* the next one would find the default */
    raise(SIGUSR1);
    CHECK(signal(SIGUSR1, SIG_IGN) == SIG_DFL);
    raw(0);
    raw(0x400);
    raw(0x800);
    raw(0xffffffff);
    raw(0x100000000);
    raw(~0ul);
    TRY(syscall(SYS_rt_sigaction, 0, NULL, NULL, 8));
    TRY(syscall(SYS_rt_sigaction, 65, NULL, NULL, 8));
    TRY(syscall(SYS_rt_sigaction, SIGUSR1, NULL, NULL, 4));
    TRY(syscall(SYS_rt_sigaction, SIGKILL, NULL, NULL, 8));
    TRY(syscall(SYS_rt_sigaction, SIGKILL, &action, NULL, 8));
    TRY(syscall(SYS_rt_sigaction, SIGSTOP, &action, NULL, 8));
    TRY(syscall(SYS_rt_sigaction, SIGUSR1, 8, NULL, 8));
    TRY(syscall(SYS_rt_sigaction, SIGUSR1, NULL, 8, 8));
    wait_ignored(0, SIG_DFL);
    wait_ignored(0, SIG_IGN);
    wait_ignored(SA_NOCLDWAIT, SIG_DFL);
    return 0;
}
