/* Beyond a file's end: zeros to the end of its last page, SIGBUS after, and new pages when it
 * grows. */
#include "compat.h"

int main(void)
{
    int fd = make_file(1);

    SHOW(ftruncate(fd, (off_t)PAGE + 100));
    SHOW_ADDRESS(call_mmap(AREA, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0));
    SHOW_ADDRESS(call_mmap(AREA + 8 * PAGE, 4 * PAGE, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_FIXED, fd, 0));
    show_read(AREA);
    show_read(AREA + PAGE + 99);
    show_read(AREA + PAGE + 4095);
    show_read(AREA + 2 * PAGE + 123);
    show_write(AREA + 2 * PAGE + 123, 'x');
    show_write(AREA + 3 * PAGE + 4095, 'x');
    show_read(AREA + 10 * PAGE);
    show_write(AREA + 11 * PAGE, 'x');
    /* Written beyond the end but in the last page: seen by mappings, not kept in the file. */
    show_write(AREA + PAGE + 200, 'x');
    show_read(AREA + 9 * PAGE + 200);
    SHOW(ftruncate(fd, 3 * (off_t)PAGE));
    show_read(AREA + 2 * PAGE + 123);
    show_read(AREA + 10 * PAGE);
    show_read(AREA + 3 * PAGE);
    show_write(AREA + 2 * PAGE, 'z');
    show_read(AREA + 10 * PAGE);
    SHOW(ftruncate(fd, 0));
    show_read(AREA);
    show_write(AREA + 8 * PAGE, 'x');
    return 0;
}
