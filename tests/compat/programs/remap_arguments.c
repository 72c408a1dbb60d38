/* mremap's arguments: flags, alignment, lengths, and what is mapped where it is told to look. */
#include "compat.h"

int main(void)
{
    map_pages(AREA, 4);
    SHOW_ADDRESS(call_mremap(AREA, PAGE, PAGE, 8, NULL));
    SHOW_ADDRESS(call_mremap(AREA, PAGE, PAGE, -1, NULL));
    SHOW_ADDRESS(call_mremap(AREA, PAGE, PAGE, MREMAP_FIXED, AREA + 16 * PAGE));
    SHOW_ADDRESS(call_mremap(AREA, PAGE, PAGE, MREMAP_DONTUNMAP, NULL));
    SHOW_ADDRESS(call_mremap(AREA, PAGE, 2 * PAGE, MREMAP_DONTUNMAP | MREMAP_MAYMOVE, NULL));
    SHOW_ADDRESS(call_mremap(AREA + 1, PAGE, PAGE, 0, NULL));
    SHOW_ADDRESS(call_mremap(AREA, PAGE, 0, 0, NULL));
    SHOW_ADDRESS(call_mremap(AREA, PAGE, 0, MREMAP_MAYMOVE, NULL));
    SHOW_ADDRESS(call_mremap(AREA, 0, PAGE, 0, NULL));
    SHOW_ADDRESS(call_mremap(AREA, 0, PAGE, MREMAP_MAYMOVE, NULL));
    SHOW_ADDRESS(call_mremap(AREA, 0, 0, MREMAP_MAYMOVE, NULL));
    SHOW_ADDRESS(call_mremap(AREA + 100 * PAGE, PAGE, 2 * PAGE, MREMAP_MAYMOVE, NULL));
    SHOW_ADDRESS(call_mremap(AREA + 100 * PAGE, 2 * PAGE, PAGE, MREMAP_MAYMOVE, NULL));
    SHOW_ADDRESS(call_mremap(AREA + 100 * PAGE, PAGE, PAGE, 0, NULL));
    SHOW_ADDRESS(call_mremap(AREA, PAGE, (size_t)-1, MREMAP_MAYMOVE, NULL));
    SHOW_ADDRESS(call_mremap(AREA, PAGE, (size_t)-4096, MREMAP_MAYMOVE, NULL));
    SHOW_ADDRESS(call_mremap(AREA, PAGE, (size_t)1 << 47, MREMAP_MAYMOVE, NULL));
    SHOW_ADDRESS(call_mremap(AREA, PAGE, (size_t)1 << 47, 0, NULL));
    SHOW_ADDRESS(call_mremap(AREA, (size_t)-4096, PAGE, MREMAP_MAYMOVE, NULL));
    SHOW_ADDRESS(call_mremap(AREA, (size_t)-1, PAGE, MREMAP_MAYMOVE, NULL));
    SHOW_ADDRESS(call_mremap((char *)0xffff800000000000, PAGE, PAGE, MREMAP_MAYMOVE, NULL));
    show_maps(AREA, 128 * PAGE);
    return 0;
}
