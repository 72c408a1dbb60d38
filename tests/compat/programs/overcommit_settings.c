/* Of overcommit_ratio and overcommit_kbytes the one that was written last counts; CommitLimit
 * follows. */
#include "overcommit.h"

static void show(void)
{
    static const char *const names[] = {"overcommit_memory", "overcommit_ratio",
                                        "overcommit_kbytes"};
    long total = number_after("/proc/meminfo", "MemTotal:");
    long limit = number_after("/proc/meminfo", "CommitLimit:");
    char path[64];

    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "/proc/sys/vm/%s", names[i]);
        printf("%s %ld, ", names[i], number_after(path, ""));
    }
    if (limit == total / 4 * 80 / 100 * 4)
        puts("CommitLimit 80 % of RAM");
    else if (limit == total / 4 * 50 / 100 * 4)
        puts("CommitLimit 50 % of RAM");
    else
        printf("CommitLimit %ld kB\n", limit);
}

static void store(const char *name, const char *text)
{
    char path[64];

    snprintf(path, sizeof path, "/proc/sys/vm/%s", name);
    printf("%s <- %s: %s\n", name, text, write_file(path, text) == 0 ? "ok" : errno_name(errno));
    show();
}

int main(void)
{
    show();
    store("overcommit_ratio", "80");
    store("overcommit_kbytes", "40000");
    store("overcommit_kbytes", "40003");
    store("overcommit_kbytes", "0");
    store("overcommit_ratio", "50");
    store("overcommit_memory", "2");
    store("overcommit_memory", "3");
    store("overcommit_memory", "-1");
    store("overcommit_memory", "x");
    store("overcommit_memory", "1");
    store("overcommit_memory", " 0 \n");
    store("overcommit_kbytes", "-1");
    return 0;
}
