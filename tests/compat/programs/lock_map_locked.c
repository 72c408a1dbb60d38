/* MAP_LOCKED counts against the limit (EAGAIN), and is no error when its pages cannot come. */
#include "probe.h"

#define LOCKED (MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED | MAP_FIXED)

static void as_user(void *argument)
{
    int fd = *(int *)argument;

    become_user();
    set_limit(RLIMIT_MEMLOCK, 4 * PAGE, 4 * PAGE);
    SHOW_ADDRESS(call_mmap(AREA, 5 * PAGE, PROT_READ | PROT_WRITE, LOCKED, -1, 0));
    SHOW_ADDRESS(call_mmap(AREA, 3 * PAGE, PROT_READ | PROT_WRITE, LOCKED, -1, 0));
    SHOW(locked_kib());
    resident("resident", AREA, 3);
    SHOW_ADDRESS(call_mmap(AREA + 16 * PAGE, 2 * PAGE, PROT_READ, LOCKED, -1, 0));
    SHOW_ADDRESS(call_mmap(AREA + 16 * PAGE, PAGE, PROT_NONE, LOCKED, -1, 0));
    SHOW(locked_kib());
    SHOW_ADDRESS(call_mmap(AREA, 3 * PAGE, PROT_READ | PROT_WRITE, LOCKED, -1, 0));
    SHOW(call_munmap(AREA, PAGE));
    SHOW(locked_kib());
    SHOW_ADDRESS(
        call_mmap(AREA + 32 * PAGE, PAGE, PROT_READ, MAP_SHARED | MAP_LOCKED | MAP_FIXED, fd, 0));
    SHOW(locked_kib());
    SHOW_ADDRESS(call_mremap(AREA + PAGE, 2 * PAGE, 3 * PAGE, MREMAP_MAYMOVE, NULL));
    SHOW_ADDRESS(call_mremap(AREA + PAGE, 2 * PAGE, PAGE, 0, NULL));
    SHOW(locked_kib());
}

int main(void)
{
    int fd = make_file(1);

    in_child(as_user, &fd);
    SHOW_ADDRESS(call_mmap(AREA, 3 * PAGE, PROT_READ | PROT_WRITE,
                           MAP_SHARED | MAP_LOCKED | MAP_FIXED, fd, 0));
    resident("beyond the end", AREA, 3);
    SHOW_ADDRESS(call_mmap(AREA + 8 * PAGE, PAGE, PROT_NONE, LOCKED, -1, 0));
    resident("no rights", AREA + 8 * PAGE, 1);
    SHOW(locked_kib());
    return 0;
}
