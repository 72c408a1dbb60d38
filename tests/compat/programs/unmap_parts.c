/* munmap of the beginning, the end and the middle of a region; a range with holes; across regions.
 */
#include "compat.h"

int main(void)
{
    int fd = make_file(10);

    map_pages(AREA, 10);
    memset(AREA, 'a', 10 * PAGE);
    SHOW(call_munmap(AREA, PAGE));
    SHOW(call_munmap(AREA + 9 * PAGE, PAGE));
    SHOW(call_munmap(AREA + 4 * PAGE, 2 * PAGE));
    show_maps(AREA, 32 * PAGE);
    show_read(AREA + PAGE);
    show_read(AREA + 4 * PAGE);
    show_read(AREA + 6 * PAGE);
    SHOW(call_munmap(AREA + 3 * PAGE, 4 * PAGE));
    show_maps(AREA, 32 * PAGE);
    SHOW(call_munmap(AREA, 32 * PAGE));
    show_maps(AREA, 32 * PAGE);
    call_mmap(AREA, 10 * PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0);
    map_pages(AREA + 10 * PAGE, 2);
    SHOW(call_munmap(AREA + 3 * PAGE, 2 * PAGE));
    SHOW(call_munmap(AREA + 8 * PAGE, 3 * PAGE));
    show_maps(AREA, 32 * PAGE);
    show_read(AREA + 2 * PAGE);
    show_read(AREA + 5 * PAGE);
    show_read(AREA + 11 * PAGE);
    /* What is mapped anew at the same place is empty. */
    map_pages(AREA, 32);
    show_read(AREA + 5 * PAGE);
    return 0;
}
