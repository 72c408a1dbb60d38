/* Locking a writable private mapping makes its own pages; a shared or read-only one does not. */
#include "probe.h"

int main(void)
{
    int fd = make_file(3);
    char *both = file_map(fd, 3, MAP_SHARED), *copy = file_map(fd, 3, MAP_PRIVATE);
    char *reader = must_map(3 * PAGE, PROT_READ, MAP_PRIVATE, fd, 0);

    SHOW(mlock(copy, 3 * PAGE));
    SHOW(mlock(reader, 3 * PAGE));
    fill(both, 3, 'X');
    pages_of("copy", copy, 3);
    pages_of("reader", reader, 3);
    SHOW(locked_kib());
    return 0;
}
