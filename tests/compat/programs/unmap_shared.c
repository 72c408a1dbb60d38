/* Unmapping shared memory drops it only with the last mapping; a file keeps what was written. */
#include "compat.h"

static void child(void *argument)
{
    char *shared = argument;

    shared[1] = 'c';
    SHOW(call_munmap(shared, PAGE));
    show_read(shared);
}

int main(void)
{
    char byte = 0;
    int fd = make_file(1);
    char *file = call_mmap(AREA, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
    char *shared = call_mmap(AREA + 4 * PAGE, PAGE, PROT_READ | PROT_WRITE,
                             MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

    file[0] = 'F';
    shared[0] = 'S';
    SHOW(call_munmap(file, PAGE));
    SHOW(pread(fd, &byte, 1, 0));
    printf("%c\n", byte);
    in_child(child, shared);
    show_read(shared);
    show_read(shared + 1);
    call_mremap(shared, 0, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, AREA + 8 * PAGE);
    SHOW(call_munmap(shared, PAGE));
    show_read(AREA + 8 * PAGE);
    call_mmap(AREA, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0);
    show_read(AREA);
    return 0;
}
