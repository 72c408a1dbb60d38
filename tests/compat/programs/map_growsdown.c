/* A MAP_GROWSDOWN region grows when touched just below, stops at what is mapped below, and merges
 * with nothing. */
#include "compat.h"

#define GROWS (MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_GROWSDOWN)

int main(void)
{
    char *stack = AREA + 1024 * PAGE;

    SHOW_ADDRESS(call_mmap(stack, 2 * PAGE, PROT_READ | PROT_WRITE, GROWS, -1, 0));
    show_maps(AREA, 2048 * PAGE);
    show_write(stack - 1, 'x');
    show_maps(AREA, 2048 * PAGE);
    show_write(stack - 5 * PAGE, 'x');
    show_maps(AREA, 2048 * PAGE);
    show_read(stack - 10 * PAGE);
    show_maps(AREA, 2048 * PAGE);
    /* The gap below a stack is 256 pages. */
    map_pages(AREA + 500 * PAGE, 1);
    show_write(AREA + 757 * PAGE, 'x');
    show_write(AREA + 756 * PAGE, 'x');
    show_write(AREA + 755 * PAGE, 'x');
    show_maps(AREA, 2048 * PAGE);
    /* What has no rights does not stop it. */
    call_mprotect(AREA + 500 * PAGE, PAGE, PROT_NONE);
    show_write(AREA + 740 * PAGE, 'x');
    show_write(AREA + 501 * PAGE, 'x');
    show_maps(AREA, 2048 * PAGE);
    show_write(AREA + 500 * PAGE, 'x');
    return 0;
}
