/* remap_file_pages puts other pages of the file into a shared mapping, by mapping them anew. */
#include "compat.h"

static long remap(char *start, size_t size, int protection, size_t page, int flags)
{
    return syscall(SYS_remap_file_pages, start, size, protection, page, flags);
}

int main(void)
{
    int fd = make_file(8);

    call_mmap(AREA, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
    SHOW(remap(AREA, 2 * PAGE, 0, 6, 0));
    show_maps(AREA, 16 * PAGE);
    show_read(AREA);
    show_read(AREA + PAGE);
    show_read(AREA + 2 * PAGE);
    show_write(AREA, 'x');
    show_read(AREA + 6 * PAGE);
    SHOW(remap(AREA + 3 * PAGE, PAGE, 0, 0, 0));
    show_read(AREA + 3 * PAGE);
    show_maps(AREA, 16 * PAGE);
    SHOW(remap(AREA + 3 * PAGE, PAGE, 0, 3, 0));
    show_maps(AREA, 16 * PAGE);
    SHOW(remap(AREA, PAGE, PROT_READ, 0, 0));
    SHOW(remap(AREA, 0, 0, 0, 0));
    SHOW(remap(AREA + 1, PAGE, 0, 1, 0));
    show_read(AREA);
    SHOW(remap(AREA + 7 * PAGE, 2 * PAGE, 0, 0, 0));
    SHOW(remap(AREA + 2 * PAGE, 6 * PAGE, 0, 0, 0));
    SHOW(remap(AREA, 8 * PAGE, 0, 0, 0));
    show_maps(AREA, 16 * PAGE);
    SHOW(remap(AREA, PAGE, 0, (size_t)-1, 0));
    SHOW(remap(AREA, (size_t)-4096, 0, 0, 0));
    SHOW(remap(AREA, PAGE, 0, 100, 0));
    show_read(AREA);
    SHOW(remap(AREA, PAGE, 0, 1, MAP_NONBLOCK));
    SHOW(remap(AREA, PAGE, 0, 1, MAP_SHARED | MAP_FIXED));
    SHOW(remap(AREA + 64 * PAGE, PAGE, 0, 1, 0));
    map_pages(AREA + 32 * PAGE, 2);
    SHOW(remap(AREA + 32 * PAGE, PAGE, 0, 1, 0));
    call_mmap(AREA + 40 * PAGE, 2 * PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0);
    SHOW(remap(AREA + 40 * PAGE, PAGE, 0, 1, 0));
    return 0;
}
