/*
 * A file sorted in place through a shared mapping: eight threads sort a part each, then merge in
 * pairs by way of an anonymous mapping that comes and goes. The result is read back with pread, by
 * another process through a mapping of its own, and must be what the file said plus order.
 */
#define _GNU_SOURCE
#include "check.h"
#include "random.h"

#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define COUNT   (1u << 19)
#define THREADS 8u
#define PART    (COUNT / THREADS)

static uint64_t *words;
static pthread_barrier_t barrier;

static int by_size(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

    return (a > b) - (a < b);
}

/* The left half goes elsewhere; then both come back in order. */
static void merge(uint64_t *at, size_t half)
{
    uint64_t *left =
        mmap(NULL, half * 8, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uint64_t *right = at + half, *end = right + half, *from = left;

    if (left == MAP_FAILED) {
        check(!"memory to merge");
        exit(1);
    }
    memcpy(left, at, half * 8);
    while (from < left + half) {
        if (right < end && *right < *from)
            *at++ = *right++;
        else
            *at++ = *from++;
    }
    munmap(left, half * 8);
}

static void *work(void *argument)
{
    size_t self = (uintptr_t)argument, parts;

    qsort(words + self * PART, PART, 8, by_size);
    for (parts = 1; parts < THREADS; parts *= 2) {
        pthread_barrier_wait(&barrier);
        if (self % (2 * parts) == 0)
            merge(words + self * PART, parts * PART);
    }
    return NULL;
}

static bool in_order(const uint64_t *at, uint64_t *sum)
{
    size_t i;

    *sum = at[0];
    for (i = 1; i < COUNT; i++) {
        if (at[i - 1] > at[i])
            return false;
        *sum += at[i];
    }
    return true;
}

int main(void)
{
    char name[] = "/tmp/sort-XXXXXX";
    uint64_t state = random_state(11), sum = 0, found;
    pthread_t threads[THREADS];
    uint64_t *copy = malloc(COUNT * 8);
    int fd = mkstemp(name), status;
    size_t i;

    if (copy == NULL || fd < 0)
        return 2;
    for (i = 0; i < COUNT; i++) {
        copy[i] = random_next(&state) >> 8;
        sum += copy[i];
    }
    check(write(fd, copy, COUNT * 8) == (ssize_t)(COUNT * 8));
    memset(copy, 0, COUNT * 8);
    words = mmap(NULL, COUNT * 8, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (words == MAP_FAILED)
        return 2;
    pthread_barrier_init(&barrier, NULL, THREADS);
    for (i = 0; i < THREADS; i++)
        check(pthread_create(&threads[i], NULL, work, (void *)i) == 0);
    for (i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    check(pread(fd, copy, COUNT * 8, 0) == (ssize_t)(COUNT * 8));
    check(in_order(copy, &found) && found == sum);
    if (fork() == 0) {
        int other = open(name, O_RDONLY);
        uint64_t *mapped = mmap(NULL, COUNT * 8, PROT_READ, MAP_PRIVATE, other, 0);

        _exit(mapped == MAP_FAILED || !in_order(mapped, &found) || found != sum);
    }
    check(wait(&status) > 0 && status == 0);
    unlink(name);
    printf("%u words, sum %016" PRIx64 ": %s\n", COUNT, sum,
           check_failures == 0 ? "sorted" : "FAILED");
    return check_failures != 0;
}
