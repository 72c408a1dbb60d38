/* FUTEX_WAIT_REQUEUE_PI and FUTEX_CMP_REQUEUE_PI: from a condition to a lock. */
#include "futex.h"

/* Of a call that lets others run: told when they have ended. */
static long told;

#define LATER(call) (told = (call))
#define TELL()      say("  moved or unlocked: %ld", told)

static uint32_t condition, lock;
static volatile int owners;

static void *waiter_main(void *argument)
{
    struct waiter *waiter = argument;

    waiter->tid = (int)syscall(SYS_gettid);
    waiter->result =
        futex(&condition, FUTEX_WAIT_REQUEUE_PI | PRIVATE, 0, waiter->timeout, &lock, 0);
    waiter->error = errno;
    if (waiter->result == 0) {
        say("owner %d: mine %d", ++owners, (lock & 0x3fffffff) == (uint32_t)syscall(SYS_gettid));
        NEED(futex(&lock, FUTEX_UNLOCK_PI | PRIVATE, 0, NULL, NULL, 0) == 0);
    }
    return NULL;
}

static struct waiter waiters[4];

static void start(int count)
{
    for (int i = 0; i < count; i++) {
        waiters[i] = (struct waiter){0};
        start_waiter(&waiters[i], waiter_main);
    }
}

static void end(int count)
{
    for (int i = 0; i < count; i++)
        pthread_join(waiters[i].thread, NULL);
    for (int i = 0; i < count; i++)
        say("waiter: %ld", waiters[i].result);
    say("lock %#x", lock);
    owners = 0;
}

static void nothing(int signo, siginfo_t *info, void *context)
{
}

int main(void)
{
    struct timespec soon;
    uint32_t other = 0;
    struct waiter plain = {.word = &condition, .operation = FUTEX_WAIT | PRIVATE};

    say("the lock is free");
    start(3);
    TRY(futex2(&condition, FUTEX_CMP_REQUEUE_PI | PRIVATE, 1, 100, &lock, 1));
    TRY(futex2(&condition, FUTEX_CMP_REQUEUE_PI | PRIVATE, 2, 100, &lock, 0));
    TRY(futex2(&condition, FUTEX_CMP_REQUEUE_PI | PRIVATE, 0, 100, &lock, 0));
    TRY(futex2(&condition, FUTEX_CMP_REQUEUE_PI | PRIVATE, 1, 100, &condition, 0));
    TRY(futex2(&condition, FUTEX_CMP_REQUEUE_PI | PRIVATE, 1, 100, &other, 0));
    TRY(futex(&condition, FUTEX_WAKE | PRIVATE, 1, NULL, NULL, 0));
    TRY(futex2(&condition, FUTEX_REQUEUE | PRIVATE, 1, 1, &other, 0));
    LATER(futex2(&condition, FUTEX_CMP_REQUEUE_PI | PRIVATE, 1, 100, &lock, 0));
    end(3);
    TELL();

    say("the lock is mine");
    start(4);
    TRY(futex(&lock, FUTEX_LOCK_PI | PRIVATE, 0, NULL, NULL, 0));
    TRY(futex2(&condition, FUTEX_CMP_REQUEUE_PI | PRIVATE, 1, 1, &lock, 0));
    CHECK((lock & FUTEX_WAITERS) != 0);
    TRY(futex2(&condition, FUTEX_CMP_REQUEUE_PI | PRIVATE, 1, 100, &lock, 0));
    TRY(futex2(&condition, FUTEX_CMP_REQUEUE_PI | PRIVATE, 1, 100, &lock, 0));
    LATER(futex(&lock, FUTEX_UNLOCK_PI | PRIVATE, 0, NULL, NULL, 0));
    end(4);
    TELL();

    say("one only");
    start(2);
    LATER(futex2(&condition, FUTEX_CMP_REQUEUE_PI | PRIVATE, 1, 0, &lock, 0));
    join("waiter", &waiters[0]);
    TELL();
    LATER(futex2(&condition, FUTEX_CMP_REQUEUE_PI | PRIVATE, 1, 0, &lock, 0));
    join("waiter", &waiters[1]);
    TELL();
    say("lock %#x", lock);

    say("timeout and signals");
    clock_gettime(CLOCK_MONOTONIC, &soon);
    waiters[0] = (struct waiter){.timeout = &soon};
    NEED(pthread_create(&waiters[0].thread, NULL, waiter_main, &waiters[0]) == 0);
    join("timed out", &waiters[0]);
    handle(SIGUSR1, nothing, 0);
    start(1);
    pthread_kill(waiters[0].thread, SIGUSR1);
    for (int i = 0; i < 20; i++)
        sched_yield();
    until_state(getpid(), waiters[0].tid, 'S');
    LATER(futex2(&condition, FUTEX_CMP_REQUEUE_PI | PRIVATE, 1, 0, &lock, 0));
    join("after a handler", &waiters[0]);
    TELL();
    futex(&lock, FUTEX_LOCK_PI | PRIVATE, 0, NULL, NULL, 0);
    start(1);
    TRY(futex2(&condition, FUTEX_CMP_REQUEUE_PI | PRIVATE, 1, 0, &lock, 0));
    pthread_kill(waiters[0].thread, SIGUSR1);
    join("a handler after it was moved", &waiters[0]);
    futex(&lock, FUTEX_UNLOCK_PI | PRIVATE, 0, NULL, NULL, 0);
    say("lock %#x", lock);

    say("errors");
    TRY(futex(&condition, FUTEX_WAIT_REQUEUE_PI | PRIVATE, 1, NULL, &lock, 0));
    TRY(futex(&condition, FUTEX_WAIT_REQUEUE_PI | PRIVATE, 0, NULL, &condition, 0));
    start_waiter(&plain, wait_main);
    TRY(futex2(&condition, FUTEX_CMP_REQUEUE_PI | PRIVATE, 1, 0, &lock, 0));
    TRY(futex(&condition, FUTEX_WAKE | PRIVATE, 1, NULL, NULL, 0));
    join("plain", &plain);
    return 0;
}
