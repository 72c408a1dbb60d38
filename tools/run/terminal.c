#define _GNU_SOURCE
#include "terminal.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

static volatile sig_atomic_t raw_fd = -1;
static struct termios saved;

void terminal_restore(void)
{
    int fd = raw_fd;

    raw_fd = -1;
    if (fd >= 0)
        tcsetattr(fd, TCSADRAIN, &saved);
}

static void on_crash(int number)
{
    terminal_restore();
    signal(number, SIG_DFL);
    raise(number);
}

bool terminal_make_raw(int fd)
{
    static const int crashes[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
    static bool prepared;
    struct termios raw;

    if (tcgetattr(fd, &saved) < 0)
        return false;
    if (!prepared) {
        atexit(terminal_restore);
        for (unsigned i = 0; i < sizeof(crashes) / sizeof(crashes[0]); i++)
            signal(crashes[i], on_crash);
        prepared = true;
    }
    raw = saved;
    cfmakeraw(&raw);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    raw_fd = fd;
    return tcsetattr(fd, TCSADRAIN, &raw) == 0;
}

struct channel_window terminal_window(int fd)
{
    struct winsize size = {0};

    if (ioctl(fd, TIOCGWINSZ, &size) < 0)
        size = (struct winsize){0};
    return (struct channel_window){.rows = size.ws_row,
                                   .columns = size.ws_col,
                                   .x_pixels = size.ws_xpixel,
                                   .y_pixels = size.ws_ypixel};
}
