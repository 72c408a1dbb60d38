/* DONTNEED stops at a locked part; DONTNEED_LOCKED does not. */
#include "advice.h"

int main(void)
{
    char *at = anonymous(6);

    fill(at, 6, 'A');
    SHOW(mlock(at + 2 * PAGE, 2 * PAGE));
    SHOW(call_madvise(at, 6 * PAGE, MADV_DONTNEED));
    pages_of("stopped at the lock", at, 6);
    SHOW(call_madvise(at, 6 * PAGE, MADV_FREE));
    SHOW(call_madvise(at, 6 * PAGE, 20));
    SHOW(call_madvise(at, 6 * PAGE, 21));
    SHOW(call_madvise(at, 6 * PAGE, 24));
    pages_of("all", at, 6);
    SHOW(locked_kib());
    resident("resident", at, 6);
    SHOW(munlock(at, 6 * PAGE));
    fill(at, 6, 'K');
    SHOW(call_madvise(at, 6 * PAGE, 24));
    pages_of("unlocked", at, 6);
    return 0;
}
