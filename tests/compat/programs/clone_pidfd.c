/* Descriptors of processes: made by clone and pidfd_open, polled, signalled, waited for. */
#include "process.h"

#include <poll.h>

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

struct arguments {
    uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
};

static int readable(int fd, int timeout)
{
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

    return poll(&poll_fd, 1, timeout) == 1 ? poll_fd.revents : 0;
}

static long send(int fd, int signo, void *info, unsigned flags)
{
    return syscall(SYS_pidfd_send_signal, fd, signo, info, flags);
}

int main(void)
{
    int fd = -1, status;
    struct arguments arguments = {.flags = 0x1000, .pidfd = (uintptr_t)&fd, .exit_signal = SIGCHLD};
    siginfo_t info;
    long pid;

    pid = syscall(SYS_clone3, &arguments, sizeof arguments);
    if (pid == 0) {
        for (;;)
            pause();
    }
    NEED(pid > 0);
    say("close on exec %d", fcntl(fd, F_GETFD));
    say("readable %#x", readable(fd, 0));
    TRY(read(fd, &status, 4));
    TRY(write(fd, &status, 4));
    TRY(send(fd, 0, NULL, 0));
    TRY(send(fd, 65, NULL, 0));
    TRY(send(fd, SIGUSR1, NULL, 1));
    TRY(send(1, SIGUSR1, NULL, 0));
    TRY(send(999, SIGUSR1, NULL, 0));
    TRY(send(fd, SIGKILL, NULL, 0));
    say("readable %#x", readable(fd, -1));
    memset(&info, 0, sizeof info);
    TRY(syscall(SYS_waitid, P_PIDFD, fd, &info, WEXITED | WNOWAIT, NULL));
    say("code %d status %d mine %d", info.si_code, info.si_status, info.si_pid == pid);
    TRY(syscall(SYS_waitid, P_PIDFD, fd, &info, WEXITED, NULL));
    TRY(syscall(SYS_waitid, P_PIDFD, fd, &info, WEXITED, NULL));
    TRY(syscall(SYS_waitid, P_PIDFD, 1, &info, WEXITED, NULL));
    TRY(send(fd, 0, NULL, 0));
    close(fd);
    pid = syscall(SYS_clone, 0x1000 | SIGCHLD, 0, &fd, 0, 0);
    if (pid == 0)
        _exit(3);
    NEED(pid > 0);
    say("by clone: readable %#x", readable(fd, -1));
    NEED(waitpid((pid_t)pid, &status, 0) == pid);
    close(fd);
    TRY(syscall(SYS_pidfd_open, -1, 0));
    TRY(syscall(SYS_pidfd_open, 0, 0));
    TRY(syscall(SYS_pidfd_open, 999999, 0));
    TRY(syscall(SYS_pidfd_open, getpid(), 1));
    fd = (int)syscall(SYS_pidfd_open, getpid(), 0);
    CHECK(fd >= 0);
    TRY(fcntl(fd, F_GETFD));
    signal(SIGUSR1, SIG_IGN);
    TRY(send(fd, SIGUSR1, NULL, 0));
    TRY(syscall(SYS_waitid, P_PIDFD, fd, &info, WEXITED | WNOHANG, NULL));
    return 0;
}
