/*
 * Starts hostile processes and ends them; after all of them the machine must be as it was.
 *
 *   random_calls run   [SEED [ROUNDS [MILLISECONDS]]]
 *   random_calls swarm [SEED [PROGRAMS [PROFILE]]]
 *   random_calls one   SEED
 *
 * A round is a succession of pairs of long-lived processes, killed when its time is over. A swarm
 * is many short programs, a few at a time, each a fresh process with a seed and a profile of its
 * own; "one" runs a single program of a swarm.
 *
 * The keeper, this program's first process, is the subreaper of all of them, so that none escapes.
 * It verifies that every process is gone, that the memory is free again, that the kernel keeps no
 * more objects than before, and that a new process can still map, write and read.
 */
#define _GNU_SOURCE
#include "hostile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int verbose;
int keeper;

static int proc; /* held open: a round may unmount what it finds */

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

static void make_directory(void)
{
    mkdir(DIRECTORY, 0777);
    chmod(DIRECTORY, 0777);
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
    make_directory();
    while (now_ms() < end) {
        pid_t gone = 0, first;

        if (running < 2) {
            uint64_t own = next_random(&seed);

            first = fork();
            if (first == 0) {
                sigprocmask(SIG_UNBLOCK, &all, NULL);
                play_program(own, PROFILE_ALL, calls);
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

static void rounds(uint64_t state, unsigned count, long milliseconds)
{
    long before, after;

    printf("seed %lu, %u rounds of %ld ms\n", state, count, milliseconds);
    one_round(state, 0, milliseconds); /* what is allocated once is there before the measurement */
    remove_files();
    before = meminfo("MemFree:");
    for (unsigned i = 0; i < count && failures == 0; i++) {
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
}

/* ---- a swarm ---- */

#define WAVE          16
#define WAVE_MS       300
#define WAVES_SETTLED 32

static int only_profile = -1; /* or the one that all programs have */
static unsigned ends[128];    /* programs by how they ended: signal, 0 for an exit */

static void swarm_program(uint64_t seed)
{
    static const enum profile profiles[] = {PROFILE_ALL,  PROFILE_MEMORY, PROFILE_MEMORY,
                                            PROFILE_CODE, PROFILE_CODE,   PROFILE_RACE,
                                            PROFILE_RACE, PROFILE_RACE};
    uint64_t state = seed;
    uint64_t choice = next_random(&state);

    play_program(seed, only_profile < 0 ? profiles[choice % 8] : (enum profile)only_profile,
                 10 + (unsigned)(choice >> 8) % 120);
}

/* Nothing that a program started survives: this process alone is spared, and process 1. */
static void end_wave(void)
{
    struct timespec piece = {0, 5000000};
    sigset_t children;
    long end = now_ms() + 20000;
    pid_t gone;

    sigemptyset(&children);
    sigaddset(&children, SIGCHLD);
    do {
        kill(-1, SIGKILL);
        while ((gone = waitpid(-1, NULL, WNOHANG | __WALL)) > 0)
            continue;
        if (gone == 0)
            sigtimedwait(&children, NULL, &piece);
    } while (gone == 0 && now_ms() < end);
    if (gone == 0)
        wait_for_all(); /* which says what is left */
}

/* A few programs at a time; those that sleep or spin for too long are killed. */
static void wave(uint64_t *state, unsigned count)
{
    struct timespec piece = {0, 5000000};
    pid_t programs[WAVE], gone;
    unsigned running = 0;
    sigset_t children, all;
    long end;
    int status;

    sigemptyset(&children);
    sigaddset(&children, SIGCHLD);
    sigfillset(&all);
    for (unsigned i = 0; i < count; i++) {
        uint64_t seed = next_random(state);

        programs[i] = fork();
        if (programs[i] == 0) {
            sigprocmask(SIG_UNBLOCK, &all, NULL);
            swarm_program(seed);
        }
        if (programs[i] < 0)
            complain("fork", errno);
        else
            running++;
    }
    end = now_ms() + WAVE_MS;
    while (running > 0 && now_ms() < end) {
        while ((gone = waitpid(-1, &status, WNOHANG | __WALL)) > 0)
            for (unsigned i = 0; i < count; i++)
                if (programs[i] == gone) {
                    ends[WTERMSIG(status)]++;
                    running--;
                }
        if (gone < 0)
            break;
        sigtimedwait(&children, NULL, &piece);
    }
    ends[SIGKILL] += running;
    end_wave();
}

struct caches {
    unsigned count;
    struct {
        char name[32];
        long objects;
    } all[64];
};

static void read_caches(struct caches *caches)
{
    char line[256];
    FILE *file = fdopen(openat(proc, "slabinfo", O_RDONLY), "r");

    caches->count = 0;
    while (file && caches->count < 64 && fgets(line, sizeof line, file)) {
        char *space = strstr(line, "  ");

        if (!space || line[0] == '#')
            continue;
        *space = 0;
        snprintf(caches->all[caches->count].name, sizeof caches->all[0].name, "%.31s", line);
        caches->all[caches->count++].objects = atol(space + 1);
    }
    if (file)
        fclose(file);
}

static void compare_caches(const struct caches *before, const struct caches *after)
{
    for (unsigned i = 0; i < after->count; i++)
        for (unsigned k = 0; k < before->count; k++) {
            long more = after->all[i].objects - before->all[k].objects;

            if (strcmp(after->all[i].name, before->all[k].name) == 0 && more > 0)
                printf("cache %s: %ld, then %ld\n", after->all[i].name, before->all[k].objects,
                       after->all[i].objects);
        }
}

static void swarm(uint64_t state, unsigned programs)
{
    struct caches before = {0}, after;
    long free_before = 0, free_now = 0, began = now_ms();
    unsigned done = 0;

    printf("seed %lu, %u programs\n", state, programs);
    make_directory();
    for (unsigned i = 1; done < programs && failures == 0; i++) {
        unsigned count = programs - done < WAVE ? programs - done : WAVE;

        wave(&state, count);
        done += count;
        if (i % WAVES_SETTLED != 0 && done < programs)
            continue;
        remove_segments();
        remove_files();
        rest();
        still_works();
        make_directory();
        free_now = meminfo("MemFree:");
        read_caches(&after);
        if (free_before == 0) {
            free_before = free_now;
            before = after;
        }
        printf("%u programs, %ld ms, %ld KiB free\n", done, now_ms() - began, free_now);
    }
    for (unsigned i = 0; i < 128; i++)
        if (ends[i])
            printf("%u ended by %s\n", ends[i], i ? strsignal((int)i) : "exit");
    compare_caches(&before, &after);
}

int main(int argc, char **argv)
{
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
    unsigned count = argc > 3 ? (unsigned)atoi(argv[3]) : 0;
    sigset_t all;

    /* Its own processes execute it with any arguments: those must not start all over again. */
    if (argc < 2 || strcmp(argv[1], "end") == 0)
        return 0;
    verbose = getenv("RANDOM_CALLS_VERBOSE") != NULL;
    setvbuf(stdout, NULL, _IOLBF, 0);
    keeper = getpid();
    proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0)
        complain("subreaper", errno);
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    grammar_start();
    if (strcmp(argv[1], "run") == 0)
        rounds(seed, count ? count : 8, argc > 4 ? atol(argv[4]) : 400);
    else if (strcmp(argv[1], "swarm") == 0) {
        only_profile = argc > 4 ? atoi(argv[4]) : -1;
        swarm(seed, count ? count : 2000);
    } else if (strcmp(argv[1], "one") == 0) {
        make_directory();
        sigprocmask(SIG_UNBLOCK, &all, NULL);
        swarm_program(seed);
    } else
        return 0;
    rest();
    printf("%s\n", failures ? "FAILED" : "the machine is as it was");
    return failures != 0;
}
