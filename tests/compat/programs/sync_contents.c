/* What is written to a shared mapping is in the file at once, with msync or without. */
#include "probe.h"

int main(void)
{
    int fd = make_file(3);
    char *at = file_map(fd, 3, MAP_SHARED), *copy = file_map(fd, 3, MAP_PRIVATE);
    char byte;

    at[PAGE] = 'X';
    SHOW(pread(fd, &byte, 1, PAGE));
    printf("%c\n", byte);
    SHOW(msync(at, 3 * PAGE, MS_SYNC));
    copy[0] = 'Y';
    SHOW(msync(copy, 3 * PAGE, MS_SYNC));
    SHOW(msync(copy, 3 * PAGE, MS_INVALIDATE));
    SHOW(pread(fd, &byte, 1, 0));
    printf("%c %c\n", byte, copy[0]);
    SHOW(pwrite(fd, "Z", 1, 2 * PAGE));
    pages_of("shared", at, 3);
    pages_of("copy", copy, 3);
    SHOW(fsync(fd));
    SHOW(fdatasync(fd));
    SHOW(syscall(SYS_sync_file_range, fd, 0L, (long)PAGE, 7));
    SHOW(syscall(SYS_sync_file_range, fd, 0L, 0L, 0));
    SHOW(syscall(SYS_sync_file_range, fd, -1L, 0L, 0));
    SHOW(syscall(SYS_sync_file_range, fd, 0L, 0L, 8));
    SHOW(syscall(SYS_sync_file_range, 99, 0L, 0L, 0));
    SHOW(syscall(SYS_syncfs, fd));
    SHOW(syscall(SYS_syncfs, 99));
    return 0;
}
