/* Copied pages of a private mapping are lost beyond the new end too; holes leave them alone. */
#include "probe.h"

static void look(void *argument)
{
    pages_of("child", argument, 6);
}

int main(void)
{
    int fd = make_file(4);
    char *copy = file_map(fd, 6, MAP_PRIVATE);

    copy[PAGE] = 'X';
    copy[3 * PAGE] = 'Y';
    pages_of("before", copy, 6);
    SHOW(fallocate(fd, 3, 0, 4 * PAGE));
    pages_of("hole", copy, 6);
    SHOW(ftruncate(fd, 2 * PAGE + 10));
    pages_of("shortened", copy, 6);
    in_child(look, copy);
    peek("beyond", copy + 3 * PAGE);
    SHOW(ftruncate(fd, 6 * PAGE));
    pages_of("grown", copy, 6);
    copy[5 * PAGE] = 'Z';
    SHOW(mlock(copy, 6 * PAGE));
    SHOW(ftruncate(fd, PAGE));
    pages_of("locked, shortened", copy, 6);
    SHOW(locked_kib());
    return 0;
}
