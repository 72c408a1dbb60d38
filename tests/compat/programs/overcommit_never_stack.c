/* Under policy 2 a stack that may not be promised any further does not grow: SIGSEGV. */
#include "overcommit.h"

static int deep(int left)
{
    volatile char room[65536];

    for (size_t i = 0; i < sizeof room; i += PAGE)
        room[i] = (char)left;
    return left == 0 ? room[0] : deep(left - 1) + room[PAGE];
}

static void grow(void *unused)
{
    (void)unused;
    deep(96); /* 6 MiB */
}

int main(void)
{
    in_child(grow, NULL);
    strict(20 * MIB);
    map(0, 17 * MIB / PAGE, RW, PRIVATE);
    call_madvise(AREA, 17 * MIB, MADV_DONTFORK);
    in_child(grow, NULL);
    call_munmap(AREA, 17 * MIB);
    in_child(grow, NULL);
    return 0;
}
