/* The size of a file in /proc or /sys can be set, and that means nothing. */
#include "proc.h"

#include <sys/stat.h>

static void size(const char *name)
{
    struct stat status;

    printf("%s has %ld bytes\n", name, stat(name, &status) == 0 ? (long)status.st_size : -1);
}

static void truncated(const char *name)
{
    int fd = open(name, O_RDWR);

    puts(name);
    SHOW(truncate(name, 0));
    SHOW(ftruncate(fd, 7));
    SHOW(ftruncate(fd, -1));
    size(name);
    close(fd);
    SHOW(fd = open(name, O_WRONLY | O_TRUNC) < 0 ? -1 : 0);
    size(name);
}

int main(void)
{
    truncated("/proc/self/comm");
    truncated("/proc/self/oom_score_adj");
    truncated("/proc/sys/vm/overcommit_memory");
    SHOW(truncate("/proc/self/maps", 0));
    SHOW(truncate("/proc/meminfo", 0));
    SHOW(truncate("/proc/self", 0));
    SHOW(truncate("/dev/null", 0));
    SHOW(truncate("/sys/kernel/mm/transparent_hugepage/enabled", 0));
    return 0;
}
