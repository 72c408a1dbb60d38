/* F_ADD_SEALS: unknown seals, a descriptor that may not write, after SEAL, on other files. */
#include "probe.h"

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 16
#endif

int main(void)
{
    int fd = (int)syscall(SYS_memfd_create, "a", 2), plain = make_file(1), ends[2], reader;
    char path[64];

    SHOW(fcntl(fd, F_ADD_SEALS, 0));
    SHOW(fcntl(fd, F_ADD_SEALS, 32));
    SHOW(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | 64));
    SHOW(fcntl(fd, F_GET_SEALS));
    SHOW(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW));
    SHOW(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW));
    SHOW(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK));
    SHOW(fcntl(fd, F_GET_SEALS));
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    reader = open(path, O_RDONLY);
    SHOW(fcntl(reader, F_ADD_SEALS, F_SEAL_WRITE));
    SHOW(fcntl(reader, F_GET_SEALS));
    SHOW(fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE));
    SHOW(fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL));
    SHOW(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
    SHOW(fcntl(fd, F_ADD_SEALS, 0));
    SHOW(fcntl(fd, F_GET_SEALS));
    SHOW(fcntl(plain, F_GET_SEALS));
    SHOW(fcntl(plain, F_ADD_SEALS, F_SEAL_GROW));
    SHOW(pipe(ends));
    SHOW(fcntl(ends[0], F_GET_SEALS));
    SHOW(fcntl(ends[1], F_ADD_SEALS, F_SEAL_GROW));
    SHOW(fcntl(99, F_GET_SEALS));
    return 0;
}
