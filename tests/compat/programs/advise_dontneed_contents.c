/* DONTNEED: private memory becomes zeros, a private copy the file again, shared memory stays. */
#include "advice.h"

int main(void)
{
    int fd = make_file(4);
    char *private = anonymous(4), *copy = file_map(fd, 4, MAP_PRIVATE);
    char *file = file_map(fd, 4, MAP_SHARED), *shared = shared_anonymous(4);

    fill(private, 4, 'A');
    fill(copy, 4, 'K');
    fill(shared, 4, 'S');
    file[PAGE] = 'X';
    SHOW(call_madvise(private + PAGE, 2 * PAGE, MADV_DONTNEED));
    SHOW(call_madvise(copy + PAGE, 2 * PAGE, MADV_DONTNEED));
    SHOW(call_madvise(file, 4 * PAGE, MADV_DONTNEED));
    SHOW(call_madvise(shared, 4 * PAGE, MADV_DONTNEED));
    resident("private resident", private, 4);
    resident("shared resident", shared, 4);
    pages_of("private", private, 4);
    pages_of("copy", copy, 4);
    pages_of("file", file, 4);
    pages_of("shared", shared, 4);
    SHOW(call_madvise(private + PAGE, 1, MADV_DONTNEED));
    private[PAGE] = 'n';
    SHOW(call_madvise(private + 2 * PAGE, PAGE, MADV_DONTNEED));
    pages_of("written again", private, 4);
    SHOW(call_madvise(private, 4 * PAGE, MADV_DONTNEED));
    SHOW(call_madvise(private, 4 * PAGE, MADV_DONTNEED));
    pages_of("twice", private, 4);
    return 0;
}
