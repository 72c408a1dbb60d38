/* MREMAP_FIXED moves to the place told, replaces what is there, and refuses overlap. */
#include "compat.h"

#define FLAGS (MREMAP_MAYMOVE | MREMAP_FIXED)

int main(void)
{
    map_pages(AREA, 4);
    memset(AREA, 'x', 4 * PAGE);
    SHOW_ADDRESS(call_mremap(AREA, 4 * PAGE, 4 * PAGE, FLAGS, AREA + 16 * PAGE));
    show_maps(AREA, 64 * PAGE);
    show_read(AREA);
    show_read(AREA + 19 * PAGE);
    /* Neighbours of other rights, lest they become one region with it. */
    map_pages(AREA, 8);
    call_mprotect(AREA, 8 * PAGE, PROT_READ);
    SHOW_ADDRESS(call_mremap(AREA + 16 * PAGE, 4 * PAGE, 4 * PAGE, FLAGS, AREA + 2 * PAGE));
    show_maps(AREA, 64 * PAGE);
    show_read(AREA + PAGE);
    show_read(AREA + 2 * PAGE);
    show_read(AREA + 6 * PAGE);
    SHOW_ADDRESS(call_mremap(AREA, 4 * PAGE, 4 * PAGE, FLAGS, AREA + 2 * PAGE));
    SHOW_ADDRESS(call_mremap(AREA + 2 * PAGE, 4 * PAGE, 4 * PAGE, FLAGS, AREA));
    SHOW_ADDRESS(call_mremap(AREA, 4 * PAGE, 4 * PAGE, FLAGS, AREA));
    map_pages(AREA, 4);
    SHOW_ADDRESS(call_mremap(AREA, 4 * PAGE, 8 * PAGE, FLAGS, AREA + 4 * PAGE));
    show_maps(AREA, 64 * PAGE);
    SHOW_ADDRESS(call_mremap(AREA + 4 * PAGE, 4 * PAGE, 4 * PAGE, FLAGS, AREA + 1));
    SHOW_ADDRESS(call_mremap(AREA + 4 * PAGE, 4 * PAGE, 4 * PAGE, FLAGS, (void *)0x7ffffffff000));
    SHOW_ADDRESS(call_mremap(AREA + 4 * PAGE, 4 * PAGE, 4 * PAGE, FLAGS, (void *)0x7fffffffe000));
    SHOW_ADDRESS(call_mremap(AREA + 4 * PAGE, 4 * PAGE, 4 * PAGE, FLAGS, (void *)-4096));
    SHOW_ADDRESS(call_mremap(AREA + 40 * PAGE, 4 * PAGE, 4 * PAGE, FLAGS, AREA + 16 * PAGE));
    show_maps(AREA, 64 * PAGE);
    return 0;
}
