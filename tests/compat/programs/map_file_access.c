/* What a descriptor was opened for limits what a mapping of it may do, now and by mprotect. */
#include "compat.h"

static void try(const char *name, int open_flags)
{
    static const char *const type_names[] = {"shared", "private"};
    static const int types[] = {MAP_SHARED, MAP_PRIVATE};
    int fd = open("file", open_flags);

    for (int type = 0; type < 2; type++) {
        printf("%s, %s:", name, type_names[type]);
        for (int protection = 0; protection < 8; protection++) {
            void *at = call_mmap(AREA, PAGE, protection, MAP_FIXED | types[type], fd, 0);

            printf(" %s", at == MAP_FAILED ? errno_name(errno) : "fine");
            call_munmap(AREA, PAGE);
        }
        printf("\n%s, %s, later:", name, type_names[type]);
        call_mmap(AREA, PAGE, PROT_NONE, MAP_FIXED | types[type], fd, 0);
        for (unsigned protection = 0; protection < 8; protection++)
            printf(" %s", call_mprotect(AREA, PAGE, protection) ? errno_name(errno) : "fine");
        printf("\n");
        call_munmap(AREA, PAGE);
    }
    close(fd);
}

int main(void)
{
    int fd = open("file", O_RDWR | O_CREAT, 0600);

    if (ftruncate(fd, (off_t)PAGE) != 0)
        puts("ftruncate failed");
    close(fd);
    try("read and write", O_RDWR);
    try("read", O_RDONLY);
    try("write", O_WRONLY);
    try("append", O_RDWR | O_APPEND);
    try("path", O_PATH);
    return 0;
}
