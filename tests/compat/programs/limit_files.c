/* RLIMIT_NOFILE and RLIMIT_FSIZE: descriptors, and SIGXFSZ when a file would grow too large. */
#include "process.h"

static void set(int resource, rlim_t soft)
{
    struct rlimit limit;

    NEED(getrlimit(resource, &limit) == 0);
    limit.rlim_cur = soft;
    NEED(setrlimit(resource, &limit) == 0);
}

static void handler(int signo, siginfo_t *info, void *context)
{
    say("  signal %d code %d", signo, info->si_code);
}

static void descriptors(void)
{
    int ends[2];

    for (int fd = 3; fd < 64; fd++)
        close(fd);
    set(RLIMIT_NOFILE, 5);
    TRY(dup(1));
    TRY(dup(1));
    TRY(dup(1));
    TRY(dup2(1, 5));
    TRY(dup2(1, 4));
    TRY(fcntl(1, F_DUPFD, 5));
    TRY(fcntl(1, F_DUPFD, 4));
    close(4);
    TRY(pipe(ends));
    TRY(open("/dev/null", O_RDONLY));
    TRY(open("/dev/null", O_RDONLY));
    set(RLIMIT_NOFILE, 3);
    TRY(write(4, "", 0));
    TRY(close(4));
    TRY(dup(1));
    set(RLIMIT_NOFILE, 0);
    TRY(dup(1));
    TRY(memfd_create("x", 0));
}

static void file_size(void)
{
    static char block[10000];
    int fd = open("file", O_RDWR | O_CREAT | O_TRUNC, 0600), memory = memfd_create("x", 0);

    NEED(fd >= 0 && memory >= 0);
    set(RLIMIT_FSIZE, 5000);
    TRY(write(fd, block, 4000));
    TRY(write(fd, block, 4000));
    TRY(write(fd, block, 0));
    handle(SIGXFSZ, handler, 0);
    TRY(write(fd, block, 1));
    TRY(pwrite(fd, block, 10, 4990));
    TRY(pwrite(fd, block, 10, 4995));
    TRY(pwrite(fd, block, 10, 5000));
    TRY(pwrite(fd, block, 10, 6000));
    TRY(ftruncate(fd, 5000));
    TRY(ftruncate(fd, 5001));
    TRY(ftruncate(memory, 5001));
    TRY(ftruncate(memory, 4000));
    TRY(write(memory, block, 6000));
    TRY(syscall(SYS_fallocate, fd, 0, 0, 6000));
    signal(SIGXFSZ, SIG_IGN);
    TRY(pwrite(fd, block, 10, 6000));
    signal(SIGXFSZ, SIG_DFL);
    unlink("file");
    pwrite(fd, block, 10, 6000);
    say("not reached");
}

int main(void)
{
    in_child("descriptors", descriptors);
    in_child("file size", file_size);
    return 0;
}
