/* CLONE_PARENT makes a sibling; exit signals other than SIGCHLD; who may wait for what. */
#include "process.h"

static volatile int got;

static void handler(int signo, siginfo_t *info, void *context)
{
    got = signo;
}

int main(void)
{
    volatile pid_t *shared = map_shared(1);
    int status;
    pid_t pid, sibling;

    pid = fork();
    if (pid == 0) {
        long made = syscall(SYS_clone, CLONE_PARENT | SIGUSR1, 0, 0, 0, 0);

        if (made == 0)
            _exit(9);
        shared[0] = (pid_t)made;
        TRY(waitpid((pid_t)made, &status, 0));
        _exit(0);
    }
    NEED(waitpid(pid, &status, 0) == pid);
    sibling = shared[0];
    NEED(waitpid(sibling, &status, 0) == sibling);
    say_status("the child's sibling", status);

    handle(SIGUSR1, handler, 0);
    pid = (pid_t)syscall(SYS_clone, SIGUSR1, 0, 0, 0, 0);
    if (pid == 0)
        _exit(5);
    while (!got)
        sched_yield();
    say("exit signal %d", got);
    TRY(waitpid(pid, &status, 0));
    TRY(waitpid(pid, &status, WNOHANG | __WCLONE) == pid);
    say_status("clone child", status);
    pid = (pid_t)syscall(SYS_clone, 0, 0, 0, 0, 0);
    if (pid == 0)
        _exit(6);
    TRY(waitpid(pid, &status, 0));
    CHECK(waitpid(pid, &status, __WALL) == pid);
    say_status("without a signal", status);
    pid = fork();
    if (pid == 0)
        _exit(7);
    TRY(waitpid(pid, &status, __WCLONE));
    CHECK(waitpid(pid, &status, 0) == pid);
    TRY(waitpid(-1, &status, 0));
    TRY(waitpid(-1, &status, 0x100));
    TRY(waitpid((pid_t)0x80000000, &status, 0));
    return 0;
}
