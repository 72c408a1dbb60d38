/* mlockall: its flags, what is there now, what comes later, and munlockall. */
#include "probe.h"

/* Does VmLck hold nearly all of VmSize? The stack's guard and the like do not count. */
static void look(const char *when)
{
    long locked = locked_kib(), size = number_after("/proc/self/status", "VmSize:");

    printf("%s: %s\n", when, locked == 0 ? "nothing" : locked == size ? "all" : "some");
}

int main(void)
{
    char *at;

    SHOW(mlockall(0));
    SHOW(mlockall(8));
    SHOW(mlockall(MCL_ONFAULT));
    SHOW(mlockall(MCL_CURRENT | 8));
    look("before");
    at = map_pages(AREA, 4);
    SHOW(mlockall(MCL_CURRENT));
    look("current");
    resident("resident", at, 4);
    map_pages(AREA + 8 * PAGE, 2);
    resident("later", AREA + 8 * PAGE, 2);
    look("current, later");
    SHOW(mlockall(MCL_FUTURE));
    map_pages(AREA + 16 * PAGE, 2);
    resident("future", AREA + 16 * PAGE, 2);
    resident("still", AREA + 8 * PAGE, 2);
    SHOW_ADDRESS(call_mmap(AREA + 24 * PAGE, PAGE, PROT_NONE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
    resident("future, no rights", AREA + 24 * PAGE, 1);
    SHOW(call_mprotect(AREA + 24 * PAGE, PAGE, PROT_READ | PROT_WRITE));
    resident("made writable", AREA + 24 * PAGE, 1);
    SHOW(munlockall());
    look("after");
    map_pages(AREA + 32 * PAGE, 2);
    resident("after", AREA + 32 * PAGE, 2);
    SHOW(mlockall(MCL_CURRENT | MCL_FUTURE));
    look("both");
    resident("both", AREA + 32 * PAGE, 2);
    SHOW(mlockall(MCL_CURRENT));
    map_pages(AREA + 40 * PAGE, 2);
    resident("current ends future", AREA + 40 * PAGE, 2);
    SHOW(munlockall());
    SHOW(munlockall());
    look("end");
    return 0;
}
