/* RLIMIT_AS and RLIMIT_DATA bound what is mapped; what counts as data. */
#include "compat.h"

static void *map(int protection, int flags, int fd)
{
    void *at = call_mmap(AREA, 1024 * PAGE, protection, MAP_FIXED | flags, fd, 0);

    call_munmap(AREA, 1024 * PAGE);
    return at;
}

static void tries(void)
{
    int fd = make_file(1);

    SHOW_ADDRESS(map(PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1));
    SHOW_ADDRESS(map(PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1));
    SHOW_ADDRESS(map(PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1));
    SHOW_ADDRESS(map(PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN, -1));
    SHOW_ADDRESS(map(PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1));
    SHOW_ADDRESS(map(PROT_READ | PROT_WRITE, MAP_PRIVATE, fd));
    SHOW_ADDRESS(map(PROT_READ | PROT_WRITE, MAP_SHARED, fd));
    SHOW_ADDRESS(map(PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1));
    close(fd);
}

int main(void)
{
    uint64_t size = (uint64_t)number_after("/proc/self/status", "VmSize:") * 1024;

    set_limit(RLIMIT_AS, size + 1023 * PAGE, RLIM_INFINITY);
    tries();
    set_limit(RLIMIT_AS, size + 1024 * PAGE, RLIM_INFINITY);
    tries();
    /* Replacing does not count twice. */
    map_pages(AREA, 1024);
    map_pages(AREA, 1024);
    map_pages(AREA + 512 * PAGE, 512);
    map_pages(AREA + 512 * PAGE, 513);
    call_munmap(AREA, 2048 * PAGE);
    set_limit(RLIMIT_AS, RLIM_INFINITY, RLIM_INFINITY);
    set_limit(RLIMIT_DATA, 1000 * PAGE, RLIM_INFINITY);
    tries();
    return 0;
}
