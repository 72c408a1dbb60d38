/* Holes: whole pages leave all shared mappings, edges are zeroed, the size and copies stay. */
#include "probe.h"

int main(void)
{
    int fd = make_file(5);
    char *shared = file_map(fd, 5, MAP_SHARED), *copy = file_map(fd, 5, MAP_PRIVATE);
    struct stat what;

    copy[2 * PAGE] = 'X';
    pages_of("before", shared, 5);
    SHOW(fallocate(fd, 3, PAGE + 100, 2 * PAGE));
    pages_of("shared", shared, 5);
    pages_of("copy", copy, 5);
    printf("%c %d %d %c\n", shared[PAGE + 99], shared[PAGE + 100], shared[3 * PAGE + 99],
           shared[3 * PAGE + 100]);
    SHOW(fstat(fd, &what));
    printf("size %ld blocks %ld\n", (long)what.st_size, (long)what.st_blocks);
    SHOW(fallocate(fd, 3, 4 * PAGE + 10, 20));
    printf("%c %d %d %c\n", shared[4 * PAGE + 9], shared[4 * PAGE + 10], shared[4 * PAGE + 29],
           shared[4 * PAGE + 30]);
    SHOW(fallocate(fd, 3, 4 * PAGE, 100 * PAGE));
    pages_of("to beyond the end", shared, 5);
    SHOW(fallocate(fd, 3, 50 * PAGE, PAGE));
    SHOW(fallocate(fd, 0, 0, 7 * PAGE));
    SHOW(fstat(fd, &what));
    printf("size %ld blocks %ld\n", (long)what.st_size, (long)what.st_blocks);
    SHOW(fallocate(fd, 1, 7 * PAGE, 2 * PAGE));
    SHOW(fstat(fd, &what));
    printf("size %ld blocks %ld\n", (long)what.st_size, (long)what.st_blocks);
    return 0;
}
