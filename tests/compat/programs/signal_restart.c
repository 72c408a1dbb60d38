/* Calls that a handler interrupts: EINTR, or started again with SA_RESTART; and by none, always. */
#include "process.h"

#include <poll.h>
#include <sys/select.h>

static volatile sig_atomic_t handled;
static int ends[2];
static uint32_t word;

static void handler(int signo, siginfo_t *info, void *context)
{
    handled++;
}

static long in_read(void)
{
    char byte;

    return read(ends[0], &byte, 1);
}

static long in_poll(void)
{
    struct pollfd fd = {.fd = ends[0], .events = POLLIN};

    return poll(&fd, 1, -1);
}

static long in_select(void)
{
    fd_set set;

    FD_ZERO(&set);
    FD_SET(ends[0], &set);
    return select(ends[0] + 1, &set, NULL, NULL, NULL);
}

static long in_nanosleep(void)
{
    struct timespec time = {0, 200000000}, left = {9, 9};
    long result = nanosleep(&time, &left);
    int error = errno;

    say("  left %s", left.tv_sec == 9 ? "untouched" : left.tv_sec == 0 ? "told" : "wrong");
    errno = error;
    return result;
}

static long in_wait(void)
{
    int status;
    long pid = waitpid(-1, &status, 0);

    return pid > 0 ? 1 : pid;
}

static long in_futex(void)
{
    struct timespec time = {0, 200000000};

    return syscall(SYS_futex, &word, FUTEX_WAIT, 0, &time, NULL, 0);
}

static long in_futex_forever(void)
{
    return syscall(SYS_futex, &word, FUTEX_WAIT, 0, NULL, NULL, 0);
}

static long in_pause(void)
{
    return pause();
}

static long in_sigtimedwait(void)
{
    sigset_t set;
    struct timespec time = {0, 200000000};

    sigemptyset(&set);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL);
    return sigtimedwait(&set, NULL, &time);
}

/* What ends the call at last. */
enum end { BY_ITSELF, BY_DATA, BY_ALARM };

static const struct {
    const char *name;
    long (*call)(void);
    enum end end;
} calls[] = {
    {"read", in_read, BY_DATA},
    {"poll", in_poll, BY_DATA},
    {"select", in_select, BY_DATA},
    {"nanosleep", in_nanosleep, BY_ITSELF},
    {"wait", in_wait, BY_ITSELF},
    {"futex with a timeout", in_futex, BY_ITSELF},
    {"futex", in_futex_forever, BY_ALARM},
    {"pause", in_pause, BY_ALARM},
    {"sigtimedwait", in_sigtimedwait, BY_ITSELF},
};

/* The helper sends the signal once the caller sleeps, and lets it go on later if it still does. */
static pid_t start_helper(int signo, bool stop, enum end end)
{
    pid_t caller = getpid(), pid = fork();

    if (pid == 0) {
        until_state(caller, caller, 'S');
        kill(caller, signo);
        if (stop) {
            until_state(caller, caller, 'T');
            kill(caller, SIGCONT);
        }
        for (int i = 0; i < 50; i++)
            sched_yield();
        until_state(caller, caller, 'S');
        if (end == BY_DATA && write(ends[1], "x", 1) != 1)
            _exit(1);
        if (end == BY_ALARM)
            kill(caller, SIGALRM);
        _exit(0);
    }
    return pid;
}

static void one(int i, int flags, int signo)
{
    pid_t pid = fork();
    int status;

    if (pid == 0) {
        pid_t helper;
        long result;

        NEED(pipe(ends) == 0);
        handle(SIGUSR1, handler, flags);
        handle(SIGALRM, handler, 0);
        handled = 0;
        helper = start_helper(signo, signo == SIGSTOP, calls[i].end);
        result = calls[i].call();
        if (result == -1)
            say("%s: %s after %d", calls[i].name, error_name(errno), (int)handled);
        else
            say("%s: %ld after %d", calls[i].name, result, (int)handled);
        kill(helper, SIGKILL);
        _exit(0);
    }
    waitpid(pid, &status, 0);
    if (status)
        say_status(calls[i].name, status);
}

int main(void)
{
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        say("%s: handler", calls[i].name);
        one((int)i, 0, SIGUSR1);
        say("%s: handler with SA_RESTART", calls[i].name);
        one((int)i, SA_RESTART, SIGUSR1);
        say("%s: stopped and continued", calls[i].name);
        one((int)i, 0, SIGSTOP);
    }
    return 0;
}
