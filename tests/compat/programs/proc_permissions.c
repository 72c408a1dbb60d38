/* Modes of the files of a process, and which of another user's can be opened. */
#include "proc.h"

static const char *const names[] = {
    "auxv",          "clear_refs",  "cmdline", "comm",         "coredump_filter",
    "environ",       "fd",          "fdinfo",  "io",           "limits",
    "map_files",     "maps",        "mem",     "mountinfo",    "mounts",
    "mountstats",    "numa_maps",   "oom_adj", "oom_score",    "oom_score_adj",
    "pagemap",       "personality", "smaps",   "smaps_rollup", "stack",
    "stat",          "statm",       "status",  "syscall",      "task",
    "timerslack_ns", "wchan",       "cwd",     "exe",          "root",
};

static void show(const char *directory, bool owner)
{
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct stat information;
        char path[80];
        int fd;

        snprintf(path, sizeof path, "%s/%s", directory, names[i]);
        if (lstat(path, &information) != 0) {
            printf("%s: %s\n", names[i], errno_name(errno));
            continue;
        }
        printf("%s %o", names[i], information.st_mode);
        if (owner)
            printf(" of %d", (int)information.st_uid);
        if (S_ISLNK(information.st_mode)) {
            char link[200];

            printf(" link %s\n",
                   readlink(path, link, sizeof link) < 0 ? errno_name(errno) : "fine");
            continue;
        }
        fd = open(path, O_RDONLY);
        printf(" %s\n", fd < 0 ? errno_name(errno) : "fine");
        if (fd >= 0)
            close(fd);
    }
}

static void user(void *other)
{
    become_user();
    puts("one's own, hidden:");
    show("/proc/self", true);
    puts("another's:");
    show(other, false);
}

int main(void)
{
    char other[40];

    snprintf(other, sizeof other, "/proc/%d", (int)getpid());
    puts("root's own:");
    show("/proc/self", true);
    in_child(user, other);
    return 0;
}
