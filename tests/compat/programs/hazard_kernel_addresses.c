/* Every way to name memory, given addresses of the kernel's half: nothing is read, written or told.
 */
#include "compat.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#if __SIZEOF_POINTER__ == 8
/* The first two are where the user half ends, and what no CPU takes for an address; with page
 * tables of five levels they lie higher. */
static unsigned long places[] = {
    0x7ffffffff000,     0x800000000000,     0xffff800000000000,
    0xffff800000100000, 0xffff888000000000, 0xffffc00000000000,
    0xffffffff80100000, 0xffffffff81000000, 0xfffffffffffff000,
};
#else
static unsigned long places[] = {
    0xc0000000, 0xc0001000, 0xc0100000, 0xd0000000, 0xf8000000, 0xff800000, 0xfffff000,
};
#endif

static char buffer[4096];
static int zero_file, pipe_ends[2], memory_file;

static long through_memory(unsigned long at, bool out)
{
    return out ? pwrite(memory_file, buffer, 8, (off_t)at)
               : pread(memory_file, buffer, 8, (off_t)at);
}

static long through_vm(unsigned long at, bool out)
{
    struct iovec mine = {buffer, 8}, there = {(void *)at, 8};

    return out ? process_vm_writev(getpid(), &mine, 1, &there, 1, 0)
               : process_vm_readv(getpid(), &mine, 1, &there, 1, 0);
}

static long through_vector(unsigned long at, bool out)
{
    struct iovec v[2] = {{buffer, 4}, {(void *)at, 8}};

    return out ? writev(pipe_ends[1], v, 2) : preadv(zero_file, v, 2, 0);
}

#define TRY(call)                                                                                  \
    do {                                                                                           \
        long result_;                                                                              \
        int error_;                                                                                \
        errno = 0;                                                                                 \
        result_ = (long)(call);                                                                    \
        error_ = errno;                                                                            \
        if (first || result_ != before[n] || error_ != before_error[n])                            \
            printf("%s at place %u: %ld %s\n", #call, place, result_,                              \
                   result_ < 0 ? errno_name(error_) : "");                                         \
        before[n] = result_;                                                                       \
        before_error[n++] = error_;                                                                \
    } while (0)

static long before[64];
static int before_error[64];

static void find_places(void)
{
#if __SIZEOF_POINTER__ == 8
    /* A mapping at the end that four levels have: there are five. */
    void *at = (void *)places[0];

    if (mmap(at, 4096, 0, 0x100022, -1, 0) == at) {
        munmap(at, 4096);
        places[0] = 0xfffffffffff000;
        places[1] = 0x100000000000000;
    }
#endif
}

/* Told for the first place; for the others only what is answered differently. */
static void all(unsigned place, unsigned long at)
{
    bool first = place == 0;
    unsigned n = 0;

    TRY(syscall(SYS_write, pipe_ends[1], at, 8));
    TRY(syscall(SYS_read, zero_file, at, 8));
    TRY(syscall(SYS_pread64, zero_file, at, 8, 0));
    TRY(through_vector(at, true));
    TRY(through_vector(at, false));
    TRY(through_memory(at, false));
    TRY(through_memory(at, true));
    TRY(through_vm(at, false));
    TRY(through_vm(at, true));
    TRY(syscall(SYS_open, at, 0));
    TRY(syscall(SYS_futex, at, 0, 0, 0L, 0L, 0));
    TRY(syscall(SYS_futex, at, 1, 1, 0L, 0L, 0));
    TRY(syscall(SYS_futex, at, 128, 0, 0L, 0L, 0));
    TRY(syscall(SYS_uname, at));
    TRY(syscall(SYS_fstat, 0, at));
    TRY(syscall(SYS_mincore, at, 4096, buffer));
    TRY(syscall(SYS_mincore, AREA, 4096, at));
    TRY(syscall(SYS_madvise, at, 4096, 4));
    TRY(syscall(SYS_mlock, at, 4096));
    TRY(syscall(SYS_munlock, at, 4096));
    TRY(syscall(SYS_msync, at, 4096, 4));
    TRY(syscall(SYS_mprotect, at, 4096, 3));
    TRY(syscall(SYS_munmap, at, 4096));
    TRY(syscall(SYS_mremap, at, 4096, 4096, 1, 0));
    TRY(syscall(SYS_mremap, AREA, 4096, 4096, 3, at));
    TRY(syscall(SYS_mmap, at, 4096, 3, 0x32, -1, 0));
    TRY(syscall(SYS_mmap, at, 4096, 3, 0x100022, -1, 0));
    TRY(syscall(SYS_getrandom, at, 8, 0));
    TRY(syscall(SYS_poll, at, 1, 0));
    TRY(syscall(SYS_select, 8, at, 0L, 0L, 0L));
    TRY(syscall(SYS_nanosleep, at, 0L));
    TRY(syscall(SYS_clock_gettime, 0, at));
    TRY(syscall(SYS_rt_sigaction, 10, at, 0L, 8));
    TRY(syscall(SYS_rt_sigaction, 10, 0L, at, 8));
    TRY(syscall(SYS_rt_sigprocmask, 0, at, 0L, 8));
    TRY(syscall(SYS_sigaltstack, at, 0L));
    TRY(syscall(SYS_sigaltstack, 0L, at));
    TRY(syscall(SYS_getcwd, at, 100));
    TRY(syscall(SYS_getdents64, 0, at, 100) < 0);
    TRY(syscall(SYS_readlink, "/proc/self/exe", at, 100));
    TRY(syscall(SYS_execve, at, 0L, 0L));
    TRY(syscall(SYS_execve, "/missing", at, 0L));
    TRY(syscall(SYS_execve, "/bin/sh", at, 0L));
    TRY(syscall(SYS_execve, "/bin/sh", 0L, at));
    TRY(syscall(SYS_prctl, 15, at, 0, 0, 0));
    TRY(syscall(SYS_prctl, 16, at, 0, 0, 0));
    TRY(syscall(SYS_getrlimit, 0, at));
    TRY(syscall(SYS_setrlimit, 0, at));
    TRY(syscall(SYS_sysinfo, at));
    TRY(syscall(SYS_times, at));
    TRY(syscall(SYS_pipe, at));
    TRY(syscall(SYS_wait4, -1, at, 0, 0L));
    TRY(syscall(SYS_sched_getaffinity, 0, 128, at));
    TRY(syscall(SYS_memfd_create, at, 0));
    TRY(syscall(SYS_shmat, -1, at, 0));
    TRY(syscall(SYS_brk, at) == syscall(SYS_brk, 0));
}

int main(void)
{
    memory_file = open("/proc/self/mem", O_RDWR);
    zero_file = open("/dev/zero", O_RDWR);
    if (pipe2(pipe_ends, O_NONBLOCK) != 0 || memory_file < 0)
        return 1;
    memset(buffer, 'k', sizeof buffer);
    map_pages(AREA, 1);
    find_places();
    for (unsigned i = 0; i < sizeof places / sizeof *places; i++)
        all(i, places[i]);
    for (unsigned i = 0; i < sizeof buffer; i++)
        if (buffer[i] != 'k' && (i < 1 || buffer[i] != 0))
            printf("buffer[%u] is %d\n", i, buffer[i]);
    return 0;
}
