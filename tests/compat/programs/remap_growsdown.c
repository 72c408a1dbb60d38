/* A region that grows down can be moved and grown like others. */
#include "compat.h"

int main(void)
{
    char *stack = AREA + 512 * PAGE;

    call_mmap(stack, 4 * PAGE, PROT_READ | PROT_WRITE,
              MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_GROWSDOWN, -1, 0);
    memset(stack, 'x', 4 * PAGE);
    SHOW_ADDRESS(call_mremap(stack, 4 * PAGE, 6 * PAGE, 0, NULL));
    show_maps(AREA, 4096 * PAGE);
    SHOW_ADDRESS(
        call_mremap(stack, 6 * PAGE, 6 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, AREA + 1024 * PAGE));
    show_maps(AREA, 4096 * PAGE);
    show_read(AREA + 1024 * PAGE);
    show_write(AREA + 1023 * PAGE, 'x');
    show_maps(AREA, 4096 * PAGE);
    /* Ordinary memory grows up to it, not into its gap. */
    map_pages(AREA + 700 * PAGE, 4);
    SHOW_ADDRESS(call_mremap(AREA + 700 * PAGE, 4 * PAGE, 67 * PAGE, 0, NULL));
    SHOW_ADDRESS(call_mremap(AREA + 700 * PAGE, 67 * PAGE, 68 * PAGE, 0, NULL));
    SHOW_ADDRESS(call_mremap(AREA + 700 * PAGE, 68 * PAGE, 400 * PAGE, 0, NULL));
    show_maps(AREA, 4096 * PAGE);
    return 0;
}
