/* Locked memory that grows or moves stays locked, and counts against the limit. */
#include "compat.h"

static void locked(void)
{
    printf("locked: %ld kB\n", number_after("/proc/self/status", "VmLck:"));
}

int main(void)
{
    unsigned char vector[8] = {0};

    set_limit(RLIMIT_MEMLOCK, 8 * PAGE, 8 * PAGE);
    map_pages(AREA, 4);
    SHOW(syscall(SYS_mlock, AREA, 4 * PAGE));
    become_user();
    locked();
    SHOW_ADDRESS(call_mremap(AREA, 4 * PAGE, 6 * PAGE, 0, NULL));
    locked();
    SHOW(syscall(SYS_mincore, AREA, 6 * PAGE, vector));
    printf("in memory: %d %d\n", vector[4] & 1, vector[5] & 1);
    SHOW_ADDRESS(call_mremap(AREA, 6 * PAGE, 9 * PAGE, 0, NULL));
    SHOW_ADDRESS(call_mremap(AREA, 6 * PAGE, 9 * PAGE, MREMAP_MAYMOVE, NULL));
    SHOW_ADDRESS(
        call_mremap(AREA, 6 * PAGE, 8 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, AREA + 16 * PAGE));
    locked();
    SHOW_ADDRESS(call_mremap(AREA + 16 * PAGE, 8 * PAGE, 2 * PAGE, 0, NULL));
    locked();
    SHOW_ADDRESS(call_mremap(AREA + 16 * PAGE, 2 * PAGE, 2 * PAGE,
                             MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP, AREA));
    locked();
    return 0;
}
