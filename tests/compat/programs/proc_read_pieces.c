/* Files of /proc read by bytes, at places, and after seeking are the same file. */
#include "proc.h"

static char whole[1 << 20], other[1 << 20];

static size_t read_by(int fd, char *to, size_t step)
{
    size_t length = 0;
    ssize_t n;

    while ((n = read(fd, to + length, step)) > 0)
        length += (size_t)n;
    return length;
}

static void show(const char *path)
{
    int fd = open(path, O_RDONLY);
    size_t length = read_by(fd, whole, sizeof whole), n;

    printf("%s: %s\n", path, length > 0 ? "there" : "empty");
    SHOW(lseek(fd, 0, SEEK_SET));
    n = read_by(fd, other, 1);
    printf("by bytes: %d\n", n == length && memcmp(whole, other, n) == 0);
    lseek(fd, 0, SEEK_SET);
    n = read_by(fd, other, 7);
    printf("by sevens: %d\n", n == length && memcmp(whole, other, n) == 0);
    n = (size_t)pread(fd, other, 5, 3);
    printf("in the middle: %d\n", n == 5 && memcmp(whole + 3, other, 5) == 0);
    SHOW(lseek(fd, 2, SEEK_SET));
    SHOW(lseek(fd, 1, SEEK_CUR));
    SHOW(lseek(fd, -5, SEEK_CUR));
    SHOW(lseek(fd, 0, SEEK_END));
    SHOW(pread(fd, other, 10, 1 << 20));
    SHOW(write(fd, "x", 1));
    close(fd);
}

int main(void)
{
    map_pages(AREA, 3);
    show("/proc/self/maps");
    show("/proc/self/limits");
    show("/proc/self/cmdline");
    show("/proc/version");
    return 0;
}
