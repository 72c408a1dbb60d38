/* A hole in the range: what lies before it is locked, the call says ENOMEM. */
#include "probe.h"

int main(void)
{
    char *at = map_pages(AREA, 6);

    call_munmap(at + 3 * PAGE, PAGE);
    SHOW(mlock(at, 6 * PAGE));
    SHOW(locked_kib());
    regions("locked", at, 6 * PAGE);
    resident("resident", at, 3);
    resident("resident", at + 4 * PAGE, 2);
    SHOW(munlock(at, 6 * PAGE));
    SHOW(locked_kib());
    SHOW(mlock(at + 3 * PAGE, 3 * PAGE));
    SHOW(locked_kib());
    SHOW(mlock(at + 4 * PAGE, 3 * PAGE));
    SHOW(locked_kib());
    SHOW(munlock(at + 4 * PAGE, 3 * PAGE));
    SHOW(locked_kib());
    SHOW(mlock(at, 3 * PAGE));
    SHOW(munlock(at + 3 * PAGE, PAGE));
    SHOW(locked_kib());
    return 0;
}
