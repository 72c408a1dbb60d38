/* Shared memory without a file is promised as a whole at its creation, until its last mapping goes;
 * with MAP_NORESERVE page by page. */
#include "overcommit.h"

static void child_maps(void *unused)
{
    (void)unused;
    CHARGE(call_munmap(AREA, 100 * PAGE));
    fflush(stdout);
}

int main(void)
{
    CHARGE(map(0, 100, RW, SHARED));
    CHARGE(memset(AREA, 1, 10 * PAGE));
    CHARGE(call_munmap(AREA + 10 * PAGE, 80 * PAGE));
    CHARGE(call_munmap(AREA, 10 * PAGE));
    CHARGE(call_munmap(AREA + 90 * PAGE, 10 * PAGE));
    CHARGE(map(0, 100, PROT_NONE, SHARED));
    CHARGE(call_munmap(AREA, 100 * PAGE));
    CHARGE(map(0, 100, RW, SHARED | MAP_NORESERVE));
    CHARGE(memset(AREA, 1, 10 * PAGE));
    CHARGE((access_read(AREA + 20 * PAGE), 0));
    CHARGE(call_madvise(AREA, 4 * PAGE, MADV_DONTNEED));
    CHARGE(call_madvise(AREA, 4 * PAGE, MADV_REMOVE));
    CHARGE(call_munmap(AREA, 100 * PAGE));
    CHARGE(map(0, 100, RW, SHARED));
    CHARGE(call_madvise(AREA, 100 * PAGE, MADV_REMOVE));
    fflush(stdout);
    in_child(child_maps, NULL);
    CHARGE(call_mremap(AREA, 0, 100 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, AREA + 200 * PAGE));
    CHARGE(call_munmap(AREA, 100 * PAGE));
    CHARGE(call_munmap(AREA + 200 * PAGE, 100 * PAGE));
    return 0;
}
