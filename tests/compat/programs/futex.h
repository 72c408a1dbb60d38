/* The futex call by its parts, and threads that wait in it. */
#ifndef COMPAT_FUTEX_H
#define COMPAT_FUTEX_H

#include "process.h"

#define PRIVATE FUTEX_PRIVATE_FLAG

__attribute__((unused)) static long futex(void *word, int operation, uint32_t value,
                                          const void *timeout, void *word2, uint32_t value3)
{
    return syscall(SYS_futex, word, operation, value, timeout, word2, value3);
}

/* For the calls whose fourth argument is a number. */
__attribute__((unused)) static long futex2(void *word, int operation, int value, int value2,
                                           void *word2, uint32_t value3)
{
    return syscall(SYS_futex, word, operation, value, (long)value2, word2, value3);
}

struct waiter {
    pthread_t thread;
    void *word, *word2;
    uint32_t value, bitset;
    int operation;
    const struct timespec *timeout;
    long result;
    int error;
    volatile int tid;
};

__attribute__((unused)) static void *wait_main(void *argument)
{
    struct waiter *waiter = argument;

    waiter->tid = (int)syscall(SYS_gettid);
    waiter->result = futex(waiter->word, waiter->operation, waiter->value, waiter->timeout,
                           waiter->word2, waiter->bitset);
    waiter->error = errno;
    return NULL;
}

/* Starts a thread and comes back when it sleeps. */
__attribute__((unused)) static void start_waiter(struct waiter *waiter, void *(*run)(void *))
{
    waiter->tid = 0;
    NEED(pthread_create(&waiter->thread, NULL, run, waiter) == 0);
    while (waiter->tid == 0)
        sched_yield();
    until_state(getpid(), waiter->tid, 'S');
}

__attribute__((unused)) static void join(const char *what, struct waiter *waiter)
{
    pthread_join(waiter->thread, NULL);
    errno = waiter->error;
    say_result(what, waiter->result);
}

#endif
