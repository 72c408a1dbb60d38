/*
 * quire-image BUSYBOX OUTPUT [PROGRAM...]
 *
 * Writes the base of the initial archive: the folders and files of a small Unix system, busybox
 * with a link for each of its applets, and the given programs in /usr/bin. The list of applets is
 * read from standard input, as `busybox --list-full` prints it. The same input gives the same
 * bytes: times are those of the busybox file.
 */
#define _GNU_SOURCE
#include "../common/report.h"
#include "archive.h"
#include "base.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct text_file {
    const char *path;
    mode_t mode;
    const char *text;
};

/*
 * busybox asks process 1 to end the machine unless it is told -f; here process 1 is the
 * program that the user started, not an init, so the three commands ask the kernel.
 */
static const struct text_file text_files[] = {
    {"etc/passwd", 0644,
     "root:x:0:0:root:/root:/bin/sh\n"
     "nobody:x:65534:65534:nobody:/nonexistent:/bin/false\n"},
    {"etc/group", 0644, "root:x:0:\ntty:x:5:\nnogroup:x:65534:\n"},
    {"etc/shells", 0644, "/bin/sh\n/bin/ash\n"},
    {"etc/hostname", 0644, "quire\n"},
    {"etc/hosts", 0644, "127.0.0.1\tlocalhost quire\n"},
    {"etc/profile", 0644,
     "export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"
     "export PS1='\\u@\\h:\\w\\$ '\n"
     "alias ll='ls -l'\n"},
    {"sbin/poweroff", 0755, "#!/bin/sh\nexec /bin/busybox poweroff -f \"$@\"\n"},
    {"sbin/halt", 0755, "#!/bin/sh\nexec /bin/busybox halt -f \"$@\"\n"},
    {"sbin/reboot", 0755, "#!/bin/sh\nexec /bin/busybox reboot -f \"$@\"\n"},
};

static int is_text_file(const char *path)
{
    for (size_t i = 0; i < sizeof(text_files) / sizeof(text_files[0]); i++)
        if (strcmp(text_files[i].path, path) == 0)
            return 1;
    return 0;
}

static void add_applets(struct archive *archive, time_t mtime)
{
    char *line = NULL;
    size_t size = 0;
    unsigned count = 0;

    while (getline(&line, &size, stdin) > 0) {
        line[strcspn(line, "\n")] = '\0';
        count++;
        if (line[0] == '\0' || strcmp(line, "bin/busybox") == 0 || strcmp(line, "linuxrc") == 0)
            continue;
        if (!is_text_file(line))
            archive_symlink(archive, line, "/bin/busybox", mtime);
    }
    free(line);
    if (count == 0)
        fail("the list of busybox's applets is empty");
}

int main(int argc, char **argv)
{
    struct archive archive;
    struct stat busybox;
    char *unfinished;
    int fd;

    report_name = "quire-image";
    if (argc < 3)
        fail("usage: busybox --list-full | quire-image BUSYBOX OUTPUT [PROGRAM...]");
    if (stat(argv[1], &busybox) < 0)
        fail("cannot read %s: %s", argv[1], strerror(errno));
    unfinished = format_string("%s.unfinished", argv[2]);
    fd = open(unfinished, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0)
        fail("cannot write %s: %s", unfinished, strerror(errno));
    archive_begin(&archive, fd, unfinished, 1);
    for (unsigned i = 0; i < base_directory_count; i++)
        archive_directory(&archive, base_directories[i].path, base_directories[i].mode,
                          busybox.st_mtime);
    for (size_t i = 0; i < sizeof(text_files) / sizeof(text_files[0]); i++)
        archive_bytes(&archive, text_files[i].path, text_files[i].mode, busybox.st_mtime,
                      text_files[i].text, strlen(text_files[i].text));
    archive_host_file(&archive, "bin/busybox", argv[1], 1);
    add_applets(&archive, busybox.st_mtime);
    for (int i = 3; i < argc; i++) {
        const char *slash = strrchr(argv[i], '/');
        char *path = format_string("usr/bin/%s", slash ? slash + 1 : argv[i]);

        archive_host_file(&archive, path, argv[i], 1);
        free(path);
    }
    archive_end(&archive);
    if (close(fd) < 0 || rename(unfinished, argv[2]) < 0)
        fail("cannot write %s: %s", argv[2], strerror(errno));
    free(unfinished);
    return 0;
}
