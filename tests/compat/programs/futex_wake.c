/* How many are woken, which ones, and in what order. */
#include "futex.h"

static uint32_t word, other;
static volatile int order[8], woken;

static void *in_order(void *argument)
{
    struct waiter *waiter = argument;

    wait_main(waiter);
    order[__atomic_fetch_add(&woken, 1, __ATOMIC_SEQ_CST)] = (int)waiter->bitset;
    return NULL;
}

static struct waiter waiters[6];

static void start(void *(*run)(void *), uint32_t bitset_step)
{
    for (int i = 0; i < 6; i++) {
        waiters[i] = (struct waiter){.word = &word,
                                     .operation = FUTEX_WAIT_BITSET | PRIVATE,
                                     .bitset = bitset_step ? 1u << i : ~0u};
        start_waiter(&waiters[i], run);
    }
}

static void until(int count)
{
    while (woken < count)
        sched_yield();
}

static void end(void)
{
    for (int i = 0; i < 6; i++)
        pthread_join(waiters[i].thread, NULL);
}

int main(void)
{
    TRY(futex(&word, FUTEX_WAKE | PRIVATE, 1, NULL, NULL, 0));
    start(in_order, 1);
    TRY(futex(&word, FUTEX_WAKE, 1, NULL, NULL, 0)); /* shared keys are others, even here */
    TRY(futex(&word, FUTEX_WAKE | PRIVATE, 1, NULL, NULL, 0));
    until(1);
    say("first woken %#x", (unsigned)order[0]);
    TRY(futex(&other, FUTEX_WAKE | PRIVATE, 100, NULL, NULL, 0));
    TRY(futex(&word, FUTEX_WAKE | PRIVATE, 0, NULL, NULL, 0));
    until(2);
    say("second woken %#x", (unsigned)order[1]);
    TRY(futex(&word, FUTEX_WAKE_BITSET | PRIVATE, 10, NULL, NULL, 0x30));
    until(4);
    say("by bitset, sum %#x", (unsigned)(order[2] + order[3]));
    TRY(futex(&word, FUTEX_WAKE_BITSET | PRIVATE, 10, NULL, NULL, 0xff000000));
    TRY(futex(&word, FUTEX_WAKE | PRIVATE, (uint32_t)-5, NULL, NULL, 0));
    until(5);
    say("third woken %#x", (unsigned)order[4]);
    TRY(futex(&word, FUTEX_WAKE | PRIVATE, 100, NULL, NULL, 0));
    end();
    say("all %d", woken);
    return 0;
}
