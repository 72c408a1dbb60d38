/* File offsets: unaligned, negative, beyond what a file may have, and far beyond its end. */
#include "compat.h"

static int fd;

static void *map(size_t length, uint64_t offset)
{
    void *at = call_mmap(AREA, length, PROT_READ, MAP_SHARED | MAP_FIXED, fd, offset);

    if (at != MAP_FAILED)
        show_maps(AREA, 8 * PAGE);
    call_munmap(AREA, 8 * PAGE);
    return at;
}

int main(void)
{
    fd = make_file(4);
    SHOW_ADDRESS(map(PAGE, 1));
    SHOW_ADDRESS(map(PAGE, 2048));
    SHOW_ADDRESS(map(PAGE, PAGE));
    SHOW_ADDRESS(map(2 * PAGE, 3 * PAGE));
    SHOW_ADDRESS(map(PAGE, 4 * PAGE));
    SHOW_ADDRESS(map(PAGE, 1000000 * PAGE));
    SHOW_ADDRESS(map(PAGE, 0x7ffffffffffff000 - PAGE));
    SHOW_ADDRESS(map(PAGE, 0x7ffffffffffff000));
    SHOW_ADDRESS(map(2 * PAGE, 0x7ffffffffffff000));
    SHOW_ADDRESS(map(PAGE, 0x8000000000000000));
    SHOW_ADDRESS(map(PAGE, (uint64_t)-4096));
    SHOW_ADDRESS(map(2 * PAGE, (uint64_t)-4096));
    SHOW_ADDRESS(map(0, 1));
    /* Anonymous memory has none, but it must be aligned. */
    SHOW_ADDRESS(call_mmap(AREA, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 1));
    SHOW_ADDRESS(call_mmap(AREA, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
                           (uint64_t)-4096));
    SHOW_ADDRESS(call_mmap(AREA + PAGE, PAGE, PROT_READ, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1,
                           5 * PAGE));
    SHOW_ADDRESS(call_mmap(AREA + 2 * PAGE, 2 * PAGE, PROT_READ,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, (uint64_t)-4096));
    SHOW_ADDRESS(call_mmap(AREA + 4 * PAGE, 2 * PAGE, PROT_READ,
                           MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, (uint64_t)-4096));
    show_maps(AREA, 8 * PAGE);
    return 0;
}
