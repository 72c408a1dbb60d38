/* POPULATE_READ brings pages in as reads would, and says why it cannot. */
#include "advice.h"

#define READ 22

int main(void)
{
    int fd = make_file(3);
    char *at = anonymous(4), *file = file_map(fd, 5, MAP_PRIVATE);
    char *none = must_map(2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *write_only = must_map(PAGE, PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *shared = shared_anonymous(4);

    SHOW(call_madvise(at, 4 * PAGE, READ));
    pages_of("pages", at, 4);
    SHOW(call_madvise(file, 3 * PAGE, READ));
    resident("file", file, 3);
    SHOW(call_madvise(file, 5 * PAGE, READ));
    SHOW(call_madvise(file + 3 * PAGE, PAGE, READ));
    SHOW(call_madvise(none, PAGE, READ));
    SHOW(call_madvise(none, 2 * PAGE, READ));
    SHOW(call_madvise(write_only, PAGE, READ));
    SHOW(call_madvise(shared, 4 * PAGE, READ));
    resident("shared", shared, 4);
    SHOW(mprotect(shared + 2 * PAGE, PAGE, PROT_NONE));
    SHOW(call_madvise(shared, 4 * PAGE, READ));
    SHOW(munmap(at + 2 * PAGE, PAGE));
    SHOW(call_madvise(at, 4 * PAGE, READ));
    SHOW(call_madvise(at + 2 * PAGE, PAGE, READ));
    SHOW(call_madvise(at, 2 * PAGE, READ));
    SHOW(call_madvise(at, 0, READ));
    SHOW(call_madvise(at + 1, PAGE, READ));
    SHOW(call_madvise(at, 1, READ));
    SHOW(call_madvise((void *)0x7ffffffff000, PAGE, READ));
    return 0;
}
