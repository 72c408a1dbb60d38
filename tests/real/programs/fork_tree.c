/*
 * A tree of processes: six generations of forks, three children each, 1,093 processes that are
 * there at the same time. Each finds its parent's bytes on every page, writes its own everywhere
 * (heap, data, stack, a private mapping of a file, shared memory), forks, writes again while its
 * children run, and finds at its end that nobody else wrote to it. When the tree is gone, so is its
 * memory.
 */
#define _GNU_SOURCE
#include "check.h"
#include "memory_use.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define DEPTH      6
#define FAN_OUT    3
#define NODES      1093 /* (3^7 - 1) / 2 */
#define PAGE       4096u
#define HEAP_PAGES 32
#define FILE_PAGES 8
#define DATA_PAGES 8

struct shared {
    atomic_uint born, wrong, ended;
    atomic_uint writes[NODES]; /* each node's own */
};

static struct shared *shared;
static unsigned char data[DATA_PAGES * PAGE] = {1}; /* in the data segment, not in bss */
static unsigned char *heap, *file;

/* A node's bytes on page i in its first or second writing. */
static uint64_t value(unsigned node, unsigned i, unsigned writing)
{
    return ((uint64_t)node << 32 | i << 1 | writing) * 0x9e3779b97f4a7c15ull;
}

static uint64_t *word_of(unsigned char *base, unsigned i)
{
    return (uint64_t *)(base + i * PAGE + i % (PAGE / 8) * 8);
}

static void write_all(unsigned char *stack, unsigned node, unsigned writing)
{
    unsigned i;

    for (i = 0; i < HEAP_PAGES; i++)
        *word_of(heap, i) = value(node, i, writing);
    for (i = 0; i < DATA_PAGES; i++)
        *word_of(data, i) = value(node, 100 + i, writing);
    for (i = 0; i < FILE_PAGES; i++)
        *word_of(file, i) = value(node, 200 + i, writing);
    *word_of(stack, 0) = value(node, 300, writing);
}

static unsigned wrong_words(unsigned char *stack, unsigned node, unsigned writing)
{
    unsigned i, wrong = 0;

    for (i = 0; i < HEAP_PAGES; i++)
        wrong += *word_of(heap, i) != value(node, i, writing);
    for (i = 0; i < DATA_PAGES; i++)
        wrong += *word_of(data, i) != value(node, 100 + i, writing);
    for (i = 0; i < FILE_PAGES; i++)
        wrong += *word_of(file, i) != value(node, 200 + i, writing);
    wrong += *word_of(stack, 0) != value(node, 300, writing);
    return wrong;
}

/* Which writing of the parent's a child sees depends on nothing: it was the first when it forked.
 */
static void grow(unsigned char *stack, unsigned node, unsigned depth)
{
    unsigned i;

    atomic_fetch_add(&shared->born, 1);
    write_all(stack, node, 0);
    for (i = 1; depth < DEPTH && i <= FAN_OUT; i++) {
        unsigned child = node * FAN_OUT + i;
        pid_t pid = fork();

        if (pid == 0) {
            atomic_fetch_add(&shared->wrong, wrong_words(stack, node, 0));
            grow(stack, child, depth + 1);
            _exit(0);
        }
        if (pid < 0)
            atomic_fetch_add(&shared->wrong, 1000);
    }
    write_all(stack, node, 1);
    atomic_fetch_add(&shared->writes[node], node + 1);
    /* Nobody ends before all are born: the whole tree is there at once. */
    while (depth == DEPTH && atomic_load(&shared->born) < NODES && atomic_load(&shared->wrong) == 0)
        usleep(1000);
    for (;;) {
        int status;
        pid_t pid = wait(&status);

        if (pid < 0 && errno == EINTR)
            continue;
        if (pid < 0)
            break;
        atomic_fetch_add(&shared->wrong, status != 0);
    }
    atomic_fetch_add(&shared->wrong, wrong_words(stack, node, 1));
    atomic_fetch_add(&shared->ended, 1);
}

static void tree(void)
{
    unsigned char stack[PAGE];
    unsigned i, missing = 0;

    memset(shared, 0, sizeof(*shared));
    grow(stack, 0, 0);
    check(atomic_load(&shared->born) == NODES);
    check(atomic_load(&shared->ended) == NODES);
    check(atomic_load(&shared->wrong) == 0);
    for (i = 0; i < NODES; i++)
        missing += atomic_load(&shared->writes[i]) != i + 1;
    check(missing == 0);
}

/* Frames may come back a little later than the processes' ends; what never comes is a leak. */
static bool comes_back(long before)
{
    struct timespec start, now;

    clock_gettime(CLOCK_MONOTONIC, &start);
    do {
        if (machine_free() >= before - 4096)
            return true;
        usleep(10000);
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while (now.tv_sec - start.tv_sec < 20);
    printf("%ld KiB free before, %ld after\n", before, machine_free());
    return false;
}

int main(void)
{
    char name[] = "/tmp/fork-tree-XXXXXX";
    int fd = mkstemp(name);
    long before;

    shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    heap = aligned_alloc(PAGE, HEAP_PAGES * PAGE);
    if (shared == MAP_FAILED || heap == NULL || fd < 0 || ftruncate(fd, FILE_PAGES * PAGE) != 0)
        return 2;
    unlink(name);
    file = mmap(NULL, FILE_PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    if (file == MAP_FAILED)
        return 2;
    run(tree); /* once to warm up: what a kernel keeps for reuse is no loss */
    before = machine_free();
    run(tree);
    check(comes_back(before));
    printf("memory is back: %s\n", check_failures == 0 ? "ok" : "FAILED");
    return check_failures != 0;
}
