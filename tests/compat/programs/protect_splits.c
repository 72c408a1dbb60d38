/* mprotect cuts regions at the range's ends and joins what becomes equal again. */
#include "compat.h"

static void protect(size_t page, size_t pages, unsigned protection)
{
    long result = call_mprotect(AREA + page * PAGE, pages * PAGE, protection);

    printf("%zu pages at %zu: %u = %ld\n", pages, page, protection, result);
    show_maps(AREA, 32 * PAGE);
}

int main(void)
{
    int fd = make_file(8);

    map_pages(AREA, 8);
    protect(2, 2, PROT_READ);
    protect(4, 2, PROT_READ);
    protect(0, 1, PROT_NONE);
    protect(7, 1, PROT_NONE);
    protect(3, 2, PROT_READ | PROT_WRITE);
    protect(2, 4, PROT_READ | PROT_WRITE);
    protect(0, 8, PROT_READ | PROT_WRITE);
    call_mmap(AREA, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
    protect(3, 2, PROT_READ);
    protect(3, 1, PROT_READ | PROT_WRITE);
    protect(4, 1, PROT_READ | PROT_WRITE);
    map_pages(AREA + 8 * PAGE, 8);
    protect(6, 4, PROT_READ);
    protect(6, 4, PROT_READ | PROT_WRITE);
    return 0;
}
