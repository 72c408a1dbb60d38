/* MAP_POPULATE brings the pages in at once, for writing where that is allowed; not beyond a file's
 * end. */
#include "compat.h"

/* Which of the pages are in memory. */
static void residents(const char *what, size_t pages)
{
    unsigned char vector[16] = {0};

    printf("%s:", what);
    if (syscall(SYS_mincore, AREA, pages * PAGE, vector) != 0)
        printf(" %s", errno_name(errno));
    for (size_t i = 0; i < pages; i++)
        printf(" %d", vector[i] & 1);
    printf("\n");
    call_munmap(AREA, pages * PAGE);
}

static void map(int protection, int flags, int fd)
{
    if (call_mmap(AREA, 4 * PAGE, protection, flags | MAP_FIXED, fd, 0) == MAP_FAILED)
        printf("mmap: %s\n", errno_name(errno));
}

int main(void)
{
    int fd = make_file(2);

    map(PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
    residents("anonymous", 4);
    map(PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1);
    residents("anonymous, populated", 4);
    map(PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1);
    residents("anonymous, populated for reading", 4);
    map(PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1);
    residents("anonymous, populated without rights", 4);
    map(PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1);
    residents("shared, populated", 4);
    map(PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_POPULATE, fd);
    residents("private file, populated", 2);
    map(PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd);
    residents("shared file, populated", 2);
    map(PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE | MAP_NONBLOCK, -1);
    residents("anonymous, populated, nonblocking", 4);
    map(PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1);
    residents("anonymous, locked", 4);
    return 0;
}
