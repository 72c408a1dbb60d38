/* coredump_filter: its values, and who inherits it. */
#include "proc.h"

#define PATH "/proc/self/coredump_filter"

static void child(void *unused)
{
    (void)unused;
    printf("child: %s", read_file(PATH));
    write_file(PATH, "1");
}

int main(int argc, char **argv)
{
    (void)argv;
    printf("%s", read_file(PATH));
    if (argc > 1)
        return 0;
    SHOW(write_file(PATH, "0x23"));
    printf("%s", read_file(PATH));
    SHOW(write_file(PATH, "7"));
    printf("%s", read_file(PATH));
    SHOW(write_file(PATH, "010"));
    printf("%s", read_file(PATH));
    SHOW(write_file(PATH, "0xffff"));
    printf("%s", read_file(PATH));
    SHOW(write_file(PATH, "x"));
    SHOW(write_file(PATH, "-1"));
    printf("%s", read_file(PATH));
    SHOW(write_file(PATH, "0x11"));
    in_child(child, NULL);
    printf("%s", read_file(PATH));
    fflush(stdout);
    execl("/proc/self/exe", "again", "again", NULL);
    return 1;
}
