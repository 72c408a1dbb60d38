/* A hint is taken when the place is free, rounded down; otherwise the mapping goes elsewhere. */
#include "compat.h"

static void *map(uintptr_t hint, size_t pages)
{
    return call_mmap((void *)hint, pages * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

#define AT(page) ((uintptr_t)AREA + (page)*PAGE)

int main(void)
{
    SHOW_ADDRESS(map(AT(0), 1));
    SHOW_ADDRESS(map(AT(2) + 1, 1));
    SHOW_ADDRESS(map(AT(4) + 4095, 1));
    show_maps(AREA, 16 * PAGE);
    /* Taken: elsewhere, below the other mappings. */
    SHOW_ADDRESS(map(AT(0), 1));
    SHOW_ADDRESS(map(AT(1), 2));
    SHOW_ADDRESS(map(AT(3), 1));
    /* Small hints are raised to the lowest address that may be mapped. */
    SHOW_ADDRESS(map(0x1000, 1));
    SHOW_ADDRESS(map(1, 1));
    base = (char *)0x10000;
    show_maps((void *)0, 0x100000);
    SHOW_ADDRESS(map(0x20000, 1));
    SHOW(map(0x7ffffffff000, 1) != MAP_FAILED);
    SHOW(map(0x7fffffffe000, 2) == (void *)0x7fffffffe000);
    return 0;
}
