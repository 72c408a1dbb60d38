/* A moved mapping is separate from the child's as an unmoved one is. */
#include "compat.h"

static void child(void *argument)
{
    char *at = argument;

    SHOW_ADDRESS(
        call_mremap(at, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, AREA + 16 * PAGE));
    show_read(AREA + 16 * PAGE);
    show_write(AREA + 16 * PAGE, 'c');
    show_read(AREA + 17 * PAGE);
    show_read(AREA);
}

int main(void)
{
    map_pages(AREA, 4);
    memset(AREA, 'p', 4 * PAGE);
    in_child(child, AREA);
    show_read(AREA);
    show_read(AREA + 16 * PAGE);
    SHOW_ADDRESS(
        call_mremap(AREA, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, AREA + 32 * PAGE));
    show_write(AREA + 32 * PAGE, 'q');
    show_read(AREA + 32 * PAGE);
    show_read(AREA + 33 * PAGE);
    return 0;
}
