/* MAP_32BIT places in the first 2 GiB, from 1 GiB on upwards; hints beyond are not taken. */
#include "compat.h"

static void *map(const void *hint, size_t length, int flags)
{
    return call_mmap(hint, length, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT | flags, -1,
                     0);
}

int main(void)
{
    char *first, *second;

    base = (char *)0x40000000;
    first = map(NULL, PAGE, 0);
    second = map(NULL, 2 * PAGE, 0);
    printf("below 2 GiB: %d %d\n", first < (char *)0x80000000, second < (char *)0x80000000);
    SHOW_ADDRESS(first);
    SHOW_ADDRESS(second);
    SHOW_ADDRESS(map(AREA, PAGE, 0));
    SHOW_ADDRESS(map((void *)0x7ffff000, PAGE, 0));
    SHOW_ADDRESS(map((void *)0x7ffff000, PAGE, 0));
    SHOW_ADDRESS(map((void *)0x80000000, PAGE, 0));
    SHOW_ADDRESS(map((void *)0x20000000, PAGE, 0));
    SHOW_ADDRESS(map(NULL, (size_t)1 << 31, 0));
    SHOW_ADDRESS(map(NULL, ((size_t)1 << 30) - 16 * PAGE, 0));
    SHOW_ADDRESS(map(NULL, (size_t)1 << 30, 0));
    call_munmap(first, PAGE);
    SHOW_ADDRESS(map(NULL, PAGE, 0));
    base = AREA;
    SHOW_ADDRESS(map(AREA, PAGE, MAP_FIXED));
    return 0;
}
