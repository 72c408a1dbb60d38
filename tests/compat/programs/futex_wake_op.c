/* FUTEX_WAKE_OP's operations and comparisons. */
#include "futex.h"

static uint32_t word, other;

static uint32_t code(unsigned op, unsigned argument, unsigned comparison, unsigned with)
{
    return op << 28 | comparison << 24 | (argument & 0xfff) << 12 | (with & 0xfff);
}

static void one(uint32_t start, uint32_t what)
{
    long result;

    other = start;
    result = futex2(&word, FUTEX_WAKE_OP | PRIVATE, 1, 1, &other, what);
    if (result < 0)
        say("%#x with %#x: %s, word %#x", start, what, error_name(errno), other);
    else
        say("%#x with %#x: %ld, word %#x", start, what, result, other);
}

int main(void)
{
    struct waiter first = {.word = &word, .operation = FUTEX_WAIT | PRIVATE};
    struct waiter second = {.word = &other, .operation = FUTEX_WAIT | PRIVATE, .value = 9};

    for (unsigned op = 0; op < 16; op++) {
        one(0xf0, code(op, 5, 0, 0));
        one(0xf0, code(op, 0xfff, 0, 0));
        one(0xf0, code(op, 33, 0, 0));
    }
    for (unsigned comparison = 0; comparison < 16; comparison++)
        one(3, code(1, 1, comparison, 3));
    start_waiter(&first, wait_main);
    other = 9;
    start_waiter(&second, wait_main);
    say("comparison false: %ld",
        futex2(&word, FUTEX_WAKE_OP | PRIVATE, 1, 1, &other, code(1, 1, 0, 0)));
    join("first", &first);
    start_waiter(&first, wait_main);
    say("comparison true: %ld",
        futex2(&word, FUTEX_WAKE_OP | PRIVATE, 1, 1, &other, code(1, 1, 0, 10)));
    join("first", &first);
    join("second", &second);
    say("word %u", other);
    return 0;
}
