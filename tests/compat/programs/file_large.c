/* Files beyond 2 GiB: what descriptors without O_LARGEFILE may do, which only 32 bits tell apart.
 */
#include "compat.h"

#ifndef SYS_ftruncate64
#define SYS_ftruncate64 SYS_ftruncate
#define SYS_fstat64     SYS_fstat
#endif

#define SMALL_MAX 0x7fffffffll

static int open_raw(const char *name, int flags)
{
    return (int)syscall(SYS_open, name, flags, 0600);
}

static long resize(int fd, long long size)
{
#ifdef __x86_64__
    return syscall(SYS_ftruncate64, fd, size);
#else
    return syscall(SYS_ftruncate64, fd, (long)size, (long)(size >> 32));
#endif
}

static long write_at(int fd, long long at, size_t length)
{
    static char bytes[8192];
#ifdef __x86_64__
    return syscall(SYS_pwrite64, fd, bytes, length, at);
#else
    return syscall(SYS_pwrite64, fd, bytes, length, (long)at, (long)(at >> 32));
#endif
}

static long read_at(int fd, long long at)
{
    char byte;
#ifdef __x86_64__
    return syscall(SYS_pread64, fd, &byte, 1, at);
#else
    return syscall(SYS_pread64, fd, &byte, 1, (long)at, (long)(at >> 32));
#endif
}

static void with(int fd)
{
    char stat_room[256];

    printf("flag %s\n", syscall(SYS_fcntl, fd, F_GETFL) & 0100000 ? "set" : "not set");
    SHOW(write_at(fd, SMALL_MAX - 1, 1));
    SHOW(write_at(fd, SMALL_MAX - 2, 8));
    SHOW(write_at(fd, SMALL_MAX, 1));
    SHOW(write_at(fd, SMALL_MAX + 1, 1));
    SHOW(write_at(fd, 0x100000000, 1));
    SHOW(resize(fd, SMALL_MAX + 1));
    SHOW(syscall(SYS_ftruncate, fd, SMALL_MAX));
    SHOW(resize(fd, 0x200000000));
    SHOW(read_at(fd, 0x180000000));
    SHOW(read_at(fd, 0x200000000));
    SHOW(syscall(SYS_fstat, fd, stat_room));
    SHOW(syscall(SYS_fstat64, fd, stat_room));
    SHOW(syscall(SYS_lseek, fd, 0, SEEK_SET));
    SHOW(syscall(SYS_lseek, fd, 0, SEEK_END) < 0);
    SHOW(syscall(SYS_write, fd, "x", 1));
}

static void append(int flags)
{
    int fd = open_raw("large", O_WRONLY | O_APPEND | flags);

    printf("append: %s\n", fd < 0 ? errno_name(errno) : "opened");
    if (fd < 0)
        return;
    SHOW(syscall(SYS_write, fd, "x", 1));
    close(fd);
}

int main(void)
{
    int fd = open_raw("large", O_RDWR | O_CREAT);

    with(fd);
    close(fd);
    fd = open_raw("large", O_RDONLY);
    printf("read: %s\n", fd < 0 ? errno_name(errno) : "opened");
    append(0);
    append(0100000);
    fd = open_raw("large", O_RDONLY | O_TRUNC);
    printf("shortened: %s\n", fd < 0 ? errno_name(errno) : "opened");
    unlink("large");
    fd = open_raw("large", O_RDWR | O_CREAT | 0100000);
    puts("with the flag");
    with(fd);
    unlink("large");
    return 0;
}
