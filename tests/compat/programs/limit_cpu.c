/* RLIMIT_CPU: SIGXCPU at the soft limit, SIGKILL at the hard one. */
/* The first program of a machine: nobody has sent a signal yet when the clock does. */
/* machine: --mem 256M */
#include "process.h"

static volatile int count;

static void handler(int signo, siginfo_t *info, void *context)
{
    count++;
    say("  signal %d code %d", signo, info->si_code);
}

static void spin(void)
{
    for (;;)
        ;
}

static void soft(void)
{
    struct rlimit limit = {1, RLIM_INFINITY};

    NEED(setrlimit(RLIMIT_CPU, &limit) == 0);
    spin();
}

static void hard(void)
{
    struct rlimit limit = {1, 2};

    handle(SIGXCPU, handler, 0);
    NEED(setrlimit(RLIMIT_CPU, &limit) == 0);
    spin();
}

int main(void)
{
    in_child("soft", soft);
    in_child("hard", hard);
    return 0;
}
