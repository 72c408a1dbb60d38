/* MAP_GROWSDOWN is for private anonymous memory; how it meets neighbours and other flags. */
#include "compat.h"

static void *map(size_t page, size_t pages, int flags)
{
    return call_mmap(AREA + page * PAGE, pages * PAGE, PROT_READ | PROT_WRITE, flags, -1, 0);
}

#define FLAGS (MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED)

int main(void)
{
    int fd = make_file(4);

    SHOW_ADDRESS(map(0, 1, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED | MAP_GROWSDOWN));
    SHOW_ADDRESS(call_mmap(AREA, PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED | MAP_GROWSDOWN, fd, 0));
    SHOW_ADDRESS(call_mmap(AREA, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED | MAP_GROWSDOWN, fd, 0));
    call_munmap(AREA, 16 * PAGE);
    SHOW_ADDRESS(map(512, 2, FLAGS | MAP_GROWSDOWN));
    SHOW_ADDRESS(map(510, 2, FLAGS | MAP_GROWSDOWN));
    SHOW_ADDRESS(map(514, 2, FLAGS | MAP_GROWSDOWN));
    show_maps(AREA, 1024 * PAGE);
    SHOW_ADDRESS(map(516, 2, FLAGS));
    SHOW_ADDRESS(map(508, 2, FLAGS));
    show_maps(AREA, 1024 * PAGE);
    SHOW(call_munmap(AREA + 512 * PAGE, PAGE));
    show_maps(AREA, 1024 * PAGE);
    /* Cut in the middle: the upper part grows into the hole? */
    show_write(AREA + 512 * PAGE, 'x');
    show_maps(AREA, 1024 * PAGE);
    SHOW(call_munmap(AREA, 1024 * PAGE));
    /* A hint in the gap below a stack is not taken. */
    SHOW_ADDRESS(map(512, 1, FLAGS | MAP_GROWSDOWN));
    SHOW_ADDRESS(map(511, 1, MAP_PRIVATE | MAP_ANONYMOUS));
    SHOW_ADDRESS(map(257, 1, MAP_PRIVATE | MAP_ANONYMOUS));
    SHOW_ADDRESS(map(256, 1, MAP_PRIVATE | MAP_ANONYMOUS));
    SHOW_ADDRESS(map(255, 1, MAP_PRIVATE | MAP_ANONYMOUS));
    SHOW_ADDRESS(map(513, 1, MAP_PRIVATE | MAP_ANONYMOUS));
    show_maps(AREA, 1024 * PAGE);
    return 0;
}
