/* Pseudo-terminals: a pair from both ends, its lives, and the session it controls. */
#define _GNU_SOURCE
#include "check.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static char bytes[20000];

static int open_pair(int *slave, char *name)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY);

    check(master >= 0);
    check(ptsname_r(master, name, 100) == 0);
    check_error(open(name, O_RDWR | O_NOCTTY), EIO); /* locked */
    check(grantpt(master) == 0);
    check(unlockpt(master) == 0);
    *slave = open(name, O_RDWR | O_NOCTTY);
    check(*slave >= 0);
    return master;
}

/* Reads until `wanted` bytes are there. */
static ssize_t gather(int fd, size_t wanted)
{
    size_t got = 0;

    while (got < wanted) {
        ssize_t n = read(fd, bytes + got, sizeof(bytes) - got);

        if (n <= 0)
            return -1;
        got += (size_t)n;
    }
    return (ssize_t)got;
}

static void both_ends(void)
{
    int slave, master, count;
    char name[100];
    struct stat status;
    struct pollfd poller;

    master = open_pair(&slave, name);
    check(stat(name, &status) == 0 && S_ISCHR(status.st_mode));
    check(status.st_rdev >> 8 == 136);
    check(isatty(master) && isatty(slave));
    check(strcmp(ttyname(slave), name) == 0);
    check(write(master, "typed\n", 6) == 6);
    check(gather(master, 7) == 7 && memcmp(bytes, "typed\r\n", 7) == 0);
    check(ioctl(slave, FIONREAD, &count) == 0 && count == 6);
    check(read(slave, bytes, 100) == 6 && memcmp(bytes, "typed\n", 6) == 0);
    check(write(slave, "shown\n", 6) == 6);
    check(ioctl(master, FIONREAD, &count) == 0 && count == 7);
    check(gather(master, 7) == 7 && memcmp(bytes, "shown\r\n", 7) == 0);
    poller = (struct pollfd){.fd = master, .events = POLLIN | POLLOUT};
    check(poll(&poller, 1, 0) == 1 && poller.revents == POLLOUT);
    check(fcntl(master, F_SETFL, O_RDWR | O_NONBLOCK) == 0);
    check_error(read(master, bytes, 1), EAGAIN);
    check(close(slave) == 0);
    check(poll(&poller, 1, 0) == 1 && poller.revents & POLLHUP);
    check_error(read(master, bytes, 1), EIO);
    slave = open(name, O_RDWR | O_NOCTTY); /* and back */
    check(write(slave, "x", 1) == 1);
    check(read(master, bytes, 10) == 1);
    check(close(master) == 0);
    check(read(slave, bytes, 10) == 0);
    check_error(write(slave, "x", 1), EIO);
    poller.fd = slave;
    check(poll(&poller, 1, 0) == 1 && poller.revents & POLLHUP);
    check(close(slave) == 0);
    check_error(open(name, O_RDWR | O_NOCTTY), ENOENT);
}

static void much(void)
{
    int slave, master, status;
    char name[100];
    struct termios settings;
    pid_t child;

    master = open_pair(&slave, name);
    tcgetattr(slave, &settings);
    cfmakeraw(&settings);
    check(tcsetattr(slave, TCSANOW, &settings) == 0);
    child = fork();
    if (child == 0) {
        long sum = 0;
        ssize_t n;

        close(master);
        for (long total = 0; total < 300000; total += n) {
            n = read(slave, bytes, sizeof(bytes));
            if (n <= 0)
                _exit(1);
            for (ssize_t i = 0; i < n; i++)
                sum += bytes[i];
        }
        dprintf(slave, "%ld", sum);
        _exit(0);
    }
    for (int i = 0; i < 300; i++) {
        memset(bytes, i % 100, 1000);
        check(write(master, bytes, 1000) == 1000);
    }
    check(gather(master, 8) == 8 && memcmp(bytes, "14850000", 8) == 0);
    check(waitpid(child, &status, 0) == child && status == 0);
    close(master);
    close(slave);
}

static void settings(void)
{
    int slave, master;
    char name[100];
    struct winsize size = {.ws_row = 11, .ws_col = 22}, other;
    struct termios termios;

    master = open_pair(&slave, name);
    check(ioctl(master, TIOCSWINSZ, &size) == 0);
    check(ioctl(slave, TIOCGWINSZ, &other) == 0 && other.ws_row == 11 && other.ws_col == 22);
    check(tcgetattr(master, &termios) == 0);
    termios.c_lflag &= ~(tcflag_t)ECHO;
    check(tcsetattr(slave, TCSANOW, &termios) == 0);
    check(write(master, "quiet\n", 6) == 6);
    check(read(slave, bytes, 100) == 6);
    check(fcntl(master, F_SETFL, O_RDWR | O_NONBLOCK) == 0);
    check_error(read(master, bytes, 1), EAGAIN);
    close(master);
    close(slave);
}

static volatile sig_atomic_t signals;

static void on_signal(int number)
{
    signals |= 1 << number;
}

/* A session on the pair: the characters raise signals, the size too, and the end hangs up. */
static void session(void)
{
    int slave, master, status;
    char name[100];
    struct winsize size = {.ws_row = 5, .ws_col = 6};
    pid_t child;

    master = open_pair(&slave, name);
    child = fork();
    if (child == 0) {
        struct sigaction action = {.sa_handler = on_signal};
        sigset_t wanted, none;

        close(master);
        sigemptyset(&none);
        sigfillset(&wanted);
        sigprocmask(SIG_BLOCK, &wanted, NULL);
        sigaction(SIGINT, &action, NULL);
        sigaction(SIGQUIT, &action, NULL);
        sigaction(SIGWINCH, &action, NULL);
        sigaction(SIGHUP, &action, NULL);
        if (setsid() < 0 || ioctl(slave, TIOCSCTTY, 0) < 0 || tcgetpgrp(slave) != getpgrp() ||
            tcgetsid(slave) != getpid() || open("/dev/tty", O_RDWR) < 0)
            _exit(1);
        (void)!write(slave, "ready", 5);
        for (int number = 0; number < 4; number++) {
            int before = signals;

            while (signals == before)
                sigsuspend(&none);
            (void)!write(slave, "+", 1);
        }
        _exit(signals == (1 << SIGINT | 1 << SIGQUIT | 1 << SIGWINCH | 1 << SIGHUP) ? 9 : 2);
    }
    check(gather(master, 5) == 5);
    check(tcgetpgrp(master) == child);
    check(write(master, "\003", 1) == 1);
    check(gather(master, 3) == 3 && memcmp(bytes, "^C+", 3) == 0);
    check(write(master, "\034", 1) == 1);
    check(gather(master, 3) == 3 && memcmp(bytes, "^\\+", 3) == 0);
    check(ioctl(master, TIOCSWINSZ, &size) == 0);
    check(gather(master, 1) == 1);
    close(master);
    check(waitpid(child, &status, 0) == child);
    check(WIFEXITED(status) && WEXITSTATUS(status) == 9);
    close(slave);
}

static void many(void)
{
    static int masters[50];
    char name[100];

    for (int i = 0; i < 50; i++)
        check((masters[i] = posix_openpt(O_RDWR | O_NOCTTY)) >= 0);
    check(ptsname_r(masters[49], name, 100) == 0);
    for (int i = 0; i < 50; i++)
        close(masters[i]);
    check(access(name, F_OK) < 0);
}

int main(void)
{
    run(both_ends);
    run(much);
    run(settings);
    run(session);
    run(many);
    return check_failures != 0;
}
