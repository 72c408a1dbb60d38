/* CLONE_CLEAR_SIGHAND: what was caught is default in the child, what was ignored stays so. */
#include "process.h"

struct arguments {
    uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
};

static void handler(int signo, siginfo_t *info, void *context)
{
}

static void show(int signo)
{
    struct sigaction action;

    NEED(sigaction(signo, NULL, &action) == 0);
    say("%d: %s flags %d", signo,
        action.sa_handler == SIG_DFL   ? "default"
        : action.sa_handler == SIG_IGN ? "ignored"
                                       : "caught",
        (int)(action.sa_flags & (SA_SIGINFO | SA_NODEFER)));
}

int main(void)
{
    struct arguments arguments = {.flags = 0x100000000ul, .exit_signal = SIGCHLD};
    int status;
    long pid;

    handle(SIGUSR1, handler, SA_NODEFER);
    signal(SIGUSR2, SIG_IGN);
    for (int round = 0; round < 2; round++) {
        pid = syscall(SYS_clone3, &arguments, sizeof arguments);
        NEED(pid >= 0);
        if (pid == 0) {
            show(SIGUSR1);
            show(SIGUSR2);
            show(SIGTERM);
            _exit(0);
        }
        NEED(waitpid((pid_t)pid, &status, 0) == pid);
        say_status("child", status);
        arguments.flags = 0;
    }
    return 0;
}
