/* Under policy 2 the page of a file in memory that may not be promised is ENOSPC to write, and
 * SIGBUS to touch. */
#include "overcommit.h"

static char buffer[1 << 16];

int main(void)
{
    int file = (int)syscall(SYS_memfd_create, "file", 0);
    size_t at = 0;
    ssize_t n;

    puts("policy 2");
    if (ftruncate(file, 64 * (long)MIB) != 0)
        return 1;
    strict(16 * MIB);
    while ((n = pwrite(file, buffer, sizeof buffer, (off_t)at)) == (ssize_t)sizeof buffer)
        at += sizeof buffer;
    if (n > 0)
        n = pwrite(file, buffer, sizeof buffer, (off_t)at + n);
    printf("%s after %s\n", n < 0 ? errno_name(errno) : "no error",
           at > 12 * MIB && at < 20 * MIB ? "about 16 MiB" : "another amount");
    call_mmap(AREA, 64 * MIB, RW, MAP_SHARED | MAP_FIXED, file, 0);
    show_write(AREA + 63 * MIB, 1);
    show_read(AREA + 62 * MIB);
    SHOW(syscall(SYS_fallocate, file, 0, 32 * MIB, 16 * MIB));
    SHOW(ftruncate(file, 0));
    SHOW(ftruncate(file, MIB));
    show_write(AREA, 1);
    return 0;
}
