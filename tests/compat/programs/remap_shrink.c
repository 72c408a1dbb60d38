/* Shrinking cuts the end off, in place, wherever the end lies. */
#include "compat.h"

int main(void)
{
    map_pages(AREA, 8);
    memset(AREA, 'x', 8 * PAGE);
    SHOW_ADDRESS(call_mremap(AREA, 8 * PAGE, 6 * PAGE, 0, NULL));
    show_maps(AREA, 16 * PAGE);
    SHOW_ADDRESS(call_mremap(AREA + PAGE, 3 * PAGE, PAGE, MREMAP_MAYMOVE, NULL));
    show_maps(AREA, 16 * PAGE);
    show_read(AREA + PAGE);
    show_read(AREA + 2 * PAGE);
    show_read(AREA + 4 * PAGE);
    /* Over a hole, and over the next region. */
    SHOW_ADDRESS(call_mremap(AREA, 6 * PAGE, PAGE, 0, NULL));
    show_maps(AREA, 16 * PAGE);
    SHOW_ADDRESS(call_mremap(AREA, PAGE, 1, 0, NULL));
    SHOW_ADDRESS(call_mremap(AREA, PAGE + 1, PAGE, 0, NULL));
    SHOW_ADDRESS(call_mremap(AREA, 2 * PAGE, 2 * PAGE - 1, 0, NULL));
    SHOW_ADDRESS(call_mremap(AREA, 2 * PAGE, 2 * PAGE, 0, NULL));
    SHOW_ADDRESS(call_mremap(AREA, PAGE, PAGE, 0, NULL));
    /* To a fixed place, shorter. */
    map_pages(AREA, 8);
    memset(AREA, 'y', 8 * PAGE);
    SHOW_ADDRESS(
        call_mremap(AREA, 8 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, AREA + 32 * PAGE));
    show_maps(AREA, 64 * PAGE);
    show_read(AREA + 35 * PAGE);
    return 0;
}
