/* mprotect to writable does not make pages writable that fork or a file shares: each has its own.
 */
#include "compat.h"

static void child(void *argument)
{
    char *at = argument;

    SHOW(call_mprotect(at, 4 * PAGE, PROT_READ | PROT_WRITE));
    show_write(at, 'c');
    show_write(at + 2 * PAGE, 'c');
    show_read(at);
    show_read(at + PAGE);
}

int main(void)
{
    int fd = make_file(2);
    char *at = map_pages(AREA, 2);

    call_mmap(AREA + 2 * PAGE, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, fd, 0);
    at[0] = at[PAGE] = 'p';
    at[3 * PAGE] = 'p';
    SHOW(call_mprotect(at, 4 * PAGE, PROT_READ));
    in_child(child, at);
    show_read(at);
    show_read(at + 2 * PAGE);
    SHOW(call_mprotect(at, 4 * PAGE, PROT_NONE));
    in_child(child, at);
    SHOW(call_mprotect(at, 4 * PAGE, PROT_READ | PROT_WRITE));
    show_read(at);
    show_read(at + 2 * PAGE);
    show_read(at + 3 * PAGE);
    show_write(at + 2 * PAGE, 'q');
    SHOW(lseek(fd, 0, SEEK_SET));
    SHOW(read(fd, at, 1));
    show_read(at);
    return 0;
}
