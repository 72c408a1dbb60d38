/* MREMAP_DONTUNMAP moves the pages and leaves the old range mapped and empty. */
#include "compat.h"

#define FLAGS (MREMAP_MAYMOVE | MREMAP_DONTUNMAP)

int main(void)
{
    int fd = make_file(4);
    char *moved;

    map_pages(AREA, 4);
    memset(AREA, 'x', 4 * PAGE);
    SHOW_ADDRESS(call_mremap(AREA, 4 * PAGE, 4 * PAGE, FLAGS | MREMAP_FIXED, AREA + 16 * PAGE));
    show_maps(AREA, 64 * PAGE);
    show_read(AREA);
    show_read(AREA + 16 * PAGE);
    show_write(AREA, 'y');
    show_read(AREA + 16 * PAGE);
    SHOW_ADDRESS(
        call_mremap(AREA + 17 * PAGE, 2 * PAGE, 2 * PAGE, FLAGS | MREMAP_FIXED, AREA + 32 * PAGE));
    show_maps(AREA, 64 * PAGE);
    show_read(AREA + 17 * PAGE);
    show_read(AREA + 18 * PAGE);
    show_read(AREA + 19 * PAGE);
    show_read(AREA + 33 * PAGE);
    moved = call_mremap(AREA + 32 * PAGE, 2 * PAGE, 2 * PAGE, FLAGS, NULL);
    SHOW(moved != MAP_FAILED && moved != AREA + 32 * PAGE && moved[0] == 'x');
    show_read(AREA + 32 * PAGE);
    SHOW_ADDRESS(call_mremap(AREA + 16 * PAGE, 2 * PAGE, PAGE, FLAGS, NULL));
    SHOW_ADDRESS(call_mremap(AREA + 16 * PAGE, 8 * PAGE, 8 * PAGE, FLAGS, NULL));
    /* A file's pages stay the file's. */
    call_mmap(AREA, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
    SHOW_ADDRESS(call_mremap(AREA, 4 * PAGE, 4 * PAGE, FLAGS | MREMAP_FIXED, AREA + 48 * PAGE));
    show_read(AREA);
    show_read(AREA + 48 * PAGE);
    call_mmap(AREA, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, fd, 0);
    show_write(AREA, 'p');
    SHOW_ADDRESS(call_mremap(AREA, 4 * PAGE, 4 * PAGE, FLAGS | MREMAP_FIXED, AREA + 48 * PAGE));
    show_read(AREA);
    show_read(AREA + 48 * PAGE);
    return 0;
}
