/* A shared mapping of a file opened for reading cannot be made writable; a range stops there. */
#include "compat.h"

int main(void)
{
    int fd = open("file", O_RDWR | O_CREAT, 0600), readable;

    SHOW(ftruncate(fd, 4 * (off_t)PAGE));
    readable = open("file", O_RDONLY);
    map_pages(AREA, 2);
    call_mprotect(AREA, 2 * PAGE, PROT_READ);
    call_mmap(AREA + 2 * PAGE, 2 * PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, readable, 0);
    map_pages(AREA + 4 * PAGE, 2);
    call_mprotect(AREA + 4 * PAGE, 2 * PAGE, PROT_READ);
    SHOW(call_mprotect(AREA, 6 * PAGE, PROT_READ | PROT_WRITE));
    show_maps(AREA, 16 * PAGE);
    SHOW(call_mprotect(AREA + 2 * PAGE, PAGE, PROT_WRITE));
    SHOW(call_mprotect(AREA + 2 * PAGE, PAGE, PROT_READ | PROT_EXEC));
    SHOW(call_mprotect(AREA + 2 * PAGE, PAGE, PROT_NONE));
    show_maps(AREA, 16 * PAGE);
    call_mmap(AREA + 8 * PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, readable, 0);
    SHOW(call_mprotect(AREA + 8 * PAGE, PAGE, PROT_READ | PROT_WRITE));
    show_write(AREA + 8 * PAGE, 'x');
    return 0;
}
