/* Two owners that wait for each other: the second is told. And an owner that dies with waiters. */
#include "futex.h"

static uint32_t a, b;

static void *take_b_then_a(void *argument)
{
    struct waiter *waiter = argument;

    futex(&b, FUTEX_LOCK_PI | PRIVATE, 0, NULL, NULL, 0);
    waiter->tid = (int)syscall(SYS_gettid);
    waiter->result = futex(&a, FUTEX_LOCK_PI | PRIVATE, 0, NULL, NULL, 0);
    waiter->error = errno;
    futex(&a, FUTEX_UNLOCK_PI | PRIVATE, 0, NULL, NULL, 0);
    futex(&b, FUTEX_UNLOCK_PI | PRIVATE, 0, NULL, NULL, 0);
    return NULL;
}

static volatile int go;

static void *owner(void *argument)
{
    struct waiter *waiter = argument;

    waiter->result = futex(&a, FUTEX_LOCK_PI | PRIVATE, 0, NULL, NULL, 0);
    waiter->tid = (int)syscall(SYS_gettid);
    while (!go)
        sched_yield();
    return NULL;
}

static void *heir(void *argument)
{
    struct waiter *waiter = argument;
    uint32_t tid = (uint32_t)syscall(SYS_gettid);

    waiter->tid = (int)tid;
    waiter->result = futex(&a, FUTEX_LOCK_PI | PRIVATE, 0, NULL, NULL, 0);
    waiter->error = errno;
    say("heir: mine %d waiters %d died %d", (a & 0x3fffffff) == tid, (a & FUTEX_WAITERS) != 0,
        (a & FUTEX_OWNER_DIED) != 0);
    NEED(futex(&a, FUTEX_UNLOCK_PI | PRIVATE, 0, NULL, NULL, 0) == 0);
    return NULL;
}

int main(void)
{
    struct waiter other = {0}, dying = {0}, heirs[2] = {{0}};

    futex(&a, FUTEX_LOCK_PI | PRIVATE, 0, NULL, NULL, 0);
    start_waiter(&other, take_b_then_a);
    TRY(futex(&b, FUTEX_LOCK_PI | PRIVATE, 0, NULL, NULL, 0));
    TRY(futex(&a, FUTEX_UNLOCK_PI | PRIVATE, 0, NULL, NULL, 0));
    join("the other", &other);
    CHECK(a == 0);
    CHECK(b == 0);

    NEED(pthread_create(&dying.thread, NULL, owner, &dying) == 0);
    while (dying.tid == 0)
        sched_yield();
    start_waiter(&heirs[0], heir);
    start_waiter(&heirs[1], heir);
    go = 1;
    pthread_join(dying.thread, NULL);
    pthread_join(heirs[1].thread, NULL);
    join("first heir", &heirs[0]);
    say("second heir: %ld", heirs[1].result);
    CHECK(a == 0);
    return 0;
}
