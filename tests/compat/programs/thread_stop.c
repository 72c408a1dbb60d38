/* SIGSTOP stops every thread of a process, SIGCONT lets all go on. */
#include "process.h"

#define THREADS 4

static volatile unsigned long *counters;

static void *count(void *argument)
{
    volatile unsigned long *counter = argument;

    for (;;)
        ++*counter;
    return NULL;
}

static void many(void)
{
    for (int i = 1; i < THREADS; i++) {
        pthread_t thread;

        NEED(pthread_create(&thread, NULL, count, (void *)&counters[i]) == 0);
    }
    count((void *)&counters[0]);
}

int main(void)
{
    unsigned long before[THREADS];
    int status, moved = 0;
    pid_t pid;

    counters = map_shared(1);
    pid = fork();
    if (pid == 0)
        many();
    for (int i = 0; i < THREADS; i++) {
        while (counters[i] == 0)
            sched_yield();
    }
    kill(pid, SIGSTOP);
    NEED(waitpid(pid, &status, WUNTRACED) == pid);
    say_status("it", status);
    say("state %c", state_of(pid, pid));
    memcpy(before, (void *)counters, sizeof before);
    for (int i = 0; i < 200; i++)
        sched_yield();
    say("nothing moved: %d", memcmp(before, (void *)counters, sizeof before) == 0);
    kill(pid, SIGCONT);
    NEED(waitpid(pid, &status, WCONTINUED) == pid);
    say_status("it", status);
    for (int i = 0; i < THREADS; i++) {
        while (counters[i] == before[i])
            sched_yield();
        moved++;
    }
    say("moved again: %d", moved);
    kill(pid, SIGSTOP);
    NEED(waitpid(pid, &status, WUNTRACED) == pid);
    kill(pid, SIGTERM);
    say("stopped, so not ended: %d", waitpid(pid, &status, WNOHANG) == 0);
    kill(pid, SIGKILL);
    NEED(waitpid(pid, &status, 0) == pid);
    say_status("SIGKILL ends it stopped", status);
    return 0;
}
