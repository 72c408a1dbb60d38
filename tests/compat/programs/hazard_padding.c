/* Bytes of structures that no field has: zero or untouched, never what the kernel's stack held. */
#include "compat.h"

#include <dirent.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/statfs.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/timex.h>
#include <sys/utsname.h>
#include <termios.h>
#include <time.h>
#include <ucontext.h>

#define SIZE 2048

/* Where a structure has no field, as offset and length; ended by a length of 0. */
struct hole {
    unsigned at, length;
};

static unsigned char memory[2][SIZE];

/*
 * The call filled a buffer of two different backgrounds. A byte of a hole must be 0, or the
 * background in both.
 */
static void judge(const char *name, const struct hole *holes)
{
    unsigned bad = 0, clean = 0;

    for (; holes->length != 0; holes++) {
        for (unsigned i = holes->at; i < holes->at + holes->length; i++) {
            bool untouched = memory[0][i] == 0xa5 && memory[1][i] == 0x5a;
            bool zero = memory[0][i] == 0 && memory[1][i] == 0;

            clean += untouched || zero;
            bad += !untouched && !zero;
        }
    }
    printf("%s: %u clean, %u told\n", name, clean, bad);
}

/* Eight bytes at a place for them that could be an address of the kernel. (Four bytes of 32-bit
 * kernels may be anything.) */
static void search(const char *name)
{
    for (unsigned i = 0; i + 8 <= SIZE && sizeof(long) == 8; i += 8) {
        uint64_t word;

        memcpy(&word, &memory[1][i], 8);
        if (word >> 47 == 0x1ffff && word < 0xfffffffffff00000)
            printf("%s: a kernel's address at %u\n", name, i);
    }
}

#define TRY(name, call, ...)                                                                       \
    do {                                                                                           \
        const struct hole holes[] = {__VA_ARGS__, {0, 0}};                                         \
        for (unsigned side = 0; side < 2; side++) {                                                \
            void *out = memory[side];                                                              \
            memset(out, side ? 0x5a : 0xa5, SIZE);                                                 \
            if ((call) < 0)                                                                        \
                printf("%s: %s\n", name, errno_name(errno));                                       \
        }                                                                                          \
        judge(name, holes);                                                                        \
        search(name);                                                                              \
    } while (0)

#if __SIZEOF_POINTER__ == 8
enum { CONTEXT_SIZE = 304, FPU_SIZE = 512 };
#define number_of(name, of_32_bits) SYS_##name
#else
enum { CONTEXT_SIZE = 116, FPU_SIZE = 112 + 512 }; /* FSAVE's image, then FXSAVE's */
/* musl has no names for the calls with times of 32 bits. */
#define number_of(name, of_32_bits) (of_32_bits)
#endif

static void *signal_context;
static siginfo_t signal_info;

static void handler(int number, siginfo_t *info, void *context)
{
    const ucontext_t *user = context;

    (void)number;
    memcpy(signal_context, context, CONTEXT_SIZE); /* what the kernel's ucontext has */
    memcpy((char *)signal_context + 1000, info, 128);
    memcpy((char *)signal_context + 1152, user->uc_mcontext.fpregs, FPU_SIZE);
    signal_info = *info;
}

/* On a stack of zeros: what the kernel leaves out is 0. */
static int deliver(void *out)
{
    static char zeros[65536];
    stack_t stack = {.ss_sp = zeros, .ss_size = sizeof zeros};
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK};

    memset(zeros, 0, sizeof zeros);
    sigaltstack(&stack, NULL);
    signal_context = out;
    sigaction(SIGUSR1, &action, NULL);
    return kill(getpid(), SIGUSR1);
}

static int wait_for_child(void *out)
{
    pid_t child = fork();

    if (child == 0)
        _exit(3);
    return (int)syscall(SYS_waitid, P_PID, child, out, WEXITED, (char *)out + 128);
}

static int epoll_once(void *out)
{
    int epoll = epoll_create1(0), ends[2];
    struct epoll_event event = {.events = EPOLLOUT, .data.u64 = 7};
    long n;

    if (pipe(ends) != 0)
        return -1;
    epoll_ctl(epoll, EPOLL_CTL_ADD, ends[1], &event);
    n = syscall(SYS_epoll_wait, epoll, out, 4, 0);
    close(ends[0]);
    close(ends[1]);
    close(epoll);
    return (int)n;
}

static int list(void *out)
{
    int here = open("/", O_RDONLY | O_DIRECTORY);
    long n = syscall(SYS_getdents64, here, out, SIZE);
    unsigned char *bytes = out;

    close(here);
    /* Behind a name's end: told as one hole, moved together to the buffer's end. */
    for (long at = 0, hole = SIZE - 64; at < n; at += bytes[at + 16]) {
        long end = at + 19 + (long)strlen((char *)bytes + at + 19) + 1;

        while (end < at + bytes[at + 16] && hole < SIZE)
            bytes[hole++] = bytes[end++];
    }
    /* As many as there were differ from kernel to kernel. */
    for (unsigned i = 0; i < 64; i++)
        if (bytes[SIZE - 64 + i] == 0)
            bytes[SIZE - 64 + i] = bytes[SIZE - 1];
    return (int)n;
}

static int terminal(void *out, unsigned long request)
{
    int fd = open("/dev/ptmx", O_RDWR | O_NOCTTY),
        result = (int)syscall(SYS_ioctl, fd, request, out);

    close(fd);
    return result;
}

/* Of both word sizes. */
static void same_everywhere(void)
{
    struct timespec none = {0, 0};

    TRY("uname", syscall(SYS_uname, out), {60, 5}, {390, 100});
    TRY("sigpending", syscall(SYS_rt_sigpending, out, 8), {8, 100});
    TRY("sched_getaffinity", syscall(SYS_sched_getaffinity, 0, 8, out), {8, 100});
    TRY("sched_getparam", syscall(SYS_sched_getparam, 0, out), {4, 100});
    TRY("prlimit", syscall(SYS_prlimit64, 0, 4, NULL, out), {16, 100});
    TRY("epoll_wait", epoll_once(out), {12, 100});
    TRY("getdents64", list(out), {SIZE - 64, 64});
    TRY("termios", terminal(out, TCGETS), {36, 100});
    TRY("winsize", terminal(out, TIOCGWINSZ), {8, 100});
    TRY("nanosleep", syscall(number_of(nanosleep, 162), &none, out), {0, 100});
    TRY("sigtimedwait",
        (syscall(number_of(rt_sigtimedwait, 177), out, (char *)out + 64, &none, 8), 0), {64, 128});
}

#if __SIZEOF_POINTER__ == 8
static void of_this_size(int fd)
{
    TRY("stat", syscall(SYS_fstat, fd, out), {36, 4}, {120, 24}, {144, 100});
    TRY("statx", syscall(SYS_statx, fd, "", 0x1000, 0xfff, out), {30, 2}, {76, 4}, {92, 4},
        {108, 4}, {124, 4}, {152, 104}, {256, 100});
    TRY("statfs", syscall(SYS_fstatfs, fd, out), {88, 32}, {120, 100});
    TRY("sysinfo", syscall(SYS_sysinfo, out), {82, 2}, {84, 4}, {108, 4}, {112, 100});
    TRY("getrusage", syscall(SYS_getrusage, 0, out), {144, 100});
    TRY("times", syscall(SYS_times, out), {32, 100});
    TRY("timespec", syscall(SYS_clock_gettime, 0, out), {16, 100});
    TRY("clock_getres", syscall(SYS_clock_getres, 0, out), {16, 100});
    TRY("timeval", syscall(SYS_gettimeofday, out, (char *)out + 16), {24, 100});
    TRY("getitimer", syscall(SYS_getitimer, 0, out), {32, 100});
    TRY("getrlimit", syscall(SYS_getrlimit, 3, out), {16, 100});
    TRY("sigaction", syscall(SYS_rt_sigaction, 10, NULL, out, 8), {32, 100});
    TRY("sigaltstack", syscall(SYS_sigaltstack, NULL, out), {12, 4}, {24, 100});
    TRY("sched_rr_get_interval", syscall(SYS_sched_rr_get_interval, 0, out), {16, 100});
    TRY("waitid", wait_for_child(out), {12, 4}, {28, 4}, {32, 16}, {48, 80}, {272, 100});
    TRY("signal frame", deliver(out), {20, 4}, {1012, 4}, {1024, 104});
    TRY("signal frame's reserved words", deliver(out), {232, 64});
    /* Of the FXSAVE image: what no register has, up to what Linux writes for itself. */
    TRY("FPU image", deliver(out), {1157, 1}, {1568, 48});
    TRY("getgroups", syscall(SYS_getgroups, 64, out), {300, 100});
    TRY("get_robust_list", syscall(SYS_get_robust_list, 0, out, (char *)out + 8), {16, 100});
    TRY("shmctl info", (syscall(SYS_shmctl, 0, 14, out), 0), {4, 4}, {48, 100});
}
#else
static void of_this_size(int fd)
{
    TRY("stat", syscall(SYS_fstat, fd, out), {56, 8}, {64, 100});
    TRY("stat64", syscall(SYS_fstat64, fd, out), {8, 4}, {40, 4}, {96, 100});
    TRY("statx", syscall(SYS_statx, fd, "", 0x1000, 0xfff, out), {30, 2}, {76, 4}, {92, 4},
        {108, 4}, {124, 4}, {152, 104}, {256, 100});
    TRY("statfs", syscall(SYS_fstatfs, fd, out), {48, 16}, {64, 100});
    TRY("statfs64", syscall(SYS_fstatfs64, fd, 84, out), {68, 16}, {84, 100});
    TRY("sysinfo", syscall(SYS_sysinfo, out), {42, 2}, {56, 8}, {64, 100});
    TRY("getrusage", syscall(SYS_getrusage, 0, out), {72, 100});
    TRY("times", syscall(SYS_times, out), {16, 100});
    TRY("timespec", syscall(number_of(clock_gettime, 265), 0, out), {8, 100});
    TRY("timespec64", syscall(number_of(clock_gettime64, 403), 0, out), {12, 4}, {16, 100});
    TRY("clock_getres", syscall(number_of(clock_getres, 266), 0, out), {8, 100});
    TRY("timeval", syscall(number_of(gettimeofday, 78), out, (char *)out + 16), {8, 8}, {24, 100});
    TRY("getitimer", syscall(SYS_getitimer, 0, out), {16, 100});
    TRY("getrlimit", syscall(SYS_ugetrlimit, 3, out), {8, 100});
    TRY("sigaction", syscall(SYS_rt_sigaction, 10, NULL, out, 8), {20, 100});
    TRY("sigaltstack", syscall(SYS_sigaltstack, NULL, out), {12, 100});
    TRY("sched_rr_get_interval", syscall(number_of(sched_rr_get_interval, 161), 0, out), {8, 100});
    TRY("waitid", wait_for_child(out), {24, 104}, {200, 100});
    TRY("signal frame", deliver(out), {22, 2}, {26, 2}, {30, 2}, {34, 2}, {82, 2}, {94, 2},
        {1020, 108});
    TRY("FPU image", deliver(out), {1269, 1}, {1680, 48});
    TRY("getgroups", syscall(SYS_getgroups32, 64, out), {300, 100});
    TRY("get_robust_list", syscall(SYS_get_robust_list, 0, out, (char *)out + 8), {4, 4},
        {12, 100});
    TRY("shmctl info", (syscall(number_of(shmctl, 396), 0, 14, out), 0), {24, 100});
    TRY("user_desc", (((unsigned *)out)[0] = 6, syscall(SYS_get_thread_area, out)), {16, 100});
}
#endif

int main(void)
{
    of_this_size(make_file(1));
    same_everywhere();
    return 0;
}
