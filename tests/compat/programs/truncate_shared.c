/* Pages beyond a file's new end are gone from every mapping: SIGBUS; growing again gives zeros. */
#include "probe.h"

int main(void)
{
    int fd = make_file(4);
    char *shared = file_map(fd, 6, MAP_SHARED), *other = file_map(fd, 6, MAP_SHARED);

    pages_of("before", shared, 6);
    pages_of("before", other, 6);
    SHOW(ftruncate(fd, 2 * PAGE));
    pages_of("shortened", shared, 6);
    peek("first beyond", shared + 2 * PAGE);
    peek("in its middle", shared + 2 * PAGE + 1234);
    poke("written", shared + 3 * PAGE + 7, 'x');
    SHOW(ftruncate(fd, 5 * PAGE));
    pages_of("grown", shared, 6);
    pages_of("grown", other, 6);
    shared[4 * PAGE] = 'n';
    pages_of("written", other, 6);
    SHOW(ftruncate(fd, 0));
    pages_of("empty", shared, 6);
    SHOW(pwrite(fd, "z", 1, 3 * PAGE));
    pages_of("written behind", other, 6);
    return 0;
}
