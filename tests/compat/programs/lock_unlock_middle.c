/* Unlocking a middle cuts the region; locking it again joins it. */
#include "probe.h"

int main(void)
{
    char *at = map_pages(AREA, 6);

    SHOW(mlock(at, 6 * PAGE));
    regions("all", at, 6 * PAGE);
    SHOW(munlock(at + 2 * PAGE, 2 * PAGE));
    SHOW(locked_kib());
    regions("cut", at, 6 * PAGE);
    SHOW(mlock(at + PAGE, 3 * PAGE));
    SHOW(locked_kib());
    regions("joined", at, 6 * PAGE);
    SHOW(call_munmap(at + 4 * PAGE, 2 * PAGE));
    SHOW(locked_kib());
    SHOW(syscall(SYS_mlock2, at + PAGE, PAGE, MLOCK_ONFAULT));
    regions("on fault differs", at, 6 * PAGE);
    SHOW(munlockall());
    regions("none", at, 6 * PAGE);
    return 0;
}
