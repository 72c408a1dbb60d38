/* mincore of a file's mapping tells what the file has in memory, touched here or not. */
#include "probe.h"

int main(void)
{
    int fd = make_file(4), empty = make_file(0);
    char *shared, *copy, *holes;

    shared = file_map(fd, 6, MAP_SHARED);
    copy = file_map(fd, 6, MAP_PRIVATE);
    resident("shared, untouched", shared, 6);
    resident("private, untouched", copy, 6);
    copy[PAGE] = 'x';
    resident("private, one written", copy, 6);
    SHOW(ftruncate(empty, 4 * PAGE));
    holes = file_map(empty, 4, MAP_SHARED);
    resident("holes", holes, 4);
    holes[PAGE] = 'x';
    (void)*(volatile char *)(holes + 2 * PAGE);
    resident("holes touched", holes, 4);
    SHOW(pwrite(empty, "y", 1, 0));
    resident("written by the file", holes, 4);
    SHOW(ftruncate(fd, PAGE));
    resident("shortened", shared, 6);
    resident("shortened, private", copy, 6);
    shared = shared_anonymous(4);
    resident("shared anonymous", shared, 4);
    shared[2 * PAGE] = 'z';
    resident("shared anonymous, one written", shared, 4);
    return 0;
}
