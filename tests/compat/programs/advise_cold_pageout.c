/* COLD and PAGEOUT never change what is in memory. */
#include "advice.h"

int main(void)
{
    int fd = make_file(4);
    char *at = anonymous(4), *file = file_map(fd, 4, MAP_SHARED);
    char *copy = file_map(fd, 4, MAP_PRIVATE), *shared = shared_anonymous(4);

    fill(at, 4, 'A');
    fill(shared, 4, 'S');
    copy[2 * PAGE] = 'C';
    file[PAGE] = 'F';
    for (int number = 20; number <= 21; number++) {
        tell("anonymous", call_madvise(at, 4 * PAGE, number));
        tell("file", call_madvise(file, 4 * PAGE, number));
        tell("copy", call_madvise(copy, 4 * PAGE, number));
        tell("shared", call_madvise(shared, 4 * PAGE, number));
        pages_of("anonymous", at, 4);
        pages_of("file", file, 4);
        pages_of("copy", copy, 4);
        pages_of("shared", shared, 4);
    }
    return 0;
}
