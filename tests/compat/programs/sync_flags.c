/* msync: which flags go together, alignment, lengths. */
#include "probe.h"

static long sync_range(const void *at, size_t length, int flags)
{
    return syscall(SYS_msync, at, length, flags);
}

int main(void)
{
    char *at = map_pages(AREA, 4);
    int fd = make_file(4);
    char *file = file_map(fd, 4, MAP_SHARED);

    for (int flags = 0; flags < 9; flags++) {
        printf("flags %d\n", flags);
        SHOW(sync_range(at, PAGE, flags));
        SHOW(sync_range(file, 4 * PAGE, flags));
    }
    SHOW(sync_range(at, PAGE, -1));
    SHOW(sync_range(at + 1, PAGE, MS_SYNC));
    SHOW(sync_range(at, 0, MS_SYNC));
    SHOW(sync_range(at + 1, 0, MS_SYNC));
    SHOW(sync_range(at, 1, MS_SYNC));
    SHOW(sync_range(at, (size_t)-1, MS_SYNC));
    SHOW(sync_range(at, (size_t)-PAGE, MS_SYNC));
    SHOW(sync_range(at, -(size_t)at, MS_SYNC));
    SHOW(sync_range(NULL, 0, MS_SYNC));
    SHOW(sync_range(NULL, PAGE, MS_SYNC));
    SHOW(sync_range(NULL, PAGE, 0));
    SHOW(sync_range((void *)0xffff800000000000, PAGE, MS_SYNC));
    SHOW(sync_range((void *)0x800000000000, 0, MS_SYNC));
    return 0;
}
