/* comm: set by writing, by prctl and by execve; special characters elsewhere. */
#include "proc.h"

#include <sys/prctl.h>

static void show(void)
{
    char *text = read_file("/proc/self/comm"), name[40], line[80], *open_, *close_;

    snprintf(name, sizeof name, "%s", text);
    printf("comm %s", name);
    snprintf(line, sizeof line, "%.70s", read_file("/proc/self/status"));
    line[strcspn(line, "\n")] = 0;
    printf("status %s\n", line);
    text = read_file("/proc/self/stat");
    open_ = strchr(text, '(');
    close_ = strrchr(text, ')');
    printf("stat %.*s\n", (int)(close_ - open_ + 1), open_);
}

static void child(void *path)
{
    SHOW(write_file(path, "foreign"));
}

int main(void)
{
    char path[64];
    int fd;

    SHOW(write_file("/proc/self/comm", "short"));
    show();
    SHOW(write_file("/proc/self/comm", "a name that is too long"));
    show();
    SHOW(prctl(PR_SET_NAME, "a b\tc\\d) e\nf"));
    show();
    SHOW(write_file("/proc/self/comm", ""));
    SHOW(write_file("/proc/self/comm", "line\n"));
    show();
    fd = open("/proc/self/comm", O_RDWR);
    SHOW(write(fd, "once", 4));
    SHOW(lseek(fd, 0, SEEK_SET));
    show();
    snprintf(path, sizeof path, "/proc/%d/comm", (int)getpid());
    in_child(child, path);
    snprintf(path, sizeof path, "/proc/self/task/%d/comm", (int)getpid());
    SHOW(write_file(path, "by task"));
    show();
    return 0;
}
