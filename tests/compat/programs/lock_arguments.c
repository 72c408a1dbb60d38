/* mlock, mlock2 and munlock round to pages, refuse ranges that wrap, and stop at holes. */
#include "probe.h"

static long lock2(const void *at, size_t length, unsigned flags)
{
    return syscall(SYS_mlock2, at, length, flags);
}

static long lock(const void *at, size_t length)
{
    return syscall(SYS_mlock, at, length);
}

static long unlock(const void *at, size_t length)
{
    return syscall(SYS_munlock, at, length);
}

int main(void)
{
    char *at = map_pages(AREA, 6);

    SHOW(lock(at + 100, 1));
    SHOW(locked_kib());
    SHOW(lock(at + PAGE - 1, 2));
    SHOW(locked_kib());
    SHOW(unlock(at + 1, 1));
    SHOW(locked_kib());
    SHOW(unlock(at, 6 * PAGE));
    SHOW(locked_kib());
    SHOW(lock(at, 0));
    SHOW(lock(at + 7, 0));
    SHOW(lock(NULL, 0));
    SHOW(lock(NULL, 1));
    SHOW(lock((void *)-PAGE, PAGE));
    SHOW(lock((void *)-PAGE, 2 * PAGE));
    SHOW(lock(at, (size_t)-1));
    SHOW(lock(at, (size_t)-PAGE));
    SHOW(unlock(at, (size_t)-1));
    SHOW(unlock(at, (size_t)-PAGE));
    SHOW(unlock((void *)0x7ffffffff000, PAGE));
    SHOW(lock((void *)0x7ffffffff000, PAGE));
    SHOW(lock((void *)0x800000000000, PAGE));
    SHOW(lock((void *)0xffff800000000000, PAGE));
    SHOW(unlock((void *)0xffff800000000000, PAGE));
    SHOW(lock2(at, PAGE, 2));
    SHOW(lock2(at, PAGE, 3));
    SHOW(lock2(at, 0, 2));
    SHOW(lock2(at, PAGE, 0));
    SHOW(lock2(at + PAGE, PAGE, 1));
    SHOW(locked_kib());
    SHOW(unlock(at, 2 * PAGE));
    SHOW(unlock(at, 2 * PAGE));
    return 0;
}
