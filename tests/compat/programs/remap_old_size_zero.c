/* mremap of no bytes makes a second mapping of shared memory, and is refused for private. */
#include "compat.h"

int main(void)
{
    int fd = make_file(4);
    char *second;

    call_mmap(AREA, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1,
              0);
    AREA[0] = 's';
    SHOW_ADDRESS(call_mremap(AREA, 0, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, AREA + 16 * PAGE));
    show_read(AREA + 16 * PAGE);
    show_write(AREA + 17 * PAGE, 't');
    show_read(AREA + PAGE);
    show_maps(AREA, 64 * PAGE);
    second = call_mremap(AREA + PAGE, 0, PAGE, MREMAP_MAYMOVE, NULL);
    SHOW(second != MAP_FAILED && second[0] == 't');
    /* Beyond the end of shared memory. */
    SHOW_ADDRESS(call_mremap(AREA, 0, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, AREA + 32 * PAGE));
    show_read(AREA + 34 * PAGE);
    SHOW_ADDRESS(call_mremap(AREA, 0, 2 * PAGE, 0, NULL));
    call_mmap(AREA, 2 * PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, fd, PAGE);
    SHOW_ADDRESS(call_mremap(AREA, 0, 3 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, AREA + 48 * PAGE));
    show_read(AREA + 48 * PAGE);
    show_read(AREA + 50 * PAGE);
    show_maps(AREA + 48 * PAGE, 8 * PAGE);
    call_mmap(AREA, 2 * PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, PAGE);
    SHOW_ADDRESS(call_mremap(AREA, 0, PAGE, MREMAP_MAYMOVE, NULL));
    return 0;
}
