/* WRITE is refused while a writable mapping stands; sealed files map only as they may be read. */
#include "probe.h"

static long try_map(int fd, int protection, int flags)
{
    void *at = call_mmap(AREA, 2 * PAGE, protection, flags | MAP_FIXED, fd, 0);

    return at == MAP_FAILED ? -1 : 0;
}

static void maps_of(int fd)
{
    char path[64];
    int reader;

    SHOW(try_map(fd, PROT_READ | PROT_WRITE, MAP_SHARED));
    SHOW(try_map(fd, PROT_READ, MAP_SHARED));
    SHOW(call_mprotect(AREA, PAGE, PROT_READ | PROT_WRITE));
    SHOW(try_map(fd, PROT_NONE, MAP_SHARED));
    SHOW(try_map(fd, PROT_READ | PROT_WRITE, MAP_PRIVATE));
    AREA[0] = 'p';
    SHOW(call_mprotect(AREA, PAGE, PROT_READ | PROT_WRITE));
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    reader = open(path, O_RDONLY);
    SHOW(try_map(reader, PROT_READ, MAP_SHARED));
    SHOW(call_mprotect(AREA, PAGE, PROT_READ | PROT_WRITE));
    show_read(AREA);
    SHOW(write(fd, "x", 1));
    close(reader);
    call_munmap(AREA, 2 * PAGE);
}

static int file(void)
{
    int fd = (int)syscall(SYS_memfd_create, "a", 2);

    if (ftruncate(fd, 2 * PAGE) != 0)
        puts("no size");
    return fd;
}

int main(void)
{
    int fd = file();

    SHOW(try_map(fd, PROT_READ | PROT_WRITE, MAP_SHARED));
    SHOW(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
    SHOW(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW));
    SHOW(fcntl(fd, F_GET_SEALS));
    SHOW(call_mprotect(AREA, 2 * PAGE, PROT_READ));
    SHOW(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
    SHOW(call_munmap(AREA, PAGE));
    SHOW(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
    SHOW(call_munmap(AREA + PAGE, PAGE));
    SHOW(try_map(fd, PROT_READ | PROT_WRITE, MAP_PRIVATE));
    SHOW(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
    puts("WRITE");
    maps_of(fd);
    puts("FUTURE_WRITE");
    fd = file();
    SHOW(fcntl(fd, F_ADD_SEALS, 16));
    maps_of(fd);
    puts("FUTURE_WRITE after a mapping");
    fd = file();
    SHOW(try_map(fd, PROT_READ | PROT_WRITE, MAP_SHARED));
    SHOW(fcntl(fd, F_ADD_SEALS, 16));
    show_write(AREA, 'w');
    SHOW(call_mprotect(AREA, 2 * PAGE, PROT_READ));
    SHOW(call_mprotect(AREA, 2 * PAGE, PROT_READ | PROT_WRITE));
    SHOW(call_madvise(AREA, PAGE, MADV_REMOVE));
    show_read(AREA);
    SHOW(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
    return 0;
}
