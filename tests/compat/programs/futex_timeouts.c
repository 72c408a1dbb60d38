/* Relative and absolute timeouts, both clocks: when they end is bounded from below. */
#include "futex.h"

/* As the call takes it; musl's is larger on 32 bits. */
struct time {
    long sec, nsec;
};

static uint32_t word;

static int64_t now(int clock)
{
    struct timespec time;

    clock_gettime(clock, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static struct time at(int64_t ns)
{
    return (struct time){(long)(ns / 1000000000), (long)(ns % 1000000000)};
}

static void one(const char *what, int operation, int clock, int64_t wait, bool absolute)
{
    int64_t start = now(CLOCK_MONOTONIC), end;
    struct time timeout = at(absolute ? now(clock) + wait : wait);

    say_result(what, futex(&word, operation, 0, &timeout, NULL, ~0u));
    end = now(CLOCK_MONOTONIC);
    say("  waited long enough: %d", end - start >= (wait > 1000000 ? wait - 1000000 : 0));
}

int main(void)
{
    struct time huge = {1l << (sizeof(long) == 8 ? 60 : 30), 0}, past = {1, 0};

    one("wait 20 ms", FUTEX_WAIT, CLOCK_MONOTONIC, 20000000, false);
    one("wait 0", FUTEX_WAIT, CLOCK_MONOTONIC, 0, false);
    one("wait bitset until monotonic", FUTEX_WAIT_BITSET, CLOCK_MONOTONIC, 20000000, true);
    one("wait bitset until realtime", FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, CLOCK_REALTIME,
        20000000, true);
    one("lock until realtime", FUTEX_LOCK_PI, CLOCK_REALTIME, 20000000, true);
    TRY(word == (uint32_t)syscall(SYS_gettid));
    word = 0;
    TRY(futex(&word, FUTEX_WAIT_BITSET, 0, &past, NULL, ~0u));
    TRY(futex(&word, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 0, &past, NULL, ~0u));
    TRY(futex(&word, FUTEX_WAIT, 1, &huge, NULL, 0));
    TRY(futex(&word, FUTEX_WAIT_BITSET, 1, &huge, NULL, ~0u));
    return 0;
}
