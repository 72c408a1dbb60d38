/*
 * reclaim WHAT ...: memory that outgrows the machine's, with swap.
 *
 * fill MIB PROCESSES ROUNDS: so many processes share out so much private memory; each writes all of
 * its share, then reads it back and writes anew, so many times.
 *
 * random MIB PAGES: pages in an order by chance, each verified, every other one changed.
 *
 * fork MIB: everything swapped out, then a child that reads all and writes half.
 *
 * threads MIB THREADS: threads of one process on the same memory, each with its own words.
 *
 * lock MIB LOCKED: so much locked memory stays while MIB more is filled.
 *
 * policies MIB: pages in order, with another policy every few.
 *
 * advice: FREE, COLD, PAGEOUT, WILLNEED, locked memory, and what /proc says of it.
 *
 * ahead: pages that went to /dev/vda come back in few reads when they are wanted in order, and
 * hardly one is read in vain when they are not.
 *
 * files FILE: what reading a file of another machine pushes out, by swappiness; POSIX_FADV_DONTNEED
 * of it.
 *
 * whole: all of another process is swapped out; it goes on.
 *
 * trigger MIB: while so much is filled, who asked for it is told of pressure.
 *
 * hog: takes memory until it is killed.
 *
 * "reclaim: N pages are right" at the end. Every word of a page says whose it is, which page, which
 * round.
 */
#define _FILE_OFFSET_BITS 64
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

/* A child's failure is its parent's: it ends with status 1. */
#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            printf("FAILED %s:%d: %s (errno %d)\n", __func__, __LINE__, #condition, errno);        \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

#define PAGE  4096
#define WORDS (PAGE / sizeof(uint64_t))
#define MIB   ((size_t)1 << 20)

#ifndef MADV_COLD
#define MADV_COLD 20
#endif
#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif

static uint64_t word_of(unsigned owner, size_t page, unsigned round, size_t at)
{
    uint64_t word =
        (uint64_t)owner << 56 ^ (uint64_t)round << 48 ^ (uint64_t)page << 12 ^ at ^ 1ull << 63;

    return word * 0x9e3779b97f4a7c15ull;
}

static void write_page(uint64_t *words, unsigned owner, size_t page, unsigned round)
{
    for (size_t at = 0; at < WORDS; at++)
        words[at] = word_of(owner, page, round, at);
}

/* Every byte. */
static bool is_right(const uint64_t *words, unsigned owner, size_t page, unsigned round)
{
    for (size_t at = 0; at < WORDS; at++)
        if (words[at] != word_of(owner, page, round, at))
            return false;
    return true;
}

static uint64_t *map_pages(size_t pages)
{
    uint64_t *words = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    CHECK(words != MAP_FAILED);
    return words;
}

static void verify(const uint64_t *words, size_t pages, unsigned owner, unsigned round)
{
    size_t wrong = 0;

    for (size_t page = 0; page < pages; page++)
        wrong += !is_right(words + page * WORDS, owner, page, round);
    if (wrong > 0)
        printf("%zu of %zu pages of %u are wrong in round %u\n", wrong, pages, owner, round);
    CHECK(wrong == 0);
}

/* All is still mapped: a kernel that was told to proves its records while it is idle. */
static void done(size_t pages)
{
    usleep(300000);
    printf("reclaim: %zu pages are right\n", pages);
    exit(0);
}

/* The value of a line "NAME VALUE" or "NAME:  VALUE kB". */
static long value_in(const char *path, const char *name)
{
    char line[256];
    long value = -1;
    FILE *file = fopen(path, "r");

    CHECK(file != NULL);
    while (fgets(line, sizeof line, file) != NULL) {
        size_t length = strlen(name);

        if (strncmp(line, name, length) == 0 && strchr(": \t", line[length]) != NULL)
            value = strtol(line + length + 1, NULL, 10);
    }
    fclose(file);
    return value;
}

static void write_text(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY);

    CHECK(fd >= 0);
    CHECK(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
}

/* ---- fill ---- */

static void fill_share(unsigned owner, size_t pages, unsigned rounds)
{
    uint64_t *words = map_pages(pages);

    for (size_t page = 0; page < pages; page++)
        write_page(words + page * WORDS, owner, page, 0);
    for (unsigned round = 1; round <= rounds; round++) {
        verify(words, pages, owner, round - 1);
        for (size_t page = 0; page < pages; page++)
            write_page(words + page * WORDS, owner, page, round);
    }
    verify(words, pages, owner, rounds);
}

static void wait_for_all(unsigned processes)
{
    while (processes-- > 0) {
        int status;

        CHECK(wait(&status) > 0);
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
}

static void fill(size_t pages, unsigned processes, unsigned rounds)
{
    for (unsigned owner = 0; owner < processes; owner++) {
        if (fork() == 0) {
            fill_share(owner, pages / processes, rounds);
            exit(0);
        }
    }
    wait_for_all(processes);
    done(pages);
}

/* ---- random ---- */

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static void at_random(size_t pages, size_t steps)
{
    uint64_t *words = map_pages(pages), state = 0x123456789abcdef;
    uint8_t *round = calloc(pages, 1);

    for (size_t page = 0; page < pages; page++)
        write_page(words + page * WORDS, 9, page, 0);
    for (size_t i = 0; i < steps; i++) {
        size_t page = next_random(&state) % pages;

        CHECK(is_right(words + page * WORDS, 9, page, round[page]));
        if (i % 2 == 0)
            write_page(words + page * WORDS, 9, page, ++round[page]);
    }
    done(steps);
}

/* ---- fork ---- */

static void after_fork(size_t pages)
{
    uint64_t *words = map_pages(pages);
    pid_t child;

    for (size_t page = 0; page < pages; page++)
        write_page(words + page * WORDS, 1, page, 0);
    CHECK(madvise(words, pages * PAGE, MADV_PAGEOUT) == 0);
    child = fork();
    if (child == 0) {
        for (size_t page = 0; page < pages; page++) {
            CHECK(is_right(words + page * WORDS, 1, page, 0));
            if (page % 2 == 0)
                write_page(words + page * WORDS, 2, page, 1);
        }
        for (size_t page = 0; page < pages; page++)
            CHECK(is_right(words + page * WORDS, page % 2 == 0 ? 2 : 1, page, page % 2 == 0));
        exit(0);
    }
    for (size_t page = pages; page-- > 0;) {
        CHECK(is_right(words + page * WORDS, 1, page, 0));
        if (page % 3 == 0)
            write_page(words + page * WORDS, 1, page, 3);
    }
    for (size_t page = 0; page < pages; page++)
        CHECK(is_right(words + page * WORDS, 1, page, page % 3 == 0 ? 3 : 0));
    wait_for_all(1);
    done(pages);
}

/* ---- threads ---- */

static struct {
    uint64_t *words;
    size_t pages;
    unsigned threads;
} shared;

/* Word `self` of every page belongs to a thread. */
static void *run_thread(void *argument)
{
    unsigned self = (unsigned)(uintptr_t)argument;
    uintptr_t wrong = 0;

    for (unsigned round = 0; round < 3; round++) {
        for (size_t i = 0; i < shared.pages; i++) {
            size_t page = self % 2 == 0 ? i : shared.pages - 1 - i;
            uint64_t *word = &shared.words[page * WORDS + self];

            wrong += *word != (round == 0 ? 0 : word_of(self, page, round - 1, self));
            *word = word_of(self, page, round, self);
        }
    }
    return (void *)wrong;
}

static void with_threads(size_t pages, unsigned threads)
{
    pthread_t thread[64];

    shared.words = map_pages(pages);
    shared.pages = pages;
    shared.threads = threads;
    for (unsigned i = 0; i < threads; i++)
        CHECK(pthread_create(&thread[i], NULL, run_thread, (void *)(uintptr_t)i) == 0);
    for (unsigned i = 0; i < threads; i++) {
        void *wrong;

        CHECK(pthread_join(thread[i], &wrong) == 0);
        CHECK(wrong == NULL);
    }
    done(pages);
}

/* ---- locked memory ---- */

static unsigned long page_word(const void *address)
{
    uint64_t word = 0;
    int fd = open("/proc/self/pagemap", O_RDONLY);

    CHECK(fd >= 0);
    CHECK(pread(fd, &word, sizeof word, (off_t)((uintptr_t)address / PAGE * 8)) == sizeof word);
    close(fd);
    return (unsigned long)(word >> 56); /* 0x80: present, 0x40: swapped, 0x20: file or shared */
}

#define PRESENT 0x80ul
#define SWAPPED 0x40ul

static size_t count_pages(const uint64_t *words, size_t pages, unsigned long flag)
{
    size_t count = 0;

    for (size_t page = 0; page < pages; page++)
        count += (page_word(words + page * WORDS) & flag) != 0;
    return count;
}

static void stays_locked(size_t pages, size_t locked)
{
    uint64_t *words = map_pages(locked), *future, *mapped;
    struct rusage usage;
    long major;

    CHECK(mlock(words, locked * PAGE) == 0);
    for (size_t page = 0; page < locked; page++)
        write_page(words + page * WORDS, 5, page, 0);
    CHECK(mlockall(MCL_FUTURE) == 0);
    future = map_pages(16);
    CHECK(munlockall() == 0);
    CHECK(mlock(words, locked * PAGE) == 0 && mlock(future, 16 * PAGE) == 0);
    mapped = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED,
                  -1, 0);
    CHECK(mapped != MAP_FAILED);
    memset(mapped, 1, 16 * PAGE);
    fill_share(6, pages, 1);
    getrusage(RUSAGE_SELF, &usage);
    major = usage.ru_majflt;
    CHECK(major > 0);
    CHECK(count_pages(words, locked, PRESENT) == locked);
    CHECK(count_pages(future, 16, PRESENT) == 16 && count_pages(mapped, 16, PRESENT) == 16);
    verify(words, locked, 5, 0);
    done(pages + locked);
}

/* ---- policies ---- */

static void with_policies(size_t pages)
{
    static const char *const names[] = {"fifo", "aging", "wsclock", "random", "tide", "clock"};
    uint64_t *words = map_pages(pages);

    for (unsigned round = 0; round < 3; round++) {
        for (size_t page = 0; page < pages; page++) {
            if (page % (pages / 8) == 0)
                write_text("/proc/sys/vm/policy", names[page / (pages / 8) % 6]);
            if (round > 0)
                CHECK(is_right(words + page * WORDS, 3, page, round - 1));
            write_page(words + page * WORDS, 3, page, round);
        }
    }
    verify(words, pages, 3, 2);
    done(pages);
}

/* ---- advice ---- */

static long rollup(const char *name)
{
    return value_in("/proc/self/smaps_rollup", name);
}

static size_t in_core(const uint64_t *words, size_t pages)
{
    unsigned char vector[1024];
    size_t count = 0;

    CHECK(pages <= sizeof vector);
    CHECK(mincore((void *)(uintptr_t)words, pages * PAGE, vector) == 0);
    for (size_t i = 0; i < pages; i++)
        count += vector[i] & 1;
    return count;
}

#define ADVISED 512

/* Pages that are out stay in the swap cache until they are written. */
static void wait_for_writes(const uint64_t *words, size_t pages)
{
    while (in_core(words, pages) != 0)
        usleep(1000);
}

static void page_out_and_in(void)
{
    uint64_t *words = map_pages(ADVISED);
    long swapped = rollup("Swap");

    for (size_t page = 0; page < ADVISED / 2; page++)
        write_page(words + page * WORDS, 4, page, 0);
    CHECK(in_core(words, ADVISED) == ADVISED / 2);
    CHECK(madvise(words, ADVISED * PAGE, MADV_PAGEOUT) == 0);
    CHECK(count_pages(words, ADVISED, SWAPPED) == ADVISED / 2);
    CHECK(count_pages(words, ADVISED, PRESENT) == 0);
    wait_for_writes(words, ADVISED);
    CHECK(rollup("Swap") - swapped == ADVISED / 2 * 4);
    CHECK(value_in("/proc/self/status", "VmSwap") >= ADVISED / 2 * 4);
    CHECK(madvise(words, ADVISED * PAGE, MADV_WILLNEED) == 0);
    CHECK(in_core(words, ADVISED) == ADVISED / 2);
    CHECK(count_pages(words, ADVISED, SWAPPED) == 0);
    verify(words, ADVISED / 2, 4, 0);
    for (size_t page = ADVISED / 2; page < ADVISED; page++)
        CHECK(words[page * WORDS] == 0);
    CHECK(madvise(words, ADVISED * PAGE, MADV_COLD) == 0);
    verify(words, ADVISED / 2, 4, 0);
    munmap(words, ADVISED * PAGE);
}

/* Pages that were given up, and not written since, go without being written, and are zeros then. */
static void lazily_freed(void)
{
    uint64_t *words = map_pages(ADVISED);
    long out = value_in("/proc/vmstat", "pswpout"), freed = value_in("/proc/vmstat", "pglazyfreed");
    size_t zeros = 0, kept = 0;

    for (size_t page = 0; page < ADVISED; page++)
        write_page(words + page * WORDS, 7, page, 0);
    CHECK(madvise(words, ADVISED * PAGE, MADV_FREE) == 0);
    CHECK(rollup("LazyFree") == ADVISED * 4);
    verify(words, ADVISED, 7, 0); /* still there: nothing is short */
    for (size_t page = 0; page < ADVISED; page += 2)
        words[page * WORDS] = word_of(7, page, 0, 0); /* wanted after all */
    CHECK(rollup("LazyFree") == ADVISED / 2 * 4);
    CHECK(madvise(words, ADVISED * PAGE, MADV_PAGEOUT) == 0);
    CHECK(value_in("/proc/vmstat", "pglazyfreed") - freed == ADVISED / 2);
    CHECK(value_in("/proc/vmstat", "pswpout") - out == ADVISED / 2);
    for (size_t page = 0; page < ADVISED; page++) {
        bool right = is_right(words + page * WORDS, 7, page, 0), zero = true;

        for (size_t at = 0; at < WORDS; at++)
            zero &= words[page * WORDS + at] == 0;
        kept += right;
        zeros += zero;
    }
    CHECK(kept == ADVISED / 2 && zeros == ADVISED / 2);
    munmap(words, ADVISED * PAGE);
}

/* What a slot holds is given up too. */
static void freed_while_out(void)
{
    uint64_t *words = map_pages(ADVISED);

    for (size_t page = 0; page < ADVISED; page++)
        write_page(words + page * WORDS, 8, page, 0);
    CHECK(madvise(words, ADVISED * PAGE, MADV_PAGEOUT) == 0);
    CHECK(count_pages(words, ADVISED, SWAPPED) == ADVISED);
    CHECK(madvise(words, ADVISED * PAGE, MADV_FREE) == 0);
    CHECK(count_pages(words, ADVISED, SWAPPED) == 0);
    for (size_t i = 0; i < ADVISED * WORDS; i++)
        CHECK(words[i] == 0);
    munmap(words, ADVISED * PAGE);
}

/* Nothing that is locked goes, and shared memory does. */
static void locked_and_shared(void)
{
    uint64_t *words = map_pages(ADVISED), *both;

    for (size_t page = 0; page < ADVISED; page++)
        write_page(words + page * WORDS, 2, page, 0);
    CHECK(mlock(words, ADVISED * PAGE) == 0);
    errno = 0;
    CHECK(madvise(words, ADVISED * PAGE, MADV_PAGEOUT) == -1 && errno == EINVAL);
    CHECK(in_core(words, ADVISED) == ADVISED);
    munmap(words, ADVISED * PAGE);
    both = mmap(NULL, ADVISED * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(both != MAP_FAILED);
    for (size_t page = 0; page < ADVISED; page++)
        write_page(both + page * WORDS, 3, page, 0);
    CHECK(madvise(both, ADVISED * PAGE, MADV_PAGEOUT) == 0);
    CHECK(count_pages(both, ADVISED, PRESENT) == 0);
    wait_for_writes(both, ADVISED);
    if (fork() == 0) {
        verify(both, ADVISED, 3, 0);
        exit(0);
    }
    wait_for_all(1);
    verify(both, ADVISED, 3, 0);
}

/* Pages that were called cold have not been used since. */
static void cold(void)
{
    uint64_t *words = map_pages(ADVISED);
    long before = rollup("Referenced");

    for (size_t page = 0; page < ADVISED; page++)
        write_page(words + page * WORDS, 5, page, 0);
    CHECK(rollup("Referenced") - before >= ADVISED * 4);
    CHECK(madvise(words, ADVISED * PAGE, MADV_COLD) == 0);
    CHECK(rollup("Referenced") - before < ADVISED);
    CHECK(count_pages(words, ADVISED, PRESENT) == ADVISED);
    verify(words, ADVISED, 5, 0);
    munmap(words, ADVISED * PAGE);
}

static void advice(void)
{
    page_out_and_in();
    cold();
    lazily_freed();
    freed_while_out();
    locked_and_shared();
    done(ADVISED);
}

/* ---- reading ahead ---- */

/* Reads from /dev/vda so far, and pages that they brought. */
static void disk_reads(long *out_reads, long *out_pages)
{
    char line[256];
    FILE *file = fopen("/proc/diskstats", "r");
    long reads = -1, sectors = 0;

    CHECK(file != NULL);
    while (reads < 0 && fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, "%*u %*u vda %ld %*u %ld", &reads, &sectors) != 2)
            reads = -1;
    fclose(file);
    CHECK(reads >= 0);
    *out_reads = reads;
    *out_pages = sectors / (PAGE / 512);
}

static void read_ahead(void)
{
    const size_t pages = 1024, some = 128;
    uint64_t *words = map_pages(pages);
    long reads, brought, later_reads, later_brought;

    for (size_t page = 0; page < pages; page++)
        write_page(words + page * WORDS, 6, page, 0);
    CHECK(madvise(words, pages * PAGE, MADV_PAGEOUT) == 0);
    wait_for_writes(words, pages);
    disk_reads(&reads, &brought);
    verify(words, pages, 6, 0);
    disk_reads(&later_reads, &later_brought);
    printf("in order: %ld reads, %ld pages\n", later_reads - reads, later_brought - brought);
    CHECK(later_brought - brought >= (long)pages && later_reads - reads <= (long)pages / 16);

    CHECK(madvise(words, pages * PAGE, MADV_PAGEOUT) == 0);
    wait_for_writes(words, pages);
    disk_reads(&reads, &brought);
    for (size_t i = 0; i < some; i++) /* all different, and never the next one */
        CHECK(is_right(words + (i * 197 + 31) % pages * WORDS, 6, (i * 197 + 31) % pages, 0));
    disk_reads(&later_reads, &later_brought);
    printf("jumping: %ld reads, %ld pages\n", later_reads - reads, later_brought - brought);
    CHECK(later_brought - brought >= (long)some && later_brought - brought <= (long)some * 5 / 4);
    verify(words, pages, 6, 0);
    done(pages);
}

/* ---- a file's pages and private ones ---- */

static void read_all(int fd, size_t size)
{
    static char buffer[1 << 16];

    for (size_t at = 0; at < size; at += sizeof buffer)
        CHECK(pread(fd, buffer, sizeof buffer, (off_t)at) == sizeof buffer);
}

/* How many pages were swapped out while the file was read. */
static long pushed_out(int fd, size_t size, const char *swappiness)
{
    const size_t pages = 20 * MIB / PAGE;
    uint64_t *words = map_pages(pages);
    long out;

    write_text("/proc/sys/vm/swappiness", swappiness);
    for (size_t page = 0; page < pages; page++)
        write_page(words + page * WORDS, 7, page, 0);
    out = value_in("/proc/vmstat", "pswpout");
    for (unsigned round = 0; round < 3; round++)
        read_all(fd, size);
    out = value_in("/proc/vmstat", "pswpout") - out;
    printf("swappiness %s: %ld pages went out\n", swappiness, out);
    verify(words, pages, 7, 0);
    munmap(words, pages * PAGE);
    return out;
}

static void files(const char *path)
{
    const size_t size = 64 * MIB, part = 2 * MIB;
    int fd = open(path, O_RDONLY);
    uint64_t *mapped;
    long willing, unwilling;

    CHECK(fd >= 0);
    willing = pushed_out(fd, size, "100");
    unwilling = pushed_out(fd, size, "0");
    CHECK(willing > 0 && unwilling * 4 < willing);
    mapped = mmap(NULL, part, PROT_READ, MAP_SHARED, fd, 0);
    CHECK(mapped != MAP_FAILED);
    read_all(fd, part);
    CHECK(in_core(mapped, part / PAGE) == part / PAGE);
    CHECK(posix_fadvise(fd, 0, (off_t)part / 2, POSIX_FADV_DONTNEED) == 0);
    CHECK(in_core(mapped, part / PAGE) == part / 2 / PAGE);
    done(size / PAGE);
}

/* ---- a whole process ---- */

static void whole_process(void)
{
    int to_child[2], to_parent[2];
    char path[64], byte = 0;
    pid_t child;
    long swapped;

    CHECK(pipe(to_child) == 0 && pipe(to_parent) == 0);
    child = fork();
    if (child == 0) {
        uint64_t *words = map_pages(ADVISED);

        for (size_t page = 0; page < ADVISED; page++)
            write_page(words + page * WORDS, 1, page, 0);
        CHECK(write(to_parent[1], &byte, 1) == 1);
        CHECK(read(to_child[0], &byte, 1) == 1);
        verify(words, ADVISED, 1, 0);
        exit(0);
    }
    CHECK(read(to_parent[0], &byte, 1) == 1);
    snprintf(path, sizeof path, "/proc/%d/reclaim", child);
    write_text(path, "all");
    snprintf(path, sizeof path, "/proc/%d/status", child);
    swapped = value_in(path, "VmSwap");
    printf("%ld KiB of it are swapped out\n", swapped);
    CHECK(swapped >= ADVISED * 4);
    CHECK(write(to_child[1], &byte, 1) == 1);
    wait_for_all(1);
    done(ADVISED);
}

/* ---- who wants to know of pressure ---- */

static int try_trigger(int fd, const char *text)
{
    return write(fd, text, strlen(text) + 1) == (ssize_t)strlen(text) + 1 ? 0 : errno;
}

static void trigger(size_t pages)
{
    int fd = open("/proc/pressure/memory", O_RDWR | O_NONBLOCK);
    struct pollfd wanted = {.fd = fd, .events = POLLPRI};
    pid_t child;

    CHECK(fd >= 0);
    CHECK(try_trigger(fd, "some 1000 1000") == EINVAL);        /* too short a window */
    CHECK(try_trigger(fd, "some 1000001 1000000") == EINVAL);  /* longer than the window */
    CHECK(try_trigger(fd, "some 1000000 11000000") == EINVAL); /* too long a window */
    CHECK(try_trigger(fd, "none 100000 1000000") == EINVAL);
    CHECK(poll(&wanted, 1, 0) == 1 && (wanted.revents & POLLERR));
    CHECK(try_trigger(fd, "some 20000 1000000") == 0);
    CHECK(try_trigger(fd, "some 20000 1000000") == EBUSY);
    CHECK(poll(&wanted, 1, 0) == 0); /* nothing is short */
    child = fork();
    if (child == 0) {
        fill_share(1, pages, 1);
        exit(0);
    }
    CHECK(poll(&wanted, 1, -1) == 1 && (wanted.revents & POLLPRI));
    wait_for_all(1);
    close(fd);
    done(pages);
}

/* ---- memory until killed ---- */

static void hog(void)
{
    for (size_t chunk = 0;; chunk++) {
        uint64_t *words = map_pages(256);

        for (size_t page = 0; page < 256; page++)
            write_page(words + page * WORDS, 1, page, (unsigned)chunk & 0xff);
    }
}

int main(int count, char **arguments)
{
    size_t first = count > 2 ? strtoul(arguments[2], NULL, 0) : 0;
    size_t second = count > 3 ? strtoul(arguments[3], NULL, 0) : 0;
    unsigned third = count > 4 ? (unsigned)strtoul(arguments[4], NULL, 0) : 0;
    const char *what = count > 1 ? arguments[1] : "";

    setvbuf(stdout, NULL, _IOLBF, 0);
    if (strcmp(what, "fill") == 0)
        fill(first * MIB / PAGE, (unsigned)second, third);
    else if (strcmp(what, "random") == 0)
        at_random(first * MIB / PAGE, second);
    else if (strcmp(what, "fork") == 0)
        after_fork(first * MIB / PAGE);
    else if (strcmp(what, "threads") == 0)
        with_threads(first * MIB / PAGE, (unsigned)second);
    else if (strcmp(what, "lock") == 0)
        stays_locked(first * MIB / PAGE, second * MIB / PAGE);
    else if (strcmp(what, "policies") == 0)
        with_policies(first * MIB / PAGE);
    else if (strcmp(what, "advice") == 0)
        advice();
    else if (strcmp(what, "ahead") == 0)
        read_ahead();
    else if (strcmp(what, "files") == 0)
        files(count > 2 ? arguments[2] : "");
    else if (strcmp(what, "whole") == 0)
        whole_process();
    else if (strcmp(what, "trigger") == 0)
        trigger(first * MIB / PAGE);
    else if (strcmp(what, "hog") == 0)
        hog();
    printf("reclaim: what?\n");
    return 2;
}
