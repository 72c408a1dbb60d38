/* Locks are not inherited by fork and end with exec; mlockall's future ends with both. */
#include "probe.h"

static void look(void *argument)
{
    (void)argument;
    SHOW(locked_kib());
    map_pages(AREA + 16 * PAGE, 2);
    resident("child's new pages", AREA + 16 * PAGE, 2);
    SHOW(call_madvise(AREA, 4 * PAGE, MADV_DONTNEED));
}

int main(int count, char **arguments)
{
    char *at = map_pages(AREA, 4);

    if (count > 1) {
        SHOW(locked_kib());
        map_pages(AREA + 16 * PAGE, 2);
        resident("after exec", AREA + 16 * PAGE, 2);
        return 0;
    }
    SHOW(mlock(at, 4 * PAGE));
    in_child(look, NULL);
    SHOW(locked_kib());
    SHOW(mlockall(MCL_FUTURE));
    in_child(look, NULL);
    SHOW(locked_kib());
    fflush(stdout);
    execl("/proc/self/exe", arguments[0], "again", (char *)NULL);
    printf("exec: %s\n", errno_name(errno));
    return 1;
}
