/* pidfd_open and its kin: arguments, signals by descriptor, waiting, another's descriptor. */
#include "probe.h"

#include <poll.h>

static long pidfd_open(long pid, unsigned flags)
{
    return syscall(SYS_pidfd_open, pid, flags);
}

static long pidfd_send(int fd, int signo, void *info, unsigned flags)
{
    return syscall(424, fd, signo, info, flags);
}

static long pidfd_get(int fd, int number, unsigned flags)
{
    return syscall(438, fd, number, flags);
}

int main(void)
{
    int fd, status, file = make_file(2), got;
    struct pollfd wait = {.events = POLLIN};
    siginfo_t info;
    char byte = 0;
    pid_t pid;

    SHOW(pidfd_open(-1, 0));
    SHOW(pidfd_open(0, 0));
    SHOW(pidfd_open(4000000, 0));
    SHOW(pidfd_open(getpid(), 1));
    fd = (int)pidfd_open(getpid(), 0);
    SHOW(fd >= 0);
    SHOW(fcntl(fd, F_GETFD));
    SHOW(fcntl(fd, F_GETFL) & O_NONBLOCK);
    close(fd);
    fd = (int)pidfd_open(getpid(), O_NONBLOCK);
    SHOW((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
    SHOW(pidfd_send(fd, 0, NULL, 0));
    SHOW(pidfd_send(fd, 0, NULL, 1));
    SHOW(pidfd_send(fd, 99, NULL, 0));
    SHOW(pidfd_send(file, 0, NULL, 0));
    SHOW(pidfd_send(-1, 0, NULL, 0));
    SHOW(pidfd_get(fd, 99, 0));
    SHOW(pidfd_get(fd, file, 1));
    SHOW(pidfd_get(file, file, 0));
    got = (int)pidfd_get(fd, file, 0);
    SHOW(got >= 0 && got != file);
    SHOW(pread(got, &byte, 1, PAGE));
    SHOW(byte);
    SHOW(fcntl(got, F_GETFD));
    SHOW(read(fd, &byte, 1));
    SHOW(write(fd, &byte, 1));
    SHOW(lseek(fd, 0, SEEK_SET));
    close(fd);
    pid = fork();
    if (pid == 0) {
        pause();
        _exit(3);
    }
    wait.fd = fd = (int)pidfd_open(pid, 0);
    SHOW(poll(&wait, 1, 0));
    SHOW(pidfd_send(fd, SIGTERM, NULL, 0));
    SHOW(poll(&wait, 1, 10000));
    SHOW(wait.revents);
    SHOW(pidfd_get(fd, 0, 0));
    memset(&info, 0, sizeof info);
    SHOW(waitid((idtype_t)3, (id_t)fd, &info, WEXITED | WNOWAIT));
    SHOW(info.si_pid == pid);
    SHOW(info.si_code);
    SHOW(info.si_status);
    SHOW(waitpid(pid, &status, 0) == pid);
    SHOW(WTERMSIG(status));
    SHOW(pidfd_send(fd, 0, NULL, 0));
    SHOW(waitid((idtype_t)3, (id_t)fd, &info, WEXITED));
    SHOW(poll(&wait, 1, 0));
    return 0;
}
