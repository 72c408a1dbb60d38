/*
 * Memory truly exhausted: who is killed, and that everyone else, and the memory, stays. Started as
 * the machine's only program, with little memory. The program itself is protected (oom_score_adj
 * -1000): it is the shell that must live.
 *
 *   oom [ROUNDS [SEED]]     how often "again and again" is: 50 unless given
 */
#define _GNU_SOURCE
#include "check.h"
#include "holdings.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE ((size_t)4096)
#define MIB  ((size_t)1 << 20)

static void write_text(const char *path, const char *text)
{
    int file = open(path, O_WRONLY);

    if (file < 0 || write(file, text, strlen(text)) != (ssize_t)strlen(text)) {
        printf("cannot write %s: errno %d\n", path, errno);
        exit(1);
    }
    close(file);
}

static void adjust(int value)
{
    char text[16];

    snprintf(text, sizeof text, "%d", value);
    write_text("/proc/self/oom_score_adj", text);
}

static long read_number(const char *path, const char *name)
{
    FILE *file = fopen(path, "r");
    char line[200];
    long value = -1;

    if (file == NULL)
        return -1;
    while (value < 0 && fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, name, strlen(name)) == 0)
            value = atol(line + strlen(name));
    fclose(file);
    return value;
}

/* What the kernel holds now, everything given back that is kept for reuse only. */
static int proc_directory = -1;

static struct holdings holdings(void)
{
    struct holdings it;

    holdings_read(proc_directory, &it);
    check(it.count > 20 && it.free > 0);
    return it;
}

static int nothing_lost(const struct holdings *before)
{
    static const struct holdings_slack none;
    struct holdings now;

    return holdings_grown_at_rest(proc_directory, before, &now, &none, 50) == 0;
}

static char *map(size_t size)
{
    char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (memory == MAP_FAILED)
        _exit(99);
    return memory;
}

/* More than any machine here has, in one piece. */
#define TOO_MUCH ((size_t)(sizeof(long) == 8 ? 64ull << 30 : 2ull << 30))

/* Takes all memory there is. */
static void hog(void)
{
    size_t size = TOO_MUCH;
    char *memory = map(size);

    for (size_t i = 0; i < size; i += PAGE)
        memory[i] = 1;
    _exit(98);
}

static pid_t start(void (*body)(void), int adjustment)
{
    pid_t child = fork();

    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        adjust(adjustment);
        body();
        _exit(97);
    }
    check(child > 0);
    return child;
}

static int was_killed(pid_t child)
{
    int status = 0;

    if (waitpid(child, &status, 0) == child && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
        return 1;
    printf("wait status %#x\n", status);
    return 0;
}

/* ---- bystanders: hold a little, and say in the end whether it is what it was ---- */

#define BYSTANDERS 4

struct bystander {
    pid_t pid;
    int go;
};

static void bystand(int go, int ready, unsigned seed, size_t pages)
{
    uint64_t *memory = (uint64_t *)map(pages * PAGE);
    char byte;

    for (size_t i = 0; i < pages * 512; i++)
        memory[i] = (i + seed) * 0x9e3779b97f4a7c15u;
    check(write(ready, "r", 1) == 1);
    while (read(go, &byte, 1) < 0)
        continue;
    for (size_t i = 0; i < pages * 512; i++)
        if (memory[i] != (i + seed) * 0x9e3779b97f4a7c15u)
            _exit(1);
    _exit(0);
}

/* It has all its memory when this returns. */
static struct bystander bystander_start(unsigned seed, size_t pages, int adjustment)
{
    struct bystander it;
    int ends[2], ready[2];
    char byte;

    check(pipe2(ends, O_CLOEXEC) == 0 && pipe2(ready, O_CLOEXEC) == 0);
    it.pid = fork();
    if (it.pid == 0) {
        close(ends[1]);
        adjust(adjustment);
        bystand(ends[0], ready[1], seed, pages);
    }
    close(ends[0]);
    close(ready[1]);
    check(read(ready[0], &byte, 1) == 1);
    close(ready[0]);
    it.go = ends[1];
    return it;
}

static int bystander_fine(struct bystander it)
{
    int status;

    if (write(it.go, "g", 1) != 1)
        return 0;
    close(it.go);
    return waitpid(it.pid, &status, 0) == it.pid && status == 0;
}

/* ---- who ---- */

static void hog_among_bystanders(void)
{
    struct bystander it[BYSTANDERS];
    long kills;

    for (unsigned i = 0; i < BYSTANDERS; i++)
        it[i] = bystander_start(i, 256, 0);
    kills = read_number("/proc/vmstat", "oom_kill ");
    check(was_killed(start(hog, 0)));
    check(read_number("/proc/vmstat", "oom_kill ") == kills + 1);
    for (unsigned i = 0; i < BYSTANDERS; i++)
        check(bystander_fine(it[i]));
}

static int held[2];

static void hold_little(void)
{
    char *memory = map(MIB);

    memset(memory, 1, MIB);
    check(write(held[1], "h", 1) == 1);
    for (;;)
        pause();
}

static void adjustment_goes_first(void)
{
    pid_t small, large, first;
    int status;
    char byte;

    check(pipe2(held, O_CLOEXEC) == 0);
    small = start(hold_little, 1000);
    check(read(held[0], &byte, 1) == 1);
    large = start(hog, 0);
    first = wait(&status);
    check(first == small && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    check(was_killed(large));
    close(held[0]);
    close(held[1]);
}

/* A protected hog outlives those who hold less, and dies when nobody is left. */
static void protected_goes_last(void)
{
    struct bystander it = bystander_start(1, 512, 0);
    pid_t large = start(hog, -1000), first;
    int status;

    first = wait(&status);
    check(first == it.pid && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    check(was_killed(large));
    close(it.go);
}

static void allocating_task(void)
{
    struct bystander large = bystander_start(2, 2048, 0);
    pid_t asks;

    write_text("/proc/sys/vm/oom_kill_allocating_task", "1");
    asks = start(hog, -999);
    check(was_killed(asks));
    write_text("/proc/sys/vm/oom_kill_allocating_task", "0");
    check(bystander_fine(large));
}

static void score_follows_memory(void)
{
    struct bystander small = bystander_start(3, 64, 0), large = bystander_start(4, 2048, 0);
    char path[64];
    long score[2];

    snprintf(path, sizeof path, "/proc/%d/oom_score", small.pid);
    score[0] = read_number(path, "");
    snprintf(path, sizeof path, "/proc/%d/oom_score", large.pid);
    score[1] = read_number(path, "");
    check(score[0] >= 666 && score[1] > score[0] && score[1] < 1334);
    snprintf(path, sizeof path, "/proc/%d/oom_score_adj", large.pid);
    write_text(path, "-1000");
    snprintf(path, sizeof path, "/proc/%d/oom_score", large.pid);
    check(read_number(path, "") == 0);
    check(bystander_fine(small) && bystander_fine(large));
}

/* ---- hogs that are hard to kill ---- */

static void ignores_everything(void)
{
    sigset_t all;

    for (int signo = 1; signo < 65; signo++)
        signal(signo, SIG_IGN);
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    hog();
}

static void *sleeps(void *argument)
{
    for (;;)
        pause();
    return argument;
}

static void *spins(void *argument)
{
    for (volatile unsigned i = 0;; i++)
        continue;
    return argument;
}

static void many_threads(void)
{
    pthread_t thread;

    for (int i = 0; i < 4; i++)
        pthread_create(&thread, NULL, i % 2 ? spins : sleeps, NULL);
    hog();
}

static int shares(void *argument)
{
    (void)argument;
    for (;;)
        pause();
    return 0;
}

/* Its child is another process with the same memory: it must go too, or nothing comes back. */
static int share_pipe[2];

static void shares_memory(void)
{
    char *stack = map(16 * PAGE);
    pid_t child = clone(shares, stack + 16 * PAGE, CLONE_VM | SIGCHLD, NULL);

    if (child < 0)
        _exit(96);
    close(share_pipe[1]);
    hog();
}

static void vfork_parent(void)
{
    if (vfork() == 0)
        hog();
    _exit(95);
}

static void hard_to_kill(void)
{
    char byte;

    check(was_killed(start(ignores_everything, 0)));
    check(was_killed(start(many_threads, 0)));
    check(pipe(share_pipe) == 0);
    check(was_killed(start(shares_memory, 0)));
    /* The last writer is the process that shared the memory: it is dead when the pipe ends. */
    close(share_pipe[1]);
    check(read(share_pipe[0], &byte, 1) == 0);
    close(share_pipe[0]);
    check(was_killed(start(vfork_parent, 0)));
}

/* ---- memory that is not mapped, or not by touching ---- */

static void reads_into_it(void)
{
    size_t size = TOO_MUCH;
    char *memory = map(size);
    int zero = open("/dev/zero", O_RDONLY);

    for (size_t i = 0; i < size; i += MIB)
        if (read(zero, memory + i, MIB) <= 0)
            _exit(94);
}

static void touches_sparsely(void)
{
    size_t size = sizeof(long) == 8 ? (size_t)(1ull << 44) : TOO_MUCH;
    volatile char *memory = map(size);

    for (size_t i = 0; i < size; i += 2 * MIB)
        (void)memory[i]; /* the zero page; but a page table each */
    /* All tables that there can be are not much with 32 bits. */
    for (size_t i = 0; sizeof(long) == 4 && i < size; i += PAGE)
        memory[i] = 1;
}

static void populates(void)
{
    for (;;)
        mmap(NULL, 4 * MIB, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE | MAP_NORESERVE, -1, 0);
}

static void fills_memfd(void)
{
    static char buffer[65536];
    int file = memfd_create("hog", 0);

    while (write(file, buffer, sizeof buffer) > 0)
        continue;
}

static void fills_pipes(void)
{
    static char buffer[65536];
    int ends[2];

    while (pipe2(ends, O_NONBLOCK) == 0)
        while (write(ends[1], buffer, sizeof buffer) > 0)
            continue;
    hog(); /* no descriptors left before memory was: the rest */
}

static void splits_regions(void)
{
    size_t size = TOO_MUCH / 8;
    char *memory = map(size);

    for (size_t i = 0; i < size; i += 2 * PAGE)
        mprotect(memory + i, PAGE, PROT_READ);
    hog();
}

static void maps_shared(void)
{
    size_t size = TOO_MUCH;
    char *memory =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    for (size_t i = 0; memory != MAP_FAILED && i < size; i += PAGE)
        memory[i] = 1;
}

static void other_ways(void)
{
    static void (*const ways[])(void) = {reads_into_it, touches_sparsely, populates,  fills_memfd,
                                         fills_pipes,   splits_regions,   maps_shared};

    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        struct bystander it = bystander_start(7, 64, 0);

        check(was_killed(start(ways[i], 500)));
        check(bystander_fine(it));
    }
}

/* Files outlive the one who wrote them: he dies, and removing them brings the memory back. */
static void fills_files(void)
{
    static char buffer[65536];
    char path[64];

    for (int i = 0;; i++) {
        int file;

        snprintf(path, sizeof path, "/tmp/oom/%d", i);
        file = open(path, O_WRONLY | O_CREAT, 0600);
        for (int j = 0; j < 64; j++)
            if (write(file, buffer, sizeof buffer) != sizeof buffer)
                hog(); /* the file system is full, memory nearly */
        close(file);
    }
}

static void hog_in_files(void)
{
    struct holdings before = holdings();

    /* Once before it counts: what this program touches stays. */
    for (int i = 0; i < 2; i++) {
        mkdir("/tmp/oom", 0700);
        check(mount("none", "/tmp/oom", "tmpfs", 0, "size=200%") == 0);
        check(was_killed(start(i == 0 ? hog : fills_files, 0)));
        check(i == 0 || holdings().free < before.free / 2);
        check(umount("/tmp/oom") == 0);
        rmdir("/tmp/oom");
        if (i == 0) {
            (void)nothing_lost(&before);
            before = holdings();
        }
    }
    check(nothing_lost(&before));
}

/* ---- many ---- */

static void many_hogs(void)
{
    struct bystander it = bystander_start(5, 128, 0);
    pid_t hogs[8];

    for (int i = 0; i < 8; i++)
        hogs[i] = start(hog, 0);
    for (int i = 0; i < 8; i++)
        check(was_killed(hogs[i]));
    check(bystander_fine(it));
}

static int told;

/* Each has two children and 512 KiB, for ever; who sees one of its own killed tells. */
static void bomb(void)
{
    int status;

    for (;;) {
        pid_t children[2] = {fork(), 0};

        if (children[0] > 0)
            children[1] = fork();
        if (children[0] == 0 || (children[0] > 0 && children[1] == 0)) {
            memset(map(MIB / 2), 1, MIB / 2);
            continue;
        }
        while (wait(&status) > 0)
            if (WIFSIGNALED(status) && write(told, "k", 1) != 1)
                _exit(93);
    }
}

static void fork_bomb(void)
{
    struct bystander it = bystander_start(6, 256, -1000);
    int ends[2], status;
    char byte;
    pid_t first;

    check(pipe(ends) == 0);
    first = fork();
    if (first == 0) {
        setpgid(0, 0);
        adjust(0);
        close(ends[0]);
        told = ends[1];
        bomb();
    }
    setpgid(first, first);
    close(ends[1]);
    for (int i = 0; i < 20; i++)
        check(read(ends[0], &byte, 1) == 1);
    check(kill(-first, SIGKILL) == 0);
    check(waitpid(first, &status, 0) == first);
    while (read(ends[0], &byte, 1) > 0)
        continue; /* until the last of them is gone */
    close(ends[0]);
    check(bystander_fine(it));
}

static int rounds = 50;

/* Two that write to one file: the victim may wait for a lock that the other holds, who needs its
 * memory. */
static int common_file;

static void fills_common(void)
{
    static char buffer[65536];

    while (write(common_file, buffer, sizeof buffer) > 0)
        continue;
    pause();
}

static void common_writers(void)
{
    pid_t writers[3];

    common_file = memfd_create("common", 0);
    for (int i = 0; i < 3; i++)
        writers[i] = start(fills_common, 300 * i);
    for (int i = 0; i < 3; i++)
        check(was_killed(writers[i]));
    close(common_file);
}

/* The victim waits for the file's lock, which the one who needs its memory holds: it cannot die
 * first, and yet its memory is there at once. */
static int ready[2];

static void waits_for_lock(void)
{
    memset(map(24 * MIB), 1, 24 * MIB);
    check(write(ready[1], "r", 1) == 1);
    for (;;)
        if (pwrite(common_file, "x", 1, 0) != 1)
            _exit(92);
}

static void writes_much(void)
{
    _exit(write(common_file, map(40 * MIB), 40 * MIB) == (ssize_t)(40 * MIB) ? 0 : 91);
}

static void held_lock(void)
{
    struct bystander it = bystander_start(9, 64, 0);
    pid_t victim, writer;
    char byte;
    int status;

    common_file = memfd_create("common", 0);
    check(pipe(ready) == 0);
    victim = start(waits_for_lock, 1000);
    check(read(ready[0], &byte, 1) == 1);
    writer = start(writes_much, -900);
    check(was_killed(victim));
    check(waitpid(writer, &status, 0) == writer && status == 0);
    check(bystander_fine(it));
    close(common_file);
    close(ready[0]);
    close(ready[1]);
}

static int recurse(int depth)
{
    volatile char room[16384];

    room[0] = (char)depth;
    return depth < 0 ? 0 : recurse(depth + 1) + room[0];
}

static void deep_stack(void)
{
    setrlimit(RLIMIT_STACK, &(struct rlimit){RLIM_INFINITY, RLIM_INFINITY});
    execl("/proc/self/exe", "oom", "deep", NULL);
}

static void grows_by_remap(void)
{
    size_t size = MIB;
    char *memory = map(size);

    for (;;) {
        memory = mremap(memory, size, 2 * size, MREMAP_MAYMOVE);
        if (memory == MAP_FAILED)
            hog();
        memset(memory + size, 1, size);
        size *= 2;
    }
}

/* Forks and execs for ever, and holds a little more each time. */
static void forks_and_execs(void)
{
    for (;;) {
        pid_t child = fork();

        if (child == 0) {
            execl("/proc/self/exe", "oom", "nothing", NULL);
            _exit(0);
        }
        if (child > 0)
            waitpid(child, NULL, 0);
        memset(map(MIB / 2), 1, MIB / 2);
    }
}

static void locks_it(void)
{
    mlockall(MCL_CURRENT | MCL_FUTURE);
    for (;;)
        map(MIB);
}

static uint64_t state = 20240101;

static unsigned random_below(unsigned n)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (unsigned)((state * 0x2545f4914f6cdd1du) >> 33) % n;
}

/* All kinds at the same time, again and again. */
static void mixture(void)
{
    static void (*const ways[])(void) = {
        hog,           ignores_everything, many_threads,     vfork_parent,
        reads_into_it, populates,          touches_sparsely, fills_memfd,
        fills_pipes,   splits_regions,     maps_shared,      deep_stack,
        locks_it,      grows_by_remap,     forks_and_execs,  grows_by_remap,
    };
    struct bystander it = bystander_start(8, 128, -1000);
    unsigned running = 0;

    printf("seed %llu\n", (unsigned long long)state);
    for (int i = 0; i < 2 * rounds || running > 0;) {
        int status = 0;

        if (i < 2 * rounds && running < 6) {
            start(ways[random_below(sizeof ways / sizeof *ways)], (int)random_below(1500) - 500);
            running++;
            i++;
            continue;
        }
        check(wait(&status) > 0);
        running--;
        if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
            printf("wait status %#x\n", status);
        check(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    }
    check(bystander_fine(it));
}

/* Children of those that were killed: they die as well, and this program is their parent then. */
static void wait_for_orphans(void)
{
    while (wait(NULL) > 0)
        continue;
}

/* Every page is back, and every object of the heap. */
static void again_and_again(void)
{
    static void (*const hogs[])(void) = {hog,       ignores_everything, many_threads, vfork_parent,
                                         populates, fills_memfd,        fills_pipes,  maps_shared};
    size_t kinds = sizeof hogs / sizeof *hogs;
    struct holdings before = holdings();

    prctl(PR_SET_CHILD_SUBREAPER, 1);
    /* Once before it counts: tables of kernel addresses stay. */
    for (int i = -(int)kinds; i < rounds; i++) {
        if (i == 0)
            wait_for_orphans(), before = holdings();
        check(was_killed(start(hogs[(size_t)(i + (int)kinds) % kinds], 0)));
    }
    wait_for_orphans();
    check(nothing_lost(&before));
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "nothing") == 0)
        return 0;
    if (argc > 1 && strcmp(argv[1], "deep") == 0)
        return recurse(0);
    if (argc > 2)
        state = strtoull(argv[2], NULL, 0);
    if (argc > 1)
        rounds = atoi(argv[1]);
    setvbuf(stdout, NULL, _IOLBF, 0);
    proc_directory = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    adjust(-1000);
    run(hog_among_bystanders);
    run(adjustment_goes_first);
    run(protected_goes_last);
    run(allocating_task);
    run(score_follows_memory);
    run(hard_to_kill);
    run(other_ways);
    run(hog_in_files);
    run(many_hogs);
    run(fork_bomb);
    run(common_writers);
    run(held_lock);
    run(mixture);
    run(again_and_again);
    return check_failures != 0;
}
