/* kcmp tells what processes share, unshare ends it, process_mrelease waits for the dead; and what
 * openat2 refuses. */
#include "compat.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>

struct how {
    uint64_t flags, mode, resolve;
};

static long same(int pid, int type, long first, long second)
{
    long result = syscall(SYS_kcmp, getpid(), pid, type, first, second);

    return result > 0 ? 1 : result;
}

static void compare(int pid)
{
    for (int type = 1; type < 7; type++) {
        printf("type %d: ", type);
        SHOW(same(pid, type, 0, 0));
    }
    SHOW(same(pid, 0, 1, 1));
    SHOW(same(pid, 0, 1, 2));
    SHOW(same(pid, 0, 99, 1));
}

static long open_how(const char *name, uint64_t flags, uint64_t mode)
{
    struct how how = {flags, mode, 0};
    long fd = syscall(437, AT_FDCWD, name, &how, sizeof how);

    if (fd >= 0) {
        printf("flags %#x: ", fcntl((int)fd, F_GETFL) & ~O_LARGEFILE & ~0100000);
        close((int)fd);
        return 0;
    }
    return fd;
}

static int paused(void)
{
    int pid = fork();

    if (pid == 0)
        for (;;)
            pause();
    return pid;
}

int main(void)
{
    int pid, fd, status, one = dup(0);

    SHOW(same(getpid(), 0, 0, one));
    fflush(stdout);
    pid = paused();
    compare(pid);
    SHOW(syscall(SYS_kcmp, getpid(), 0x3fffff, 1, 0, 0));

    fd = (int)syscall(434, pid, 0);
    SHOW(syscall(448, fd, 1));
    SHOW(syscall(448, fd, 0));
    SHOW(syscall(448, 0, 0));
    kill(pid, SIGKILL);
    status = (int)syscall(448, fd, 0);
    printf("released: %d\n", status == 0 || errno == ESRCH);
    waitpid(pid, &status, 0);
    SHOW(syscall(448, fd, 0));

    SHOW(unshare(CLONE_FILES | CLONE_FS | CLONE_SYSVSEM));
    SHOW(unshare(0));
    SHOW(unshare(0x40));
    SHOW(unshare(CLONE_VM | CLONE_SIGHAND | CLONE_THREAD));

    SHOW(open_how("file", O_RDWR | O_CREAT, 0600));
    SHOW(open_how("file", O_PATH | O_CLOEXEC | O_NOFOLLOW, 0));
    SHOW(open_how("file", O_PATH | O_RDWR, 0));
    SHOW(open_how("file", O_PATH | O_EXCL, 0));
    SHOW(open_how(".", O_TMPFILE | O_RDWR, 0600));
    SHOW(open_how(".", O_TMPFILE | O_RDWR | O_CREAT, 0600));
    SHOW(open_how(".", O_TMPFILE | O_PATH, 0600));
    SHOW(open_how(".", O_DIRECTORY, 0));
    return 0;
}
