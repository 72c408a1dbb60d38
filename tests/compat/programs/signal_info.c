/* siginfo of each way to send: kill, tgkill, sigqueue, timers, children. */
#include "process.h"

#include <sys/prctl.h>

static volatile sig_atomic_t seen;

static void handler(int signo, siginfo_t *info, void *context)
{
    say("  signal %d signo %d code %d errno %d", signo, info->si_signo, info->si_code,
        info->si_errno);
    if (signo == SIGCHLD)
        say("  uid %d status %d times %d", (int)info->si_uid, info->si_status,
            info->si_utime >= 0 && info->si_stime >= 0);
    else if (info->si_code == SI_TIMER)
        say("  overrun %d value %d", info->si_overrun, info->si_value.sival_int);
    else if (info->si_code <= 0)
        say("  from me %d uid %d value %d", info->si_pid == getpid(), (int)info->si_uid,
            info->si_code == SI_USER || info->si_code == SI_TKILL ? 0 : info->si_value.sival_int);
    else
        say("  from the kernel %d", info->si_code == SI_KERNEL);
    seen++;
}

static void until(int count)
{
    sigset_t none;

    sigemptyset(&none);
    while (seen < count)
        sigsuspend(&none);
}

static int queue(int signo, int code)
{
    siginfo_t info;

    memset(&info, 0, sizeof info);
    info.si_signo = SIGHUP;
    info.si_code = code;
    info.si_pid = getpid();
    info.si_value.sival_int = 77;
    return (int)syscall(SYS_rt_sigqueueinfo, getpid(), signo, &info);
}

static void to_another(void)
{
    siginfo_t info;
    static const int codes[] = {SI_USER, SI_TKILL, SI_KERNEL, SI_QUEUE, -7, 5};

    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        memset(&info, 0, sizeof info);
        info.si_code = codes[i];
        say("code %d to the parent", codes[i]);
        TRY(syscall(SYS_rt_sigqueueinfo, getppid(), 0, &info));
        TRY(syscall(SYS_rt_tgsigqueueinfo, getppid(), getppid(), 0, &info));
    }
}

int main(void)
{
    sigset_t all;
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR2};
    struct itimerspec soon = {.it_value = {0, 1000000}};
    struct itimerval soon_real = {.it_value = {0, 1000}};
    union sigval value = {.sival_int = 42};
    timer_t timer;
    int status;
    pid_t pid;

    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    for (int signo = 1; signo <= 40; signo++) {
        if (signo != SIGKILL && signo != SIGSTOP && signo != 32 && signo != 33)
            handle(signo, handler, 0);
    }
    say("kill");
    kill(getpid(), SIGUSR1);
    until(1);
    say("raise");
    raise(SIGUSR1);
    until(2);
    say("sigqueue");
    sigqueue(getpid(), SIGUSR1, value);
    until(3);
    say("rt_sigqueueinfo, codes of one's own choice");
    TRY(queue(SIGUSR1, 5));
    until(4);
    TRY(queue(SIGUSR1, SI_TKILL));
    until(5);
    TRY(queue(SIGUSR1, SI_USER));
    until(6);
    say("timer_create");
    event.sigev_value.sival_int = 9;
    NEED(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0);
    NEED(timer_settime(timer, 0, &soon, NULL) == 0);
    until(7);
    say("setitimer");
    NEED(setitimer(ITIMER_REAL, &soon_real, NULL) == 0);
    until(8);
    say("alarm code");
    say("child exits");
    pid = fork();
    if (pid == 0)
        _exit(5);
    until(9);
    NEED(waitpid(pid, &status, 0) == pid);
    say("child killed");
    pid = fork();
    if (pid == 0) {
        kill(getpid(), SIGKILL);
        pause();
    }
    until(10);
    NEED(waitpid(pid, &status, 0) == pid);
    say("child stopped, continued");
    pid = fork();
    if (pid == 0)
        for (;;)
            pause();
    kill(pid, SIGSTOP);
    until(11);
    kill(pid, SIGCONT);
    until(12);
    kill(pid, SIGTERM);
    kill(pid, SIGKILL);
    until(13);
    NEED(waitpid(pid, &status, 0) == pid);
    say("pipe");
    {
        int ends[2];

        NEED(pipe(ends) == 0);
        close(ends[0]);
        TRY(write(ends[1], "x", 1));
        until(14);
    }
    in_child("to another", to_another);
    TRY(syscall(SYS_rt_sigqueueinfo, getpid(), 65, 8));
    TRY(queue(65, SI_QUEUE));
    TRY(queue(0, SI_QUEUE));
    TRY(kill(getpid(), 65));
    TRY(kill(getpid(), -1));
    TRY(kill(getpid(), 0));
    TRY(kill(999999, 0));
    TRY(syscall(SYS_tgkill, getpid(), 0, 0));
    TRY(syscall(SYS_tgkill, -1, getpid(), 0));
    TRY(syscall(SYS_tgkill, getpid(), 999999, 0));
    TRY(syscall(SYS_tgkill, getppid(), getpid(), 0));
    TRY(syscall(SYS_tkill, 0, 0));
    TRY(syscall(SYS_tkill, getpid(), 70));
    return 0;
}
