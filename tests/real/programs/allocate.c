/*
 * Threads that allocate, resize and free blocks of random sizes, each other's too, and verify what
 * is in them. Sizes are spread evenly over their logarithm, from 1 byte to 1 MiB. When all is freed
 * and the allocator was asked to give memory back, little of it may stay resident: this is where
 * MADV_DONTNEED, MADV_FREE, munmap and the end of a heap are used.
 *
 *   allocate [SEED [STEPS]]
 */
#define _GNU_SOURCE
#include "check.h"
#include "memory_use.h"
#include "random.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>

#if defined ALLOCATOR_GLIBC
#include <malloc.h>
#elif defined ALLOCATOR_JEMALLOC
#include <jemalloc/jemalloc.h>
#elif defined ALLOCATOR_MIMALLOC
#include <mimalloc.h>
#define malloc  mi_malloc
#define calloc  mi_calloc
#define realloc mi_realloc
#define free    mi_free
#endif

/* mimalloc rounds sizes up to its classes; on 32 bits these are not all multiples of 16. */
#if defined ALLOCATOR_MIMALLOC
#define ALIGNMENT (2 * sizeof(void *))
#else
#define ALIGNMENT alignof(max_align_t)
#endif

#define THREADS      8
#define SLOTS        512
#define SIZE_BITS    20
#define LARGEST_KEPT (32u << 20) /* blocks above 64 KiB are freed at once beyond this */

struct block {
    unsigned char *bytes;
    size_t size;
    uint64_t seed;
};

struct slot {
    pthread_mutex_t lock;
    struct block block;
};

static struct slot slots[SLOTS];
static atomic_size_t kept;
static atomic_int wrong;
static uint64_t seed = 1;
static unsigned steps = 1000;

/* Word i of a block's contents. */
static uint64_t pattern(uint64_t block_seed, size_t i)
{
    return (block_seed + i) * 0x9e3779b97f4a7c15ull;
}

static void fill(const struct block *block)
{
    size_t i, words = block->size / 8;

    for (i = 0; i < words; i++) {
        uint64_t word = pattern(block->seed, i);

        memcpy(block->bytes + i * 8, &word, 8);
    }
    memset(block->bytes + words * 8, (int)(block->seed & 0xff), block->size % 8);
}

/* The first bytes of a block, as many as count, are as filled. */
static bool is_intact(const struct block *block, size_t count)
{
    size_t i, words = block->size / 8;

    for (i = 0; i < words && (i + 1) * 8 <= count; i++) {
        uint64_t word;

        memcpy(&word, block->bytes + i * 8, 8);
        if (word != pattern(block->seed, i))
            return false;
    }
    for (i = words * 8; i < block->size && i < count; i++) {
        if (block->bytes[i] != (block->seed & 0xff))
            return false;
    }
    return true;
}

static void must(bool condition, const char *what)
{
    if (!condition && atomic_fetch_add(&wrong, 1) < 5)
        printf("FAILED: %s\n", what);
}

static size_t random_size(uint64_t *state)
{
    unsigned bits = (unsigned)(random_next(state) % SIZE_BITS);

    return ((size_t)1 << bits) + random_next(state) % ((size_t)1 << bits);
}

static struct block make(uint64_t *state)
{
    struct block block = {.size = random_size(state), .seed = random_next(state)};
    bool cleared = block.seed % 4 == 0;

    block.bytes = cleared ? calloc(1, block.size) : malloc(block.size);
    must(block.bytes != NULL, "memory");
    if (block.bytes == NULL)
        exit(1);
    must((uintptr_t)block.bytes % (block.size >= ALIGNMENT ? ALIGNMENT : sizeof(void *)) == 0,
         "alignment");
    if (cleared) {
        size_t i = 0;

        while (i < block.size && block.bytes[i] == 0)
            i++;
        must(i == block.size, "calloc clears");
    }
    atomic_fetch_add(&kept, block.size);
    fill(&block);
    return block;
}

static void discard(struct block *block)
{
    must(is_intact(block, block->size), "contents before free");
    atomic_fetch_sub(&kept, block->size);
    free(block->bytes);
    *block = (struct block){0};
}

static void resize(struct block *block, uint64_t *state)
{
    size_t size = random_size(state), old = block->size;
    unsigned char *bytes = realloc(block->bytes, size);

    must(bytes != NULL, "memory for realloc");
    if (bytes == NULL)
        exit(1);
    block->bytes = bytes;
    must(is_intact(block, size < old ? size : old), "contents after realloc");
    atomic_fetch_add(&kept, size - old);
    block->size = size;
    block->seed = random_next(state);
    fill(block);
}

static void *work(void *argument)
{
    uint64_t state = random_state(seed * 1000 + (uintptr_t)argument);
    unsigned step;

    for (step = 0; step < steps; step++) {
        struct slot *slot = &slots[random_next(&state) % SLOTS];
        bool full = atomic_load(&kept) > LARGEST_KEPT;

        pthread_mutex_lock(&slot->lock);
        if (slot->block.bytes == NULL)
            slot->block = make(&state);
        else if (full || random_next(&state) % 3 != 0)
            discard(&slot->block);
        else
            resize(&slot->block, &state);
        pthread_mutex_unlock(&slot->lock);
    }
    return NULL;
}

static void give_back(void)
{
#if defined ALLOCATOR_GLIBC
    malloc_trim(0);
#elif defined ALLOCATOR_JEMALLOC
    char name[64];

    snprintf(name, sizeof(name), "arena.%u.purge", MALLCTL_ARENAS_ALL);
    check(mallctl(name, NULL, NULL, NULL, 0) == 0);
#elif defined ALLOCATOR_MIMALLOC
    mi_collect(true);
#endif
}

/* Memory returns twice: what was given back is used again. */
static void round_of_threads(void)
{
    pthread_t threads[THREADS];
    long before = resident(), peak, after;
    size_t i, blocks = 0;

    for (i = 0; i < THREADS; i++)
        check(pthread_create(&threads[i], NULL, work, (void *)i) == 0);
    for (i = 0; i < THREADS; i++)
        check(pthread_join(threads[i], NULL) == 0);
    peak = resident();
    for (i = 0; i < SLOTS; i++) {
        if (slots[i].block.bytes != NULL) {
            blocks++;
            discard(&slots[i].block);
        }
    }
    check(blocks > SLOTS / 8);
    check(atomic_load(&kept) == 0);
    give_back();
    after = resident();
    check(before > 0 && peak > before + 4096);
    if (after - before > (peak - before) / 2) {
        printf("seed %" PRIu64 ": %ld KiB before, %ld at the peak, %ld after\n", seed, before, peak,
               after);
        check(!"memory returned");
    }
    if (getenv("VERBOSE") != NULL)
        printf("%ld KiB before, %ld at the peak, %ld after\n", before, peak, after);
    seed++;
}

int main(int argc, char **argv)
{
    size_t i;

    if (argc > 1)
        seed = strtoull(argv[1], NULL, 0);
    if (argc > 2)
        steps = (unsigned)strtoul(argv[2], NULL, 0);
    printf("seed %" PRIu64 ", %u steps\n", seed, steps);
    for (i = 0; i < SLOTS; i++)
        pthread_mutex_init(&slots[i].lock, NULL);
    run(round_of_threads);
    run(round_of_threads);
    return check_failures != 0 || atomic_load(&wrong) != 0;
}
