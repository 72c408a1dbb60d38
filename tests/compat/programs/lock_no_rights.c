/* Memory without rights can be locked but not brought in: ENOMEM, and the lock is set. */
#include "probe.h"

int main(void)
{
    char *at = map_pages(AREA, 6);
    int fd = make_file(1);

    SHOW(call_mprotect(at + 2 * PAGE, PAGE, PROT_NONE));
    SHOW(mlock(at, 4 * PAGE));
    SHOW(locked_kib());
    resident("resident", at, 6);
    SHOW(munlock(at, 6 * PAGE));
    SHOW(mlock(at + 2 * PAGE, PAGE));
    SHOW(syscall(SYS_mlock2, at + 2 * PAGE, PAGE, MLOCK_ONFAULT));
    SHOW(locked_kib());
    SHOW(munlock(at, 6 * PAGE));
    SHOW_ADDRESS(call_mmap(AREA + 16 * PAGE, 3 * PAGE, PROT_READ | PROT_WRITE,
                           MAP_SHARED | MAP_FIXED, fd, 0));
    SHOW(mlock(AREA + 16 * PAGE, 3 * PAGE));
    SHOW(locked_kib());
    SHOW(munlock(AREA + 16 * PAGE, 3 * PAGE));
    SHOW(mlock(AREA + 16 * PAGE, PAGE));
    SHOW(locked_kib());
    SHOW(munlockall());
    SHOW(call_mprotect(at, PAGE, PROT_READ));
    SHOW(call_mprotect(at + PAGE, PAGE, PROT_EXEC));
    SHOW(call_mprotect(at + 3 * PAGE, PAGE, PROT_WRITE));
    SHOW(mlock(at, PAGE));
    SHOW(mlock(at + PAGE, PAGE));
    SHOW(mlock(at + 3 * PAGE, PAGE));
    SHOW(locked_kib());
    return 0;
}
