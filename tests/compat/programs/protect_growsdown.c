/* PROT_GROWSDOWN extends the change down to the start of a region that grows down. */
#include "compat.h"

int main(void)
{
    char *stack = AREA + 512 * PAGE;

    call_mmap(stack, 8 * PAGE, PROT_READ | PROT_WRITE,
              MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_GROWSDOWN, -1, 0);
    memset(stack, 'x', 8 * PAGE);
    SHOW(call_mprotect(stack + 4 * PAGE, PAGE, PROT_READ | PROT_GROWSDOWN));
    show_maps(AREA, 1024 * PAGE);
    show_write(stack - 1, 'x');
    SHOW(call_mprotect(stack + 4 * PAGE, PAGE, PROT_READ | PROT_WRITE | PROT_GROWSDOWN));
    show_maps(AREA, 1024 * PAGE);
    show_write(stack - 1, 'x');
    show_maps(AREA, 1024 * PAGE);
    SHOW(call_mprotect(stack - 3 * PAGE, PAGE, PROT_READ | PROT_GROWSDOWN));
    SHOW(call_mprotect(stack - 3 * PAGE, 4 * PAGE, PROT_READ | PROT_GROWSDOWN));
    show_maps(AREA, 1024 * PAGE);
    map_pages(AREA, 2);
    SHOW(call_mprotect(AREA, PAGE, PROT_READ | PROT_GROWSDOWN));
    /* The upper piece alone may grow too. */
    SHOW(call_mprotect(stack + 6 * PAGE, PAGE, PROT_NONE));
    SHOW(call_mprotect(stack + 7 * PAGE, PAGE, PROT_READ | PROT_GROWSDOWN));
    show_maps(AREA, 1024 * PAGE);
    return 0;
}
