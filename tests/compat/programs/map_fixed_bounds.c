/* MAP_FIXED at the edges of the address space: unaligned, too high, wrapping, the last page. */
#include "compat.h"

#define TOP                                                                                        \
    ((char *)(sizeof(long) == 8 ? 0x7ffffffff000                                                   \
                                : 0xc0000000)) /* the first address that programs do not have */

static void *map(uintptr_t address, size_t length, int flags)
{
    return call_mmap((void *)address, length, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
}

int main(void)
{
    base = TOP;
    SHOW_ADDRESS(map((uintptr_t)AREA + 1, PAGE, MAP_FIXED));
    SHOW_ADDRESS(map((uintptr_t)AREA + 2048, PAGE, MAP_FIXED));
    SHOW_ADDRESS(map((uintptr_t)TOP, PAGE, MAP_FIXED));
    SHOW_ADDRESS(map((uintptr_t)TOP + 1, PAGE, MAP_FIXED));
    SHOW_ADDRESS(map((uintptr_t)TOP - 1, PAGE, MAP_FIXED));
    SHOW_ADDRESS(map(0x800000000000, PAGE, MAP_FIXED));
    SHOW_ADDRESS(map(0xffff800000000000, PAGE, MAP_FIXED));
    SHOW_ADDRESS(map((uintptr_t)-4096, PAGE, MAP_FIXED));
    SHOW_ADDRESS(map((uintptr_t)-4096, 2 * PAGE, MAP_FIXED));
    SHOW_ADDRESS(map((uintptr_t)TOP - 16 * PAGE, 17 * PAGE, MAP_FIXED));
    SHOW_ADDRESS(map((uintptr_t)TOP, PAGE, MAP_FIXED_NOREPLACE));
    SHOW(map((uintptr_t)TOP, PAGE, 0) != MAP_FAILED);
    SHOW(map((uintptr_t)-4096, PAGE, 0) != MAP_FAILED);
    SHOW(map(0x800000000000, PAGE, 0) != MAP_FAILED);
    return 0;
}
