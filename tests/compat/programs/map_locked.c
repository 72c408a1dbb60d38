/* MAP_LOCKED counts against RLIMIT_MEMLOCK for who has no privilege: EAGAIN beyond, EPERM at zero.
 */
#include "compat.h"

static void *map(size_t pages)
{
    return call_mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0);
}

static void locked(void)
{
    printf("locked: %ld kB\n", number_after("/proc/self/status", "VmLck:"));
}

int main(void)
{
    char *at;

    set_limit(RLIMIT_MEMLOCK, 8 * PAGE, 8 * PAGE);
    at = map(16);
    SHOW(at != MAP_FAILED);
    locked();
    call_munmap(at, 16 * PAGE);
    locked();
    become_user();
    at = map(8);
    SHOW(at != MAP_FAILED);
    locked();
    SHOW_ADDRESS(map(1));
    call_munmap(at + 4 * PAGE, PAGE);
    locked();
    SHOW(map(1) != MAP_FAILED);
    locked();
    SHOW_ADDRESS(map(2));
    call_munmap(at, 8 * PAGE);
    SHOW_ADDRESS(map(9));
    set_limit(RLIMIT_MEMLOCK, 0, 0);
    SHOW_ADDRESS(map(1));
    SHOW_ADDRESS(call_mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0));
    return 0;
}
