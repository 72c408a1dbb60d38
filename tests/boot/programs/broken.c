/*
 * Broken programs and impossible wishes, one by one: damaged ELF files, stacks in the kernel's
 * half, frames of garbage, too many arguments, too deep calls, too many files and pipes, files that
 * are read into their own mapping or cut off under it, rights that change under a copy. Each is
 * refused or ends its process; this program sees to that and lives. Prints the same under Linux and
 * quire.
 *
 *   broken [SEED [MUTANTS]]
 */
#define _GNU_SOURCE
#include "check.h"
#include "machine.h"

#include <link.h>

#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096ul

static uint64_t state = 1;
static unsigned mutants = 200;

static uint64_t random64(void)
{
    uint64_t x = state += 0x9e3779b97f4a7c15ull;

    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
    return x ^ (x >> 31);
}

static unsigned below(unsigned n)
{
    return (unsigned)(random64() >> 32) % n;
}

static void *pages(size_t count, int protection)
{
    void *at = mmap(NULL, count * PAGE, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    check(at != MAP_FAILED);
    return at;
}

/* Runs it in a process of its own, at most ten seconds; its wait status. */
static int apart(void (*run_it)(void))
{
    pid_t child = fork();
    int status = -1;

    if (child == 0) {
        alarm(10);
        run_it();
        _exit(0);
    }
    check(child > 0 && waitpid(child, &status, 0) == child);
    check(!(WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM));
    return status;
}

static bool died_of(int status, int signo)
{
    return WIFSIGNALED(status) && WTERMSIG(status) == signo;
}

/* ---- damaged ELF files ---- */

static unsigned char *image;
static size_t image_size;
static const char *mutant = "/tmp/mutant";

/* A statically linked program in two segments that only exits, with status 7. */
static void make_image(void)
{
    /* mov $exit_group, %eax; then mov $7, %edi; syscall or mov $7, %ebx; int $0x80 */
#ifdef __x86_64__
    static const unsigned char code[] = {0xb8, 0xe7, 0, 0, 0, 0xbf, 7, 0, 0, 0, 0x0f, 5};
#else
    static const unsigned char code[] = {0xb8, 0xfc, 0, 0, 0, 0xbb, 7, 0, 0, 0, 0xcd, 0x80};
#endif
    ElfW(Ehdr) * header;
    ElfW(Phdr) * segment;

    image_size = 3 * PAGE;
    image = pages(3, PROT_READ | PROT_WRITE);
    header = (ElfW(Ehdr) *)image;
    segment = (ElfW(Phdr) *)(header + 1);
    memcpy(header->e_ident, ELFMAG, SELFMAG);
    header->e_ident[EI_CLASS] = sizeof(long) == 8 ? ELFCLASS64 : ELFCLASS32;
    header->e_ident[EI_DATA] = ELFDATA2LSB;
    header->e_ident[EI_VERSION] = EV_CURRENT;
    header->e_type = ET_EXEC;
    header->e_machine = sizeof(long) == 8 ? EM_X86_64 : EM_386;
    header->e_version = EV_CURRENT;
    header->e_entry = 0x401000;
    header->e_phoff = sizeof *header;
    header->e_ehsize = sizeof *header;
    header->e_phentsize = sizeof *segment;
    header->e_phnum = 4;
    for (unsigned i = 0; i < 4; i++)
        segment[i] = (ElfW(Phdr)){.p_type = PT_LOAD,
                                  .p_flags = PF_R,
                                  .p_offset = i * PAGE,
                                  .p_vaddr = 0x400000 + i * PAGE,
                                  .p_paddr = 0x400000 + i * PAGE,
                                  .p_filesz = PAGE,
                                  .p_memsz = PAGE,
                                  .p_align = PAGE};
    segment[1].p_flags = PF_R | PF_X;
    segment[2].p_flags = PF_R | PF_W;
    segment[2].p_filesz = 100;
    segment[2].p_memsz = 70000;
    segment[3] = (ElfW(Phdr)){.p_type = PT_GNU_STACK, .p_flags = PF_R | PF_W, .p_align = 16};
    memcpy(image + PAGE, code, sizeof code);
}

static bool write_mutant(const void *bytes, size_t size)
{
    int fd = open(mutant, O_WRONLY | O_CREAT | O_TRUNC, 0755);
    bool written = fd >= 0 && write(fd, bytes, size) == (ssize_t)size;

    if (fd >= 0)
        close(fd);
    return written;
}

static void execute_mutant(void)
{
    execl(mutant, mutant, (char *)NULL);
    _exit(127);
}

static uint64_t wild_number(void)
{
    static const uint64_t some[] = {0,
                                    1,
                                    7,
                                    0x1000,
                                    0x400000,
                                    0x401fff,
                                    0x7fff,
                                    0xffff,
                                    0x7fffffff,
                                    0x80000000,
                                    0xffffffff,
                                    0x7ffffffff000,
                                    0x7fffffffffff,
                                    0x800000000000,
                                    0xffff800000000000,
                                    0xffffffff80000000,
                                    0x7fffffffffffffff,
                                    0x8000000000000000,
                                    ~0ull - 4095,
                                    ~0ull};

    return below(3) ? some[below(sizeof some / sizeof *some)] : random64() >> below(64);
}

/* Every field of the two kinds of header in turn, at its own size. */
static void damage(unsigned char *copy, unsigned which)
{
    enum { WORD = sizeof(long) };
    static const unsigned char header_fields[] = {1, 1,    1,    1,    1, 1, 1, 1, 8, 2, 2,
                                                  4, WORD, WORD, WORD, 4, 2, 2, 2, 2, 2, 2};
    /* With 64 bits the flags come second, with 32 last but one. */
    static const unsigned char segment_fields[] = {4, 4, WORD, WORD, WORD, WORD, WORD, WORD};
    unsigned fields = 22 + 4 * 8, at = 0, size = 0;
    uint64_t value = wild_number();

    for (unsigned i = 0; i <= which % fields; i++) {
        at += size;
        size = i < 22 ? header_fields[i] : segment_fields[(i - 22) % 8];
    }
    memcpy(copy + at, &value, size);
}

static void damaged_programs(void)
{
    unsigned char *copy = pages(3, PROT_READ | PROT_WRITE);

    make_image();
    check(write_mutant(image, image_size));
    check(apart(execute_mutant) == 7 << 8);
    for (unsigned i = 0; i < mutants; i++) {
        memcpy(copy, image, image_size);
        for (unsigned n = 1 + below(3) / 2 * below(4); n > 0; n--)
            damage(copy, n == 1 ? i : below(1000));
        check(write_mutant(copy, below(8) ? image_size : below((unsigned)image_size)));
        apart(execute_mutant);
    }
    unlink(mutant);
    munmap(copy, 3 * PAGE);
}

/* ---- stacks and frames ---- */

static void nothing(int signo)
{
    (void)signo;
}

static const unsigned long bad_stacks[] = {
#ifdef __x86_64__
    0, 8, 0x700000000000, 0x800000000000, 0xffff800000000000, 0xffffffff80100000, ~0ul, ~0ul - 7,
#else
    0, 8, 0x70000000, 0xd0000000, 0xc0100000, 0xff100000, ~0ul, ~0ul - 7,
#endif
};

static unsigned bad_stack;

/* A signal comes while the stack pointer is where no frame can be. */
static void signal_on_bad_stack(void)
{
    struct sigaction action = {.sa_handler = nothing};

    sigaction(SIGUSR1, &action, NULL);
#ifdef __x86_64__
    __asm__ volatile(
        "movq %0, %%rsp\n syscall\n movl $60, %%eax\n xorl %%edi, %%edi\n syscall" ::"r"(
            bad_stacks[bad_stack]),
        "a"(SYS_kill), "D"((long)getpid()), "S"((long)SIGUSR1)
        : "rcx", "r11", "memory");
#else
    __asm__ volatile(
        "movl %0, %%esp\n int $0x80\n movl $1, %%eax\n xorl %%ebx, %%ebx\n int $0x80" ::"r"(
            bad_stacks[bad_stack]),
        "a"(SYS_kill), "b"(getpid()), "c"(SIGUSR1)
        : "memory");
#endif
}

static void alternate_stack_in_kernel(void)
{
    stack_t stack = {.ss_sp = (void *)bad_stacks[bad_stack], .ss_size = 65536};
    struct sigaction action = {.sa_handler = nothing, .sa_flags = SA_ONSTACK};

    if (sigaltstack(&stack, NULL) != 0)
        raise(SIGSEGV);
    sigaction(SIGUSR1, &action, NULL);
    raise(SIGUSR1);
}

static void return_from_garbage(void)
{
    uint64_t *frame = pages(4, PROT_READ | PROT_WRITE);

    for (unsigned i = 0; i < 4 * 512; i++)
        frame[i] = below(2) ? random64() : wild_number();
    __asm__ volatile(MOVE " %0, " SP "\n " SYSTEM_CALL ::"r"(frame + 512), "a"(SYS_rt_sigreturn)
                     : "memory");
}

static void return_from_nowhere(void)
{
    __asm__ volatile(MOVE " %0, " SP "\n " SYSTEM_CALL ::"r"(bad_stacks[bad_stack]),
                     "a"(SYS_rt_sigreturn)
                     : "memory");
}

static void bad_frames(void)
{
    for (bad_stack = 0; bad_stack < sizeof bad_stacks / sizeof *bad_stacks; bad_stack++) {
        check(died_of(apart(signal_on_bad_stack), SIGSEGV));
        check(died_of(apart(alternate_stack_in_kernel), SIGSEGV));
        check(died_of(apart(return_from_nowhere), SIGSEGV));
    }
    for (unsigned i = 0; i < 100; i++) {
        (void)random64();
        apart(return_from_garbage);
    }
}

static int deep(volatile char *above)
{
    volatile char here[2000];

    here[0] = *above;
    return *above == 2 ? 0 : deep(here) + here[0]; /* never 2 */
}

static void recurse(void)
{
    char first = 1;

    _exit(deep(&first));
}

static void deep_calls(void)
{
    check(died_of(apart(recurse), SIGSEGV));
}

/* A null selector is loaded: it must cost nobody but the loader its thread pointer. */
static void selectors(void)
{
    int status;
    pid_t child = fork();

    if (child == 0)
        for (;;)
            __asm__ volatile("movl %0, %%fs\n movl %0, %%gs" ::"r"(0));
    for (int i = 0; i < 50; i++) {
        errno = i;
        sched_yield();
        check(errno == i);
    }
    kill(child, SIGKILL);
    check(waitpid(child, &status, 0) == child && died_of(status, SIGKILL));
}

/* ---- too many arguments ---- */

static void huge_arguments(void)
{
    enum { COUNT = 200000, LONG = 200000 };
    char *name = "/proc/self/exe", **words = malloc((COUNT + 1) * sizeof *words);
    char *word = malloc(LONG);
    char *few[] = {name, word, NULL}, *empty[] = {NULL};

    memset(word, 'x', LONG - 1);
    word[LONG - 1] = 0;
    check_error(execve(name, few, empty), E2BIG);
    word[100] = 0;
    for (int i = 0; i < COUNT; i++)
        words[i] = word;
    words[COUNT] = NULL;
    check_error(execve(name, words, empty), E2BIG);
    check_error(execve(name, empty, words), E2BIG);
    check_error(execve(name, (char **)bad_stacks[4], empty), EFAULT);
#ifdef __x86_64__
    check_error(execve(name, (char **)((uint64_t)words | 1ull << 47), empty), EFAULT);
#endif
    words[1] = (char *)8;
    words[2] = NULL;
    check_error(execve(name, words, empty), EFAULT);
    free(words);
    free(word);
}

/* ---- too many files ---- */

static void too_many_files(void)
{
    struct rlimit old, most = {4096, 4096};
    int count = 0, pair[2], first;

    check(getrlimit(RLIMIT_NOFILE, &old) == 0);
    most.rlim_max = old.rlim_max;
    check(setrlimit(RLIMIT_NOFILE, &most) == 0);
    first = dup(0);
    for (int i = 0; i < 100000; i++) {
        int fd = open("/dev/null", O_RDONLY);

        if (fd < 0)
            break;
        count++;
    }
    check(errno == EMFILE && count > 4000 && count < 4096);
    check_error(pipe(pair), EMFILE);
    check_error(memfd_create("none", 0), EMFILE);
    check(syscall(SYS_close_range, first + (first < 0), ~0u, 0) == 0 || first < 0);
    check(setrlimit(RLIMIT_NOFILE, &old) == 0);
}

static void full_pipes(void)
{
    enum { PIPES = 300 };
    static int ends[PIPES][2];
    static char block[65536];
    int made = 0;

    for (; made < PIPES && pipe2(ends[made], O_NONBLOCK) == 0; made++) {
        ssize_t n;

        while ((n = write(ends[made][1], block, sizeof block)) > 0)
            continue;
        check(n == -1 && errno == EAGAIN);
    }
    check(made == PIPES);
    for (int i = 0; i < made; i++) {
        check(read(ends[i][0], block, sizeof block) > 0);
        close(ends[i][0]);
        close(ends[i][1]);
    }
}

/* ---- files and their mappings ---- */

static void files_into_themselves(void)
{
    int fd = memfd_create("self", 0);
    size_t size = 64 * PAGE;
    char *all, first;

    check(fd >= 0 && ftruncate(fd, (off_t)size) == 0);
    all = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    check(all != MAP_FAILED);
    for (size_t i = 0; i < size; i += 8)
        *(uint64_t *)(all + i) = i;
    check(pread(fd, all, size, 0) == (ssize_t)size);
    check(*(uint64_t *)(all + 8 * PAGE) == 8 * PAGE);
    check(pwrite(fd, all, size, 0) == (ssize_t)size);
    check(*(uint64_t *)(all + 8 * PAGE) == 8 * PAGE);
    check(pread(fd, all + PAGE, size - PAGE, 0) == (ssize_t)(size - PAGE));
    /* The target is a hole of the same file, which the copy has to fill. */
    check(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, (off_t)size) == 0);
    check(pread(fd, all + 3, size - PAGE, 5) == (ssize_t)(size - PAGE));
    check(pwrite(fd, all + 5, size - PAGE, 3) == (ssize_t)(size - PAGE));
    /* The source ends under the copy: what is there is written, or nothing. */
    check(ftruncate(fd, PAGE) == 0);
    check_error(write(fd, all + PAGE, PAGE), EFAULT);
    check(pread(fd, &first, 1, 0) == 1);
    check_error(pread(fd, all + 2 * PAGE, 10, 0), EFAULT);
    munmap(all, size);
    close(fd);
}

static int shared_file;
static char *shared_map;
static volatile int stop;

static void *cut_and_grow(void *unused)
{
    while (!stop) {
        if (ftruncate(shared_file, 0) != 0 || ftruncate(shared_file, 32 * (off_t)PAGE) != 0)
            break;
    }
    return unused;
}

static void *change_rights(void *unused)
{
    static const int rights[] = {PROT_READ, PROT_READ | PROT_WRITE, PROT_NONE,
                                 PROT_READ | PROT_WRITE};

    for (unsigned i = 0; !stop; i++) {
        mprotect(shared_map + (i / 4 % 8) * PAGE, 16 * PAGE, rights[i % 4]);
        if (i % 16 == 0)
            madvise(shared_map, 32 * PAGE, MADV_DONTNEED);
    }
    return unused;
}

/* Copies beside another thread: each is whole, short, or EFAULT. */
static void copies_beside(void *(*other)(void *), int fd)
{
    pthread_t thread;
    int pair[2];
    bool fine = true;
    ssize_t n;

    stop = 0;
    check(pipe2(pair, O_NONBLOCK) == 0);
    check(pthread_create(&thread, NULL, other, NULL) == 0);
    for (unsigned i = 0; i < 3000; i++) {
        char *at = shared_map + below(31 * PAGE);
        size_t size = 1 + below(PAGE);

        switch (i % 4) {
        case 0:
            n = write(pair[1], at, size);
            break;
        case 1:
            n = read(pair[0], at, size);
            break;
        case 2:
            n = pread(fd, at, size, below(32 * PAGE));
            break;
        default:
            n = pwrite(fd, at, size, below(32 * PAGE));
            break;
        }
        fine &= n >= 0 ? n <= (ssize_t)size : errno == EFAULT || errno == EAGAIN;
        if (i % 64 == 0)
            sched_yield();
    }
    stop = 1;
    check(fine);
    check(pthread_join(thread, NULL) == 0);
    close(pair[0]);
    close(pair[1]);
}

static void races(void)
{
    int fd = memfd_create("beside", 0);

    shared_file = memfd_create("race", 0);
    check(shared_file >= 0 && ftruncate(shared_file, 32 * (off_t)PAGE) == 0);
    check(fd >= 0 && ftruncate(fd, 32 * (off_t)PAGE) == 0);
    shared_map = mmap(NULL, 32 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, shared_file, 0);
    check(shared_map != MAP_FAILED);
    copies_beside(cut_and_grow, fd);
    copies_beside(cut_and_grow, shared_file);
    munmap(shared_map, 32 * PAGE);
    shared_map = pages(32, PROT_READ | PROT_WRITE);
    copies_beside(change_rights, fd);
    munmap(shared_map, 32 * PAGE);
    close(shared_file);
    close(fd);
}

/* ---- calls that would take for ever ---- */

#define ALL_THERE_IS ((size_t)(sizeof(long) == 8 ? 64ull << 40 : 2ull << 30))

static void populate_terabytes(void)
{
    mmap(NULL, ALL_THERE_IS, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_POPULATE,
         -1, 0);
}

static void ask_for_residents(void)
{
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    void *all = mmap(NULL, ALL_THERE_IS, PROT_NONE, flags, -1, 0);

    mincore(all, ALL_THERE_IS,
            mmap(NULL, ALL_THERE_IS / 4096, PROT_READ | PROT_WRITE, flags, -1, 0));
}

static void search_hole(void)
{
    int fd = memfd_create("hole", 0);

    if (ftruncate(fd, (off_t)1 << (sizeof(long) == 8 ? 62 : 43)) == 0)
        lseek(fd, 0, SEEK_DATA);
}

static void much_randomness(void)
{
    syscall(SYS_getrandom, pages(25000, PROT_READ | PROT_WRITE), 25000 * PAGE, 0);
}

/* Others run meanwhile, and a kill ends them. */
static void long_calls(void)
{
    static void (*const calls[])(void) = {populate_terabytes, ask_for_residents, search_hole,
                                          much_randomness};

    for (unsigned i = 0; i < sizeof calls / sizeof *calls; i++) {
        struct timespec begin, end;
        int status;
        pid_t child = fork();

        if (child == 0) {
            calls[i]();
            _exit(0);
        }
        clock_gettime(CLOCK_MONOTONIC, &begin);
        usleep(100000);
        kill(child, SIGKILL);
        check(child > 0 && waitpid(child, &status, 0) == child);
        clock_gettime(CLOCK_MONOTONIC, &end);
        check(end.tv_sec - begin.tv_sec < 4);
    }
}

int main(int argc, char **argv)
{
    struct rlimit stack = {8ul << 20, RLIM_INFINITY};

    if (argc > 1)
        state = strtoull(argv[1], NULL, 0);
    if (argc > 2)
        mutants = (unsigned)atoi(argv[2]);
    printf("seed %llu, %u mutants\n", (unsigned long long)state, mutants);
    fflush(stdout);
    setrlimit(RLIMIT_STACK, &stack);
    run(damaged_programs);
    run(bad_frames);
    run(deep_calls);
    run(selectors);
    run(huge_arguments);
    run(too_many_files);
    run(full_pipes);
    run(files_into_themselves);
    run(races);
    run(long_calls);
    return check_failures != 0;
}
