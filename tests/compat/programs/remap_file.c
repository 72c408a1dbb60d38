/* A file's mapping grows over the file's end, and moves with its offset; offsets do not wrap. */
#include "compat.h"

int main(void)
{
    int fd = make_file(4);
    char *at;

    call_mmap(AREA, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 2 * PAGE);
    SHOW_ADDRESS(call_mremap(AREA, PAGE, 4 * PAGE, 0, NULL));
    show_maps(AREA, 16 * PAGE);
    show_read(AREA + PAGE);
    show_read(AREA + 2 * PAGE);
    SHOW(ftruncate(fd, 5 * (off_t)PAGE));
    show_read(AREA + 2 * PAGE);
    SHOW_ADDRESS(call_mremap(AREA + PAGE, 2 * PAGE, 3 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
                             AREA + 32 * PAGE));
    show_maps(AREA, 64 * PAGE);
    show_read(AREA + 32 * PAGE);
    show_write(AREA + 32 * PAGE, 'w');
    call_mmap(AREA, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 3 * PAGE);
    show_read(AREA);
    /* The last page that a file may have. */
    at = call_mmap(AREA + 16 * PAGE, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, fd,
                   0x7fffffffffffe000);
    SHOW_ADDRESS(at);
    SHOW_ADDRESS(call_mremap(at, PAGE, 2 * PAGE, 0, NULL));
    show_maps(at, 8 * PAGE);
    SHOW_ADDRESS(call_mremap(at, PAGE, 64 * PAGE, MREMAP_MAYMOVE, NULL) != MAP_FAILED ? AREA
                                                                                      : MAP_FAILED);
    return 0;
}
