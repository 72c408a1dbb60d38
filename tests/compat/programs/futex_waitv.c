/* futex_waitv: which one woke it, and what it refuses. */
#include "futex.h"

struct waitv {
    uint64_t value, address;
    uint32_t flags, reserved;
};

static uint32_t words[130];
static struct waitv items[130];

static long waitv(const struct waitv *list, unsigned count, unsigned flags,
                  const struct timespec *timeout, int clock)
{
    return syscall(SYS_futex_waitv, list, count, flags, timeout, clock);
}

static void fill(unsigned flags)
{
    memset(words, 0, sizeof words);
    for (int i = 0; i < 130; i++)
        items[i] = (struct waitv){.address = (uintptr_t)&words[i], .flags = flags};
}

static void *waitv_main(void *argument)
{
    struct waiter *waiter = argument;

    waiter->tid = (int)syscall(SYS_gettid);
    waiter->result = waitv(items, waiter->value, 0, waiter->timeout, CLOCK_MONOTONIC);
    waiter->error = errno;
    return NULL;
}

static void nothing(int signo, siginfo_t *info, void *context)
{
}

int main(void)
{
    const struct timespec past = {1, 0}, bad = {0, -1};
    struct waiter waiter = {.value = 128};

    fill(2 | PRIVATE);
    TRY(waitv(items, 0, 0, NULL, 0));
    TRY(waitv(items, 129, 0, NULL, 0));
    TRY(waitv(NULL, 1, 0, NULL, 0));
    TRY(waitv((void *)8, 1, 0, NULL, 0));
    TRY(waitv(items, 1, 1, NULL, 0));
    TRY(waitv(items, 1, 0, &past, 2));
    TRY(waitv(items, 1, 0, (void *)8, CLOCK_MONOTONIC));
    TRY(waitv(items, 1, 0, &bad, CLOCK_MONOTONIC));
    TRY(waitv(items, 128, 0, &past, CLOCK_MONOTONIC));
    TRY(waitv(items, 128, 0, &past, CLOCK_REALTIME));
    words[77] = 1;
    TRY(waitv(items, 128, 0, NULL, 0));
    words[77] = 0;
    items[3].value = 1ul << 32;
    TRY(waitv(items, 4, 0, &past, CLOCK_MONOTONIC));
    items[3].value = 0;
    items[3].reserved = 1;
    TRY(waitv(items, 4, 0, &past, CLOCK_MONOTONIC));
    items[3].reserved = 0;
    items[3].flags = 0;
    TRY(waitv(items, 4, 0, &past, CLOCK_MONOTONIC));
    items[3].flags = 2 | 4;
    TRY(waitv(items, 4, 0, &past, CLOCK_MONOTONIC));
    items[3].flags = 2;
    items[3].address++;
    TRY(waitv(items, 4, 0, &past, CLOCK_MONOTONIC));
    items[3].address = 8;
    TRY(waitv(items, 4, 0, &past, CLOCK_MONOTONIC));
    items[3].flags = 2 | PRIVATE;
    TRY(waitv(items, 4, 0, &past, CLOCK_MONOTONIC));
    fill(2);
    TRY(waitv(items, 128, 0, &past, CLOCK_MONOTONIC));
    fill(2 | PRIVATE);
    start_waiter(&waiter, waitv_main);
    TRY(futex(&words[5], FUTEX_WAKE | PRIVATE, 10, NULL, NULL, 0));
    join("woken by", &waiter);
    start_waiter(&waiter, waitv_main);
    TRY(futex2(&words[9], FUTEX_REQUEUE | PRIVATE, 0, 1, &words[129], 0));
    TRY(futex(&words[9], FUTEX_WAKE | PRIVATE, 10, NULL, NULL, 0));
    TRY(futex(&words[129], FUTEX_WAKE | PRIVATE, 10, NULL, NULL, 0));
    join("woken after a move", &waiter);
    handle(SIGUSR1, nothing, 0);
    start_waiter(&waiter, waitv_main);
    pthread_kill(waiter.thread, SIGUSR1);
    join("a handler", &waiter);
    handle(SIGUSR1, nothing, SA_RESTART);
    start_waiter(&waiter, waitv_main);
    pthread_kill(waiter.thread, SIGUSR1);
    until_state(getpid(), waiter.tid, 'S');
    words[0] = 1;
    while (futex(&words[0], FUTEX_WAKE | PRIVATE, 10, NULL, NULL, 0) == 0)
        sched_yield();
    pthread_join(waiter.thread, NULL);
    CHECK(waiter.result == 0 || (waiter.result == -1 && waiter.error == EAGAIN));
    return 0;
}
