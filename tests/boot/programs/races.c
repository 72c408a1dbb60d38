/*
 * Every kind of call whose buffer another thread takes away meanwhile: unmaps, forbids, moves,
 * empties, cuts the file under it. A call may answer what it likes; it may not bring down the
 * machine, write elsewhere, or hang. Prints the same under Linux and quire.
 *
 *   races [ROUNDS]
 */
#define _GNU_SOURCE
#include "check.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define PAGE  4096ul
#define PAGES 4
/* Far apart, where nothing else is. */
#define AREA ((char *)(sizeof(long) == 8 ? 0x400000000000 : 0x40000000))
#define AWAY ((char *)(sizeof(long) == 8 ? 0x410000000000 : 0x50000000))

static unsigned rounds = 200;
static int file, zero, pipe_ends[2], terminal;
static volatile bool stop, shared;

static void map_area(void)
{
    mmap(AREA, PAGES * PAGE, PROT_READ | PROT_WRITE,
         MAP_FIXED | (shared ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS), shared ? file : -1, 0);
}

/* ---- the one who takes it away ---- */

static void take_away(unsigned how)
{
    switch (how % 7) {
    case 0:
        munmap(AREA + PAGE, PAGE);
        break;
    case 1:
        mprotect(AREA, 2 * PAGE, PROT_NONE);
        break;
    case 2:
        mprotect(AREA + PAGE, 2 * PAGE, PROT_READ);
        break;
    case 3:
        mremap(AREA + PAGE, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, AWAY);
        break;
    case 4:
        madvise(AREA, PAGES * PAGE, MADV_DONTNEED);
        break;
    case 5:
        if (ftruncate(file, PAGE / 2) == 0 && ftruncate(file, PAGES * PAGE) == 0)
            break;
        break;
    default:
        munmap(AREA, PAGES * PAGE);
    }
}

static void *disturb(void *unused)
{
    for (unsigned i = 0; !stop; i++) {
        take_away(i);
        sched_yield();
        map_area();
    }
    return unused;
}

/* ---- those who use it ---- */

#define CALL(name, expression)                                                                     \
    static long name(char *at)                                                                     \
    {                                                                                              \
        (void)at;                                                                                  \
        return (long)(expression);                                                                 \
    }

static struct iovec *vectors(char *at)
{
    static struct iovec v[3];

    v[0] = (struct iovec){at, 100};
    v[1] = (struct iovec){AREA + PAGE, PAGE};
    v[2] = (struct iovec){AREA + 3 * PAGE, PAGE};
    return v;
}

static long execute(char *at)
{
    char **arguments = (char **)(void *)(AREA + PAGE);
    (void)at;
    /* There is no such file: the arguments are read first, or not. */
    return syscall(SYS_execve, "/missing", arguments, arguments);
}

static void on_signal(int signo)
{
    (void)signo;
}

/* The frame goes where nobody knows: in a child, which it may kill. */
static long signal_there(char *at)
{
    stack_t stack = {.ss_sp = at, .ss_size = 2 * PAGE};
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_ONSTACK};
    int status;
    pid_t child = fork();

    if (child == 0) {
        munmap(AREA + PAGE, PAGE);
        sigaltstack(&stack, NULL);
        sigaction(SIGUSR1, &action, NULL);
        kill(getpid(), SIGUSR1);
        _exit(0);
    }
    return waitpid(child, &status, 0) == child;
}

CALL(do_read, pread(file, at, 3 * PAGE, 0))
CALL(do_write, pwrite(file, at, 3 * PAGE, 0))
CALL(do_zero, read(zero, at, 3 * PAGE))
CALL(do_readv, preadv(file, vectors(at), 3, 0))
CALL(do_writev, pwritev(file, vectors(at), 3, 0))
CALL(do_vectors_there, preadv(file, (struct iovec *)(void *)at, 4, 0))
CALL(do_pipe, write(pipe_ends[1], at, 2 * PAGE) + read(pipe_ends[0], at, 2 * PAGE))
CALL(do_list, ({
         int fd = open("/", O_RDONLY | O_DIRECTORY);
         long n = syscall(SYS_getdents64, fd, at, PAGE);
         close(fd);
         n;
     }))
CALL(do_ioctl, ioctl(terminal, TCGETS, at) + ioctl(terminal, TCSETS, at))
CALL(do_open, open(at, O_RDONLY | O_DIRECTORY))
CALL(do_stat, syscall(SYS_fstat, file, at))
CALL(do_futex_wait, syscall(SYS_futex, at, FUTEX_WAIT, 12345, &(struct timespec){0, 1000}, NULL, 0))
CALL(do_futex_wake, syscall(SYS_futex, at, FUTEX_WAKE, 1, NULL, NULL, 0))
CALL(do_futex_op, syscall(SYS_futex, at, FUTEX_WAKE_OP, 1, 1, AREA + 2 * PAGE, 0x10000001))
CALL(do_futex_requeue, syscall(SYS_futex, at, FUTEX_REQUEUE, 1, 1, AREA + 2 * PAGE, 0))
CALL(do_poll, poll((struct pollfd *)(void *)at, 10, 0))
CALL(do_select, syscall(SYS_select, 100, at, at, at, &(struct timeval){0, 0}))
CALL(do_random, syscall(SYS_getrandom, at, 2 * PAGE, 0))
CALL(do_mincore, mincore(AREA, PAGES *PAGE, (unsigned char *)at))
CALL(do_mask, syscall(SYS_rt_sigprocmask, SIG_SETMASK, NULL, at, 8))
CALL(do_name, syscall(SYS_prctl, 15, at))
CALL(do_uname, syscall(SYS_uname, at))
CALL(do_vm_read, process_vm_readv(getpid(), vectors(at), 3, &(struct iovec){AREA, 2 * PAGE}, 1, 0))
CALL(do_lock, mlock(AREA, PAGES *PAGE) + munlock(AREA, PAGES *PAGE))
CALL(do_populate, madvise(AREA, PAGES *PAGE, 23))
CALL(do_clone, ({
         /* The kernel writes the child's number there, and clears it when it ends. */
         long n =
             syscall(SYS_clone, 0x01200000 | 0x00100000 | 0x01000000 | SIGCHLD, NULL, at, at, 0);
         if (n == 0)
             _exit(0);
         if (n > 0)
             waitpid((pid_t)n, NULL, 0);
         n;
     }))

static const struct {
    const char *name;
    long (*call)(char *at);
} calls[] = {
    {"read", do_read},
    {"write", do_write},
    {"zero", do_zero},
    {"readv", do_readv},
    {"writev", do_writev},
    {"vectors", do_vectors_there},
    {"pipe", do_pipe},
    {"getdents", do_list},
    {"ioctl", do_ioctl},
    {"open", do_open},
    {"fstat", do_stat},
    {"futex wait", do_futex_wait},
    {"futex wake", do_futex_wake},
    {"futex op", do_futex_op},
    {"futex requeue", do_futex_requeue},
    {"poll", do_poll},
    {"select", do_select},
    {"getrandom", do_random},
    {"mincore", do_mincore},
    {"mask", do_mask},
    {"name", do_name},
    {"uname", do_uname},
    {"process_vm_readv", do_vm_read},
    {"mlock", do_lock},
    {"populate", do_populate},
    {"clone", do_clone},
    {"execve", execute},
    {"signal frame", signal_there},
};

static const char guard[] = "nobody writes here";

static void calls_beside(bool of_file)
{
    /* Beyond what any of the calls was given. */
    char *behind = mmap(AREA + (PAGES + 2) * PAGE, PAGE, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    pthread_t other;

    shared = of_file;
    stop = false;
    strcpy(behind, guard);
    map_area();
    check(pthread_create(&other, NULL, disturb, NULL) == 0);
    for (unsigned i = 0; i < sizeof calls / sizeof *calls; i++) {
        unsigned turns =
            calls[i].call == signal_there || calls[i].call == do_clone ? rounds / 20 + 1 : rounds;
        for (unsigned j = 0; j < turns; j++) {
            static const size_t offsets[] = {0, PAGE - 8, PAGE, 2 * PAGE - 16};
            long result;

            sched_yield(); /* on one CPU the other thread has its turn */
            result = calls[i].call(AREA + offsets[j % 4]);

            check(result >= -2);
            if (calls[i].call == do_open && result >= 0)
                close((int)result);
        }
        check(strcmp(behind, guard) == 0);
    }
    stop = true;
    check(pthread_join(other, NULL) == 0);
}

static void private_memory(void)
{
    calls_beside(false);
}

static void file_memory(void)
{
    calls_beside(true);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        rounds = (unsigned)atoi(argv[1]);
    file = open("/tmp/races", O_RDWR | O_CREAT | O_TRUNC, 0600);
    zero = open("/dev/zero", O_RDONLY);
    terminal = open("/dev/ptmx", O_RDWR | O_NOCTTY);
    check(file >= 0 && ftruncate(file, PAGES * PAGE) == 0);
    check(pipe2(pipe_ends, O_NONBLOCK) == 0);
    run(private_memory);
    run(file_memory);
    unlink("/tmp/races");
    return check_failures != 0;
}
