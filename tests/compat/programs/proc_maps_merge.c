/* Neighbours that are equal are one line; a difference makes them two. */
#include "proc.h"

int main(void)
{
    map_pages(AREA, 4);
    map_pages(AREA + 4 * PAGE, 4);
    show_maps(AREA, 8 * PAGE);
    puts("the middle is read-only:");
    call_mprotect(AREA + 2 * PAGE, 4 * PAGE, PROT_READ);
    show_maps(AREA, 8 * PAGE);
    puts("and as before:");
    call_mprotect(AREA + 2 * PAGE, 4 * PAGE, READ_WRITE);
    show_maps(AREA, 8 * PAGE);
    puts("advice:");
    call_madvise(AREA + PAGE, PAGE, MADV_DONTFORK);
    show_maps(AREA, 8 * PAGE);
    call_madvise(AREA + PAGE, PAGE, MADV_DOFORK);
    show_maps(AREA, 8 * PAGE);
    puts("a hole, filled again:");
    call_munmap(AREA + 3 * PAGE, PAGE);
    show_maps(AREA, 8 * PAGE);
    map_pages(AREA + 3 * PAGE, 1);
    show_maps(AREA, 8 * PAGE);
    return 0;
}
