/* Neighbours of the same kind appear as one region in /proc/self/maps; others do not. */
#include "compat.h"

static void map(const char *what, size_t page, size_t pages, int protection, int flags, int fd,
                size_t offset)
{
    void *at = call_mmap(AREA + page * PAGE, pages * PAGE, protection, MAP_FIXED | flags, fd,
                         offset * PAGE);

    printf("%s%s\n", what, at == MAP_FAILED ? " failed" : "");
    show_maps(AREA, 64 * PAGE);
}

int main(void)
{
    const int anonymous = MAP_PRIVATE | MAP_ANONYMOUS, rw = PROT_READ | PROT_WRITE;
    int fd = make_file(16);

    map("one", 4, 2, rw, anonymous, -1, 0);
    map("after", 6, 2, rw, anonymous, -1, 0);
    map("before", 2, 2, rw, anonymous, -1, 0);
    map("apart", 10, 2, rw, anonymous, -1, 0);
    map("between", 8, 2, rw, anonymous, -1, 0);
    map("other rights", 12, 1, PROT_READ, anonymous, -1, 0);
    map("other flags", 13, 1, PROT_READ, anonymous | MAP_NORESERVE, -1, 0);
    map("locked", 14, 1, PROT_READ, anonymous | MAP_LOCKED, -1, 0);
    call_munmap(AREA, 64 * PAGE);
    map("shared", 0, 1, rw, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    map("another shared", 1, 1, rw, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    call_munmap(AREA, 64 * PAGE);
    map("file", 0, 2, rw, MAP_SHARED, fd, 0);
    map("its next pages", 2, 2, rw, MAP_SHARED, fd, 2);
    map("not its next pages", 4, 2, rw, MAP_SHARED, fd, 5);
    map("private", 6, 2, rw, MAP_PRIVATE, fd, 7);
    map("private, its next pages", 8, 2, rw, MAP_PRIVATE, fd, 9);
    map("anonymous", 10, 2, rw, anonymous, -1, 0);
    map("the middle anew", 1, 2, rw, MAP_SHARED, fd, 1);
    map("the middle otherwise", 1, 2, rw, MAP_SHARED, fd, 2);
    map("the middle as it was", 1, 2, rw, MAP_SHARED, fd, 1);
    return 0;
}
