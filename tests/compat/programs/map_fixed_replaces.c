/* MAP_FIXED replaces what is there, cuts what it covers in part, and gives fresh zero pages. */
#include "compat.h"

static void *map(size_t page, size_t pages, int protection)
{
    return call_mmap(AREA + page * PAGE, pages * PAGE, protection,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

int main(void)
{
    map_pages(AREA, 8);
    memset(AREA, 'x', 8 * PAGE);
    SHOW_ADDRESS(map(2, 2, PROT_READ));
    show_maps(AREA, 16 * PAGE);
    show_read(AREA + PAGE);
    show_read(AREA + 2 * PAGE);
    show_read(AREA + 4 * PAGE);
    SHOW_ADDRESS(map(3, 2, PROT_READ | PROT_WRITE));
    show_maps(AREA, 16 * PAGE);
    show_read(AREA + 4 * PAGE);
    show_read(AREA + 5 * PAGE);
    SHOW_ADDRESS(map(0, 8, PROT_READ | PROT_WRITE));
    show_maps(AREA, 16 * PAGE);
    show_read(AREA);
    show_read(AREA + 7 * PAGE);
    SHOW_ADDRESS(map(6, 6, PROT_NONE));
    show_maps(AREA, 16 * PAGE);
    return 0;
}
