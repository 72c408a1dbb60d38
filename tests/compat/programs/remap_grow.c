/* A mapping grows in place where there is room, and otherwise only if it may move. */
#include "compat.h"

int main(void)
{
    map_pages(AREA, 4);
    memset(AREA, 'x', 4 * PAGE);
    SHOW_ADDRESS(call_mremap(AREA, 4 * PAGE, 8 * PAGE, 0, NULL));
    show_maps(AREA, 64 * PAGE);
    show_read(AREA + 3 * PAGE);
    show_read(AREA + 4 * PAGE);
    map_pages(AREA + 10 * PAGE, 1);
    call_mprotect(AREA + 10 * PAGE, PAGE, PROT_READ);
    SHOW_ADDRESS(call_mremap(AREA, 8 * PAGE, 10 * PAGE, 0, NULL));
    show_maps(AREA, 64 * PAGE);
    SHOW_ADDRESS(call_mremap(AREA, 11 * PAGE, 12 * PAGE, 0, NULL));
    SHOW_ADDRESS(call_mremap(AREA, 11 * PAGE, 13 * PAGE, 0, NULL));
    SHOW_ADDRESS(call_mremap(AREA, 4 * PAGE, 6 * PAGE, 0, NULL));
    SHOW_ADDRESS(call_mremap(AREA + 2 * PAGE, 8 * PAGE, 12 * PAGE, 0, NULL));
    base = call_mremap(AREA + 2 * PAGE, 8 * PAGE, 12 * PAGE, MREMAP_MAYMOVE, NULL);
    SHOW(base == MAP_FAILED || base == AREA + 2 * PAGE);
    show_maps(AREA, 64 * PAGE);
    show_maps(base, 12 * PAGE);
    show_read(base);
    show_read(base + PAGE);
    show_read(base + 2 * PAGE);
    show_read(base + 11 * PAGE);
    return 0;
}
