/*
 * A file that is larger than memory, through a mapping.
 *
 *   bigmap write FILE MEBIBYTES SEED   each page gets a pattern of its own, in an order drawn from
 *                                      the seed, and is read back in another
 *   bigmap verify FILE MEBIBYTES SEED  by read(2)
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096

static uint64_t word_of(uint64_t seed, uint64_t page, unsigned at)
{
    return (seed + page * 1000003 + at) * UINT64_C(0x9e3779b97f4a7c15);
}

static void fill(uint64_t *to, uint64_t seed, uint64_t page)
{
    for (unsigned i = 0; i < PAGE / 8; i++)
        to[i] = word_of(seed, page, i);
}

static void check(const uint64_t *from, uint64_t seed, uint64_t page)
{
    for (unsigned i = 0; i < PAGE / 8; i++)
        if (from[i] != word_of(seed, page, i)) {
            printf("page %llu, word %u: wrong\n", (unsigned long long)page, i);
            exit(1);
        }
}

int main(int argc, char **argv)
{
    static uint64_t buffer[PAGE / 8];
    uint64_t pages, seed;
    unsigned char *at;
    int fd;

    if (argc != 5)
        return 2;
    pages = strtoull(argv[3], NULL, 10) << 8;
    seed = strtoull(argv[4], NULL, 10);
    if (strcmp(argv[1], "verify") == 0) {
        fd = open(argv[2], O_RDONLY);
        for (uint64_t page = 0; page < pages; page++) {
            if (read(fd, buffer, PAGE) != PAGE)
                return 1;
            check(buffer, seed, page);
        }
        puts("verified");
        return 0;
    }
    fd = open(argv[2], O_RDWR | O_CREAT | O_TRUNC, 0644);
    if (fd < 0 || ftruncate(fd, (off_t)(pages * PAGE)) < 0)
        return 1;
    at = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED)
        return 1;
    /* Odd factors go through every page of a power of two; the rest goes in order. */
    for (uint64_t i = 0; i < pages; i++)
        fill((uint64_t *)(at + (i % 512 * 173 % 512 + i / 512 * 512) % pages * PAGE), seed,
             (i % 512 * 173 % 512 + i / 512 * 512) % pages);
    for (uint64_t i = 0; i < pages; i++)
        check((uint64_t *)(at + (pages - 1 - i) * PAGE), seed, pages - 1 - i);
    puts("mapped and read back");
    munmap(at, pages * PAGE);
    close(fd);
    return 0;
}
