/* Unmapping locked memory gives back what counts as locked, whole or in part. */
#include "compat.h"

static void locked(void)
{
    printf("locked: %ld kB\n", number_after("/proc/self/status", "VmLck:"));
}

int main(void)
{
    map_pages(AREA, 8);
    SHOW(syscall(SYS_mlock, AREA, 8 * PAGE));
    locked();
    SHOW(call_munmap(AREA + 3 * PAGE, PAGE));
    locked();
    SHOW(call_munmap(AREA, PAGE));
    locked();
    map_pages(AREA + 6 * PAGE, 1);
    locked();
    SHOW(call_munmap(AREA, 16 * PAGE));
    locked();
    return 0;
}
