/* Whether touched private memory becomes one region with its neighbours when it moves next to them.
 */
#include "compat.h"

int main(void)
{
    map_pages(AREA, 4);
    map_pages(AREA + 16 * PAGE, 4);
    memset(AREA, 'a', 4 * PAGE);
    memset(AREA + 16 * PAGE, 'b', 4 * PAGE);
    SHOW_ADDRESS(call_mremap(AREA + 16 * PAGE, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
                             AREA + 4 * PAGE));
    show_maps(AREA, 64 * PAGE);
    SHOW_ADDRESS(
        call_mremap(AREA, 8 * PAGE, 8 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, AREA + 32 * PAGE));
    show_maps(AREA, 64 * PAGE);
    /* What was not touched joins. */
    map_pages(AREA + 48 * PAGE, 4);
    map_pages(AREA + 64 * PAGE, 4);
    SHOW_ADDRESS(call_mremap(AREA + 64 * PAGE, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
                             AREA + 52 * PAGE));
    show_maps(AREA + 48 * PAGE, 64 * PAGE);
    return 0;
}
