/* MLOCK_ONFAULT and MCL_ONFAULT lock what is touched and bring nothing in. */
#include "probe.h"

int main(void)
{
    char *at = map_pages(AREA, 6);

    at[PAGE] = 'x';
    SHOW(syscall(SYS_mlock2, at, 4 * PAGE, MLOCK_ONFAULT));
    resident("on fault", at, 6);
    SHOW(locked_kib());
    at[2 * PAGE] = 'y';
    resident("touched", at, 6);
    SHOW(call_madvise(at, 4 * PAGE, MADV_DONTNEED));
    regions("regions", at, 6 * PAGE);
    SHOW(mlock(at, 4 * PAGE));
    resident("locked", at, 6);
    SHOW(syscall(SYS_mlock2, at, 4 * PAGE, MLOCK_ONFAULT));
    SHOW(locked_kib());
    SHOW(munlock(at, 6 * PAGE));
    SHOW(mlockall(MCL_FUTURE | MCL_ONFAULT));
    map_pages(AREA + 16 * PAGE, 3);
    resident("future on fault", AREA + 16 * PAGE, 3);
    SHOW(call_munmap(AREA + 16 * PAGE, PAGE));
    SHOW(locked_kib());
    AREA[17 * PAGE] = 'z';
    resident("touched", AREA + 17 * PAGE, 2);
    SHOW_ADDRESS(call_mmap(AREA + 32 * PAGE, 2 * PAGE, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_LOCKED, -1, 0));
    resident("MAP_LOCKED", AREA + 32 * PAGE, 2);
    SHOW(mlockall(MCL_CURRENT | MCL_ONFAULT));
    map_pages(AREA + 48 * PAGE, 2);
    resident("current only", AREA + 48 * PAGE, 2);
    SHOW(mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT));
    map_pages(AREA + 56 * PAGE, 2);
    resident("current and future", AREA + 56 * PAGE, 2);
    SHOW(munlockall());
    return 0;
}
