/* Which descriptors can be mapped: bad ones, pipes, folders, devices, special files. */
#include "compat.h"

static void try(const char *name, int fd)
{
    static const int types[] = {MAP_PRIVATE, MAP_SHARED};

    printf("%s:", name);
    for (int i = 0; i < 2; i++) {
        void *at = call_mmap(AREA, PAGE, PROT_READ, MAP_FIXED | types[i], fd, 0);

        printf(" %s", at == MAP_FAILED ? errno_name(errno) : "fine");
        call_munmap(AREA, PAGE);
    }
    printf("\n");
    if (fd > 2)
        close(fd);
}

int main(void)
{
    int pipes[2];

    try("-1", -1);
    try("not open", 99);
    try("huge", 0x7fffffff);
    try("file", make_file(1));
    try("empty file", make_file(0));
    mkdir("folder", 0700);
    try("folder", open("folder", O_RDONLY));
    if (pipe(pipes) == 0) {
        try("pipe", pipes[0]);
        try("pipe's other end", pipes[1]);
    }
    try("O_PATH", open("/dev/zero", O_PATH));
    try("/dev/zero", open("/dev/zero", O_RDWR));
    try("/dev/null", open("/dev/null", O_RDWR));
    try("/dev/full", open("/dev/full", O_RDWR));
    try("/dev/urandom", open("/dev/urandom", O_RDONLY));
    try("/dev/tty", open("/dev/tty", O_RDONLY));
    try("/proc/self/maps", open("/proc/self/maps", O_RDONLY));
    try("/proc/self/mem", open("/proc/self/mem", O_RDONLY));
    try("/proc", open("/proc", O_RDONLY));
    try("memfd", (int)syscall(SYS_memfd_create, "memory", 0));
    try("eventfd", (int)syscall(SYS_eventfd2, 0, 0));
    try("epoll", (int)syscall(SYS_epoll_create1, 0));
    return 0;
}
