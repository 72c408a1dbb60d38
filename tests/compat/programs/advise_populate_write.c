/* POPULATE_WRITE copies private pages and makes shared ones; contents do not change. */
#include "advice.h"

#define WRITE 23

int main(void)
{
    int fd = make_file(3);
    char *at = anonymous(4), *file = file_map(fd, 5, MAP_PRIVATE);
    char *read_only = must_map(2 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *none = must_map(PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *both = file_map(fd, 3, MAP_SHARED), *shared = shared_anonymous(4);

    SHOW(call_madvise(at, 4 * PAGE, WRITE));
    resident("private", at, 4);
    pages_of("private", at, 4);
    SHOW(call_madvise(file, 3 * PAGE, WRITE));
    fill(both, 3, 'X');
    pages_of("copied before the file changed", file, 3);
    SHOW(call_madvise(file, 5 * PAGE, WRITE));
    SHOW(call_madvise(file + 3 * PAGE, PAGE, WRITE));
    SHOW(call_madvise(read_only, PAGE, WRITE));
    SHOW(call_madvise(none, PAGE, WRITE));
    SHOW(call_madvise(shared, 4 * PAGE, WRITE));
    resident("shared", shared, 4);
    SHOW(call_madvise(both, 3 * PAGE, WRITE));
    SHOW(mprotect(at + 2 * PAGE, PAGE, PROT_READ));
    SHOW(call_madvise(at, 4 * PAGE, WRITE));
    SHOW(munmap(at + PAGE, PAGE));
    SHOW(call_madvise(at, 4 * PAGE, WRITE));
    SHOW(call_madvise(at, PAGE, WRITE));
    SHOW(call_madvise(at, PAGE + 1, WRITE));
    return 0;
}
