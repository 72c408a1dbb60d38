/*
 * What a hostile process does. It plays with a window of its address space, the arena: calls,
 * accesses, files mapped and cut off under their mapping, threads, forks, random code. Signals, its
 * own and others', return it to its loop from anywhere, so that whatever waits or spins is let go.
 */
#define _GNU_SOURCE
#include "hostile.h"

#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void play(void);

static void touch(void)
{
    for (unsigned i = 1 + below(32); i > 0; i--) {
        volatile uint64_t *at = (volatile uint64_t *)(arena_page() + below(512) * 8);

        if (below(2))
            *at = random64();
        else
            (void)*at;
    }
}

static void cut_hole(long fd, word from, word length)
{
#ifdef __x86_64__
    call(SYS_fallocate, (word)fd, 3, from, length);
#else
    call6(SYS_fallocate, (const word[6]){(word)fd, 3, from, 0, length, 0});
#endif
}

/* A shared file, mapped, then cut off, read into itself. */
static void file_games(void)
{
    long fd = call(SYS_memfd_create, (word) "game", 0, 0, 0);
    word place = arena_page(), size = (1 + below(16)) * 4096ul;

    if (fd < 0)
        return;
    call(SYS_ftruncate, (word)fd, size, 0, 0);
    call_mmap(place, size, 3, MAP_SHARED | MAP_FIXED, (word)fd);
    for (unsigned i = 0; i < 6; i++) {
        switch (below(5)) {
        case 0:
            call(SYS_ftruncate, (word)fd, below(17) * 4096ul, 0, 0);
            break;
        case 1:
            call(SYS_pread64, (word)fd, place + below(8192), below(65536), below(65536));
            break;
        case 2:
            call(SYS_pwrite64, (word)fd, place + below(8192), below(65536), below(65536));
            break;
        case 3:
            cut_hole(fd, below(16) * 4096ul, below(16) * 4096ul + 1);
            break;
        default:
            (void)*(volatile char *)(place + below((unsigned)size));
        }
    }
    if (below(2))
        call(SYS_close, (word)fd, 0, 0, 0);
}

static void thread_main(void)
{
    play();
    call(SYS_exit, 0, 0, 0, 0);
}

static void start_thread(void)
{
    struct block *block = mine(), *other;
    word stack;
    long result;
    unsigned flags =
        CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;

    if (block->threads >= THREADS || block->left < 10)
        return;
    other = (struct block *)(BLOCKS + (1 + below(63)) * BLOCK_SIZE);
    block->threads++;
    if (call_mmap((word)other, BLOCK_SIZE, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE,
                  (word)-1) != (long)other)
        return;
    other->state = random64();
    other->left = block->left / 2;
    other->depth = block->depth;
    other->profile = block->profile;
    other->pages = block->pages;
    other->threads = THREADS - 1;
    stack = (word)other + BLOCK_SIZE - 64;
    if (below(8) == 0)
        flags = CLONE_VM | SIGCHLD; /* a process in the same space */
        /* The new thread has a stack of its own, on which thread_main() begins. */
#ifdef __x86_64__
    __asm__ volatile("syscall\n"
                     "test %%rax, %%rax\n"
                     "jnz 1f\n"
                     "xor %%ebp, %%ebp\n"
                     "call *%%rbx\n"
                     "1:"
                     : "=a"(result)
                     : "a"(SYS_clone), "D"((word)flags), "S"(stack), "d"(0), "b"(thread_main)
                     : "rcx", "r11", "memory");
#else
    __asm__ volatile("int $0x80\n"
                     "test %%eax, %%eax\n"
                     "jnz 1f\n"
                     "xor %%ebp, %%ebp\n"
                     "call *%%edi\n"
                     "1:"
                     : "=a"(result)
                     : "a"(SYS_clone), "b"(flags), "c"(stack), "d"(0), "S"(0), "D"(thread_main)
                     : "memory");
#endif
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
        call(SYS_kill, (word)child, below(3) ? SIGKILL : below(32), 0, 0);
    }
}

static void execute_self(void)
{
    static char name[] = "/proc/self/exe";
    char *arguments[] = {name, "end", NULL};

    if (below(2))
        call(SYS_execve, (word)name, (word)arguments, (word)(arguments + 2), 0);
    else if (call(SYS_vfork, 0, 0, 0, 0) == 0) {
        call(SYS_execve, (word)name, (word)arguments, 0, 0);
        call(SYS_exit, 1, 0, 0, 0);
    }
}

/* Signals to itself and to threads of the same process, now or soon. */
static void send_signals(void)
{
    static const int some[] = {SIGALRM, SIGUSR1, SIGUSR2, SIGSEGV, SIGBUS, SIGFPE, SIGVTALRM};
    struct itimerval soon = {{0, (long)(50 + below(3000))}, {0, (long)(1 + below(3000))}};
    word self = (word)call(SYS_getpid, 0, 0, 0, 0);
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
    struct itimerspec instant = {{0, (long)(20000 + below(1000000))}, {0, (long)below(1000000)}};
    int timer = 0;

    switch (below(4)) {
    case 0:
        call(SYS_setitimer, below(3), (word)&soon, 0, 0);
        break;
    case 1:
        if (call(SYS_timer_create, below(2) ? CLOCK_MONOTONIC : CLOCK_REALTIME, (word)&event,
                 (word)&timer, 0) == 0)
            call(SYS_timer_settime, (word)timer, 0, (word)&instant, 0);
        break;
    default:
        call(SYS_tgkill, self, self + below(8), (word)some[below(7)], 0);
    }
}

/* The window in one piece again, so that there is something to tear. */
static void restore(void)
{
    struct block *block = mine();

    call_mmap(ARENA, block->pages * 4096ul, PROT_READ | PROT_WRITE,
              (below(3) ? MAP_PRIVATE : MAP_SHARED) | MAP_ANONYMOUS | MAP_FIXED, (word)-1);
}

static void step_all(void)
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

static void step_memory(void)
{
    unsigned choice = below(100);

    if (choice < 2)
        start_process();
    else if (choice < 6)
        restore();
    else if (choice < 12)
        file_games();
    else if (choice < 40)
        touch();
    else if (choice < 90)
        one_memory_call();
    else
        one_call();
}

static void step_race(void)
{
    unsigned choice = below(100);

    if (choice < 10)
        start_thread();
    else if (choice < 12)
        start_process();
    else if (choice < 22)
        send_signals();
    else if (choice < 28)
        restore();
    else if (choice < 34)
        file_games();
    else if (choice < 60)
        touch();
    else if (choice < 85)
        one_memory_call();
    else
        one_call();
}

static void step(void)
{
    switch (mine()->profile) {
    case PROFILE_MEMORY:
        step_memory();
        break;
    case PROFILE_CODE:
        random_code();
        break;
    case PROFILE_RACE:
        step_race();
        break;
    default:
        step_all();
    }
}

/* Without the C library's jump, which mixes in a word behind fs: who knows what fs is now. */
static void come_back(int signo)
{
    struct block *block = mine();

    (void)signo;
    if (block->inside)
        __builtin_longjmp(block->again, 1);
}

static void catch_signals(void)
{
    static const int caught[] = {SIGSEGV, SIGBUS,  SIGILL,  SIGFPE,  SIGTRAP,   SIGALRM,
                                 SIGPIPE, SIGUSR1, SIGUSR2, SIGXFSZ, SIGVTALRM, SIGPROF};
    struct sigaction action = {.sa_handler = come_back, .sa_flags = SA_ONSTACK | SA_NODEFER};

    for (unsigned i = 0; i < sizeof caught / sizeof *caught; i++)
        sigaction(caught[i], &action, NULL);
}

__attribute__((noinline)) static void play_on(void)
{
    struct block *block = mine();

    __asm__ volatile("cld\n fninit\n push $0x202\n popf" ::: "memory", "cc");
    while (block->left > 0) {
        struct itimerval soon = {{0, 20000}, {0, 20000}}; /* whatever waits or spins is let go */

        block->left--;
        if (block->left % 8 == 0)
            call(SYS_setitimer, ITIMER_REAL, (word)&soon, 0, 0);
        step();
    }
}

static void play(void)
{
    struct block *block = mine();
    stack_t stack = {.ss_sp = block->signal_stack, .ss_size = sizeof block->signal_stack};

    call(SYS_sigaltstack, (word)&stack, 0, 0, 0);
    /* Nothing that was kept in a register is used after coming back. */
    (void)__builtin_setjmp(block->again);
    block->inside = 1;
    play_on();
}

static void limit(int resource, unsigned long most)
{
    setrlimit(resource, &(struct rlimit){most, most});
}

/* One of eight has the rights of root; random code never: it might reach the machine's end. */
static int give_up_rights(uint64_t seed, enum profile profile)
{
    int keep = profile == PROFILE_ALL ? seed % 8 < 2 : profile != PROFILE_CODE && seed % 8 == 0;

    return keep || setresuid(1000, 1000, 1000) == 0;
}

_Noreturn void play_program(uint64_t seed, enum profile profile, unsigned calls)
{
    struct block *block = (struct block *)BLOCKS;
    unsigned pages = profile == PROFILE_ALL ? ARENA_PAGES : 8u << seed / 8 % 4;

    setpgid(0, 0);
    if (chdir(DIRECTORY) != 0)
        _exit(9);
    limit(RLIMIT_AS, (profile == PROFILE_ALL ? 96ul : 32ul) << 20);
    limit(RLIMIT_FSIZE, 8ul << 20);
    limit(RLIMIT_CPU, 10);
    limit(RLIMIT_NPROC, 100);
    if (!verbose) {
        close(0);
        close(1);
        close(2);
    }
    if (!give_up_rights(seed, profile))
        _exit(9);
    block = mmap(block, BLOCK_SIZE, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (block == MAP_FAILED)
        _exit(9);
    mmap((void *)ARENA, pages * 4096ul / 2, PROT_READ | PROT_WRITE,
         MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    catch_signals();
    block->state = seed;
    block->profile = profile;
    block->pages = pages;
    block->left = calls;
#ifdef __x86_64__
    __asm__ volatile(
        "movq %0, %%rsp\n xorl %%ebp, %%ebp\n call *%1" ::"r"((word)block + BLOCK_SIZE - 64),
        "r"(thread_main)
        : "memory");
#else
    __asm__ volatile(
        "movl %0, %%esp\n xorl %%ebp, %%ebp\n call *%1" ::"r"((word)block + BLOCK_SIZE - 64),
        "r"(thread_main)
        : "memory");
#endif
    __builtin_unreachable();
}
