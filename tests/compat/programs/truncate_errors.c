/* truncate, ftruncate and fallocate: sizes, modes and descriptors that are refused. */
#include "probe.h"

int main(void)
{
    int fd = make_file(1), reader, ends[2];

    SHOW(syscall(SYS_ftruncate, fd, -1L));
    SHOW(syscall(SYS_ftruncate, 99, 0L));
    SHOW(pipe(ends));
    SHOW(syscall(SYS_ftruncate, ends[1], 0L));
    SHOW(syscall(SYS_ftruncate, fd, 0x7fffffffffffffffL));
    SHOW(syscall(SYS_ftruncate, fd, 0x7ffffffffffff000L));
    SHOW(syscall(SYS_ftruncate, fd, 0L));
    SHOW(open("f", O_RDWR | O_CREAT, 0600) >= 0);
    reader = open("f", O_RDONLY);
    SHOW(syscall(SYS_ftruncate, reader, 0L));
    SHOW(syscall(SYS_fallocate, reader, 0, 0L, 1L));
    SHOW(truncate("f", 5000));
    SHOW(truncate("f", -1));
    SHOW(truncate("nothing", 0));
    SHOW(truncate(".", 0));
    SHOW(truncate("", 0));
    SHOW(syscall(SYS_fallocate, fd, 0, -1L, 1L));
    SHOW(syscall(SYS_fallocate, fd, 0, 0L, 0L));
    SHOW(syscall(SYS_fallocate, fd, 0, 0L, -1L));
    SHOW(syscall(SYS_fallocate, fd, 2, 0L, 4096L));
    SHOW(syscall(SYS_fallocate, fd, 8, 0L, 4096L));
    SHOW(syscall(SYS_fallocate, fd, 16, 0L, 4096L));
    SHOW(syscall(SYS_fallocate, fd, 32, 0L, 4096L));
    SHOW(syscall(SYS_fallocate, fd, 64, 0L, 4096L));
    SHOW(syscall(SYS_fallocate, fd, 0, 0x7fffffffffffffffL, 1L));
    SHOW(syscall(SYS_fallocate, ends[1], 0, 0L, 1L));
    SHOW(syscall(SYS_fallocate, 99, 0, 0L, 1L));
    set_limit(RLIMIT_FSIZE, 3 * PAGE, 3 * PAGE);
    signal(SIGXFSZ, SIG_IGN);
    SHOW(ftruncate(fd, 3 * PAGE));
    SHOW(ftruncate(fd, 3 * PAGE + 1));
    SHOW(syscall(SYS_fallocate, fd, 0, 0L, 4 * PAGE));
    SHOW(pwrite(fd, "x", 1, 3 * PAGE));
    return 0;
}
