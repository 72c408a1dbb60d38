/* sigtimedwait, sigsuspend, pause, sigprocmask: results and errors. */
#include "process.h"

static void handler(int signo, siginfo_t *info, void *context)
{
    say("  handler of %d", signo);
}

static long timed(unsigned long set, siginfo_t *info, const struct timespec *timeout, size_t size)
{
    return syscall(SYS_rt_sigtimedwait, &set, info, timeout, size);
}

int main(void)
{
    const struct timespec zero = {0, 0}, little = {0, 1000000}, bad = {0, 1000000000},
                          negative = {-1, 0};
    unsigned long usr1 = 1ul << (SIGUSR1 - 1), set = 0, old = 0;
    union sigval value = {.sival_int = 11};
    siginfo_t info;
    sigset_t mask;
    pid_t pid;
    int status;

    handle(SIGUSR1, handler, 0);
    handle(SIGUSR2, handler, 0);
    sigemptyset(&mask);
    sigaddset(&mask, SIGUSR1);
    sigprocmask(SIG_BLOCK, &mask, NULL);
    TRY(timed(usr1, NULL, &zero, 8));
    TRY(timed(usr1, NULL, &little, 8));
    TRY(timed(usr1, NULL, &bad, 8));
    TRY(timed(usr1, NULL, &negative, 8));
    TRY(timed(usr1, NULL, &zero, 4));
    TRY(syscall(SYS_rt_sigtimedwait, 8, NULL, &zero, 8));
    TRY(syscall(SYS_rt_sigtimedwait, &usr1, NULL, 8, 8));
    sigqueue(getpid(), SIGUSR1, value);
    memset(&info, 0xff, sizeof info);
    TRY(timed(usr1, &info, &zero, 8));
    say("signo %d code %d value %d", info.si_signo, info.si_code, info.si_value.sival_int);
    kill(getpid(), SIGUSR1);
    TRY(timed(usr1, (void *)8, &zero, 8));
    TRY(timed(usr1, NULL, &zero, 8));
    pid = fork();
    if (pid == 0) {
        until_state(getppid(), getppid(), 'S');
        kill(getppid(), SIGUSR2);
        _exit(0);
    }
    TRY(timed(usr1, NULL, NULL, 8));
    waitpid(pid, &status, 0);
    pid = fork();
    if (pid == 0) {
        until_state(getppid(), getppid(), 'S');
        kill(getppid(), SIGUSR1);
        _exit(0);
    }
    TRY(timed(usr1, NULL, NULL, 8));
    waitpid(pid, &status, 0);
    kill(getpid(), SIGUSR1);
    TRY(syscall(SYS_rt_sigsuspend, &set, 8));
    TRY(syscall(SYS_rt_sigsuspend, &set, 4));
    TRY(syscall(SYS_rt_sigsuspend, 8, 8));
    sigprocmask(SIG_BLOCK, NULL, &mask);
    CHECK(sigismember(&mask, SIGUSR1));
    TRY(syscall(SYS_rt_sigprocmask, 3, &set, NULL, 8));
    TRY(syscall(SYS_rt_sigprocmask, 3, NULL, &old, 8));
    say("mask %#lx", old);
    TRY(syscall(SYS_rt_sigprocmask, SIG_BLOCK, 8, NULL, 8));
    TRY(syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, 8, 8));
    TRY(syscall(SYS_rt_sigprocmask, SIG_BLOCK, &set, NULL, 16));
    set = ~0ul;
    TRY(syscall(SYS_rt_sigprocmask, SIG_SETMASK, &set, &old, 8));
    TRY(syscall(SYS_rt_sigprocmask, SIG_SETMASK, NULL, &old, 8));
    say("mask %#lx", old);
    TRY(syscall(SYS_rt_sigpending, &old, 8));
    say("pending %#lx", old);
    TRY(syscall(SYS_rt_sigpending, &old, 9));
    TRY(syscall(SYS_rt_sigpending, &old, 4));
    TRY(syscall(SYS_rt_sigpending, 8, 8));
    return 0;
}
