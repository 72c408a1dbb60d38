/* map_files has a link for each region of a file, named by its addresses. */
#include "proc.h"

#include <dirent.h>

static void show(const char *name)
{
    char path[80], text[300];
    struct stat information;
    ssize_t n;

    snprintf(path, sizeof path, "/proc/self/map_files/%s", name);
    n = readlink(path, text, sizeof text - 1);
    if (n < 0) {
        printf("%s: %s\n", name, errno_name(errno));
        return;
    }
    text[n] = 0;
    lstat(path, &information);
    printf("%s %o -> %s\n", name, information.st_mode, strrchr(text, '/') + 1);
}

int main(void)
{
    struct dirent *entry;
    DIR *directory;
    int fd;

    fd = open("kept", O_CREAT | O_RDWR, 0600);
    ftruncate(fd, 4 * PAGE);
    call_mmap(AREA, 4 * PAGE, READ_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
    map_pages(AREA + 8 * PAGE, 2);
    call_mprotect(AREA + PAGE, PAGE, PROT_READ);
    directory = opendir("/proc/self/map_files");
    while ((entry = readdir(directory)))
        if (strncmp(entry->d_name, "4000000", 7) == 0)
            printf("[%s]\n", entry->d_name);
    closedir(directory);
    show("400000000000-400000001000");
    show("400000001000-400000002000");
    show("400000000000-400000002000");
    show("400000008000-40000000a000");
    show("0400000000000-400000001000");
    show("400000000000-400000001000x");
    show("400000000000");
    show("x");
    unlink("kept");
    show("400000000000-400000001000");
    return 0;
}
