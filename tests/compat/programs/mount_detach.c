/* A mount that leaves the tree takes those in it along, and nothing can be mounted in it any more.
 */
#include "compat.h"

#include <sys/mount.h>

/* How many mounts there are at or below the folder that the program began in. */
static void show_mounts(const char *folder)
{
    unsigned count = 0;

    for (const char *line = read_file("/proc/self/mounts"); line && *line;
         line = strchr(line, '\n'), line += line != NULL) {
        char place[256];

        count += sscanf(line, "%*s %255s", place) == 1 && strstr(place, folder) != NULL;
    }
    printf("%u mounts\n", count);
}

static void put_file(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT, 0600);

    if (fd < 0 || write(fd, "x", 1) != 1)
        printf("%s: %s\n", path, errno_name(errno));
    close(fd);
}

int main(void)
{
    const char *folder = "detach.d";
    int inside;

    SHOW(mkdir(folder, 0700));
    SHOW(mount("none", folder, "tmpfs", 0, NULL));
    SHOW(mkdir("detach.d/in", 0700));
    SHOW(mkdir("detach.d/other", 0700));
    SHOW(mount("none", "detach.d/in", "tmpfs", 0, NULL));
    SHOW(mkdir("detach.d/in/deep", 0700));
    SHOW(mount("none", "detach.d/in/deep", "tmpfs", 0, NULL));
    put_file("detach.d/in/deep/file");
    show_mounts(folder);
    SHOW(umount2(folder, 0));
    inside = open("detach.d/in", O_RDONLY | O_DIRECTORY);
    SHOW(umount2(folder, MNT_DETACH));
    show_mounts(folder);
    SHOW(access("detach.d/in", F_OK));
    SHOW(faccessat(inside, "deep", F_OK, 0));
    SHOW(fchdir(inside));
    SHOW(mount("none", ".", "tmpfs", 0, NULL));
    SHOW(mount("none", "deep", "tmpfs", 0, NULL));
    SHOW(umount2(".", 0));
    SHOW(chdir(".."));
    close(inside);
    return 0;
}
