/* SHRINK and GROW bind every way in which a file changes its size. */
#include "probe.h"

#ifndef FALLOC_FL_KEEP_SIZE
#define FALLOC_FL_KEEP_SIZE  1
#define FALLOC_FL_PUNCH_HOLE 2
#endif

static int sealed(int seals)
{
    int fd = (int)syscall(SYS_memfd_create, "a", 2);

    if (ftruncate(fd, 3 * PAGE) != 0 || fcntl(fd, F_ADD_SEALS, seals) != 0)
        puts("no sealed file");
    return fd;
}

static void changes(int fd)
{
    static char page[4096];
    struct stat what;

    SHOW(ftruncate(fd, 2 * PAGE));
    SHOW(ftruncate(fd, 3 * PAGE));
    SHOW(ftruncate(fd, 4 * PAGE));
    SHOW(pwrite(fd, page, PAGE, 2 * PAGE));
    SHOW(pwrite(fd, page, PAGE, 2 * PAGE + 100));
    SHOW(pwrite(fd, page, PAGE, 3 * PAGE));
    SHOW(pwrite(fd, page, PAGE, 8 * PAGE));
    SHOW(fallocate(fd, 0, 0, PAGE));
    SHOW(fallocate(fd, 0, 2 * PAGE, 3 * PAGE));
    SHOW(fallocate(fd, FALLOC_FL_KEEP_SIZE, 4 * PAGE, 16 * PAGE));
    SHOW(fallocate(fd, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, 0, PAGE));
    SHOW(lseek(fd, 0, SEEK_END) >= 0);
    SHOW(write(fd, page, 10));
    SHOW(fstat(fd, &what));
    printf("size %ld\n", (long)what.st_size);
}

int main(void)
{
    puts("SHRINK");
    changes(sealed(F_SEAL_SHRINK));
    puts("GROW");
    changes(sealed(F_SEAL_GROW));
    puts("both");
    changes(sealed(F_SEAL_GROW | F_SEAL_SHRINK));
    puts("WRITE");
    changes(sealed(F_SEAL_WRITE));
    puts("FUTURE_WRITE");
    changes(sealed(16));
    return 0;
}
