/*
 * Random system calls by processes and threads that share, fault, signal and fork, until each round
 * is killed; and after all of them a machine that must be as it was.
 *
 *   random_calls run [SEED [ROUNDS [MILLISECONDS]]]
 *
 * A round is a succession of pairs of processes, three of four without rights. Each plays with a
 * window of its address space, the arena, into which most memory calls go; what a call is given is
 * drawn from the kinds of its arguments, and each kind knows sensible and senseless values. It also
 * runs random bytes, starts threads, forks and executes itself. Faults come back to its loop.
 *
 * The keeper, this program's first process, is the subreaper of all of them, so that none escapes;
 * what could end the keeper or the machine (reboot, signals to others than the round's own) is not
 * asked for. It verifies that every process is gone, that the memory is free again, that the kernel
 * keeps no more objects than before, and that a new process can still map, write and read.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ARENA        0x10000000ul /* the window that memory calls play with */
#define ARENA_PAGES  512
#define BLOCKS       0x30000000ul /* one block a thread: its state, its signal stack, its stack */
#define BLOCK_SIZE   0x20000ul
#define THREADS      6
#define SCRATCH_SIZE 16384
#define DIRECTORY    "/tmp/random_calls"

static int verbose;
static int keeper;
static int proc; /* held open: a round may unmount what it finds */

/* ---- randomness ---- */

struct block {
    uint64_t state;
    sigjmp_buf again;
    unsigned left;       /* calls */
    unsigned depth;      /* of forks */
    unsigned threads;    /* started by this one */
    volatile int inside; /* the loop may be returned to */
    uint8_t scratch[SCRATCH_SIZE] __attribute__((aligned(4096)));
    uint8_t signal_stack[16384];
};

/* The block that this stack, or signal stack, lies in. */
static struct block *mine(void)
{
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);

    return (struct block *)(here & ~(BLOCK_SIZE - 1));
}

static uint64_t next_random(uint64_t *state)
{
    uint64_t x = *state += 0x9e3779b97f4a7c15ull;

    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
    return x ^ (x >> 31);
}

static uint64_t random64(void)
{
    return next_random(&mine()->state);
}

static unsigned below(unsigned n)
{
    return (unsigned)(random64() >> 32) % n;
}

/* ---- system calls without the C library, whose data the threads share ---- */

static long call6(long number, const uint64_t a[6])
{
    register uint64_t r10 __asm__("r10") = a[3];
    register uint64_t r8 __asm__("r8") = a[4];
    register uint64_t r9 __asm__("r9") = a[5];
    long result;

    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

static long call(long number, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    const uint64_t all[6] = {a, b, c, d, 0, 0};

    return call6(number, all);
}

/* ---- the grammar of arguments ---- */

static uint64_t edge(void)
{
    static const uint64_t edges[] = {
        0,
        1,
        2,
        4095,
        4096,
        4097,
        65536,
        0x200000,
        0x7fffffff,
        0x80000000,
        0xffffffff,
        0x100000000,
        1ull << 40,
        1ull << 46,
        0x7fffffffefff,
        0x7ffffffff000,
        0x7fffffffffff,
        0x800000000000,
        0xffff800000000000,
        0xffff888000000000,
        0xffffffff80000000,
        0xffffffff80100000,
        0x7fffffffffffffff,
        0x8000000000000000,
        ~0ull,
        ~0ull - 1,
        ~0ull - 4095,
        ~0ull - 8191,
    };

    return edges[below(sizeof edges / sizeof *edges)];
}

static uint64_t arena_page(void)
{
    return ARENA + below(ARENA_PAGES) * 4096ul;
}

static uint64_t scratch(void)
{
    return (uint64_t)mine()->scratch + below(SCRATCH_SIZE - 512) / 8 * 8;
}

static uint64_t pointer(void)
{
    switch (below(16)) {
    case 0:
        return edge();
    case 1:
        return arena_page() - below(16); /* crosses a page */
    case 2:
        return random64();
    case 3:
        return (uint64_t)pointer; /* read-only */
    case 4:
    case 5:
    case 6:
    case 7:
        return arena_page() + below(4096);
    case 8:
        return arena_page();
    default:
        return scratch();
    }
}

static uint64_t length(void)
{
    switch (below(8)) {
    case 0:
        return edge();
    case 1:
        return below(64);
    case 2:
        return below(1 << 20);
    case 3:
        return 4096;
    default:
        return (1 + below(1u << below(9))) * 4096ul - (below(8) == 0 ? below(4096) : 0);
    }
}

static uint64_t flags(void)
{
    switch (below(4)) {
    case 0:
        return 0;
    case 1:
        return 1u << below(32);
    case 2:
        return random64() & random64() & random64() & 0xffffff;
    default:
        return random64();
    }
}

static const char *const paths[] = {
    "",
    "/",
    ".",
    "..",
    "a",
    "b",
    "c",
    "d",
    "d/a",
    "d/b",
    "d/d/c",
    "a/",
    "./a",
    "../random_calls/b",
    "l",
    "m",
    "f",
    "/dev/null",
    "/dev/zero",
    "/dev/full",
    "/dev/random",
    "/dev/tty",
    "/dev/ptmx",
    "/dev/shm/random",
    "/dev/shm",
    "/proc/self/maps",
    "/proc/self/smaps",
    "/proc/self/status",
    "/proc/self/stat",
    "/proc/self/mem",
    "/proc/self/exe",
    "/proc/self/fd",
    "/proc/self/fd/3",
    "/proc/self/fd/5",
    "/proc/self/cwd",
    "/proc/self/root",
    "/proc/self/task",
    "/proc/self/environ",
    "/proc/meminfo",
    "/proc/vmstat",
    "/proc/slabinfo",
    "/proc",
    "/tmp",
    "/bin/sh",
    "/nonexistent/x",
};

static uint64_t path(void)
{
    switch (below(24)) {
    case 0:
        return pointer();
    case 1: { /* long names, and one without an end */
        unsigned size = below(2) ? 300 : 4200;

        memset(mine()->scratch, below(4) ? 'x' : '/', size);
        mine()->scratch[size] = 0;
        return (uint64_t)mine()->scratch;
    }
    default: /* mostly those that it may harm */
        return (uint64_t)paths[below(2) ? 4 + below(13) : below(sizeof paths / sizeof *paths)];
    }
}

/* Processes of the round: not the keeper, not the first process, not all. */
static uint64_t process(void)
{
    int parent = (int)call(SYS_getppid, 0, 0, 0, 0);
    int self = (int)call(SYS_getpid, 0, 0, 0, 0);

    switch (below(6)) {
    case 0:
        return parent != keeper && parent != 1 ? (uint64_t)parent : 0;
    case 1:
        return (uint64_t)(self + 1 + (int)below(6));
    case 2:
        return 0x7fffffff;
    case 3:
        return 0;
    default:
        return (uint64_t)self;
    }
}

static uint64_t time_value(void)
{
    uint64_t *value = (uint64_t *)scratch();

    if (below(8) == 0)
        return pointer();
    value[0] = below(8) == 0 ? edge() : 0; /* of an interval timer or a time-out */
    value[1] = below(8) == 0 ? edge() : below(3000000);
    value[2] = below(8) == 0 ? edge() : 0;
    value[3] = below(20000);
    return (uint64_t)value;
}

static uint64_t vectors(void)
{
    struct iovec *vector = (struct iovec *)scratch();

    if (below(8) == 0)
        return pointer();
    for (unsigned i = 0; i < 8; i++) {
        vector[i].iov_base = (void *)pointer();
        vector[i].iov_len = length();
    }
    return (uint64_t)vector;
}

/* A structure full of numbers. */
static uint64_t structure(void)
{
    uint64_t *words = (uint64_t *)scratch();

    if (below(6) == 0)
        return pointer();
    for (unsigned i = 0; i < 16; i++)
        words[i] = below(3) == 0 ? edge() : below(3) == 0 ? pointer() : below(64);
    return (uint64_t)words;
}

static uint64_t argument(char kind)
{
    switch (kind) {
    case 'a':
        return below(16) ? arena_page() : pointer();
    case 'd':
        return below(12) ? below(24) : edge();
    case 'f':
        return flags();
    case 'g':
        return below(12) ? below(66) : edge();
    case 'i':
        return process();
    case 'l':
        return length();
    case 'n':
        return below(12) ? below(16) : edge();
    case 'o':
        return below(4) ? below(64) * 4096ul : length();
    case 'p':
        return pointer();
    case 'P':
        return below(16) ? below(8) : flags();
    case 's':
        return path();
    case 'S':
        return structure();
    case 't':
        return time_value();
    case 'v':
        return vectors();
    case 'c': /* the current directory, or a descriptor */
        return below(4) ? (uint64_t)-100 : below(24);
    case '0':
        return 0;
    default:
        return below(2) ? edge() : random64();
    }
}

/* Mapping flags: mostly those that mean something. */
static uint64_t map_flags(void)
{
    static const unsigned some[] = {
        MAP_FIXED,     MAP_FIXED,    MAP_FIXED_NOREPLACE, MAP_GROWSDOWN, MAP_LOCKED,
        MAP_NORESERVE, MAP_POPULATE, MAP_STACK,           MAP_32BIT,     MAP_POPULATE,
    };
    uint64_t flags = below(3) == 0 ? MAP_SHARED : MAP_PRIVATE;

    if (below(3) != 0)
        flags |= MAP_ANONYMOUS;
    for (unsigned i = below(4); i > 0; i--)
        flags |= some[below(sizeof some / sizeof *some)];
    return below(20) ? flags : random64();
}

/* ---- which calls, and what they take ---- */

struct grammar {
    short number;
    unsigned char weight;
    const char *kinds;
};

static const struct grammar grammars[] = {
    {SYS_mmap, 60, "alPMdo"},
    {SYS_munmap, 20, "al"},
    {SYS_mprotect, 30, "alP"},
    {SYS_mremap, 20, "allna"},
    {SYS_madvise, 30, "alA"},
    {SYS_brk, 8, "B"},
    {SYS_mlock, 6, "al"},
    {SYS_mlock2, 6, "aln"},
    {SYS_munlock, 6, "al"},
    {SYS_mlockall, 2, "n"},
    {SYS_munlockall, 3, ""},
    {SYS_mincore, 6, "alp"},
    {SYS_msync, 6, "aln"},
    {SYS_memfd_create, 8, "sn"},
    {SYS_shmget, 4, "nlf"},
    {SYS_shmat, 8, "naf"},
    {SYS_shmdt, 8, "a"},
    {SYS_shmctl, 4, "nnS"},
    {SYS_process_vm_readv, 6, "ivnvn0"},
    {SYS_process_vm_writev, 6, "ivnvn0"},
    {SYS_read, 12, "dpl"},
    {SYS_write, 12, "dpl"},
    {SYS_pread64, 8, "dplo"},
    {SYS_pwrite64, 8, "dplo"},
    {SYS_readv, 6, "dvn"},
    {SYS_writev, 6, "dvn"},
    {SYS_preadv2, 3, "dvno0f"},
    {SYS_pwritev2, 3, "dvno0f"},
    {SYS_open, 8, "sff"},
    {SYS_openat, 10, "csOf"},
    {SYS_openat2, 2, "csSn"},
    {SYS_creat, 6, "sf"},
    {SYS_close, 6, "d"},
    {SYS_close_range, 1, "ddn"},
    {SYS_ftruncate, 12, "dl"},
    {SYS_truncate, 4, "sl"},
    {SYS_fallocate, 6, "dfol"},
    {SYS_lseek, 4, "dwn"},
    {SYS_dup, 3, "d"},
    {SYS_dup2, 3, "dd"},
    {SYS_dup3, 3, "ddf"},
    {SYS_pipe, 4, "p"},
    {SYS_pipe2, 6, "pf"},
    {SYS_splice, 4, "dpdplf"},
    {SYS_tee, 4, "ddlf"},
    {SYS_vmsplice, 4, "dvnf"},
    {SYS_sendfile, 6, "ddpl"},
    {SYS_copy_file_range, 6, "dpdplf"},
    {SYS_fcntl, 10, "dnw"},
    {SYS_fcntl, 6, "dFS"},
    {SYS_ioctl, 8, "dIS"},
    {SYS_stat, 3, "sp"},
    {SYS_fstat, 3, "dp"},
    {SYS_newfstatat, 3, "cspf"},
    {SYS_statx, 3, "csffp"},
    {SYS_getdents64, 4, "dpl"},
    {SYS_getdents, 2, "dpl"},
    {SYS_readlink, 3, "spl"},
    {SYS_mkdir, 4, "sf"},
    {SYS_rmdir, 3, "s"},
    {SYS_link, 3, "ss"},
    {SYS_symlink, 4, "ss"},
    {SYS_unlink, 4, "s"},
    {SYS_unlinkat, 3, "csf"},
    {SYS_rename, 5, "ss"},
    {SYS_renameat2, 5, "cscsn"},
    {SYS_chdir, 2, "s"},
    {SYS_fchdir, 2, "d"},
    {SYS_chroot, 1, "s"},
    {SYS_mknod, 3, "sfn"},
    {SYS_chmod, 2, "sf"},
    {SYS_chown, 2, "snn"},
    {SYS_utimensat, 2, "cstn"},
    {SYS_getcwd, 2, "pl"},
    {SYS_mount, 2, "sssfp"},
    {SYS_umount2, 2, "sn"},
    {SYS_poll, 4, "Snn"},
    {SYS_ppoll, 4, "Snt0n"},
    {SYS_select, 4, "nSSSt"},
    {SYS_pselect6, 4, "nSSSt0"},
    {SYS_epoll_create1, 4, "0"},
    {SYS_epoll_ctl, 8, "dndS"},
    {SYS_epoll_wait, 4, "dpnn"},
    {SYS_eventfd2, 4, "nf"},
    {SYS_futex, 10, "pntpnw"},
    {SYS_futex, 6, "pntppw"},
    {SYS_set_robust_list, 2, "Sn"},
    {SYS_get_robust_list, 2, "ipp"},
    {SYS_set_tid_address, 2, "p"},
    {SYS_rseq, 2, "pnnn"},
    {SYS_rt_sigaction, 4, "gSSn"},
    {SYS_rt_sigprocmask, 4, "nSSn"},
    {SYS_rt_sigreturn, 1, ""},
    {SYS_rt_sigtimedwait, 2, "SStn"},
    {SYS_rt_sigqueueinfo, 3, "igS"},
    {SYS_rt_tgsigqueueinfo, 3, "iigS"},
    {SYS_sigaltstack, 1, "SS"},
    {SYS_kill, 4, "ig"},
    {SYS_tgkill, 4, "iig"},
    {SYS_tkill, 4, "ig"},
    {SYS_setitimer, 4, "ntS"},
    {SYS_timer_create, 4, "nSp"},
    {SYS_timer_settime, 4, "nntS"},
    {SYS_timer_delete, 2, "n"},
    {SYS_nanosleep, 3, "tS"},
    {SYS_clock_nanosleep, 2, "nntS"},
    {SYS_sched_yield, 6, ""},
    {SYS_wait4, 6, "inp"},
    {SYS_waitid, 4, "nipnS"},
    {SYS_execve, 1, "sSS"},
    {SYS_execveat, 1, "csSSf"},
    {SYS_clone, 1, "fppp"},
    {SYS_clone3, 1, "Sl"},
    {SYS_prlimit64, 4, "inSS"},
    {SYS_prctl, 6, "nwwww"},
    {SYS_arch_prctl, 1, "wp"},
    {SYS_setpgid, 2, "0"},
    {SYS_setsid, 1, ""},
    {SYS_membarrier, 2, "fn"},
    {SYS_getrandom, 3, "pln"},
    {SYS_syslog, 1, "npl"},
    {SYS_personality, 1, "f"},
};

#define GRAMMARS (sizeof grammars / sizeof *grammars)

static unsigned total_weight;

/*
 * Not asked for: what ends the machine, what is sent to everyone, what would take the keeper's own
 * things away, and the end of the caller, of which there is enough.
 */
static int forbidden(long number)
{
    switch (number) {
    case SYS_reboot:
    case SYS_kill:
    case SYS_tkill:
    case SYS_tgkill:
    case SYS_rt_sigqueueinfo:
    case SYS_rt_tgsigqueueinfo:
    case SYS_pidfd_send_signal:
    case SYS_setpgid:
    case SYS_prlimit64:
    case SYS_process_vm_writev:
    case SYS_pivot_root:
    case SYS_mount:
    case SYS_umount2:
    case SYS_exit:
    case SYS_exit_group:
    case SYS_unlink:
    case SYS_rmdir:
    case SYS_rename:
    case SYS_pause:
        return 1;
    default:
        return 0;
    }
}

static uint64_t special(char kind)
{
    static const unsigned advice[] = {0,  1,  2,  3,  4,  4,  4,  8,  8,  9,  9,  10,
                                      11, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 100};
    static const unsigned requests[] = {0x5401, 0x5402, 0x5403, 0x5404, 0x5405, 0x5409, 0x540b,
                                        0x540f, 0x5410, 0x5411, 0x5413, 0x5414, 0x541b, 0x5420,
                                        0x5421, 0x5423, 0x5429, 0x5430, 0x5431, 0x5450, 0x5451};

    switch (kind) {
    case 'A':
        return advice[below(sizeof advice / sizeof *advice)];
    case 'B':
        return below(3) ? (uint64_t)sbrk(0) + below(1 << 20) - below(1 << 20) : edge();
    case 'F':
        return below(2) ? 5 + below(3) : 1024 + below(12);
    case 'I':
        return requests[below(sizeof requests / sizeof *requests)];
    case 'M':
        return map_flags();
    case 'O':
        return O_RDWR | O_CREAT | (below(3) ? 0 : flags() & 0x7fffff);
    default:
        return argument(kind);
    }
}

static void one_call(void)
{
    uint64_t arguments[6] = {0};
    long number, result;

    if (below(8) == 0) {
        number = (long)below(461);
        if (forbidden(number))
            return;
        for (unsigned i = 0; i < 6; i++)
            arguments[i] = argument("adfglnopPsStvw"[below(14)]);
    } else {
        unsigned at = below(total_weight), i = 0;

        while (at >= grammars[i].weight)
            at -= grammars[i++].weight;
        number = grammars[i].number;
        for (unsigned k = 0; grammars[i].kinds[k]; k++)
            arguments[k] = below(64) ? special(grammars[i].kinds[k]) : argument('w');
        /* A wild first argument would be a wild process. */
        if (forbidden(number) && grammars[i].kinds[0] == 'i')
            arguments[0] = process();
        if (number == SYS_setpgid)
            arguments[0] = arguments[1] = 0;
    }
    if (verbose)
        dprintf(2, "%d: %ld(%lx, %lx, %lx, %lx, %lx, %lx)\n", (int)call(SYS_gettid, 0, 0, 0, 0),
                number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4],
                arguments[5]);
    result = call6(number, arguments);
    if (verbose)
        dprintf(2, "%d: = %ld\n", (int)call(SYS_gettid, 0, 0, 0, 0), result);
}

/* ---- what else a process does ---- */

static void play(void);

static void touch(void)
{
    for (unsigned i = 1 + below(32); i > 0; i--) {
        volatile uint64_t *word = (volatile uint64_t *)(arena_page() + below(512) * 8);

        if (below(2))
            *word = random64();
        else
            (void)*word;
    }
}

static void random_code(void)
{
    uint64_t page = arena_page(), registers[3] = {pointer(), edge(), pointer()};
    uint8_t *bytes = (uint8_t *)page;

    call6(SYS_mmap, (const uint64_t[6]){page, 4096, 7, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
                                        (uint64_t)-1, 0});
    for (unsigned i = 0; i < 64; i++)
        bytes[i] = (uint8_t)random64();
    bytes[64] = 0xcc;
    __asm__ volatile("call *%0" ::"r"(page), "D"(registers[0]), "S"(registers[1]), "d"(registers[2])
                     : "rax", "rcx", "r8", "r9", "r10", "r11", "memory");
}

/* A shared file, mapped, then cut off, read into itself. */
static void file_games(void)
{
    long fd = call(SYS_memfd_create, (uint64_t) "game", 0, 0, 0);
    uint64_t place = arena_page(), size = (1 + below(16)) * 4096ul;

    if (fd < 0)
        return;
    call(SYS_ftruncate, (uint64_t)fd, size, 0, 0);
    call6(SYS_mmap, (const uint64_t[6]){place, size, 3, MAP_SHARED | MAP_FIXED, (uint64_t)fd, 0});
    for (unsigned i = 0; i < 6; i++) {
        switch (below(5)) {
        case 0:
            call(SYS_ftruncate, (uint64_t)fd, below(17) * 4096ul, 0, 0);
            break;
        case 1:
            call(SYS_pread64, (uint64_t)fd, place + below(8192), below(65536), below(65536));
            break;
        case 2:
            call(SYS_pwrite64, (uint64_t)fd, place + below(8192), below(65536), below(65536));
            break;
        case 3:
            call(SYS_fallocate, (uint64_t)fd, 3, below(16) * 4096ul, below(16) * 4096ul + 1);
            break;
        default:
            (void)*(volatile char *)(place + below((unsigned)size));
        }
    }
    if (below(2))
        call(SYS_close, (uint64_t)fd, 0, 0, 0);
}

static void thread_main(void)
{
    play();
    call(SYS_exit, 0, 0, 0, 0);
}

static void start_thread(void)
{
    struct block *block = mine(), *other;
    uint64_t stack;
    long result;
    unsigned flags =
        CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;

    if (block->threads >= THREADS || block->left < 10)
        return;
    other = (struct block *)(BLOCKS + (1 + below(63)) * BLOCK_SIZE);
    block->threads++;
    if (call6(SYS_mmap, (const uint64_t[6]){(uint64_t)other, BLOCK_SIZE, 3,
                                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE,
                                            (uint64_t)-1, 0}) != (long)other)
        return;
    other->state = random64();
    other->left = block->left / 2;
    other->depth = block->depth;
    other->threads = THREADS - 1;
    stack = (uint64_t)other + BLOCK_SIZE - 64;
    if (below(8) == 0)
        flags = CLONE_VM | SIGCHLD; /* a process in the same space */
    /* The new thread has a stack of its own, on which thread_main() begins. */
    __asm__ volatile("syscall\n"
                     "test %%rax, %%rax\n"
                     "jnz 1f\n"
                     "xor %%ebp, %%ebp\n"
                     "call *%%rbx\n"
                     "1:"
                     : "=a"(result)
                     : "a"(SYS_clone), "D"((uint64_t)flags), "S"(stack), "d"(0), "b"(thread_main)
                     : "rcx", "r11", "memory");
}

static void start_process(void)
{
    struct block *block = mine();
    long child;

    if (block->depth >= 4)
        return;
    child = call(SYS_fork, 0, 0, 0, 0);
    if (child == 0) {
        block->depth++;
        block->threads = 0;
        block->left = block->left / 2;
        block->state ^= (uint64_t)call(SYS_getpid, 0, 0, 0, 0) << 32;
        (void)random64();
    } else if (child > 0 && below(2)) {
        call(SYS_kill, (uint64_t)child, below(3) ? SIGKILL : below(32), 0, 0);
    }
}

static void execute_self(void)
{
    static char name[] = "/proc/self/exe";
    char *arguments[] = {name, "end", NULL};

    if (below(2))
        call(SYS_execve, (uint64_t)name, (uint64_t)arguments, (uint64_t)(arguments + 2), 0);
    else if (call(SYS_vfork, 0, 0, 0, 0) == 0) {
        call(SYS_execve, (uint64_t)name, (uint64_t)arguments, 0, 0);
        call(SYS_exit, 1, 0, 0, 0);
    }
}

static void step(void)
{
    unsigned choice = below(1000);

    if (choice < 12)
        start_thread();
    else if (choice < 32)
        start_process();
    else if (choice < 35)
        execute_self();
    else if (choice < 50)
        random_code();
    else if (choice < 90)
        file_games();
    else if (choice < 240)
        touch();
    else
        one_call();
}

static void come_back(int signo)
{
    struct block *block = mine();

    (void)signo;
    if (block->inside)
        siglongjmp(block->again, 1);
}

static void catch_signals(void)
{
    static const int caught[] = {SIGSEGV, SIGBUS,  SIGILL,  SIGFPE,  SIGTRAP,  SIGALRM,
                                 SIGPIPE, SIGUSR1, SIGUSR2, SIGXFSZ, SIGVTALRM};
    struct sigaction action = {.sa_handler = come_back, .sa_flags = SA_ONSTACK | SA_NODEFER};

    for (unsigned i = 0; i < sizeof caught / sizeof *caught; i++)
        sigaction(caught[i], &action, NULL);
}

static void play(void)
{
    struct block *block = mine();
    stack_t stack = {.ss_sp = block->signal_stack, .ss_size = sizeof block->signal_stack};

    call(SYS_sigaltstack, (uint64_t)&stack, 0, 0, 0);
    sigsetjmp(block->again, 0);
    block->inside = 1;
    __asm__ volatile("cld\n fninit" ::: "memory");
    while (block->left > 0) {
        struct itimerval soon = {{0, 20000}, {0, 20000}}; /* whatever waits or spins is let go */

        block->left--;
        if (block->left % 8 == 0)
            call(SYS_setitimer, ITIMER_REAL, (uint64_t)&soon, 0, 0);
        step();
    }
}

static void limit(int resource, unsigned long most)
{
    setrlimit(resource, &(struct rlimit){most, most});
}

static void round_main(uint64_t seed, unsigned calls)
{
    struct block *block = (struct block *)BLOCKS;
    unsigned kind = seed % 8;

    setpgid(0, 0);
    if (chdir(DIRECTORY) != 0)
        _exit(9);
    limit(RLIMIT_AS, 96ul << 20);
    limit(RLIMIT_FSIZE, 8ul << 20);
    limit(RLIMIT_CPU, 10);
    limit(RLIMIT_NPROC, 100);
    if (!verbose) {
        close(0);
        close(1);
        close(2);
    }
    if (kind >= 2 && setresuid(1000, 1000, 1000) != 0)
        _exit(9);
    block = mmap(block, BLOCK_SIZE, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    mmap((void *)ARENA, ARENA_PAGES * 4096 / 2, PROT_READ | PROT_WRITE,
         MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    catch_signals();
    block->state = seed;
    block->left = calls;
    __asm__ volatile(
        "movq %0, %%rsp\n xorl %%ebp, %%ebp\n call *%1" ::"r"((uint64_t)block + BLOCK_SIZE - 64),
        "r"(thread_main)
        : "memory");
    __builtin_unreachable();
}

/* ---- the keeper ---- */

static int failures;

static void complain(const char *what, long number)
{
    printf("FAILED %s: %ld\n", what, number);
    failures++;
}

static long now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The children of this process, which all of a round's processes become; each gets the signal. */
static unsigned signal_children(int signo)
{
    DIR *directory = fdopendir(openat(proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    unsigned count = 0;

    for (struct dirent *entry; directory && (entry = readdir(directory));) {
        char name[64], text[512], *rest;
        int pid = atoi(entry->d_name), parent = 0, file;
        ssize_t size;

        if (pid <= 0 || pid == keeper)
            continue;
        snprintf(name, sizeof name, "%d/stat", pid);
        file = openat(proc, name, O_RDONLY);
        size = read(file, text, sizeof text - 1);
        close(file);
        if (size <= 0)
            continue;
        text[size] = 0;
        rest = strrchr(text, ')');
        if (rest && sscanf(rest + 1, " %*c %d", &parent) == 1 && parent == keeper) {
            kill(pid, signo);
            count++;
        }
    }
    if (directory)
        closedir(directory);
    return count;
}

static void wait_for_all(void)
{
    long end = now_ms() + 20000;

    for (;;) {
        pid_t gone = waitpid(-1, NULL, WNOHANG | __WALL);

        if (gone < 0 && errno == ECHILD)
            return;
        if (gone > 0)
            continue;
        if (now_ms() > end) {
            complain("processes that do not die", (long)signal_children(0));
            system(
                "cat /proc/[0-9]*/status | grep -e Name -e State -e Pid; cat /proc/[0-9]*/wchan");
            return;
        }
        signal_children(SIGKILL);
        signal_children(SIGCONT);
        sched_yield();
    }
}

static void remove_segments(void)
{
    struct shmid_ds segment;

    for (int i = 0; i < 4096; i++) {
        int id = shmctl(i, SHM_STAT, &segment);

        if (id >= 0)
            shmctl(id, IPC_RMID, NULL);
    }
}

static void remove_files(void)
{
    if (system("cd / && umount -a -t tmpfs 2>/dev/null; rm -rf " DIRECTORY
               " /dev/shm/* /tmp/* 2>/dev/null") == -1)
        complain("system", errno);
}

static long meminfo(const char *name)
{
    char line[128];
    FILE *file = fdopen(openat(proc, "meminfo", O_RDONLY), "r");
    long value = -1;

    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, name, strlen(name)) == 0)
            value = atol(line + strlen(name));
    if (file)
        fclose(file);
    return value;
}

static void still_works(void)
{
    enum { PAGES = 1024 };
    int status = -1;
    pid_t child = fork();

    if (child == 0) {
        uint64_t *words =
            mmap(NULL, PAGES * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        if (words == MAP_FAILED)
            _exit(2);
        for (unsigned i = 0; i < PAGES * 512; i++)
            if (words[i] != 0)
                _exit(3);
        for (unsigned i = 0; i < PAGES * 512; i++)
            words[i] = i * 0x9e3779b97f4a7c15ull;
        for (unsigned i = 0; i < PAGES * 512; i++)
            if (words[i] != i * 0x9e3779b97f4a7c15ull)
                _exit(4);
        _exit(0);
    }
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
        complain("a new process", status);
}

/* Lets the machine be idle: a kernel that was told to checks its records then. */
static void rest(void)
{
    usleep(300000);
}

/* Two processes at a time, each with a seed of its own, and what they start. */
static void one_round(uint64_t seed, unsigned calls, long milliseconds)
{
    struct timespec piece = {0, 5000000};
    long end = now_ms() + milliseconds;
    sigset_t children, all;
    unsigned running = 0;

    sigemptyset(&children);
    sigaddset(&children, SIGCHLD);
    sigfillset(&all);
    mkdir(DIRECTORY, 0777);
    chmod(DIRECTORY, 0777);
    while (now_ms() < end) {
        pid_t gone = 0, first;

        if (running < 2) {
            uint64_t own = next_random(&seed);

            first = fork();
            if (first == 0) {
                sigprocmask(SIG_UNBLOCK, &all, NULL);
                round_main(own, calls);
            }
            if (first < 0)
                break;
            running++;
            continue;
        }
        while ((gone = waitpid(-1, NULL, WNOHANG | __WALL)) > 0)
            continue;
        if (gone < 0)
            running = 0;
        else
            sigtimedwait(&children, NULL, &piece);
    }
    wait_for_all();
    remove_segments();
}

int main(int argc, char **argv)
{
    uint64_t state = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
    unsigned rounds = argc > 3 ? (unsigned)atoi(argv[3]) : 8;
    long milliseconds = argc > 4 ? atol(argv[4]) : 400, before, after;
    sigset_t all;

    /* Its own processes execute it with any arguments: those must not start all over again. */
    if (argc < 2 || strcmp(argv[1], "run") != 0)
        return 0;
    verbose = getenv("RANDOM_CALLS_VERBOSE") != NULL;
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("seed %lu, %u rounds of %ld ms\n", state, rounds, milliseconds);
    keeper = getpid();
    proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0)
        complain("subreaper", errno);
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    for (unsigned i = 0; i < GRAMMARS; i++)
        total_weight += grammars[i].weight;
    one_round(state, 0, milliseconds); /* what is allocated once is there before the measurement */
    remove_files();
    before = meminfo("MemFree:");
    for (unsigned i = 0; i < rounds && failures == 0; i++) {
        uint64_t seed = next_random(&state);

        if (verbose)
            printf("round %u: %lu\n", i, seed);
        one_round(seed, 4000, milliseconds);
        if (i % 8 == 7)
            rest();
    }
    remove_files();
    rest();
    still_works();
    after = meminfo("MemFree:");
    printf("memory: %ld KiB free before, %ld after\n", before, after);
    /* Slabs, kernel stacks and pid tables are kept for the next processes: some MiB, without a
     * trend. */
    if (before - after > 16384)
        complain("KiB of memory lost", before - after);
    rest();
    printf("%s\n", failures ? "FAILED" : "the machine is as it was");
    return failures != 0;
}
