/* msync over a hole does what it can and says ENOMEM. */
#include "probe.h"

int main(void)
{
    char *at = map_pages(AREA, 6);

    call_munmap(at + 2 * PAGE, PAGE);
    SHOW(msync(at, 2 * PAGE, MS_SYNC));
    SHOW(msync(at, 6 * PAGE, MS_SYNC));
    SHOW(msync(at, 6 * PAGE, MS_ASYNC));
    SHOW(msync(at, 6 * PAGE, MS_INVALIDATE));
    SHOW(msync(at + 2 * PAGE, PAGE, MS_SYNC));
    SHOW(msync(at + 2 * PAGE, 2 * PAGE, MS_SYNC));
    SHOW(msync(at + 3 * PAGE, 3 * PAGE, MS_SYNC));
    SHOW(msync(at + 3 * PAGE, 4 * PAGE, MS_SYNC));
    call_mprotect(at + 4 * PAGE, PAGE, PROT_NONE);
    SHOW(msync(at + 3 * PAGE, 3 * PAGE, MS_SYNC));
    return 0;
}
