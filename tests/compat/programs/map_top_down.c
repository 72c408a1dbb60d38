/* Mappings without an address go directly below the last one, and fill the highest gap that fits.
 */
#include "compat.h"

static void *map(size_t pages, int protection)
{
    return call_mmap(NULL, pages * PAGE, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

int main(void)
{
    base = map(1024, PROT_NONE);
    SHOW_ADDRESS(map(1, PROT_READ));
    SHOW_ADDRESS(map(16, PROT_READ));
    SHOW_ADDRESS(map(2, PROT_READ | PROT_WRITE));
    /* Gaps of 4, 2 and 8 pages, from the top. */
    call_munmap(base + 1000 * PAGE, 4 * PAGE);
    call_munmap(base + 900 * PAGE, 2 * PAGE);
    call_munmap(base + 800 * PAGE, 8 * PAGE);
    SHOW_ADDRESS(map(2, PROT_READ));
    SHOW_ADDRESS(map(3, PROT_READ));
    SHOW_ADDRESS(map(2, PROT_READ));
    SHOW_ADDRESS(map(4, PROT_READ));
    SHOW_ADDRESS(map(2, PROT_READ));
    SHOW_ADDRESS(map(1, PROT_READ));
    SHOW_ADDRESS(map(1, PROT_READ));
    show_maps(base + 700 * PAGE, 324 * PAGE);
    return 0;
}
