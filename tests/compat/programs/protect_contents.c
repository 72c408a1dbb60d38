/* Contents survive any change of rights, PROT_NONE too, for each kind of memory. */
#include "compat.h"

static void try(const char *what, int flags, int fd)
{
    char *at = call_mmap(AREA, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_FIXED | flags, fd, 0);

    printf("%s\n", what);
    at[0] = 'x';
    SHOW(call_mprotect(at, 2 * PAGE, PROT_NONE));
    show_read(at);
    show_write(at, 'y');
    show_read(at + PAGE);
    SHOW(call_mprotect(at, 2 * PAGE, PROT_READ));
    show_read(at);
    show_read(at + PAGE);
    show_write(at, 'y');
    SHOW(call_mprotect(at, 2 * PAGE, PROT_NONE));
    SHOW(call_mprotect(at, 2 * PAGE, PROT_READ | PROT_WRITE));
    show_read(at);
    show_write(at, 'z');
    show_write(at + PAGE, 'z');
    show_read(at);
    show_read(at + PAGE);
    call_munmap(at, 2 * PAGE);
}

int main(void)
{
    try("private", MAP_PRIVATE | MAP_ANONYMOUS, -1);
    try("shared", MAP_SHARED | MAP_ANONYMOUS, -1);
    try("private file", MAP_PRIVATE, make_file(2));
    try("shared file", MAP_SHARED, make_file(2));
    return 0;
}
