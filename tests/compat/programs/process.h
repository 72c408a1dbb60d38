/*
 * For programs about processes, threads and signals: lines that are written at once, so that fork
 * copies no buffer, and calls that are printed with what they returned.
 */
#ifndef COMPAT_PROCESS_H
#define COMPAT_PROCESS_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#define PAGE 4096ul

/* Of the kernel's headers, which musl does not bring. */
#ifndef FUTEX_WAIT
#define FUTEX_WAIT            0
#define FUTEX_WAKE            1
#define FUTEX_REQUEUE         3
#define FUTEX_CMP_REQUEUE     4
#define FUTEX_WAKE_OP         5
#define FUTEX_LOCK_PI         6
#define FUTEX_UNLOCK_PI       7
#define FUTEX_TRYLOCK_PI      8
#define FUTEX_WAIT_BITSET     9
#define FUTEX_WAKE_BITSET     10
#define FUTEX_WAIT_REQUEUE_PI 11
#define FUTEX_CMP_REQUEUE_PI  12
#define FUTEX_LOCK_PI2        13
#define FUTEX_PRIVATE_FLAG    128
#define FUTEX_CLOCK_REALTIME  256
#define FUTEX_WAITERS         0x80000000u
#define FUTEX_OWNER_DIED      0x40000000u
#endif
#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif
#ifndef SYS_clone3
#define SYS_clone3 435
#endif
#ifndef SYS_rseq
#define SYS_rseq 334
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif

/* One line, in one write. */
__attribute__((format(printf, 1, 2), unused)) static void say(const char *format, ...)
{
    char line[512];
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(line, sizeof line - 1, format, arguments);
    va_end(arguments);
    if (length > (int)sizeof line - 2)
        length = sizeof line - 2;
    line[length++] = '\n';
    if (write(1, line, (size_t)length) != length)
        _exit(125);
}

__attribute__((unused)) static const char *error_name(int error)
{
    static const struct {
        int number;
        const char *name;
    } names[] = {
        {EPERM, "EPERM"},
        {ENOENT, "ENOENT"},
        {ESRCH, "ESRCH"},
        {EINTR, "EINTR"},
        {EIO, "EIO"},
        {E2BIG, "E2BIG"},
        {ENOEXEC, "ENOEXEC"},
        {EBADF, "EBADF"},
        {ECHILD, "ECHILD"},
        {EAGAIN, "EAGAIN"},
        {ENOMEM, "ENOMEM"},
        {EACCES, "EACCES"},
        {EFAULT, "EFAULT"},
        {EBUSY, "EBUSY"},
        {EEXIST, "EEXIST"},
        {EINVAL, "EINVAL"},
        {EMFILE, "EMFILE"},
        {EFBIG, "EFBIG"},
        {ENOSPC, "ENOSPC"},
        {ESPIPE, "ESPIPE"},
        {EPIPE, "EPIPE"},
        {ERANGE, "ERANGE"},
        {EDEADLK, "EDEADLK"},
        {ENOSYS, "ENOSYS"},
        {EOVERFLOW, "EOVERFLOW"},
        {EIDRM, "EIDRM"},
        {ENOMSG, "ENOMSG"},
        {ETIMEDOUT, "ETIMEDOUT"},
        {EOWNERDEAD, "EOWNERDEAD"},
        {ENOTRECOVERABLE, "ENOTRECOVERABLE"},
        {EOPNOTSUPP, "EOPNOTSUPP"},
        {ENODEV, "ENODEV"},
    };
    static char other[24];

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (names[i].number == error)
            return names[i].name;
    }
    snprintf(other, sizeof other, "errno %d", error);
    return other;
}

__attribute__((unused)) static void say_result(const char *what, long value)
{
    if (value == -1)
        say("%s: %s", what, error_name(errno));
    else
        say("%s: %ld", what, value);
}

/* What a call returned, or its error's name. */
#define TRY(call) say_result(#call, (long)(call))
/* "ok" for results that differ from run to run. */
#define TRY_OK(call)                                                                               \
    do {                                                                                           \
        if ((long)(call) == -1)                                                                    \
            say("%s: %s", #call, error_name(errno));                                               \
        else                                                                                       \
            say("%s: ok", #call);                                                                  \
    } while (0)
#define CHECK(condition) say("%s: %s", #condition, (condition) ? "yes" : "no")

/* A step that must not fail for the test to make sense. */
#define NEED(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            say("line %d: %s failed: %s", __LINE__, #condition, error_name(errno));                \
            exit(99);                                                                              \
        }                                                                                          \
    } while (0)

__attribute__((unused)) static void say_status(const char *what, int status)
{
    if (WIFEXITED(status))
        say("%s: exit %d", what, WEXITSTATUS(status));
    else if (WIFSIGNALED(status))
        say("%s: signal %d%s", what, WTERMSIG(status), WCOREDUMP(status) ? " core" : "");
    else if (WIFSTOPPED(status))
        say("%s: stopped by %d", what, WSTOPSIG(status));
    else if (WIFCONTINUED(status))
        say("%s: continued", what);
    else
        say("%s: status %#x", what, (unsigned)status);
}

/* Runs the function in a child and tells how that ended. */
__attribute__((unused)) static void in_child(const char *what, void (*run)(void))
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        run();
        _exit(0);
    }
    NEED(pid > 0);
    NEED(waitpid(pid, &status, 0) == pid);
    say_status(what, status);
}

__attribute__((unused)) static void handle(int signo, void (*handler)(int, siginfo_t *, void *),
                                           int flags)
{
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | flags};

    NEED(sigaction(signo, &action, NULL) == 0);
}

__attribute__((unused)) static void *map_pages(size_t pages, int protection)
{
    void *at = mmap(NULL, pages * PAGE, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    NEED(at != MAP_FAILED);
    return at;
}

__attribute__((unused)) static void *map_shared(size_t pages)
{
    void *at = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    NEED(at != MAP_FAILED);
    return at;
}

/* State letter of a thread's or process's stat file: what it is doing. */
__attribute__((unused)) static char state_of(int pid, int tid)
{
    char path[64], text[512], *at;
    int fd;
    ssize_t n;

    snprintf(path, sizeof path, "/proc/%d/task/%d/stat", pid, tid);
    fd = open(path, O_RDONLY);
    if (fd < 0)
        return '-';
    n = read(fd, text, sizeof text - 1);
    close(fd);
    if (n <= 0)
        return '-';
    text[n] = '\0';
    at = strrchr(text, ')');
    return at ? at[2] : '?';
}

/* Until the thread sleeps. No time is assumed. */
__attribute__((unused)) static void until_state(int pid, int tid, char state)
{
    while (state_of(pid, tid) != state)
        sched_yield();
}

#endif
