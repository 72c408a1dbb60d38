/* mmap of no bytes fails, and lengths that do not fit into the address space fail otherwise. */
#include "compat.h"

#define ANONYMOUS (MAP_PRIVATE | MAP_ANONYMOUS)

static void *map(size_t length)
{
    return call_mmap(NULL, length, PROT_READ, ANONYMOUS, -1, 0);
}

static void *map_fixed(const char *address, size_t length)
{
    return call_mmap(address, length, PROT_READ, ANONYMOUS | MAP_FIXED, -1, 0);
}

int main(void)
{
    SHOW_ADDRESS(map(0));
    SHOW_ADDRESS(map((size_t)-1));
    SHOW_ADDRESS(map((size_t)-4096));
    SHOW_ADDRESS(map((size_t)-4097));
    SHOW_ADDRESS(map((size_t)1 << 63));
    SHOW_ADDRESS(map((size_t)1 << 47));
    SHOW_ADDRESS(map(((size_t)1 << 47) - PAGE));
    SHOW_ADDRESS(map_fixed(AREA, 0));
    SHOW_ADDRESS(map_fixed(AREA, (size_t)-1));
    SHOW_ADDRESS(map_fixed(AREA, (size_t)1 << 47));
    SHOW_ADDRESS(map_fixed(AREA, 1));
    show_maps(AREA, 2 * PAGE);
    SHOW_ADDRESS(map_fixed(AREA, PAGE + 1));
    show_maps(AREA, 4 * PAGE);
    return 0;
}
