/* Waking some and moving others; to the same word; comparing first. */
#include "futex.h"

static uint32_t word, other;
static struct waiter waiters[6];

static void start(void)
{
    for (int i = 0; i < 6; i++) {
        waiters[i] = (struct waiter){.word = &word, .operation = FUTEX_WAIT | PRIVATE};
        start_waiter(&waiters[i], wait_main);
    }
}

static void end(void)
{
    for (int i = 0; i < 6; i++)
        pthread_join(waiters[i].thread, NULL);
}

int main(void)
{
    start();
    TRY(futex2(&word, FUTEX_CMP_REQUEUE | PRIVATE, 1, 2, &other, 5));
    TRY(futex2(&word, FUTEX_CMP_REQUEUE | PRIVATE, 1, 2, &other, 0));
    TRY(futex(&other, FUTEX_WAKE | PRIVATE, 100, NULL, NULL, 0));
    TRY(futex2(&word, FUTEX_REQUEUE | PRIVATE, 0, 1, &other, 0));
    TRY(futex(&other, FUTEX_WAKE | PRIVATE, 100, NULL, NULL, 0));
    TRY(futex2(&word, FUTEX_REQUEUE | PRIVATE, 1, 100, &other, 0));
    TRY(futex(&word, FUTEX_WAKE | PRIVATE, 100, NULL, NULL, 0));
    TRY(futex(&other, FUTEX_WAKE | PRIVATE, 100, NULL, NULL, 0));
    end();
    say("to the same word");
    start();
    TRY(futex2(&word, FUTEX_REQUEUE | PRIVATE, 0, INT32_MAX, &word, 0));
    TRY(futex2(&word, FUTEX_REQUEUE | PRIVATE, 1, INT32_MAX, &word, 0));
    TRY(futex(&word, FUTEX_WAKE | PRIVATE, 100, NULL, NULL, 0));
    end();
    say("back and forth");
    start();
    TRY(futex2(&word, FUTEX_REQUEUE | PRIVATE, 0, 100, &other, 0));
    TRY(futex2(&other, FUTEX_REQUEUE | PRIVATE, 2, 3, &word, 0));
    TRY(futex(&word, FUTEX_WAKE | PRIVATE, 100, NULL, NULL, 0));
    TRY(futex(&other, FUTEX_WAKE | PRIVATE, 100, NULL, NULL, 0));
    end();
    return 0;
}
