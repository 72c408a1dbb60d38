/* MAP_FIXED_NOREPLACE takes free addresses only, and leaves what is there alone. */
#include "compat.h"

#define FLAGS (MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE)

static void *map(size_t page, size_t pages)
{
    return call_mmap(AREA + page * PAGE, pages * PAGE, PROT_READ | PROT_WRITE, FLAGS, -1, 0);
}

int main(void)
{
    map_pages(AREA + 4 * PAGE, 2);
    AREA[4 * PAGE] = 'x';
    SHOW_ADDRESS(map(4, 2));
    SHOW_ADDRESS(map(3, 2));
    SHOW_ADDRESS(map(5, 2));
    SHOW_ADDRESS(map(0, 10));
    SHOW_ADDRESS(map(4, 1));
    show_maps(AREA, 16 * PAGE);
    SHOW_ADDRESS(map(2, 2));
    SHOW_ADDRESS(map(6, 2));
    SHOW_ADDRESS(map(9, 1));
    show_maps(AREA, 16 * PAGE);
    show_read(AREA + 4 * PAGE);
    /* With MAP_FIXED as well the weaker rule wins. */
    SHOW_ADDRESS(call_mmap(AREA + 4 * PAGE, PAGE, PROT_READ, FLAGS | MAP_FIXED, -1, 0));
    SHOW_ADDRESS(call_mmap(AREA + 1, PAGE, PROT_READ, FLAGS, -1, 0));
    show_read(AREA + 4 * PAGE);
    show_write(AREA + 8 * PAGE, 'y');
    show_write(AREA + 7 * PAGE, 'y');
    return 0;
}
