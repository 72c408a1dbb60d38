/* Calls whose buffer ends at a page that is not there: what arrives, and what is answered. */
#include "compat.h"

#include <dirent.h>
#include <poll.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/statfs.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <termios.h>
#include <time.h>

/* Two pages, then nothing; `edge` is where they end. */
static char *edge;

static void fresh(void)
{
    map_pages(AREA, 2);
    memset(AREA, '.', 2 * PAGE);
    edge = AREA + 2 * PAGE;
}

/* How many bytes before the edge are not what they were. */
static void show_changed(void)
{
    long first = 0;

    while (first < (long)(2 * PAGE) && AREA[first] == '.')
        first++;
    if (first < (long)(2 * PAGE))
        printf("  changed from edge-%ld\n", (long)(2 * PAGE) - first);
}

#define TRY(call)                                                                                  \
    do {                                                                                           \
        fresh();                                                                                   \
        if (SHOW(call) != -1)                                                                      \
            show_changed();                                                                        \
    } while (0)

static void files(void)
{
    int fd = make_file(4);

    TRY(pread(fd, edge - 100, 200, 0));
    TRY(pread(fd, edge, 200, 0));
    TRY(pread(fd, edge - 5000, 10000, 0));
    TRY(pread(fd, edge - 1, 4096, 4090));
    TRY(pread(fd, edge, 0, 0));
    TRY(pread(fd, (char *)-1, 0, 0));
    TRY(pread(fd, (char *)0x7ffffffff000, 4096, 0));
    TRY(pread(fd, (char *)0x7fffffffeff0, 4096, 0));
    TRY(pread(fd, (char *)-4096, 4096, 0));
    TRY(pread(fd, (char *)-4096, 8192, 0));
    TRY(syscall(SYS_pread64, fd, AREA, -1L, 0));
    TRY(syscall(SYS_pread64, fd, AREA, 1ul << 63, 0));
    TRY(pwrite(fd, edge - 100, 200, 0));
    TRY(pwrite(fd, edge, 200, 0));
    TRY(pwrite(fd, edge - 5000, 10000, 0));
    TRY(pwrite(fd, edge - 100, 200, 4 * 4096 - 50));
    TRY(lseek(fd, 0, SEEK_END));
    TRY(pwrite(fd, (char *)-4096, 4096, 0));
    TRY(({
        struct iovec v[3] = {{edge - 10, 10}, {edge - 5, 10}, {AREA, 10}};
        preadv(fd, v, 3, 0);
    }));
    TRY(({
        struct iovec v[3] = {{edge - 10, 10}, {(void *)-4096, 10}, {AREA, 10}};
        preadv(fd, v, 3, 0);
    }));
    TRY(({
        struct iovec v[2] = {{edge - 10, 10}, {AREA, -1ul}};
        preadv(fd, v, 2, 0);
    }));
    TRY(preadv(fd, (struct iovec *)(edge - 8), 1, 0));
    TRY(preadv(fd, (struct iovec *)(edge - 16), 0, 0));
    TRY(preadv(fd, (struct iovec *)AREA, 1025, 0));
    close(fd);
}

static void pipes(void)
{
    int ends[2];
    char text[300];
    long n;

    if (pipe2(ends, O_NONBLOCK) != 0)
        return;
    TRY(write(ends[1], edge - 100, 200));
    n = read(ends[0], text, sizeof text);
    printf("  then read %ld\n", n);
    n = write(ends[1], "hello, world", 12);
    TRY(read(ends[0], edge - 5, 12));
    n = read(ends[0], text, sizeof text);
    printf("  then read %ld %.12s\n", n, n > 0 ? text : "");
    TRY(pipe((int *)(edge - 4)));
    TRY(pipe((int *)edge));
    close(ends[0]);
    close(ends[1]);
    n = open("/dev/null", O_RDONLY);
    printf("descriptors left: %ld\n", n - 3);
    close((int)n);
}

static void structures(void)
{
    int epoll = epoll_create1(0), here = open(".", O_RDONLY | O_DIRECTORY);

    TRY(syscall(SYS_fstat, 0, edge - 100));
    TRY(syscall(SYS_uname, edge - 389));
    TRY(syscall(SYS_sysinfo, edge - 100));
    TRY(syscall(SYS_statfs, ".", edge - 100));
    TRY(syscall(SYS_getcwd, edge - 1, 100));
    TRY(syscall(SYS_getcwd, edge, 1));
    TRY(syscall(SYS_gettimeofday, edge - 8, 0L));
    TRY(syscall(SYS_clock_gettime, 0, edge - 8));
    TRY(syscall(SYS_getrlimit, 7, edge - 8));
    TRY(syscall(SYS_prlimit64, 0, 7, edge - 8, 0L));
    TRY(syscall(SYS_getrusage, 0, edge - 50));
    TRY(syscall(SYS_times, edge - 8));
    TRY(syscall(SYS_getitimer, 0, edge - 16));
    TRY(syscall(SYS_rt_sigaction, 10, 0L, edge - 8, 8));
    TRY(syscall(SYS_rt_sigprocmask, 0, 0L, edge - 4, 8));
    TRY(syscall(SYS_rt_sigpending, edge - 4, 8));
    TRY(syscall(SYS_sigaltstack, 0L, edge - 8));
    TRY(syscall(SYS_sched_getaffinity, 0, 128, edge - 4));
    TRY(syscall(SYS_getrandom, edge - 10, 100, 0) > 0);
    TRY(syscall(SYS_getrandom, edge, 100, 0));
    TRY(syscall(SYS_getdents64, here, edge - 10, 4096));
    TRY(syscall(SYS_getdents64, here, edge - 30, 4096));
    TRY(syscall(SYS_readlink, "/proc/self/exe", edge - 2, 100));
    TRY(syscall(SYS_epoll_wait, epoll, edge, 1, 0));
    TRY(syscall(SYS_poll, edge - 4, 1, 0));
    TRY(syscall(SYS_select, 64, edge - 4, 0L, 0L, 0L));
    TRY(syscall(SYS_nanosleep, edge - 8, 0L));
    TRY(syscall(SYS_futex, edge, 0, 0, 0L, 0L, 0));
    TRY(syscall(SYS_futex, edge, 1, 1, 0L, 0L, 0));
    TRY(syscall(SYS_mincore, AREA, 2 * PAGE, edge - 1));
    TRY(syscall(SYS_getgroups, 64, edge) >= 0);
    TRY(syscall(SYS_wait4, -1, edge, 0, 0L));
    TRY(syscall(SYS_ioctl, here, FIOCLEX, edge));
    close(epoll);
    close(here);
}

static void strings(void)
{
    memset(AREA, '/', 2 * PAGE);
    TRY(open(edge - 3, O_RDONLY));
    TRY(open(edge, O_RDONLY));
    TRY((memset(AREA, 'a', 2 * PAGE), open(AREA, O_RDONLY)));
    TRY((memset(AREA, 'a', 2 * PAGE), open(edge - 255, O_RDONLY)));
    TRY((memset(AREA, 'a', 2 * PAGE), open(edge - 4096, O_RDONLY)));
    TRY((memcpy(edge - 2, ".", 2), open(edge - 2, O_RDONLY)) > 2);
    TRY(syscall(SYS_execve, edge - 3, 0L, 0L));
    TRY(syscall(SYS_execve, "/bin/sh", edge - 8, 0L));
    TRY((memset(edge - 8, 0, 8), syscall(SYS_execve, "/missing", edge - 8, 0L)));
    TRY((*(char **)(edge - 8) = edge - 1, syscall(SYS_execve, "/missing", edge - 8, 0L)));
    TRY((*(char **)(edge - 8) = edge - 1, syscall(SYS_execve, "/bin/sh", edge - 8, 0L)));
    TRY(mkdir(edge - 1, 0700));
    TRY(rename(edge - 1, "x"));
    TRY(symlink(edge - 1, "x"));
    TRY(syscall(SYS_memfd_create, edge - 1, 0));
    TRY(syscall(SYS_prctl, 15, edge - 1, 0, 0, 0));
    TRY(syscall(SYS_sethostname, edge - 1, 5));
}

int main(void)
{
    files();
    pipes();
    structures();
    strings();
    return 0;
}
