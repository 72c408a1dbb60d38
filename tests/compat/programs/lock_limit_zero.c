/* With a limit of zero a user may lock nothing (EPERM), but may unlock; root may do both. */
#include "probe.h"

static void as_user(void *argument)
{
    char *at = argument;

    become_user();
    set_limit(RLIMIT_MEMLOCK, 0, 0);
    SHOW(mlock(at, PAGE));
    SHOW(mlock(at, 0));
    SHOW(syscall(SYS_mlock2, at, PAGE, 0));
    SHOW(syscall(SYS_mlock2, at, PAGE, 4));
    SHOW(mlockall(MCL_CURRENT));
    SHOW(mlockall(MCL_FUTURE));
    SHOW(mlockall(0));
    SHOW(mlockall(77));
    SHOW(munlock(at, PAGE));
    SHOW(munlockall());
    SHOW_ADDRESS(call_mmap(AREA + 16 * PAGE, PAGE, PROT_READ,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0));
}

static void as_root(void *argument)
{
    set_limit(RLIMIT_MEMLOCK, 0, 0);
    SHOW(mlock(argument, 2 * PAGE));
    SHOW(locked_kib());
    SHOW(mlockall(MCL_CURRENT | MCL_FUTURE));
    SHOW_ADDRESS(call_mmap(AREA + 16 * PAGE, PAGE, PROT_READ,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0));
}

int main(void)
{
    char *at = map_pages(AREA, 4);

    in_child(as_user, at);
    in_child(as_root, at);
    return 0;
}
