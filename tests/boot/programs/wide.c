/*
 * Addresses beyond 47 bits, which programs get only where they ask for them. On a CPU (or kernel)
 * with four levels of page tables the same wishes are met below. Which of both it is, is found out
 * here, and printed first.
 */
#define _GNU_SOURCE
#include "check.h"

#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#define PAGE       4096ul
#define WINDOW_END 0x7ffffffff000ul
#define WIDE_END   0xfffffffffff000ul
#define HIGH       (1ul << 50)
#define ANONYMOUS  (MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE)

static bool wide;

/* A place, or a negated errno. */
static uintptr_t map(uintptr_t hint, size_t length, int flags)
{
    void *place =
        mmap((void *)hint, length, PROT_READ | PROT_WRITE | PROT_EXEC, ANONYMOUS | flags, -1, 0);

    return place == MAP_FAILED ? (uintptr_t)-errno : (uintptr_t)place;
}

static void unmap(uintptr_t at, size_t length)
{
    check(munmap((void *)at, length) == 0);
}

/* ---- places ---- */

static void without_a_wish(void)
{
    uintptr_t place = map(0, PAGE, 0), on_stack = (uintptr_t)&place;

    check(place < WINDOW_END && on_stack < WINDOW_END && (uintptr_t)sbrk(0) < WINDOW_END);
    check((uintptr_t)without_a_wish < WINDOW_END);
    unmap(place, PAGE);
    check(map(0, WINDOW_END + PAGE, 0) == (uintptr_t)-ENOMEM);
    check(map(0, WINDOW_END, 0) == (uintptr_t)-ENOMEM);
}

static void high_hint(void)
{
    uintptr_t first = map(HIGH, 4 * PAGE, 0), second = map(HIGH, 4 * PAGE, 0), across, large;

    check(wide ? first == HIGH : first < WINDOW_END);
    check(second != first);
    check(wide ? second > WINDOW_END && second < WIDE_END : second < WINDOW_END);
    /* Nothing is placed across the border, nor above it by a wish that lies below. */
    across = map(WINDOW_END - PAGE, 2 * PAGE, 0);
    check(across + 2 * PAGE <= WINDOW_END);
    large = map(HIGH, 1ul << 49, 0);
    check(wide ? large > WINDOW_END && large < WIDE_END : large == (uintptr_t)-ENOMEM);
    if (wide)
        unmap(large, 1ul << 49);
    unmap(first, 4 * PAGE);
    unmap(second, 4 * PAGE);
    unmap(across, 2 * PAGE);
}

static void fixed(void)
{
    uintptr_t refused = (uintptr_t)-ENOMEM, last = WIDE_END - PAGE;

    check(map(HIGH, PAGE, MAP_FIXED) == (wide ? HIGH : refused));
    check(map(last, PAGE, MAP_FIXED) == (wide ? last : refused));
    check(map(WIDE_END, PAGE, MAP_FIXED) == refused);
    check(map(1ul << 56, PAGE, MAP_FIXED) == refused);
    if (wide) {
        *(volatile char *)last = 1;
        unmap(HIGH, PAGE);
        unmap(last, PAGE);
    }
}

/* ---- faults ---- */

static sigjmp_buf *after;
static siginfo_t told;
static uintptr_t told_sp, told_ip;

static void handler(int signo, siginfo_t *info, void *context)
{
    const greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;

    (void)signo;
    told = *info;
    told_sp = (uintptr_t)&info;
    told_ip = (uintptr_t)registers[REG_RIP];
    siglongjmp(*after, 1);
}

static bool faults(void (*function)(uintptr_t), uintptr_t at)
{
    struct sigaction action = {.sa_sigaction = handler,
                               .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
    sigjmp_buf here;
    bool happened = false;

    after = &here;
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
    if (sigsetjmp(here, 1) == 0)
        function(at);
    else
        happened = true;
    signal(SIGSEGV, SIG_DFL);
    signal(SIGBUS, SIG_DFL);
    return happened;
}

static void load(uintptr_t at)
{
    (void)*(volatile char *)at;
}

static void jump(uintptr_t at)
{
    ((void (*)(void))at)();
}

/* Where nothing is mapped the address is told; where no address can be, it is 0. */
static void bad_addresses(void)
{
    check(faults(load, HIGH));
    check(wide ? told.si_code == SEGV_MAPERR && (uintptr_t)told.si_addr == HIGH
               : told.si_code == SI_KERNEL && told.si_addr == NULL);
    check(faults(jump, HIGH));
    check(faults(load, 1ul << 60) && told.si_code == SI_KERNEL && told.si_addr == NULL);
    check(faults(load, 1ul << 57) && told.si_code == SI_KERNEL);
    check(faults(jump, 1ul << 56));
    check(faults(load, WIDE_END));
    check(faults(load, 0xffff800000100000ul));
    check(faults(load, 0xff00000000000000ul));
}

/* ---- what programs do with memory, there ---- */

static void contents(void)
{
    enum { PAGES = 1200 };
    uintptr_t place = map(HIGH - PAGES / 2 * PAGE, PAGES * PAGE, 0), moved;
    uint64_t *words = (uint64_t *)place;
    unsigned char resident[PAGES];
    int status;
    pid_t child;

    for (size_t i = 0; i < PAGES; i++)
        words[i * 512 + i % 512] = i * 0x9e3779b97f4a7c15u;
    check(mincore(words, PAGES * PAGE, resident) == 0 && resident[0] && resident[PAGES - 1]);
    child = fork();
    if (child == 0) {
        for (size_t i = 0; i < PAGES; i++)
            if (words[i * 512 + i % 512]++ != i * 0x9e3779b97f4a7c15u)
                _exit(1);
        _exit(0);
    }
    check(waitpid(child, &status, 0) == child && status == 0);
    for (size_t i = 0; i < PAGES; i++)
        check(words[i * 512 + i % 512] == i * 0x9e3779b97f4a7c15u);
    check(mprotect(words, PAGE, PROT_READ) == 0 && mprotect(words, PAGE, 7) == 0);
    check(madvise(words + 512, PAGE, MADV_DONTNEED) == 0 && words[512 + 1] == 0);
    moved = (uintptr_t)mremap(words, PAGES * PAGE, 2 * PAGES * PAGE, MREMAP_MAYMOVE);
    check(((uint64_t *)moved)[2 * 512 + 2] == 2 * 0x9e3779b97f4a7c15u);
    unmap(moved, 2 * PAGES * PAGE);
}

/* A page at every power of two: tables of each level come and go. */
static void sparse(void)
{
    uintptr_t place[30];

    for (unsigned i = 0; wide && i < 9; i++) {
        place[i] = map(1ul << (47 + i), PAGE, MAP_FIXED);
        check(place[i] == 1ul << (47 + i));
        *(volatile uint64_t *)place[i] = i;
    }
    for (unsigned i = 0; wide && i < 9; i++) {
        check(*(volatile uint64_t *)place[i] == i);
        unmap(place[i], PAGE);
    }
}

static void kernel_copies(void)
{
    uintptr_t place = map(HIGH, 2 * PAGE, 0);
    char *bytes = (char *)place, copy[16] = "";
    struct iovec here = {copy, 8}, there = {bytes + PAGE - 4, 8};
    int ends[2], segment = shmget(IPC_PRIVATE, PAGE, 0600);
    void *attached;

    check(pipe(ends) == 0 && write(ends[1], "12345678", 8) == 8);
    check(read(ends[0], bytes + PAGE - 4, 8) == 8 && memcmp(bytes + PAGE - 4, "12345678", 8) == 0);
    check(process_vm_readv(getpid(), &here, 1, &there, 1, 0) == 8 && memcmp(copy, "1234", 4) == 0);
    check(syscall(SYS_futex, bytes, 0, 1, NULL, NULL, 0) == -1 && errno == EAGAIN);
    check_error(write(ends[1], (char *)WIDE_END - 4, 8), EFAULT);
    check_error(write(ends[1], (char *)(1ul << 60), 8), EFAULT);
    attached = shmat(segment, (void *)(HIGH + 16 * PAGE), 0);
    check(wide ? attached == (void *)(HIGH + 16 * PAGE) : attached == (void *)-1);
    check(!wide || shmdt(attached) == 0);
    shmctl(segment, IPC_RMID, NULL);
    close(ends[0]);
    close(ends[1]);
    unmap(place, 2 * PAGE);
}

/* ---- code and stacks there ---- */

static const unsigned char get_parent[] = {0xb8, SYS_getppid, 0, 0, 0, 0x0f, 0x05, 0xc3};

static void code(void)
{
    uintptr_t place = map(HIGH, PAGE, 0), last = wide ? WIDE_END - PAGE : WINDOW_END - PAGE;
    static const unsigned char call[] = {0x0f, 0x05};

    memcpy((void *)place, get_parent, sizeof get_parent);
    check(((int (*)(void))place)() == getppid());
    unmap(place, PAGE);

    /* A system call whose last byte is the user half's: it returns to where nothing can be. */
    if (map(last, PAGE, MAP_FIXED_NOREPLACE) != last)
        return; /* the stack lies there */
    memcpy((void *)(last + PAGE - sizeof call), call, sizeof call);
    check(faults(jump, last + PAGE - sizeof call));
    check(told_ip == last + PAGE);
    unmap(last, PAGE);
}

static void signal_stack(void)
{
    uintptr_t place = map(HIGH, 16 * PAGE, 0);
    stack_t stack = {.ss_sp = (void *)place, .ss_size = 16 * PAGE};

    check(sigaltstack(&stack, NULL) == 0);
    check(faults(load, 8));
    check(told_sp - place < 16 * PAGE);
    stack.ss_flags = SS_DISABLE;
    check(sigaltstack(&stack, NULL) == 0);
    unmap(place, 16 * PAGE);
}

static void bases(void)
{
    check(syscall(SYS_arch_prctl, 0x1001, HIGH) == (wide ? 0 : -1));
    check_error(syscall(SYS_arch_prctl, 0x1001, 1ul << 56), EPERM);
    check(syscall(SYS_arch_prctl, 0x1001, 0) == 0);
}

int main(void)
{
    uintptr_t place = map(HIGH, PAGE, MAP_FIXED);

    wide = place == HIGH;
    if (wide)
        unmap(place, PAGE);
    printf("%s\n", wide ? "five levels" : "four levels");
    run(without_a_wish);
    run(high_hint);
    run(fixed);
    run(bad_addresses);
    run(contents);
    run(sparse);
    run(kernel_copies);
    run(code);
    run(signal_stack);
    run(bases);
    return check_failures != 0;
}
