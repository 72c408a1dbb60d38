/* Ends of processes of several threads: exit_group from any, the leader first, the last one. */
#include "process.h"

static void *forever(void *argument)
{
    for (;;)
        pause();
    return NULL;
}

static void *spin(void *argument)
{
    for (;;)
        ;
    return NULL;
}

static void *leave(void *argument)
{
    syscall(SYS_exit_group, 5);
    return NULL;
}

static void start(void *(*run)(void *))
{
    pthread_t thread;

    NEED(pthread_create(&thread, NULL, run, NULL) == 0);
}

static void by_another(void)
{
    start(forever);
    start(spin);
    start(leave);
    for (;;)
        pause();
}

/* A zombie, or not listed any more. */
static void until_leader_ended(void)
{
    int leader = getpid();
    char state;

    while ((state = state_of(leader, leader)) != 'Z' && state != '-')
        sched_yield();
}

static void *later(void *argument)
{
    until_leader_ended();
    say("the leader has ended, the process goes on");
    _exit(6);
}

static void leader_first(void)
{
    start(later);
    syscall(SYS_exit, 3);
}

static void *last_one(void *argument)
{
    until_leader_ended();
    syscall(SYS_exit, 7);
    return NULL;
}

static void one_by_one(void)
{
    start(last_one);
    syscall(SYS_exit, 4);
}

static void *fault(void *argument)
{
    *(volatile int *)8 = 1;
    return NULL;
}

static void by_fault(void)
{
    start(forever);
    start(fault);
    forever(NULL);
}

static void *abort_all(void *argument)
{
    abort();
}

static void by_abort(void)
{
    start(abort_all);
    forever(NULL);
}

static void return_from_main(void)
{
    start(forever);
    start(spin);
    exit(9);
}

int main(void)
{
    in_child("exit_group by another", by_another);
    in_child("the leader first", leader_first);
    in_child("one by one", one_by_one);
    in_child("a fault", by_fault);
    in_child("abort", by_abort);
    in_child("return from main", return_from_main);
    return 0;
}
