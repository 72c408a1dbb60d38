/* memfd_create: flags, names and their lengths, and what kind of file it makes. */
#include "probe.h"

static long create(const char *name, unsigned flags)
{
    return syscall(SYS_memfd_create, name, flags);
}

/* 1 for a descriptor, which is closed. */
static long works(long fd)
{
    if (fd < 0)
        return -1;
    close((int)fd);
    return 1;
}

int main(void)
{
    static char name[300];
    char link[64] = {0};
    struct stat what;
    int fd;

    for (unsigned flags = 0; flags < 64; flags++) {
        printf("%u: ", flags);
        SHOW(works(create("x", flags)));
    }
    SHOW(works(create("x", 4 | 21u << 26)));
    SHOW(works(create("x", 21u << 26)));
    SHOW(works(create("x", 0x80000000u)));
    SHOW(works(create(NULL, 0)));
    SHOW(works(create("", 0)));
    SHOW(works(create("a/b", 0)));
    memset(name, 'n', 249);
    SHOW(works(create(name, 0)));
    name[249] = 'n';
    SHOW(works(create(name, 0)));
    SHOW(works(create(name, 64)));
    fd = (int)create("the name", 1);
    SHOW(fcntl(fd, F_GETFD));
    SHOW(fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND));
    fstat(fd, &what);
    printf("mode %o links %ld size %ld blocks %ld\n", what.st_mode, (long)what.st_nlink,
           (long)what.st_size, (long)what.st_blocks);
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    SHOW(readlink(name, link, sizeof link - 1));
    puts(link);
    SHOW(write(fd, "abc", 3));
    SHOW(open(name, O_RDONLY) > fd);
    SHOW(fcntl(fd, F_GET_SEALS));
    fd = (int)create("sealable", 2);
    SHOW(fcntl(fd, F_GETFD));
    SHOW(fcntl(fd, F_GET_SEALS));
    return 0;
}
