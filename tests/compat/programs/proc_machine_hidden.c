/* No address of the kernel is told to a user who is not root, and none at all by name. */
#include "proc.h"

static void user(void *unused)
{
    char *line = read_file("/proc/iomem");
    int other = 0;

    (void)unused;
    become_user();
    line = read_file("/proc/iomem");
    while (line && *line) {
        char *at = line + strspn(line, " ");

        if (strncmp(at, "00000000-00000000 : ", 20) != 0)
            other++;
        line = strchr(line, '\n') + 1;
    }
    printf("iomem lines with an address: %d\n", other);
    show_open("/proc/vmallocinfo", O_RDONLY);
    show_open("/proc/slabinfo", O_RDONLY);
    show_open("/proc/pagetypeinfo", O_RDONLY);
    show_open("/proc/zoneinfo", O_RDONLY);
    show_open("/proc/buddyinfo", O_RDONLY);
    show_open("/proc/self/stack", O_RDONLY);
}

int main(void)
{
    printf("wchan %s\n", read_file("/proc/self/wchan"));
    in_child(user, NULL);
    return 0;
}
