/* mremap of a range that is not one region's: EFAULT, unless it only shrinks. */
#include "compat.h"

int main(void)
{
    map_pages(AREA, 4);
    call_mprotect(AREA + 2 * PAGE, 2 * PAGE, PROT_READ);
    map_pages(AREA + 6 * PAGE, 2);
    show_maps(AREA, 16 * PAGE);
    SHOW_ADDRESS(call_mremap(AREA, 4 * PAGE, 8 * PAGE, MREMAP_MAYMOVE, NULL));
    SHOW_ADDRESS(
        call_mremap(AREA, 3 * PAGE, 3 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, AREA + 32 * PAGE));
    SHOW_ADDRESS(call_mremap(AREA, 4 * PAGE, 4 * PAGE, 0, NULL));
    SHOW_ADDRESS(call_mremap(AREA, 6 * PAGE, 6 * PAGE, 0, NULL));
    SHOW_ADDRESS(call_mremap(AREA, 100 * PAGE, 100 * PAGE, MREMAP_MAYMOVE, NULL));
    SHOW_ADDRESS(call_mremap(AREA + 2 * PAGE, 4 * PAGE, 5 * PAGE, MREMAP_MAYMOVE, NULL));
    show_maps(AREA, 64 * PAGE);
    SHOW_ADDRESS(call_mremap(AREA, 8 * PAGE, 7 * PAGE, 0, NULL));
    show_maps(AREA, 64 * PAGE);
    SHOW_ADDRESS(call_mremap(AREA, 7 * PAGE, 3 * PAGE, 0, NULL));
    show_maps(AREA, 64 * PAGE);
    return 0;
}
