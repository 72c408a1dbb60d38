/* Of a file that is neither one's own nor writable mincore tells nothing: every page is there. */
#include "probe.h"

static void as_user(void *argument)
{
    int fd = *(int *)argument;
    char *at = must_map(4 * PAGE, PROT_READ, MAP_SHARED, fd, 0);
    char *copy = must_map(4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);

    resident("root's, as root", at, 4);
    become_user();
    resident("root's, as a user", at, 4);
    resident("its private mapping", copy, 4);
    copy[PAGE] = 'x';
    resident("one page copied", copy, 4);
}

int main(void)
{
    int fd = open("file", O_RDWR | O_CREAT, 0644);

    SHOW(ftruncate(fd, 4 * PAGE));
    SHOW(pwrite(fd, "x", 1, 2 * PAGE));
    in_child(as_user, &fd);
    SHOW(fchmod(fd, 0666));
    in_child(as_user, &fd);
    SHOW(fchmod(fd, 0600));
    SHOW(fchown(fd, 1000, 1000));
    in_child(as_user, &fd);
    return 0;
}
