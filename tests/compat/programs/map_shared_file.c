/* Shared mappings of a file, read and write see the same bytes at once; private ones keep their
 * own. */
#include "compat.h"

int main(void)
{
    char bytes[4] = {0};
    int fd = make_file(2);
    char *shared = call_mmap(AREA, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
    char *second =
        call_mmap(AREA + 4 * PAGE, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
    char *own = call_mmap(AREA + 8 * PAGE, 2 * PAGE, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_FIXED, fd, 0);

    show_write(shared, 'M');
    show_read(second);
    show_read(own);
    SHOW(pread(fd, bytes, 1, 0));
    printf("file: %s\n", bytes);
    SHOW(pwrite(fd, "W", 1, 0));
    show_read(shared);
    show_read(own);
    show_write(own, 'P');
    show_read(shared);
    SHOW(pwrite(fd, "X", 1, 0));
    show_read(second);
    show_read(own);
    show_write(own + 1, 'Q');
    show_read(shared + 1);
    /* The other page was not written privately: it still follows the file. */
    SHOW(pwrite(fd, "Y", 1, (off_t)PAGE));
    show_read(own + PAGE);
    close(fd);
    show_write(shared + PAGE, 'Z');
    show_read(second + PAGE);
    show_read(own + PAGE);
    SHOW(call_munmap(shared, 2 * PAGE));
    show_read(second);
    return 0;
}
