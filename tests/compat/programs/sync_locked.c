/* MS_INVALIDATE of a locked page is EBUSY, before or behind a hole. */
#include "probe.h"

int main(void)
{
    char *at = map_pages(AREA, 6);
    char *file = file_map(make_file(3), 3, MAP_SHARED);

    SHOW(mlock(at + 4 * PAGE, PAGE));
    SHOW(mlock(file + PAGE, PAGE));
    SHOW(msync(at, 6 * PAGE, MS_INVALIDATE));
    SHOW(msync(at, 4 * PAGE, MS_INVALIDATE));
    SHOW(msync(at, 6 * PAGE, MS_SYNC | MS_INVALIDATE));
    SHOW(msync(at, 6 * PAGE, MS_ASYNC | MS_INVALIDATE));
    SHOW(msync(at, 6 * PAGE, MS_SYNC));
    SHOW(msync(file, 3 * PAGE, MS_INVALIDATE));
    SHOW(msync(file, 3 * PAGE, MS_SYNC));
    SHOW(msync(file, PAGE, MS_INVALIDATE));
    call_munmap(at + PAGE, PAGE);
    SHOW(msync(at, 6 * PAGE, MS_INVALIDATE));
    SHOW(munlock(at + 4 * PAGE, PAGE));
    SHOW(msync(at, 6 * PAGE, MS_INVALIDATE));
    return 0;
}
