/* Pages that fallocate made count as there when somebody has used them. */
#include "compat.h"

#include <fcntl.h>
#include <sys/stat.h>

#define WANTED 8

static void show(const char *title, char *at)
{
    unsigned char there[WANTED];

    mincore(at, WANTED * PAGE, there);
    printf("%s:", title);
    for (int i = 0; i < WANTED; i++)
        printf(" %d", there[i] & 1);
    printf("\n");
}

int main(void)
{
    int fd = open("file", O_RDWR | O_CREAT, 0600);
    struct stat status;
    char *at;

    SHOW(fallocate(fd, 0, 0, WANTED * PAGE));
    fstat(fd, &status);
    printf("%ld bytes, %ld blocks\n", (long)status.st_size, (long)status.st_blocks);
    at = mmap(NULL, WANTED * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    show("made", at);
    SHOW(lseek(fd, 0, SEEK_DATA));
    SHOW(lseek(fd, 0, SEEK_HOLE));
    at[2 * PAGE] = 1;
    SHOW(at[4 * PAGE]);
    show("used 2 and 4", at);
    SHOW(pwrite(fd, "x", 1, 6 * PAGE));
    show("wrote 6", at);
    SHOW(lseek(fd, 0, SEEK_DATA));
    SHOW(lseek(fd, 3 * PAGE, SEEK_DATA));
    SHOW(lseek(fd, 2 * PAGE, SEEK_HOLE));
    SHOW(fallocate(fd, 0, 0, WANTED * PAGE));
    show("made again", at);
    SHOW(madvise(at, WANTED * PAGE, MADV_DONTNEED));
    show("not needed", at);
    SHOW(at[0]);
    show("read 0", at);
    return 0;
}
