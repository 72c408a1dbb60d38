/* RLIMIT_MEMLOCK binds a user: each call's whole range counts, what is locked already does not. */
#include "probe.h"

static void as_user(void *argument)
{
    char *at = map_pages(AREA, 32);

    (void)argument;
    set_limit(RLIMIT_MEMLOCK, 8 * PAGE, 16 * PAGE);
    SHOW(mlock(at, 20 * PAGE)); /* as root: no limit */
    SHOW(munlock(at, 20 * PAGE));
    become_user();
    SHOW(mlock(at, 9 * PAGE));
    SHOW(locked_kib());
    SHOW(mlock(at, 8 * PAGE));
    SHOW(locked_kib());
    SHOW(mlock(at, 8 * PAGE));
    SHOW(mlock(at + 8 * PAGE, PAGE));
    SHOW(mlock(at + 4 * PAGE, 5 * PAGE));
    SHOW(locked_kib());
    SHOW(munlock(at + 2 * PAGE, 2 * PAGE));
    SHOW(mlock(at + 8 * PAGE, 2 * PAGE));
    SHOW(locked_kib());
    SHOW(mlock(at, 10 * PAGE));
    SHOW(munlock(at, 32 * PAGE));
    SHOW(locked_kib());
    set_limit(RLIMIT_MEMLOCK, 8 * PAGE + 100, 16 * PAGE);
    SHOW(mlock(at, 8 * PAGE + 1));
    SHOW(mlock(at + 1, 8 * PAGE - 1));
    SHOW(munlock(at, 9 * PAGE));
    SHOW(syscall(SYS_mlock2, at, 9 * PAGE, MLOCK_ONFAULT));
    SHOW(syscall(SYS_mlock2, at, 8 * PAGE, MLOCK_ONFAULT));
    SHOW(munlock(at, 9 * PAGE));
    SHOW(call_munmap(at + 2 * PAGE, PAGE));
    SHOW(mlock(at, 9 * PAGE));
    SHOW(locked_kib());
}

static void lowered(void *argument)
{
    char *at = map_pages(AREA, 8);

    (void)argument;
    become_user();
    SHOW(mlock(at, 4 * PAGE));
    set_limit(RLIMIT_MEMLOCK, 2 * PAGE, 2 * PAGE);
    SHOW(locked_kib());
    SHOW(mlock(at, 2 * PAGE));
    SHOW(mlock(at + 4 * PAGE, PAGE));
    SHOW(munlock(at, 3 * PAGE));
    SHOW(mlock(at + 4 * PAGE, PAGE));
    SHOW(mlock(at + 5 * PAGE, PAGE));
    SHOW(locked_kib());
}

int main(void)
{
    in_child(as_user, NULL);
    in_child(lowered, NULL);
    return 0;
}
