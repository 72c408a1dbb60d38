/* THP_DISABLE is kept over fork; names for regions, MDWE and MTE do not exist here. */
#include "probe.h"

#include <sys/prctl.h>

static void look(void *argument)
{
    (void)argument;
    SHOW(prctl(42, 0, 0, 0, 0));
}

int main(int count, char **arguments)
{
    char *at = map_pages(AREA, 1);

    SHOW(prctl(42, 0, 0, 0, 0)); /* PR_GET_THP_DISABLE */
    if (count > 1)
        return 0;
    SHOW(prctl(42, 1, 0, 0, 0));
    SHOW(prctl(41, 1, 1, 0, 0)); /* PR_SET_THP_DISABLE */
    SHOW(prctl(41, 1, 0, 0, 0));
    SHOW(prctl(42, 0, 0, 0, 0));
    in_child(look, NULL);
    SHOW(prctl(0x53564d41, 0, at, PAGE, "name")); /* PR_SET_VMA, ANON_NAME */
    SHOW(prctl(65, 1, 0, 0, 0));                  /* PR_SET_MDWE */
    SHOW(prctl(66, 0, 0, 0, 0));
    SHOW(prctl(67, 1, 0, 0, 0)); /* PR_SET_MEMORY_MERGE */
    SHOW(prctl(55, 0, 0, 0, 0)); /* tagged addresses: another architecture's */
    SHOW(prctl(56, 0, 0, 0, 0));
    SHOW(prctl(99999, 0, 0, 0, 0));
    fflush(stdout);
    execl("/proc/self/exe", arguments[0], "again", (char *)NULL);
    return 1;
}
