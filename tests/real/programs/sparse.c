/*
 * 1 TiB of addresses of which a few thousand pages are used: reserved in three ways, written at
 * random places, verified, and partly given back.
 *
 *   sparse [SEED]
 */
#define _GNU_SOURCE
#include "check.h"
#include "memory_use.h"
#include "random.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>

#define SIZE    (1ul << 40)
#define PAGE    4096ul
#define TOUCHED 8000
#define PIECE   (256ul << 20) /* small enough for any machine's judgement */

static uint64_t seed = 1;
static char *pieces[SIZE / PIECE];

/* One place twice is no harm: it is written with the same value. */
static uint64_t place(uint64_t *state)
{
    uint64_t page = random_next(state) >> 20;

    return page % (SIZE / PAGE) * PAGE + page % 512 * 8;
}

static char *in_one(uint64_t at, char *base)
{
    return base + at;
}

static char *in_pieces(uint64_t at, char *base)
{
    (void)base;
    return pieces[at / PIECE] + at % PIECE;
}

static void use(char *base, char *(*locate)(uint64_t, char *))
{
    uint64_t state = random_state(seed), at;
    unsigned i, wrong = 0;
    long before = resident(), used;

    for (i = 0; i < TOUCHED; i++) {
        at = place(&state);
        *(uint64_t *)locate(at, base) = at | 1;
    }
    used = resident() - before;
    check(used >= TOUCHED * 4 / 2 && used <= TOUCHED * 4 * 2);
    state = random_state(seed);
    for (i = 0; i < TOUCHED; i++) {
        at = place(&state);
        wrong += *(uint64_t *)locate(at, base) != (at | 1);
    }
    check(wrong == 0);
    /* Every second piece is given back whole: most of it was never there. */
    for (at = PIECE; at < SIZE; at += 2 * PIECE)
        wrong += madvise(locate(at, base), PIECE, MADV_DONTNEED) != 0;
    check(wrong == 0);
    used = resident() - before;
    check(used >= TOUCHED * 4 / 4 && used <= TOUCHED * 4 * 3 / 4);
    state = random_state(seed);
    for (i = 0; i < TOUCHED; i++) {
        at = place(&state);
        wrong += *(uint64_t *)locate(at, base) != (at / PIECE % 2 == 0 ? at | 1 : 0);
    }
    check(wrong == 0);
    seed++;
}

static void without_reserve(void)
{
    char *base = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    check(base != MAP_FAILED);
    if (base == MAP_FAILED)
        return;
    use(base, in_one);
    check(munmap(base, SIZE) == 0);
}

/* More than the machine can ever have is refused in one piece, and granted in small ones. */
static void in_small_pieces(void)
{
    size_t i;

    check_error((long)mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
                ENOMEM);
    for (i = 0; i < SIZE / PIECE; i++) {
        pieces[i] = mmap(NULL, PIECE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (pieces[i] == MAP_FAILED) {
            check(!"granted in pieces");
            return;
        }
    }
    use(NULL, in_pieces);
    for (i = 0; i < SIZE / PIECE; i++)
        check(munmap(pieces[i], PIECE) == 0);
}

/* As allocators and virtual machines do: addresses first, rights where memory is wanted. */
static void rights_later(void)
{
    char *base = mmap(NULL, SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uint64_t at;

    check(base != MAP_FAILED);
    if (base == MAP_FAILED)
        return;
    for (at = 0; at < SIZE; at += PIECE)
        check(mprotect(base + at, PIECE, PROT_READ | PROT_WRITE) == 0);
    use(base, in_one);
    check(munmap(base, SIZE) == 0);
}

static void shared_memory(void)
{
    char *base =
        mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    uint64_t state = random_state(seed), at;
    unsigned i, wrong = 0;

    check(base != MAP_FAILED);
    if (base == MAP_FAILED)
        return;
    for (i = 0; i < TOUCHED; i++) {
        at = place(&state);
        *(uint64_t *)(base + at) = at | 1;
    }
    check(madvise(base, SIZE, MADV_DONTNEED) == 0); /* the object keeps its pages */
    state = random_state(seed);
    for (i = 0; i < TOUCHED; i++) {
        at = place(&state);
        wrong += *(uint64_t *)(base + at) != (at | 1);
    }
    check(madvise(base, SIZE / 2, MADV_REMOVE) == 0);
    state = random_state(seed);
    for (i = 0; i < TOUCHED; i++) {
        at = place(&state);
        wrong += *(uint64_t *)(base + at) != (at < SIZE / 2 ? 0 : at | 1);
    }
    check(wrong == 0);
    check(munmap(base, SIZE) == 0);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        seed = strtoull(argv[1], NULL, 0);
    printf("seed %lu\n", seed);
    run(without_reserve);
    run(in_small_pieces);
    run(rights_later);
    run(shared_memory);
    return check_failures != 0;
}
