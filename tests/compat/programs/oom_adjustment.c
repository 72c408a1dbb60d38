/* oom_score_adj and the older oom_adj: ranges, what one says of the other, who inherits, who may
 * lower it. */
#include "overcommit.h"

#include <sched.h>

static void show(void)
{
    printf("  oom_score_adj %ld, oom_adj %ld\n", number_after("/proc/self/oom_score_adj", ""),
           number_after("/proc/self/oom_adj", ""));
}

static void store(const char *name, const char *text)
{
    char path[64];

    snprintf(path, sizeof path, "/proc/self/%s", name);
    printf("%s <- %s: %s\n", name, text, write_file(path, text) == 0 ? "ok" : errno_name(errno));
    show();
}

static void inherit(void *unused)
{
    (void)unused;
    show();
    store("oom_score_adj", "77");
}

static void unprivileged(void *unused)
{
    int adj = open("/proc/self/oom_score_adj", O_WRONLY);

    (void)unused;
    if (setuid(65534) != 0)
        puts("setuid failed");
    show();
    /* The file belongs to uid 0 still: the descriptor from before is what can be written. */
    printf("raise: %s\n", pwrite(adj, "500", 3, 0) == 3 ? "ok" : errno_name(errno));
    show();
    printf("back: %s\n", pwrite(adj, "100", 3, 0) == 3 ? "ok" : errno_name(errno));
    printf("lower: %s\n", pwrite(adj, "99", 2, 0) == 2 ? "ok" : errno_name(errno));
    show();
}

static int set_in_shared(void *unused)
{
    (void)unused;
    write_file("/proc/self/oom_score_adj", "333");
    return 0;
}

int main(void)
{
    static char stack[65536] __attribute__((aligned(16)));
    static const char *const old[] = {"-17", "-16", "-8", "-1", "0", "1", "8", "14", "15"};
    static const char *const new[] = {"-1000", "-999", "-500", "-1",  "0",
                                      "1",     "500",  "999",  "1000"};
    int status;

    show();
    for (int i = 0; i < 9; i++)
        store("oom_adj", old[i]);
    for (int i = 0; i < 9; i++)
        store("oom_score_adj", new[i]);
    store("oom_score_adj", "1001");
    store("oom_score_adj", "-1001");
    store("oom_score_adj", "x");
    store("oom_score_adj", "0x10");
    store("oom_score_adj", " 12 \n");
    store("oom_score_adj", "");
    store("oom_adj", "16");
    store("oom_adj", "-18");
    store("oom_score_adj", "100");
    fflush(stdout);
    in_child(inherit, NULL);
    show();
    fflush(stdout);
    in_child(unprivileged, NULL);
    /* A process that shares the memory can only be killed together with this one. */
    if (waitpid(clone(set_in_shared, stack + sizeof stack, CLONE_VM | SIGCHLD, NULL), &status, 0) >
        0)
        show();
    store("oom_score_adj", "-1000");
    printf("oom_score %ld\n", number_after("/proc/self/oom_score", ""));
    store("oom_score_adj", "1000");
    printf("oom_score above 1300: %d\n", number_after("/proc/self/oom_score", "") > 1300);
    return 0;
}
