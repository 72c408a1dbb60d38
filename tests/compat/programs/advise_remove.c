/* REMOVE punches the file behind a shared mapping: every mapping sees zeros, copies stay. */
#include "advice.h"

int main(void)
{
    int fd = make_file(6);
    char *one = file_map(fd, 6, MAP_SHARED), *two = file_map(fd, 6, MAP_SHARED);
    char *copy = file_map(fd, 6, MAP_PRIVATE), *shared = shared_anonymous(4);
    char buffer[2];
    struct stat before, after;

    copy[PAGE] = 'X';
    (void)*(volatile char *)(copy + 2 * PAGE);
    fstat(fd, &before);
    SHOW(call_madvise(one + PAGE, 2 * PAGE, MADV_REMOVE));
    fstat(fd, &after);
    pages_of("one", one, 6);
    pages_of("two", two, 6);
    pages_of("copy", copy, 6);
    SHOW(after.st_size == before.st_size);
    tell("blocks less", before.st_blocks - after.st_blocks);
    SHOW(pread(fd, buffer, 2, PAGE));
    tell("read", buffer[0]);
    SHOW(lseek(fd, 0, SEEK_HOLE));
    SHOW(lseek(fd, PAGE, SEEK_DATA));
    one[PAGE] = 'n';
    pages_of("written again", two, 6);
    fill(shared, 4, 'S');
    SHOW(call_madvise(shared + PAGE, PAGE, MADV_REMOVE));
    pages_of("shared anonymous", shared, 4);
    SHOW(call_madvise(copy, PAGE, MADV_REMOVE));
    SHOW(call_madvise(anonymous(1), PAGE, MADV_REMOVE));
    SHOW(mprotect(one, PAGE, PROT_READ));
    SHOW(call_madvise(one, PAGE, MADV_REMOVE));
    SHOW(call_madvise(one, 6 * PAGE, MADV_REMOVE));
    pages_of("read-only first page", one, 6);
    SHOW(munmap(one + 3 * PAGE, PAGE));
    SHOW(call_madvise(one + 2 * PAGE, 4 * PAGE, MADV_REMOVE));
    pages_of("around a hole", two, 6);
    return 0;
}
