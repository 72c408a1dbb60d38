/* FUTEX_LOCK_PI and its kin: the word at each step, the order, the errors. */
#include "futex.h"

static uint32_t word;
static uint32_t *const shown = &word;

static const char *describe(void)
{
    static char text[80];
    uint32_t value = *shown, tid = value & 0x3fffffff;

    snprintf(text, sizeof text, "%s%s%s",
             tid == 0                               ? "nobody"
             : tid == (uint32_t)syscall(SYS_gettid) ? "mine"
                                                    : "another's",
             value & FUTEX_WAITERS ? " waiters" : "", value & FUTEX_OWNER_DIED ? " died" : "");
    return text;
}

static volatile int step;

static void *locker(void *argument)
{
    struct waiter *waiter = argument;

    waiter->tid = (int)syscall(SYS_gettid);
    waiter->result = futex(&word, FUTEX_LOCK_PI | PRIVATE, 0, waiter->timeout, NULL, 0);
    waiter->error = errno;
    say("got it %d: %s", (int)waiter->value, describe());
    if (waiter->result == 0 && waiter->bitset == 0)
        NEED(futex(&word, FUTEX_UNLOCK_PI | PRIVATE, 0, NULL, NULL, 0) == 0);
    return NULL;
}

static void nothing(int signo, siginfo_t *info, void *context)
{
}

int main(void)
{
    struct waiter waiters[3];
    struct timespec soon;
    uint32_t two[2];

    TRY(futex(&word, FUTEX_UNLOCK_PI | PRIVATE, 0, NULL, NULL, 0));
    TRY(futex(&word, FUTEX_LOCK_PI | PRIVATE, 0, NULL, NULL, 0));
    say("%s", describe());
    TRY(futex(&word, FUTEX_LOCK_PI | PRIVATE, 0, NULL, NULL, 0));
    TRY(futex(&word, FUTEX_TRYLOCK_PI | PRIVATE, 0, NULL, NULL, 0));
    TRY(futex(&word, FUTEX_UNLOCK_PI | PRIVATE, 0, NULL, NULL, 0));
    say("%s", describe());
    TRY(futex(&word, FUTEX_TRYLOCK_PI | PRIVATE, 0, NULL, NULL, 0));
    say("%s", describe());
    for (int i = 0; i < 3; i++) {
        waiters[i] = (struct waiter){.value = (uint32_t)i};
        start_waiter(&waiters[i], locker);
        say("%s", describe());
    }
    TRY(futex(&word, FUTEX_WAKE | PRIVATE, 1, NULL, NULL, 0));
    TRY(futex2(&word, FUTEX_REQUEUE | PRIVATE, 1, 1, two, 0));
    NEED(futex(&word, FUTEX_UNLOCK_PI | PRIVATE, 0, NULL, NULL, 0) == 0);
    for (int i = 0; i < 3; i++)
        pthread_join(waiters[i].thread, NULL);
    say("in the end %s", describe());

    say("timeout");
    TRY(futex(&word, FUTEX_LOCK_PI | PRIVATE, 0, NULL, NULL, 0));
    clock_gettime(CLOCK_REALTIME, &soon);
    soon.tv_nsec += 20000000;
    if (soon.tv_nsec >= 1000000000) {
        soon.tv_nsec -= 1000000000;
        soon.tv_sec++;
    }
    waiters[0] = (struct waiter){.timeout = &soon};
    NEED(pthread_create(&waiters[0].thread, NULL, locker, &waiters[0]) == 0);
    join("timed out", &waiters[0]);
    say("%s", describe());
    TRY(futex(&word, FUTEX_UNLOCK_PI | PRIVATE, 0, NULL, NULL, 0));
    say("%s", describe());

    say("a handler does not end it");
    handle(SIGUSR1, nothing, 0);
    TRY(futex(&word, FUTEX_LOCK_PI | PRIVATE, 0, NULL, NULL, 0));
    waiters[0] = (struct waiter){0};
    start_waiter(&waiters[0], locker);
    pthread_kill(waiters[0].thread, SIGUSR1);
    for (int i = 0; i < 20; i++)
        sched_yield();
    until_state(getpid(), waiters[0].tid, 'S');
    NEED(futex(&word, FUTEX_UNLOCK_PI | PRIVATE, 0, NULL, NULL, 0) == 0);
    join("locked", &waiters[0]);

    say("the owner dies");
    waiters[0] = (struct waiter){.bitset = 1};
    locker(&waiters[0]);
    futex(&word, FUTEX_UNLOCK_PI | PRIVATE, 0, NULL, NULL, 0);
    NEED(pthread_create(&waiters[0].thread, NULL, locker, &waiters[0]) == 0);
    pthread_join(waiters[0].thread, NULL);
    say("%s", describe());
    TRY(futex(&word, FUTEX_TRYLOCK_PI | PRIVATE, 0, NULL, NULL, 0));
    TRY(futex(&word, FUTEX_LOCK_PI | PRIVATE, 0, NULL, NULL, 0));

    say("words that nobody wrote so");
    word = 0x3ffffffe;
    TRY(futex(&word, FUTEX_LOCK_PI | PRIVATE, 0, NULL, NULL, 0));
    word = FUTEX_OWNER_DIED;
    TRY(futex(&word, FUTEX_LOCK_PI | PRIVATE, 0, NULL, NULL, 0));
    say("%s", describe());
    TRY(futex(&word, FUTEX_UNLOCK_PI | PRIVATE, 0, NULL, NULL, 0));
    say("%s", describe());
    TRY(futex((char *)&word + 2, FUTEX_LOCK_PI | PRIVATE, 0, NULL, NULL, 0));
    TRY(futex(NULL, FUTEX_LOCK_PI | PRIVATE, 0, NULL, NULL, 0));
    TRY(futex(NULL, FUTEX_LOCK_PI, 0, NULL, NULL, 0));
    TRY(futex(NULL, FUTEX_UNLOCK_PI | PRIVATE, 0, NULL, NULL, 0));
    TRY(futex(&word, 13 | PRIVATE, 0, NULL, NULL, 0));
    say("%s", describe());
    TRY(futex(&word, FUTEX_LOCK_PI | FUTEX_CLOCK_REALTIME | PRIVATE, 0, NULL, NULL, 0));
    return 0;
}
