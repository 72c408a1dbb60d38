/*
 * hog MIB [PASSES [PROCESSES]]: writes each page of MIB of memory, then in each pass looks whether
 * all is there and writes it anew; with PROCESSES, forked behind the first pass, each in its own
 * copy. Prints each pass and "ok", or the first wrong word and status 1.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE  4096
#define WORDS (PAGE / sizeof(uint64_t))

static uint64_t word_of(size_t page, size_t word, uint64_t pass)
{
    uint64_t x = (page * WORDS + word + 1) * 0x9e3779b97f4a7c15u + pass * 0xbf58476d1ce4e5b9u;

    return (x ^ x >> 29) | 1;
}

static void fill(uint64_t *memory, size_t pages, uint64_t pass)
{
    for (size_t page = 0; page < pages; page++)
        for (size_t word = 0; word < WORDS; word++)
            memory[page * WORDS + word] = word_of(page, word, pass);
}

static void verify(const uint64_t *memory, size_t pages, uint64_t pass)
{
    for (size_t page = 0; page < pages; page++) {
        for (size_t word = 0; word < WORDS; word++) {
            uint64_t is = memory[page * WORDS + word], should = word_of(page, word, pass);

            if (is == should)
                continue;
            printf("page %zu word %zu is %llx, not %llx\n", page, word, (unsigned long long)is,
                   (unsigned long long)should);
            exit(1);
        }
    }
}

int main(int argc, char **argv)
{
    size_t pages = (size_t)(argc > 1 ? atol(argv[1]) : 64) * 256;
    uint64_t passes = argc > 2 ? (uint64_t)atol(argv[2]) : 1, id = 0;
    int processes = argc > 3 ? atoi(argv[3]) : 1, wrong = 0, status;
    uint64_t *memory = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (memory == MAP_FAILED) {
        perror("mmap");
        return 1;
    }
    fill(memory, pages, 0);
    for (int i = 1; i < processes && id == 0; i++)
        if (fork() == 0)
            id = (uint64_t)i << 32;
    for (uint64_t pass = 0; pass < passes; pass++) {
        verify(memory, pages, pass == 0 ? 0 : id + pass);
        fill(memory, pages, id + pass + 1);
        if (id == 0) {
            printf("pass %llu\n", (unsigned long long)pass + 1);
            fflush(stdout);
        }
    }
    verify(memory, pages, passes == 0 ? 0 : id + passes);
    if (id != 0)
        return 0;
    while (wait(&status) > 0)
        wrong |= status;
    puts(wrong ? "a child failed" : "ok");
    return wrong != 0;
}
