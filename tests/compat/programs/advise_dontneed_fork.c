/* DONTNEED after fork drops the caller's pages alone. */
#include "advice.h"

static void drop(void *argument)
{
    char *at = argument;

    SHOW(call_madvise(at, 2 * PAGE, MADV_DONTNEED));
    pages_of("child", at, 4);
    at[3 * PAGE] = 'z';
    SHOW(call_madvise(at + 3 * PAGE, PAGE, MADV_DONTNEED));
    pages_of("child", at, 4);
}

int main(void)
{
    char *at = anonymous(4);

    fill(at, 4, 'A');
    in_child(drop, at);
    pages_of("parent", at, 4);
    SHOW(call_madvise(at + PAGE, 2 * PAGE, MADV_DONTNEED));
    pages_of("parent", at, 4);
    in_child(drop, at);
    pages_of("parent", at, 4);
    return 0;
}
