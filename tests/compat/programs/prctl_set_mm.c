/* PR_SET_MM: root may move what /proc says of a program's parts, within reason; users may not. */
#include "probe.h"

#include <sys/prctl.h>

static void as_user(void *argument)
{
    (void)argument;
    become_user();
    SHOW(prctl(PR_SET_MM, PR_SET_MM_BRK, AREA, 0, 0));
    SHOW(prctl(PR_SET_MM, PR_SET_MM_START_CODE, AREA, 0, 0));
    SHOW(prctl(PR_SET_MM, 99, AREA, 0, 0));
}

int main(void)
{
    unsigned size = 0;
    int fd = make_file(1);

    map_pages(AREA, 2);
    in_child(as_user, NULL);
    SHOW(prctl(PR_SET_MM, 99, AREA, 0, 0));
    SHOW(prctl(PR_SET_MM, 0, AREA, 0, 0));
    SHOW(prctl(PR_SET_MM, PR_SET_MM_START_CODE, AREA, 0, 1));
    SHOW(prctl(PR_SET_MM, PR_SET_MM_START_CODE, AREA, 1, 0));
    SHOW(prctl(PR_SET_MM, PR_SET_MM_START_CODE, 100, 0, 0));
    SHOW(prctl(PR_SET_MM, PR_SET_MM_START_CODE, -1L, 0, 0));
    SHOW(prctl(PR_SET_MM, PR_SET_MM_ARG_START, AREA + 16 * PAGE, 0, 0));
    SHOW(prctl(PR_SET_MM, PR_SET_MM_EXE_FILE, 99, 0, 0));
    SHOW(prctl(PR_SET_MM, PR_SET_MM_EXE_FILE, fd, 0, 0));
    SHOW(prctl(PR_SET_MM, 15, &size, 0, 0)); /* PR_SET_MM_MAP_SIZE */
    SHOW(size);
    return 0;
}
