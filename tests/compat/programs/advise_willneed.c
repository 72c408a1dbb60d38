/* WILLNEED, SEQUENTIAL and RANDOM on files: accepted, contents as in the file. */
#include "advice.h"

int main(void)
{
    int fd = make_file(4);
    char *at = file_map(fd, 6, MAP_SHARED), *copy = file_map(fd, 4, MAP_PRIVATE);
    char *plain = anonymous(2);

    SHOW(call_madvise(at, 4 * PAGE, MADV_WILLNEED));
    SHOW(call_madvise(at, 6 * PAGE, MADV_WILLNEED));
    SHOW(call_madvise(copy, 4 * PAGE, MADV_SEQUENTIAL));
    SHOW(call_madvise(copy, 4 * PAGE, MADV_RANDOM));
    SHOW(call_madvise(plain, 2 * PAGE, MADV_WILLNEED));
    resident("anonymous", plain, 2);
    pages_of("shared", at, 6);
    pages_of("private", copy, 4);
    SHOW(syscall(SYS_readahead, fd, 0L, 4 * PAGE));
    SHOW(posix_fadvise(fd, 0, 0, POSIX_FADV_WILLNEED));
    SHOW(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED));
    SHOW(posix_fadvise(fd, 0, 0, 99));
    pages_of("after", at, 6);
    return 0;
}
