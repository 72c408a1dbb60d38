/* /dev/zero: private mappings are anonymous memory, shared ones shared memory that a child sees. */
#include "compat.h"

static void child_writes(void *argument)
{
    *(char *)argument = 'c';
}

int main(void)
{
    int fd = open("/dev/zero", O_RDWR), readable = open("/dev/zero", O_RDONLY);
    char *private_, *shared;

    private_ = SHOW_ADDRESS(
        call_mmap(AREA, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, fd, 0));
    shared = SHOW_ADDRESS(call_mmap(AREA + 4 * PAGE, 2 * PAGE, PROT_READ | PROT_WRITE,
                                    MAP_SHARED | MAP_FIXED, fd, 0));
    show_read(private_);
    show_read(shared);
    in_child(child_writes, private_);
    in_child(child_writes, shared);
    show_read(private_);
    show_read(shared);
    SHOW_ADDRESS(call_mmap(AREA + 8 * PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED,
                           readable, 0));
    SHOW_ADDRESS(call_mmap(AREA + 9 * PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
                           readable, 0));
    SHOW_ADDRESS(call_mmap(AREA + 9 * PAGE, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, readable, 0));
    SHOW(call_mprotect(AREA + 9 * PAGE, PAGE, PROT_READ | PROT_WRITE));
    SHOW(call_mprotect(AREA + 8 * PAGE, PAGE, PROT_READ));
    /* Two mappings of the device have nothing in common. */
    SHOW_ADDRESS(
        call_mmap(AREA + 12 * PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0));
    show_read(AREA + 12 * PAGE);
    SHOW_ADDRESS(
        call_mmap(AREA + 16 * PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 100 * PAGE));
    show_read(AREA + 16 * PAGE);
    return 0;
}
