/* Dumpable: its values, lost with a change of user, inherited by fork, back after exec. */
#include "probe.h"

#include <sys/prctl.h>

static void tell_child(void *argument)
{
    (void)argument;
    SHOW(prctl(PR_GET_DUMPABLE));
}

static void user(void *argument)
{
    (void)argument;
    SHOW(prctl(PR_GET_DUMPABLE));
    become_user();
    SHOW(prctl(PR_GET_DUMPABLE));
    in_child(tell_child, NULL);
    SHOW(prctl(PR_SET_DUMPABLE, 1));
    SHOW(prctl(PR_GET_DUMPABLE));
    SHOW(prctl(PR_SET_DUMPABLE, 0));
    in_child(tell_child, NULL);
    fflush(stdout);
    execl("/proc/self/exe", "again", "again", (char *)NULL);
    SHOW(errno == 0);
}

int main(int count, char **arguments)
{
    (void)arguments;
    SHOW(prctl(PR_GET_DUMPABLE));
    if (count > 1)
        return 0;
    SHOW(prctl(PR_SET_DUMPABLE, 0));
    SHOW(prctl(PR_GET_DUMPABLE));
    SHOW(prctl(PR_SET_DUMPABLE, 2));
    SHOW(prctl(PR_SET_DUMPABLE, 3));
    SHOW(prctl(PR_SET_DUMPABLE, -1L));
    SHOW(prctl(PR_SET_DUMPABLE, 1));
    in_child(user, NULL);
    return 0;
}
