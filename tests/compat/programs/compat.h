/*
 * For programs that show what a kernel does. They print, and what they print under Linux is what
 * they must print under quire; so nothing here judges. Print results, names of errors and signals,
 * contents, and addresses relative to `base`; never a raw address, a process number or a time.
 *
 *     SHOW(call_munmap(AREA, PAGE));         munmap's result: "call_munmap(AREA, PAGE) = 0",
 *                                            or "... = -1 EINVAL"
 *     SHOW_ADDRESS(call_mmap(AREA, ...));    a result that is an address: "... = base+0x1000"
 *     show_read(p), show_write(p, byte)      one access; a signal is caught and told
 *     show_maps(start, length)               what /proc/self/maps says of a range
 *     in_child(function, argument)           how a child that runs the function ends
 *     number_after("/proc/self/status", "VmLck:")
 *
 * Calls go to the kernel directly (call_...): C libraries check and round arguments.
 */
#ifndef COMPAT_H
#define COMPAT_H

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

/* musl calls those of i386 whose seconds have 32 bits by other names. */
#ifndef SYS_gettimeofday
#define SYS_gettimeofday __NR_gettimeofday_time32
#endif
#ifndef SYS_clock_gettime
#define SYS_clock_gettime __NR_clock_gettime32
#endif

#define PAGE ((size_t)4096)

/* 64 TiB up, or 1 GiB, nothing is ever mapped: programs place there what must have no neighbours.
 */
#if __SIZEOF_LONG__ == 8
#define AREA ((char *)0x400000000000)
#else
#define AREA ((char *)0x40000000)
#endif

/* Printed addresses are relative to this one. */
static char *base = AREA;

/* ---- what a C library may not know ---- */

#ifndef MAP_SHARED_VALIDATE
#define MAP_SHARED_VALIDATE 0x03
#endif
#ifndef MAP_SYNC
#define MAP_SYNC 0x80000
#endif
#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif
#ifndef MAP_UNINITIALIZED
#define MAP_UNINITIALIZED 0x4000000
#endif
#ifndef MAP_HUGE_SHIFT
#define MAP_HUGE_SHIFT 26
#endif
#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif
#ifndef PROT_GROWSDOWN
#define PROT_GROWSDOWN 0x01000000
#endif
#ifndef PROT_GROWSUP
#define PROT_GROWSUP 0x02000000
#endif
#ifndef PROT_SEM
#define PROT_SEM 0x8
#endif
#ifndef MADV_FREE
#define MADV_FREE 8
#endif
#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18
#define MADV_KEEPONFORK 19
#endif
#ifndef MADV_COLD
#define MADV_COLD    20
#define MADV_PAGEOUT 21
#endif
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ  22
#define MADV_POPULATE_WRITE 23
#endif
#ifndef MADV_DONTNEED_LOCKED
#define MADV_DONTNEED_LOCKED 24
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif
#ifndef MLOCK_ONFAULT
#define MLOCK_ONFAULT 1
#endif
#ifndef MCL_ONFAULT
#define MCL_ONFAULT 4
#endif
#ifndef SHM_NORESERVE
#define SHM_NORESERVE 010000
#endif
#ifndef SYS_mlock2
#define SYS_mlock2 325
#endif
#ifndef SYS_pkey_mprotect
#define SYS_pkey_mprotect 329
#define SYS_pkey_alloc    330
#define SYS_pkey_free     331
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_clone3
#define SYS_clone3 435
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef SYS_process_madvise
#define SYS_process_madvise 440
#endif
#ifndef SYS_memfd_secret
#define SYS_memfd_secret 447
#endif
#ifndef SYS_process_mrelease
#define SYS_process_mrelease 448
#endif
#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif

/* ---- names ---- */

#define NAME(value)                                                                                \
    case value:                                                                                    \
        return #value

static inline const char *errno_name(int error)
{
    static char unknown[24];

    switch (error) {
        NAME(0);
        NAME(EPERM);
        NAME(ENOENT);
        NAME(ESRCH);
        NAME(EINTR);
        NAME(EIO);
        NAME(ENXIO);
        NAME(E2BIG);
        NAME(ENOEXEC);
        NAME(EBADF);
        NAME(ECHILD);
        NAME(EAGAIN);
        NAME(ENOMEM);
        NAME(EACCES);
        NAME(EFAULT);
        NAME(ENOTBLK);
        NAME(EBUSY);
        NAME(EEXIST);
        NAME(EXDEV);
        NAME(ENODEV);
        NAME(ENOTDIR);
        NAME(EISDIR);
        NAME(EINVAL);
        NAME(ENFILE);
        NAME(EMFILE);
        NAME(ENOTTY);
        NAME(ETXTBSY);
        NAME(EFBIG);
        NAME(ENOSPC);
        NAME(ESPIPE);
        NAME(EROFS);
        NAME(EMLINK);
        NAME(EPIPE);
        NAME(EDOM);
        NAME(ERANGE);
        NAME(EDEADLK);
        NAME(ENAMETOOLONG);
        NAME(ENOLCK);
        NAME(ENOSYS);
        NAME(ENOTEMPTY);
        NAME(ELOOP);
        NAME(EIDRM);
        NAME(ENODATA);
        NAME(ETIME);
        NAME(EOVERFLOW);
        NAME(EOPNOTSUPP);
        NAME(ETIMEDOUT);
        NAME(EOWNERDEAD);
        NAME(ENOTRECOVERABLE);
    default:
        snprintf(unknown, sizeof unknown, "errno %d", error);
        return unknown;
    }
}

static inline const char *signal_name(int number)
{
    static char unknown[24];

    switch (number) {
        NAME(SIGHUP);
        NAME(SIGINT);
        NAME(SIGQUIT);
        NAME(SIGILL);
        NAME(SIGTRAP);
        NAME(SIGABRT);
        NAME(SIGBUS);
        NAME(SIGFPE);
        NAME(SIGKILL);
        NAME(SIGUSR1);
        NAME(SIGSEGV);
        NAME(SIGUSR2);
        NAME(SIGPIPE);
        NAME(SIGALRM);
        NAME(SIGTERM);
        NAME(SIGCHLD);
        NAME(SIGCONT);
        NAME(SIGSTOP);
        NAME(SIGTSTP);
        NAME(SIGTTIN);
        NAME(SIGTTOU);
        NAME(SIGURG);
        NAME(SIGXCPU);
        NAME(SIGXFSZ);
        NAME(SIGVTALRM);
        NAME(SIGPROF);
        NAME(SIGWINCH);
        NAME(SIGSYS);
    default:
        snprintf(unknown, sizeof unknown, "signal %d", number);
        return unknown;
    }
}
#undef NAME

/* The name of a siginfo's si_code. */
static inline const char *code_name(int number, int code)
{
    static const char *const segv[] = {"SEGV_MAPERR", "SEGV_ACCERR", "SEGV_BNDERR", "SEGV_PKUERR"};
    static const char *const bus[] = {"BUS_ADRALN", "BUS_ADRERR", "BUS_OBJERR", "BUS_MCEERR_AR"};
    static const char *const ill[] = {"ILL_ILLOPC", "ILL_ILLOPN", "ILL_ILLADR", "ILL_ILLTRP"};
    static const char *const fpe[] = {"FPE_INTDIV", "FPE_INTOVF", "FPE_FLTDIV", "FPE_FLTOVF"};
    static const char *const trap[] = {"TRAP_BRKPT", "TRAP_TRACE"};
    static char unknown[24];

    switch (code) {
    case 0:
        return "SI_USER";
    case 0x80:
        return "SI_KERNEL";
    case -1:
        return "SI_QUEUE";
    case -2:
        return "SI_TIMER";
    case -6:
        return "SI_TKILL";
    default:
        break;
    }
    if (number == SIGSEGV && code >= 1 && code <= 4)
        return segv[code - 1];
    if (number == SIGBUS && code >= 1 && code <= 4)
        return bus[code - 1];
    if (number == SIGILL && code >= 1 && code <= 4)
        return ill[code - 1];
    if (number == SIGFPE && code >= 1 && code <= 4)
        return fpe[code - 1];
    if (number == SIGTRAP && code >= 1 && code <= 2)
        return trap[code - 1];
    snprintf(unknown, sizeof unknown, "code %d", code);
    return unknown;
}

/* "base+0x1000"; "0x..." for small numbers; "elsewhere" for what is a terabyte or more from base.
 */
static inline const char *address_name(const void *address)
{
    static char names[4][40];
    static unsigned next;
    char *name = names[next++ % 4];
    int64_t offset = (int64_t)((uintptr_t)address - (uintptr_t)base);
    const int64_t far = INT64_C(1) << 40;

    if ((uintptr_t)address < 0x10000)
        snprintf(name, sizeof names[0], "%#lx", (unsigned long)(uintptr_t)address);
    else if (offset >= far || offset <= -far)
        snprintf(name, sizeof names[0], "elsewhere");
    else
        snprintf(name, sizeof names[0], "base%c%#lx", offset < 0 ? '-' : '+',
                 (unsigned long)(offset < 0 ? -offset : offset));
    return name;
}

/* ---- results ---- */

static inline long show_result(const char *text, long result, int error)
{
    if (result == -1)
        printf("%s = -1 %s\n", text, errno_name(error));
    else
        printf("%s = %ld\n", text, result);
    return result;
}

static inline void *show_address(const char *text, void *result, int error)
{
    if (result == MAP_FAILED)
        printf("%s = -1 %s\n", text, errno_name(error));
    else
        printf("%s = %s\n", text, address_name(result));
    return result;
}

/* Prints "EXPRESSION = 5", or "= -1 ENOMEM"; the value is the expression's. */
#define SHOW(expression)                                                                           \
    ({                                                                                             \
        errno = 0;                                                                                 \
        long result_ = (long)(expression);                                                         \
        int error_ = errno;                                                                        \
        show_result(#expression, result_, error_);                                                 \
    })

/* The same for an address: "= base+0x1000". */
#define SHOW_ADDRESS(expression)                                                                   \
    ({                                                                                             \
        errno = 0;                                                                                 \
        void *result_ = (void *)(expression);                                                      \
        int error_ = errno;                                                                        \
        show_address(#expression, result_, error_);                                                \
    })

/* ---- calls, straight to the kernel ---- */

static inline void *call_mmap(const void *address, size_t length, int protection, int flags, int fd,
                              uint64_t offset)
{
#ifdef __x86_64__
    return (void *)syscall(SYS_mmap, address, length, protection, flags, fd, offset);
#else
    const unsigned long old[] = {(unsigned long)address,    length,
                                 (unsigned long)protection, (unsigned long)flags,
                                 (unsigned long)fd,         (unsigned long)offset};

    if (offset % 4096 != 0)
        return (void *)syscall(SYS_mmap, old);
    return (void *)syscall(SYS_mmap2, address, length, protection, flags, fd,
                           (unsigned long)(offset >> 12));
#endif
}

static inline long call_munmap(const void *address, size_t length)
{
    return syscall(SYS_munmap, address, length);
}

static inline long call_mprotect(const void *address, size_t length, unsigned long protection)
{
    return syscall(SYS_mprotect, address, length, protection);
}

static inline void *call_mremap(const void *old, size_t old_length, size_t new_length, int flags,
                                const void *new)
{
    return (void *)syscall(SYS_mremap, old, old_length, new_length, flags, new);
}

static inline long call_madvise(const void *address, size_t length, int advice)
{
    return syscall(SYS_madvise, address, length, advice);
}

/* The break afterwards, as the kernel's brk returns it. */
static inline char *call_brk(const void *wanted)
{
    return (char *)syscall(SYS_brk, wanted);
}

/* Pages of private anonymous memory, readable and writable, at a fixed address. */
static inline char *map_pages(const void *address, size_t pages)
{
    void *at = call_mmap(address, pages * PAGE, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

    if (at == MAP_FAILED)
        printf("map_pages: %s\n", errno_name(errno));
    return at;
}

/* A new file of so many pages in the working directory, open for both; page i is full of 'a' + i.
 * Removed at once: it lives as long as the descriptor and its mappings. */
static inline int make_file(size_t pages)
{
    static char page[4096];
    int fd = open("compat.file", O_RDWR | O_CREAT | O_EXCL, 0600);

    for (size_t i = 0; i < pages; i++) {
        memset(page, 'a' + (int)(i % 26), sizeof page);
        if (write(fd, page, sizeof page) != (ssize_t)sizeof page)
            printf("make_file: %s\n", errno_name(errno));
    }
    unlink("compat.file");
    return fd;
}

/* ---- signals ---- */

static sigjmp_buf catch_place;
static siginfo_t caught;

static inline void catch_handler(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)context;
    caught = *info;
    siglongjmp(catch_place, 1);
}

/*
 * Runs the function; true: SIGSEGV, SIGBUS, SIGILL, SIGFPE or SIGTRAP ended it, `caught` has what
 * the signal told. The handler has a stack of its own.
 */
static inline bool catch (void (*function)(void *), void *argument)
{
    static const int numbers[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP};
    static char stack[64 * 1024];
    stack_t ours = {.ss_sp = stack, .ss_size = sizeof stack}, before_stack;
    struct sigaction action = {.sa_sigaction = catch_handler, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    struct sigaction before[5];
    volatile bool happened = false;

    sigaltstack(&ours, &before_stack);
    for (int i = 0; i < 5; i++)
        sigaction(numbers[i], &action, &before[i]);
    if (sigsetjmp(catch_place, 1) == 0)
        function(argument);
    else
        happened = true;
    for (int i = 0; i < 5; i++)
        sigaction(numbers[i], &before[i], NULL);
    sigaltstack(&before_stack, NULL);
    return happened;
}

/* "SIGSEGV SEGV_MAPERR at base+0x1000" */
static inline void print_caught(void)
{
    printf("%s %s at %s\n", signal_name(caught.si_signo),
           code_name(caught.si_signo, caught.si_code), address_name(caught.si_addr));
}

/* Runs the function and prints "TEXT: fine" or "TEXT: SIGSEGV SEGV_MAPERR at base+0x1000". */
static inline void show_catch(const char *text, void (*function)(void *), void *argument)
{
    bool happened = catch (function, argument);

    printf("%s: ", text);
    if (happened)
        print_caught();
    else
        puts("fine");
}

static volatile unsigned char access_byte;

static inline void access_read(void *at)
{
    access_byte = *(volatile unsigned char *)at;
}

static inline void access_write(void *at)
{
    *(volatile unsigned char *)at = access_byte;
}

static inline void access_execute(void *at)
{
#ifdef __i386__ /* where eax points to decides what zeros do as instructions */
    __asm__ volatile("call *%%eax" ::"a"(at) : "ecx", "edx", "memory", "cc");
#else
    ((void (*)(void))at)();
#endif
}

static inline void print_byte(unsigned char byte)
{
    if (byte > 32 && byte < 127)
        printf("'%c'\n", byte);
    else
        printf("%u\n", byte);
}

/* Reads one byte: "read base+0x0: 'a'", "read base+0x0: 0", or the signal. */
static inline void show_read(const void *at)
{
    bool happened = catch (access_read, (void *)at);

    printf("read %s: ", address_name(at));
    if (happened)
        print_caught();
    else
        print_byte(access_byte);
}

/* Writes one byte: "write base+0x0: fine", or the signal. */
static inline void show_write(void *at, unsigned char byte)
{
    bool happened;

    access_byte = byte;
    happened = catch (access_write, at);
    printf("write %s: ", address_name(at));
    if (happened)
        print_caught();
    else
        puts("fine");
}

/* Calls what is there; put a return instruction there first (0xc3). */
static inline void show_execute(void *at)
{
    bool happened = catch (access_execute, at);

    printf("execute %s: ", address_name(at));
    if (happened)
        print_caught();
    else
        puts("fine");
}

/* ---- files, mostly of /proc ---- */

/* The whole file, ended by 0, in a buffer that the next call reuses; NULL and errno. Memory of the
 * program is not changed by it. */
static inline char *read_file(const char *path)
{
    static char text[1 << 21];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t length = 0;
    ssize_t n;

    if (fd < 0)
        return NULL;
    while ((n = read(fd, text + length, sizeof text - 1 - length)) > 0)
        length += (size_t)n;
    close(fd);
    text[length] = 0;
    return n < 0 ? NULL : text;
}

/* 0, or -1 and errno. */
static inline int write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    ssize_t n;
    int error;

    if (fd < 0)
        return -1;
    n = write(fd, text, strlen(text));
    error = errno;
    close(fd);
    errno = error;
    return n == (ssize_t)strlen(text) ? 0 : -1;
}

/* The number that follows the key at the start of a line: number_after("/proc/meminfo",
 * "MemFree:"); -1: no such file or line. */
static inline long number_after(const char *path, const char *key)
{
    char *line = read_file(path);

    while (line && strncmp(line, key, strlen(key)) != 0) {
        line = strchr(line, '\n');
        if (line)
            line++;
    }
    return line && *line ? strtol(line + strlen(key), NULL, 10) : -1;
}

/*
 * The regions that /proc/self/maps has in [start, start + length), whole even where they reach out
 * of it: "base+0x0 base+0x3000 rw-p 00000000", then what is mapped ("[heap]", "anonymous", a name
 * without its folders). "nothing" when there are none.
 */
static inline void show_maps(const void *start, size_t length)
{
    uintptr_t low = (uintptr_t)start, high = low + length;
    bool any = false;
    char *line = read_file("/proc/self/maps");

    if (!line) {
        printf("maps: %s\n", errno_name(errno));
        return;
    }
    while (*line) {
        char *end = strchr(line, '\n');
        unsigned long from, to;
        char rights[5], offset[20];
        int name = 0;

        if (!end)
            break;
        *end = 0;
        if (sscanf(line, "%lx-%lx %4s %19s %*s %*s %n", &from, &to, rights, offset, &name) >= 4 &&
            from < high && to > low) {
            const char *what = line + name;

            if (*what == '/')
                what = strrchr(what, '/') + 1;
            printf("  %s %s %s %s %s\n", address_name((void *)from), address_name((void *)to),
                   rights, offset, *what ? what : "anonymous");
            any = true;
        }
        line = end + 1;
    }
    if (!any)
        puts("  nothing");
}

/* ---- processes ---- */

/* "exit 0", "SIGKILL" */
static inline void print_status(int status)
{
    if (WIFEXITED(status))
        printf("exit %d\n", WEXITSTATUS(status));
    else if (WIFSIGNALED(status))
        printf("%s\n", signal_name(WTERMSIG(status)));
    else
        printf("status %#x\n", status);
}

/* Runs the function in a forked child, waits, and prints "child: exit 0" or "child: SIGSEGV". The
 * child's status is 0 when the function returns. */
static inline void in_child(void (*function)(void *), void *argument)
{
    pid_t child = fork();
    int status = 0;

    if (child == 0) {
        function(argument);
        fflush(stdout);
        _exit(0);
    }
    if (child < 0) {
        printf("fork: %s\n", errno_name(errno));
        return;
    }
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    printf("child: ");
    print_status(status);
}

/* Gives root's rights up for good: the process is user and group 1000 (this thread only). */
static inline void become_user(void)
{
    if (syscall(SYS_setgroups, 0, NULL) != 0 || syscall(SYS_setresgid, 1000, 1000, 1000) != 0 ||
        syscall(SYS_setresuid, 1000, 1000, 1000) != 0)
        printf("become_user: %s\n", errno_name(errno));
}

/* Both limits of a kind. */
static inline void set_limit(int kind, uint64_t soft, uint64_t hard)
{
    struct rlimit limit = {.rlim_cur = soft, .rlim_max = hard};

    if (setrlimit(kind, &limit) != 0)
        printf("set_limit: %s\n", errno_name(errno));
}

/* Each line leaves as it is written: a child inherits no half of one, and a signal loses none. */
__attribute__((constructor)) static void compat_start(void)
{
    static char buffer[4096];

    setvbuf(stdout, buffer, _IOLBF, sizeof buffer);
}

#endif
