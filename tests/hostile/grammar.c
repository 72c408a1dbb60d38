/*
 * Random system calls. What a call is given is drawn from the kinds of its arguments, and each kind
 * knows sensible and senseless values. Most memory calls go into a window of the address space, the
 * arena, so that they meet.
 *
 * What could end the keeper or the machine (reboot, signals to others than the round's own) is not
 * asked for.
 */
#define _GNU_SOURCE
#include "hostile.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* ---- randomness ---- */

/* The block that this stack, or signal stack, lies in. */
struct block *mine(void)
{
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);

    return (struct block *)(here & ~(BLOCK_SIZE - 1));
}

uint64_t next_random(uint64_t *state)
{
    uint64_t x = *state += 0x9e3779b97f4a7c15ull;

    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
    return x ^ (x >> 31);
}

uint64_t random64(void)
{
    return next_random(&mine()->state);
}

word random_word(void)
{
    return (word)random64();
}

unsigned below(unsigned n)
{
    return (unsigned)(random64() >> 32) % n;
}

/* ---- system calls without the C library, whose data the threads share ---- */

#ifdef __x86_64__

long call6(long number, const word a[6])
{
    register word r10 __asm__("r10") = a[3];
    register word r8 __asm__("r8") = a[4];
    register word r9 __asm__("r9") = a[5];
    long result;

    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

long call_mmap(word at, word length, word rights, word flags, word descriptor)
{
    return call6(SYS_mmap, (const word[6]){at, length, rights, flags, descriptor, 0});
}

#else

/* The sixth argument is in the register that may hold the frame. */
long call6(long number, const word a[6])
{
    long result;

    __asm__ volatile("pushl %%ebp\n"
                     "movl 20(%%eax), %%ebp\n"
                     "movl 0(%%eax), %%ebx\n"
                     "movl 4(%%eax), %%ecx\n"
                     "movl 8(%%eax), %%edx\n"
                     "movl 12(%%eax), %%esi\n"
                     "pushl %%edi\n"
                     "movl 16(%%eax), %%edi\n"
                     "popl %%eax\n"
                     "int $0x80\n"
                     "popl %%ebp"
                     : "=a"(result), "+D"(number)
                     : "a"(a)
                     : "ebx", "ecx", "edx", "esi", "memory");
    return result;
}

long call_mmap(word at, word length, word rights, word flags, word descriptor)
{
    return call6(SYS_mmap2, (const word[6]){at, length, rights, flags, descriptor, 0});
}

#endif

long call(long number, word a, word b, word c, word d)
{
    const word all[6] = {a, b, c, d, 0, 0};

    return call6(number, all);
}

/* ---- the grammar of arguments ---- */

word edge(void)
{
    static const word edges[] = {
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
#ifdef __x86_64__
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
#else
        0xbfffefff, 0xbffff000, 0xbfffffff,  0xc0000000,  0xc0100000, 0xf8000000,
        0xff800000, 0x40000000, 0x7ffff000,
#endif
        ~0ul,
        ~0ul - 1,
        ~0ul - 4095,
        ~0ul - 8191,
    };

    return edges[below(sizeof edges / sizeof *edges)];
}

word arena_page(void)
{
    return ARENA + below(mine()->pages) * 4096ul;
}

static word scratch(void)
{
    return (word)mine()->scratch + below(SCRATCH_SIZE - 512) / 8 * 8;
}

word pointer(void)
{
    switch (below(16)) {
    case 0:
        return edge();
    case 1:
        return arena_page() - below(16); /* crosses a page */
    case 2:
        return random_word();
    case 3:
        return (word)&pointer; /* read-only */
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

static word length(void)
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

static word flags(void)
{
    switch (below(4)) {
    case 0:
        return 0;
    case 1:
        return 1u << below(32);
    case 2:
        return random_word() & random_word() & random_word() & 0xffffff;
    default:
        return random_word();
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

static word path(void)
{
    switch (below(24)) {
    case 0:
        return pointer();
    case 1: { /* long names, and one without an end */
        unsigned size = below(2) ? 300 : 4200;

        memset(mine()->scratch, below(4) ? 'x' : '/', size);
        mine()->scratch[size] = 0;
        return (word)mine()->scratch;
    }
    default: /* mostly those that it may harm */
        return (word)paths[below(2) ? 4 + below(13) : below(sizeof paths / sizeof *paths)];
    }
}

/* Processes of the round: not the keeper, not the first process, not all. */
static word process(void)
{
    int parent = (int)call(SYS_getppid, 0, 0, 0, 0);
    int self = (int)call(SYS_getpid, 0, 0, 0, 0);

    switch (below(6)) {
    case 0:
        return parent != keeper && parent != 1 ? (word)parent : 0;
    case 1:
        return (word)(self + 1 + (int)below(6));
    case 2:
        return 0x7fffffff;
    case 3:
        return 0;
    default:
        return (word)self;
    }
}

static word time_value(void)
{
    word *value = (word *)scratch();

    if (below(8) == 0)
        return pointer();
    value[0] = below(8) == 0 ? edge() : 0; /* of an interval timer or a time-out */
    value[1] = below(8) == 0 ? edge() : below(3000000);
    value[2] = below(8) == 0 ? edge() : 0;
    value[3] = below(20000);
    return (word)value;
}

static word vectors(void)
{
    struct iovec *vector = (struct iovec *)scratch();

    if (below(8) == 0)
        return pointer();
    for (unsigned i = 0; i < 8; i++) {
        vector[i].iov_base = (void *)pointer();
        vector[i].iov_len = length();
    }
    return (word)vector;
}

/* A structure full of numbers. */
static word structure(void)
{
    word *words = (word *)scratch();

    if (below(6) == 0)
        return pointer();
    for (unsigned i = 0; i < 16; i++)
        words[i] = below(3) == 0 ? edge() : below(3) == 0 ? pointer() : below(64);
    return (word)words;
}

static word argument(char kind)
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
        return below(4) ? (word)-100 : below(24);
    case '0':
        return 0;
    default:
        return below(2) ? edge() : random_word();
    }
}

/* Mapping flags: mostly those that mean something. */
static word map_flags(void)
{
    static const unsigned some[] = {
        MAP_FIXED,     MAP_FIXED,    MAP_FIXED_NOREPLACE, MAP_GROWSDOWN, MAP_LOCKED,
        MAP_NORESERVE, MAP_POPULATE, MAP_STACK,           MAP_32BIT,     MAP_POPULATE,
    };
    word flags = below(3) == 0 ? MAP_SHARED : MAP_PRIVATE;

    if (below(3) != 0)
        flags |= MAP_ANONYMOUS;
    for (unsigned i = below(4); i > 0; i--)
        flags |= some[below(sizeof some / sizeof *some)];
    return below(20) ? flags : random_word();
}

/* ---- which calls, and what they take ---- */

struct grammar {
    short number;
    unsigned char weight;
    const char *kinds;
};

static const struct grammar memory_calls[] = {
#ifdef __x86_64__
    {SYS_mmap, 60, "alPMdo"},
#else
    {SYS_mmap2, 60, "alPMdn"},
    {SYS_mmap, 2, "S"}, /* all in a structure */
#endif
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
    {SYS_remap_file_pages, 3, "al0on"},
    {SYS_pkey_mprotect, 3, "alPn"},
    {SYS_pkey_alloc, 1, "00"},
    {SYS_process_madvise, 2, "dvnAn"},
};

static const struct grammar other_calls[] = {
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
#ifdef __x86_64__
    {SYS_fallocate, 6, "dfol"},
    {SYS_stat, 3, "sp"},
    {SYS_fstat, 3, "dp"},
    {SYS_newfstatat, 3, "cspf"},
    {SYS_select, 4, "nSSSt"},
#else /* halves of 64 bits; numbers of both ages */
    {SYS_fallocate, 6, "dfo0l0"},
    {SYS_ftruncate64, 6, "dl0"},
    {SYS__llseek, 4, "dnopn"},
    {SYS_fcntl64, 6, "dFS"},
    {SYS_stat64, 3, "sp"},
    {SYS_fstat64, 3, "dp"},
    {SYS_stat, 2, "sp"},
    {SYS_oldstat, 1, "sp"},
    {SYS_fstatat64, 3, "cspf"},
    {SYS_statfs64, 2, "snp"},
    {SYS_readdir, 2, "dpn"},
    {SYS__newselect, 4, "nSSSt"},
    {SYS_select, 1, "S"},
    {SYS_sigaction, 3, "gSS"},
    {SYS_sigprocmask, 3, "nSS"},
    {SYS_signal, 2, "gp"},
    {SYS_sigreturn, 1, ""},
    {SYS_set_thread_area, 4, "S"},
    {SYS_get_thread_area, 4, "S"},
    {SYS_modify_ldt, 6, "nSn"},
    {SYS_ipc, 4, "nnnnpn"},
    {SYS_socketcall, 2, "nS"},
    {SYS_vm86, 1, "nS"},
    {SYS_clock_gettime64, 2, "np"},
    {SYS_futex_time64, 6, "pntpnw"},
    {SYS_ppoll_time64, 2, "Snt0n"},
    {SYS_setgroups32, 1, "np"},
    {SYS_getresuid, 1, "ppp"},
#endif
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

#define COUNT(table) (sizeof(table) / sizeof *(table))

static unsigned memory_weight, other_weight;

void grammar_start(void)
{
    for (unsigned i = 0; i < COUNT(memory_calls); i++)
        memory_weight += memory_calls[i].weight;
    for (unsigned i = 0; i < COUNT(other_calls); i++)
        other_weight += other_calls[i].weight;
}

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
#ifdef __i386__
    case SYS_umount:
#endif
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

static word special(char kind)
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
        return below(3) ? (word)sbrk(0) + below(1 << 20) - below(1 << 20) : edge();
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

static void issue(long number, const word a[6])
{
    long result;

    if (verbose)
        dprintf(2, "%d: %ld(%lx, %lx, %lx, %lx, %lx, %lx)\n", (int)call(SYS_gettid, 0, 0, 0, 0),
                number, a[0], a[1], a[2], a[3], a[4], a[5]);
    result = call6(number, a);
    if (verbose)
        dprintf(2, "%d: = %ld\n", (int)call(SYS_gettid, 0, 0, 0, 0), result);
}

static void issue_from(const struct grammar *grammar, unsigned at)
{
    word arguments[6] = {0};

    while (at >= grammar->weight)
        at -= grammar++->weight;
    for (unsigned k = 0; grammar->kinds[k]; k++)
        arguments[k] = below(64) ? special(grammar->kinds[k]) : argument('w');
    /* A wild first argument would be a wild process. */
    if (forbidden(grammar->number) && grammar->kinds[0] == 'i')
        arguments[0] = process();
    if (grammar->number == SYS_setpgid)
        arguments[0] = arguments[1] = 0;
    issue(grammar->number, arguments);
}

void one_memory_call(void)
{
    issue_from(memory_calls, below(memory_weight));
}

static void any_number(void)
{
    word arguments[6];
    long number = (long)below(461);

    if (forbidden(number))
        return;
    for (unsigned i = 0; i < 6; i++)
        arguments[i] = argument("adfglnopPsStvw"[below(14)]);
    issue(number, arguments);
}

void one_call(void)
{
    unsigned at;

    if (below(8) == 0) {
        any_number();
        return;
    }
    at = below(memory_weight + other_weight);
    if (at < memory_weight)
        issue_from(memory_calls, at);
    else
        issue_from(other_calls, at - memory_weight);
}
