/*
 * What programs rely on in a terminal, told line by line; driven by terminal.pty. Each step says
 * "ready", takes what is typed, and says what it got.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static struct termios original;

static void show(const char *step, const char *bytes, ssize_t n)
{
    printf("%s: %zd", step, n);
    for (ssize_t i = 0; i < n; i++)
        printf(" %02x", (unsigned char)bytes[i]);
    printf("\n");
    fflush(stdout);
}

/* A system call's result, and why if it failed. */
static void told(const char *step, long result)
{
    printf("%s: %ld %s\n", step, result, result < 0 ? strerrorname_np(errno) : "-");
}

static void ready(const char *step)
{
    printf("ready %s\n", step);
    fflush(stdout);
}

static void raw(int minimum, int tenths)
{
    struct termios settings = original;

    cfmakeraw(&settings);
    settings.c_oflag |= OPOST;
    settings.c_cc[VMIN] = (cc_t)minimum;
    settings.c_cc[VTIME] = (cc_t)tenths;
    tcsetattr(0, TCSANOW, &settings);
}

static void read_and_show(const char *step, size_t n)
{
    char bytes[100];

    ready(step);
    show(step, bytes, read(0, bytes, n));
}

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void timing(void)
{
    char bytes[10];
    double start;

    raw(0, 0);
    show("poll like", bytes, read(0, bytes, 10));
    raw(0, 3);
    start = now();
    show("time only", bytes, read(0, bytes, 10));
    printf("waited %s\n", now() - start >= 0.3 && now() - start < 3 ? "as told" : "wrongly");
    raw(3, 0);
    read_and_show("three", 10);
    raw(5, 2);
    read_and_show("pause", 10);
    tcsetattr(0, TCSANOW, &original);
}

static void polling(void)
{
    struct pollfd poller = {.fd = 0, .events = POLLIN};
    char bytes[10];
    int count;

    printf("nothing: %d\n", poll(&poller, 1, 0));
    ready("poll");
    printf("something: %d", poll(&poller, 1, 10000));
    ioctl(0, FIONREAD, &count);
    printf(" %d\n", count);
    show("line", bytes, read(0, bytes, 10));
    fcntl(0, F_SETFL, O_RDWR | O_NONBLOCK);
    told("empty", read(0, bytes, 10));
    fcntl(0, F_SETFL, O_RDWR);
}

static volatile sig_atomic_t caught;

static void on_signal(int number)
{
    caught = number;
}

/* A read that a signal interrupts. "ready" is said when the read sleeps: a signal that came before
 * it would leave it asleep. */
static void interrupted_read(const char *step)
{
    char bytes[10], state = 0;
    pid_t child = fork();
    ssize_t n;
    int error;

    if (child == 0) {
        while (state != 'S') {
            char path[40];
            FILE *file;

            snprintf(path, sizeof(path), "/proc/%d/stat", (int)getppid());
            file = fopen(path, "r");
            if (!file || fscanf(file, "%*d %*s %c", &state) != 1)
                _exit(1);
            fclose(file);
        }
        ready(step);
        _exit(0);
    }
    n = read(0, bytes, sizeof(bytes));
    error = errno;
    printf("interrupted: %zd %s, signal %d\n", n, n < 0 ? strerrorname_np(error) : "-", caught);
    fflush(stdout);
    waitpid(child, NULL, 0);
}

static void signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};

    sigaction(SIGINT, &action, NULL);
    sigaction(SIGQUIT, &action, NULL);
    fflush(stdout);
    interrupted_read("interrupt");
    interrupted_read("quit");
}

/* What a process in the background gets when it reads, writes under TOSTOP, changes settings. */
static void background(void)
{
    struct termios settings = original;
    int status;
    pid_t child;

    settings.c_lflag |= TOSTOP;
    tcsetattr(0, TCSANOW, &settings);
    for (int what = 0; what < 3; what++) {
        fflush(stdout);
        child = fork();
        if (child == 0) {
            char byte;

            setpgid(0, 0);
            if (what == 0 && read(0, &byte, 1) < 0)
                _exit(1);
            if (what == 1 && write(1, "", 0) != 0 && write(1, "x", 1) < 0)
                _exit(1);
            if (what == 1)
                (void)!write(1, "x", 1);
            if (what == 2)
                tcsetattr(0, TCSANOW, &original);
            _exit(0);
        }
        setpgid(child, child);
        waitpid(child, &status, WUNTRACED);
        printf("background %d: %s\n", what,
               WIFSTOPPED(status) ? strsignal(WSTOPSIG(status)) : "not stopped");
        kill(-child, SIGKILL);
        waitpid(child, &status, 0);
    }
    fflush(stdout);
    child = fork();
    if (child == 0) {
        char byte;

        setpgid(0, 0);
        signal(SIGTTIN, SIG_IGN);
        printf("ignoring: %zd", read(0, &byte, 1));
        _exit(errno == EIO ? 0 : 1);
    }
    waitpid(child, &status, 0);
    printf("ignored SIGTTIN gives %s\n", status ? "something else" : "EIO");
    tcsetattr(0, TCSANOW, &original);
}

static void identity(void)
{
    struct winsize size;
    int session, flags = fcntl(0, F_GETFL);

    printf("tty %d %d %d\n", isatty(0), isatty(1), isatty(2));
    printf("group %d\n", tcgetpgrp(0) == getpgrp());
    printf("session %d\n", ioctl(0, TIOCGSID, &session) == 0 && session == getsid(0));
    ioctl(0, TIOCGWINSZ, &size);
    printf("size %d %d\n", size.ws_row, size.ws_col);
    printf("access %d\n", (flags & O_ACCMODE) == O_RDWR);
    printf("speed %d\n", cfgetospeed(&original) == B38400 || cfgetospeed(&original) == B9600);
    printf("controlling %d\n", open("/dev/tty", O_RDWR) >= 0);
    told("bad group", tcsetpgrp(0, 99999));
    told("seek", lseek(0, 0, SEEK_CUR));
}

int main(void)
{
    if (tcgetattr(0, &original) < 0)
        return 1;
    identity();
    timing();
    polling();
    signals();
    background();
    read_and_show("line end", 3);
    read_and_show("rest", 50);
    read_and_show("end of file", 50);
    printf("done\n");
    return 0;
}
