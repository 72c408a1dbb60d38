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
#include "../boot/programs/holdings.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A leak in one of a hundred programs is more than this before a run is over. */
static const struct holdings_slack slack = {.kib = 64, .blocks = 4};

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

/* What /proc/PID/stat says of a process; 0: it is gone. */
static ssize_t read_stat(int pid, char *text, size_t size)
{
    char name[64];
    ssize_t length;
    int file;

    snprintf(name, sizeof name, "%d/stat", pid);
    file = openat(proc, name, O_RDONLY);
    length = read(file, text, size - 1);
    close(file);
    text[length > 0 ? length : 0] = 0;
    return length > 0 ? length : 0;
}

static void show_processes(void)
{
    DIR *directory = fdopendir(openat(proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    char text[512];

    for (struct dirent *entry; directory && (entry = readdir(directory));)
        if (atoi(entry->d_name) > 0 && read_stat(atoi(entry->d_name), text, sizeof text) > 0)
            printf("process %s", text);
    if (directory)
        closedir(directory);
}

/* The children of this process, which all of a round's processes become; each gets the signal. */
static unsigned signal_children(int signo)
{
    DIR *directory = fdopendir(openat(proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    unsigned count = 0;

    for (struct dirent *entry; directory && (entry = readdir(directory));) {
        char text[512], *rest;
        int pid = atoi(entry->d_name), parent = 0;

        if (pid <= 0 || pid == keeper || read_stat(pid, text, sizeof text) == 0)
            continue;
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
            show_processes();
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

/* What the root file system has below its mounts, too: there programs leave files that unmounted
 * /dev or /proc. */
#define ROOT_VIEW "/root_view"
#define OWN_PROC  "/own_proc"

/* What was in the root file system and in /dev at the start: programs find any folder there. */
static struct {
    struct original {
        dev_t device;
        ino_t inode;
    } * one;
    size_t count;
} originals;

static int remember_one(const char *path, const struct stat *state, int type, struct FTW *at)
{
    struct original *more = realloc(originals.one, (originals.count + 1) * sizeof *more);

    (void)path, (void)type, (void)at;
    if (more == NULL)
        return -1;
    originals.one = more;
    originals.one[originals.count++] = (struct original){state->st_dev, state->st_ino};
    return 0;
}

static void show_root(void)
{
    mkdir(ROOT_VIEW, 0755);
    if (mount("/", ROOT_VIEW, NULL, MS_BIND, NULL) != 0 ||
        nftw(ROOT_VIEW, remember_one, 16, FTW_PHYS | FTW_MOUNT) != 0 ||
        nftw("/dev", remember_one, 16, FTW_PHYS | FTW_MOUNT) != 0)
        complain("view of the root", errno);
}

/* Mounts that were not there at the start, whatever they are, the last first: only the first at
 * each of these places was. Blanks in names are told as \\040, and the programs use none. */
static void remove_mounts(void)
{
    static const char *const known[] = {"/", "/dev", "/proc", "/sys", ROOT_VIEW};

    for (bool any = true; any;) {
        char line[512], place[256], last[256] = "";
        unsigned seen[sizeof known / sizeof *known] = {0};
        FILE *file = fdopen(openat(proc, "self/mounts", O_RDONLY | O_CLOEXEC), "r");

        while (file && fgets(line, sizeof line, file)) {
            bool first = false;

            if (sscanf(line, "%*s %255s", place) != 1)
                continue;
            for (unsigned i = 0; i < sizeof known / sizeof *known; i++)
                first |= strcmp(place, known[i]) == 0 && seen[i]++ == 0;
            if (!first)
                strcpy(last, place);
        }
        if (file)
            fclose(file);
        any = last[0] != 0 && umount2(last, MNT_DETACH) == 0;
    }
    /* Those may have become read-only. */
    for (unsigned i = 0; i < sizeof known / sizeof *known; i++) {
        mount(NULL, known[i], NULL, MS_REMOUNT, NULL);
        mount(NULL, known[i], NULL, MS_REMOUNT | MS_BIND, NULL);
    }
    /* One that was taken out of the tree after that stays so: another view of processes then. */
    if (faccessat(proc, "sys/vm/drop_caches", W_OK, 0) != 0 && errno == EROFS) {
        mkdir(OWN_PROC, 0755);
        if (mount("proc", OWN_PROC, "proc", 0, NULL) != 0)
            complain("another /proc", errno);
        close(proc);
        proc = open(OWN_PROC, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        umount2(OWN_PROC, MNT_DETACH);
        rmdir(OWN_PROC);
    }
}

static int remove_new(const char *path, const struct stat *state, int type, struct FTW *at)
{
    (void)at;
    for (size_t i = 0; i < originals.count; i++)
        if (originals.one[i].inode == state->st_ino && originals.one[i].device == state->st_dev)
            return 0;
    (void)(type == FTW_DP ? rmdir(path) : unlink(path));
    return 0;
}

/* By this program alone: /bin/sh is one of the files that the others may have spoilt. */
static void remove_files(void)
{
    if (chdir("/") != 0)
        complain("chdir", errno);
    remove_mounts();
    nftw(ROOT_VIEW, remove_new, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
    nftw("/dev", remove_new, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

static void make_directory(void)
{
    mkdir(DIRECTORY, 0777);
    chmod(DIRECTORY, 0777);
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

/* The keeper's own limits, which programs of the same user may have lowered. */
static struct rlimit limits[RLIM_NLIMITS];

static void remember_limits(void)
{
    for (int i = 0; i < RLIM_NLIMITS; i++)
        getrlimit((__rlimit_resource_t)i, &limits[i]);
}

static void restore_limits(void)
{
    for (int i = 0; i < RLIM_NLIMITS; i++)
        if (setrlimit((__rlimit_resource_t)i, &limits[i]) != 0)
            complain("limit that cannot be set back", i);
}

/* Lets the machine be idle: a kernel that was told to checks its records then. */
static void rest(void)
{
    restore_limits();
    usleep(300000);
}

/* The kernel holds no more memory and no more objects than before. */
static void lost_nothing(const struct holdings *before, struct holdings *now)
{
    unsigned grown = holdings_grown_at_rest(proc, before, now, &slack, 100);

    if (grown) {
        complain("kinds of things that the kernel keeps", grown);
        show_processes();
    }
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
    restore_limits();
    remove_segments();
}

static void rounds(uint64_t state, unsigned count, long milliseconds)
{
    struct holdings before, after;

    printf("seed %llu, %u rounds of %ld ms\n", (unsigned long long)state, count, milliseconds);
    one_round(state, 0, milliseconds); /* what is allocated once is there before the measurement */
    remove_files();
    rest();
    holdings_read(proc, &before);
    for (unsigned i = 0; i < count && failures == 0; i++) {
        uint64_t seed = next_random(&state);

        if (verbose)
            printf("round %u: %llu\n", i, (unsigned long long)seed);
        one_round(seed, 4000, milliseconds);
        if (i % 8 == 7)
            rest();
    }
    remove_files();
    rest();
    still_works();
    lost_nothing(&before, &after);
    printf("memory: %ld KiB free before, %ld after\n", before.free, after.free);
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
    restore_limits();
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

static void swarm(uint64_t state, unsigned programs)
{
    struct holdings before = {0}, now;
    long began = now_ms();
    unsigned done = 0;

    printf("seed %llu, %u programs\n", (unsigned long long)state, programs);
    make_directory();
    for (unsigned i = 1; done < programs && failures == 0; i++) {
        unsigned count = programs - done < WAVE ? programs - done : WAVE;

        wave(&state, count);
        done += count;
        /* What is allocated once is there after the first waves. */
        if (i != WAVES_SETTLED / 4 && i % WAVES_SETTLED != 0 && done < programs)
            continue;
        remove_segments();
        remove_files();
        rest();
        still_works();
        if (before.count == 0)
            holdings_read(proc, &before), now = before;
        else
            lost_nothing(&before, &now);
        make_directory();
        printf("%u programs, %ld ms, %ld KiB free\n", done, now_ms() - began, now.free);
    }
    for (unsigned i = 0; i < 128; i++)
        if (ends[i])
            printf("%u ended by %s\n", ends[i], i ? strsignal((int)i) : "exit");
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
    remember_limits();
    if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0)
        complain("subreaper", errno);
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    grammar_start();
    show_root();
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
