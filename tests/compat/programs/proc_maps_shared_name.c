/* Shared memory without a file of the program's own has names too. */
#include "proc.h"

int main(void)
{
    int fd = (int)syscall(SYS_memfd_create, "a name", 0);

    call_mmap(AREA, PAGE, READ_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    show_maps(AREA, PAGE);
    ftruncate(fd, PAGE);
    call_mmap(AREA, PAGE, READ_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
    show_maps(AREA, PAGE);
    close(fd);
    show_maps(AREA, PAGE);
    fd = open("/dev/zero", O_RDWR);
    call_mmap(AREA, PAGE, READ_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
    show_maps(AREA, PAGE);
    return 0;
}
