/* Locked regions: all pages are there, and count as locked. */
#include "proc.h"

static void child(void *unused)
{
    (void)unused;
    show_smaps("child", AREA);
    show_flags("child", AREA);
}

int main(void)
{
    map_pages(AREA, 8);
    touch(AREA, 2);
    SHOW(mlock(AREA, 8 * PAGE));
    show_smaps("locked", AREA);
    show_flags("locked", AREA);
    in_child(child, NULL);
    SHOW(munlock(AREA, 8 * PAGE));
    show_smaps("unlocked", AREA);
    map_pages(AREA + 64 * PAGE, 8);
    SHOW(syscall(SYS_mlock2, AREA + 64 * PAGE, 8 * PAGE, MLOCK_ONFAULT));
    touch(AREA + 64 * PAGE, 3);
    show_smaps("locked as touched", AREA + 64 * PAGE);
    show_flags("locked as touched", AREA + 64 * PAGE);
    return 0;
}
