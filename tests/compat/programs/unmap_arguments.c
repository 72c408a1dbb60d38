/* munmap's arguments: unaligned, no length, beyond the address space, nothing there. */
#include "compat.h"

#define TOP ((char *)(sizeof(long) == 8 ? 0x7ffffffff000 : 0xc0000000))

int main(void)
{
    map_pages(AREA, 4);
    SHOW(call_munmap(AREA + 1, PAGE));
    SHOW(call_munmap(AREA, 0));
    SHOW(call_munmap(AREA + 1, 0));
    SHOW(call_munmap(AREA, (size_t)-1));
    SHOW(call_munmap(AREA, (size_t)-4096));
    SHOW(call_munmap(AREA, (size_t)1 << 47));
    SHOW(call_munmap(TOP, PAGE));
    SHOW(call_munmap(TOP - PAGE, 2 * PAGE));
    SHOW(call_munmap((char *)-4096, PAGE));
    SHOW(call_munmap((char *)0xffff800000000000, PAGE));
    SHOW(call_munmap(AREA + 100 * PAGE, PAGE));
    SHOW(call_munmap(AREA + 100 * PAGE, 1000000 * PAGE));
    SHOW(call_munmap(NULL, PAGE));
    show_maps(AREA, 16 * PAGE);
    SHOW(call_munmap(AREA, 1));
    SHOW(call_munmap(AREA + 2 * PAGE, PAGE + 1));
    show_maps(AREA, 16 * PAGE);
    return 0;
}
