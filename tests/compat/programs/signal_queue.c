/* Order and number of signals that wait: ordinary ones once, real-time ones all, by number. */
#include "process.h"

static void handler(int signo, siginfo_t *info, void *context)
{
    say("  %d value %d", signo, info->si_value.sival_int);
}

static void send(int signo, int value)
{
    union sigval v = {.sival_int = value};

    NEED(sigqueue(getpid(), signo, v) == 0);
}

static void limited(void)
{
    struct rlimit limit = {5, 5};
    union sigval value = {.sival_int = 0};
    int sent = 0;

    NEED(setrlimit(RLIMIT_SIGPENDING, &limit) == 0);
    while (sent < 100 && sigqueue(getpid(), SIGRTMIN + 3, value) == 0)
        sent++;
    say("queued %d, then %s", sent, error_name(errno));
    TRY(kill(getpid(), SIGRTMIN + 4));
    TRY(kill(getpid(), SIGUSR1));
}

int main(void)
{
    sigset_t all, waiting;

    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    for (int signo = SIGRTMIN; signo < SIGRTMIN + 6; signo++)
        handle(signo, handler, 0);
    handle(SIGUSR1, handler, 0);
    handle(SIGUSR2, handler, 0);
    handle(SIGSEGV, handler, 0);
    send(SIGRTMIN + 1, 1);
    send(SIGUSR2, 2);
    send(SIGRTMIN, 3);
    send(SIGRTMIN + 1, 4);
    send(SIGUSR1, 5);
    send(SIGUSR2, 6);
    send(SIGSEGV, 7);
    send(SIGRTMIN, 8);
    sigpending(&waiting);
    for (int signo = 1; signo <= 64; signo++) {
        if (sigismember(&waiting, signo) == 1)
            say("waits %d", signo);
    }
    say("all at once");
    sigprocmask(SIG_UNBLOCK, &all, NULL);
    sigprocmask(SIG_BLOCK, &all, NULL);
    say("ignoring drops");
    send(SIGUSR1, 1);
    send(SIGRTMIN, 1);
    signal(SIGUSR1, SIG_IGN);
    signal(SIGRTMIN, SIG_IGN);
    handle(SIGUSR1, handler, 0);
    sigpending(&waiting);
    CHECK(sigismember(&waiting, SIGUSR1));
    CHECK(sigismember(&waiting, SIGRTMIN));
    say("stop and continue drop each other");
    kill(getpid(), SIGTSTP);
    kill(getpid(), SIGCONT);
    sigpending(&waiting);
    CHECK(sigismember(&waiting, SIGTSTP));
    CHECK(sigismember(&waiting, SIGCONT));
    kill(getpid(), SIGTSTP);
    sigpending(&waiting);
    CHECK(sigismember(&waiting, SIGTSTP));
    CHECK(sigismember(&waiting, SIGCONT));
    sigprocmask(SIG_SETMASK, &all, NULL);
    signal(SIGTSTP, SIG_IGN);
    in_child("limited", limited);
    return 0;
}
