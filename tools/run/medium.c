#define _GNU_SOURCE
#include "medium.h"

#include "../common/report.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const kinds[] = {[BOOT_ISO] = "iso", [BOOT_UEFI] = "iso", [BOOT_DISK] = "disk"};

/* What tools/boot-image says goes to standard error: standard output is the program's. */
_Noreturn static void become_tool(const struct options *options, const char *path, int archive_fd)
{
    char *archive = format_string("/proc/self/fd/%d", archive_fd);
    sigset_t none;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (fcntl(archive_fd, F_SETFD, 0) < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
        _exit(STATUS_CANNOT_RUN);
    execl(options->boot_tool, options->boot_tool, kinds[options->boot], path,
          options->append ? options->append : "", "quire", options->kernel, archive, (char *)NULL);
    report("cannot run %s: %s", options->boot_tool, strerror(errno));
    _exit(STATUS_CANNOT_RUN);
}

int medium_make(const struct options *options, int archive_fd)
{
    const char *folder = getenv("TMPDIR");
    char *path = format_string("%s/quire-boot-XXXXXX", folder && *folder ? folder : "/tmp");
    int fd = mkostemp(path, O_CLOEXEC), status;
    pid_t pid;

    if (fd < 0)
        fail("cannot make a file in %s: %s", folder && *folder ? folder : "/tmp", strerror(errno));
    close(fd);
    pid = fork();
    if (pid < 0)
        fail("cannot start a process: %s", strerror(errno));
    if (pid == 0)
        become_tool(options, path, archive_fd);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    fd = open(path, O_RDWR);
    unlink(path);
    if (status != 0 || fd < 0)
        fail("cannot make the boot medium");
    free(path);
    return fd;
}
