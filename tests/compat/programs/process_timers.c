/* timer_create: kinds of notice, starts in the past, what a signal that waits stands for; and a
 * limit of CPU time, which children have, too. */
#include "compat.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#ifndef SYS_timer_settime
#define SYS_timer_settime SYS_timer_settime32
#define SYS_timer_gettime SYS_timer_gettime32
#endif

static long create(int clock, int notify, int signo, int *timer)
{
    struct sigevent event = {.sigev_notify = notify, .sigev_signo = signo};

    return syscall(SYS_timer_create, clock, &event, timer);
}

/* Begins so many ms ago, and comes again each `every` ms. */
static long begin(int timer, long ago, long every)
{
    struct timespec now;
    struct {
        struct timespec every, first;
    } when;

    clock_gettime(CLOCK_REALTIME, &now);
    when.every = (struct timespec){every / 1000, every % 1000 * 1000000};
    when.first = (struct timespec){now.tv_sec - ago / 1000, now.tv_nsec};
    return syscall(SYS_timer_settime, timer, 1 /* TIMER_ABSTIME */, &when, NULL);
}

static void notices(void)
{
    int timer;

    for (int notify = 0; notify < 5; notify++) {
        printf("notify %d: ", notify);
        SHOW(notify == 4 ? -2 : create(CLOCK_MONOTONIC, notify, SIGUSR1, &timer) != 0);
    }
    SHOW(create(CLOCK_MONOTONIC, SIGEV_SIGNAL, 0, &timer));
    SHOW(create(CLOCK_MONOTONIC, SIGEV_SIGNAL, 65, &timer));
    SHOW(create(CLOCK_MONOTONIC, SIGEV_NONE, 65, &timer));
    SHOW(syscall(SYS_timer_gettime, timer, NULL));
    SHOW(syscall(SYS_timer_gettime, 12345, NULL));
    SHOW(syscall(SYS_timer_settime, timer, 0, NULL, NULL));
}

static void past(void)
{
    struct timespec wait = {5, 0};
    siginfo_t info;
    sigset_t set;
    int timer, other;

    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    sigaddset(&set, SIGRTMIN);
    sigprocmask(SIG_BLOCK, &set, NULL);
    SHOW(create(CLOCK_REALTIME, SIGEV_SIGNAL, SIGUSR2, &timer));
    SHOW(begin(timer, 5000000, 1000000));
    SHOW(sigtimedwait(&set, &info, &wait));
    printf("code %d overrun %d\n", info.si_code, info.si_overrun);
    SHOW(syscall(SYS_timer_getoverrun, timer));
    SHOW(begin(timer, 5000000, 0));
    SHOW(sigtimedwait(&set, &info, &wait));
    printf("code %d overrun %d\n", info.si_code, info.si_overrun);
    SHOW(syscall(SYS_timer_getoverrun, timer));
    SHOW(syscall(SYS_timer_delete, timer));

    /* Each timer has its signal. */
    SHOW(create(CLOCK_REALTIME, SIGEV_SIGNAL, SIGRTMIN, &timer));
    SHOW(create(CLOCK_REALTIME, SIGEV_SIGNAL, SIGRTMIN, &other));
    SHOW(begin(timer, 3000000, 1000000));
    SHOW(begin(other, 2000000, 1000000));
    for (int i = 0; i < 2; i++) {
        SHOW(sigtimedwait(&set, &info, &wait) == SIGRTMIN);
        printf("%s timer, overrun %d\n", info.si_timerid == timer ? "one" : "other",
               info.si_overrun);
    }
}

/* Neither a CPU timer nor a limit far away ends a program. */
static void cpu(void)
{
    struct rlimit limit = {1, 3};
    struct timespec from, now;
    int status, timer;

    SHOW(create(CLOCK_PROCESS_CPUTIME_ID, SIGEV_SIGNAL, SIGUSR1, &timer));
    clock_gettime(CLOCK_MONOTONIC, &from);
    do
        clock_gettime(CLOCK_MONOTONIC, &now);
    while (now.tv_sec < from.tv_sec + 2);
    fflush(stdout);
    if (fork() == 0) {
        setrlimit(RLIMIT_CPU, &limit);
        if (fork() == 0)
            for (;;)
                ;
        wait(&status);
        printf("signal %d\n", WTERMSIG(status));
        exit(0);
    }
    wait(NULL);
}

int main(void)
{
    notices();
    past();
    cpu();
    return 0;
}
