/*
 * fillmemory MIB PROCESSES: so many processes share out so much memory, fill it at the same time,
 * and look at it again when all are done: every page still holds what its owner wrote, and no two
 * have the same frame. Half of each share is private memory, the other half a file below /tmp,
 * which is written by write() and read back by read() and through a mapping.
 *
 * Prints what is free and how much was filled; "all N MiB are right" at the end.
 */
#define _FILE_OFFSET_BITS 64
#define _GNU_SOURCE
#include "check.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE  4096
#define CHUNK (16u * PAGE)
#define STEP  512 /* bytes between the words of a page that are written and compared */

/* What belongs at a place: owner, number of the page, place in it. Never 0. */
static uint32_t word_at(unsigned owner, uint32_t page, unsigned at)
{
    return (owner + 1) << 24 ^ page * 2654435761u ^ at ^ 1u << 31;
}

static void fill_page(char *bytes, unsigned owner, uint32_t page)
{
    for (unsigned at = 0; at < PAGE; at += STEP) {
        uint32_t word = word_at(owner, page, at);

        memcpy(bytes + at, &word, sizeof word);
    }
}

static unsigned wrong_in_page(const char *bytes, unsigned owner, uint32_t page)
{
    unsigned wrong = 0;

    for (unsigned at = 0; at < PAGE; at += STEP) {
        uint32_t word = word_at(owner, page, at);

        wrong += memcmp(bytes + at, &word, sizeof word) != 0;
    }
    return wrong;
}

/* Owner numbers of files are the processes', moved up, so that the two halves differ. */
#define FILE_OWNER(owner) ((owner) + 64)

static int fill_file(unsigned owner, uint32_t pages)
{
    static char chunk[CHUNK];
    char name[64];
    int fd;

    snprintf(name, sizeof name, "/tmp/fill.%u", owner);
    fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
    unlink(name);
    for (uint32_t page = 0; fd >= 0 && page < pages; page += CHUNK / PAGE) {
        for (unsigned i = 0; i < CHUNK / PAGE; i++)
            fill_page(chunk + i * PAGE, FILE_OWNER(owner), page + i);
        if (write(fd, chunk, CHUNK) != CHUNK)
            return -1;
    }
    return fd;
}

static unsigned wrong_in_file(int fd, unsigned owner, uint32_t pages)
{
    static char chunk[CHUNK];
    unsigned wrong = 0;

    for (uint32_t page = 0; page < pages; page += CHUNK / PAGE) {
        bool mapped = page / (CHUNK / PAGE) % 2;
        char *bytes = chunk;
        off_t at = (off_t)page * PAGE;

        if (mapped)
            bytes = mmap(NULL, CHUNK, PROT_READ, MAP_SHARED, fd, at);
        else if (pread(fd, chunk, CHUNK, at) != CHUNK)
            return wrong + 1;
        if (bytes == MAP_FAILED)
            return wrong + 1;
        for (unsigned i = 0; i < CHUNK / PAGE; i++)
            wrong += wrong_in_page(bytes + i * PAGE, FILE_OWNER(owner), page + i);
        if (mapped)
            munmap(bytes, CHUNK);
    }
    return wrong;
}

/* Fills, says so by a byte, waits until the other end of `go` closes, and looks. */
static int owner_main(unsigned owner, uint32_t pages, int ready, int go)
{
    size_t size = (size_t)pages * PAGE;
    char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    unsigned wrong = 0;
    char byte = 1;
    int fd;

    if (memory == MAP_FAILED)
        return 2;
    for (uint32_t page = 0; page < pages; page++)
        fill_page(memory + (size_t)page * PAGE, owner, page);
    fd = fill_file(owner, pages);
    if (fd < 0 || write(ready, &byte, 1) != 1 || close(ready) != 0 || read(go, &byte, 1) != 0)
        return 2;
    for (uint32_t page = 0; page < pages; page++)
        wrong += wrong_in_page(memory + (size_t)page * PAGE, owner, page);
    wrong += wrong_in_file(fd, owner, pages);
    if (wrong != 0)
        printf("process %u: %u words are wrong\n", owner, wrong);
    fflush(stdout);
    return wrong != 0;
}

static unsigned long free_mib(void)
{
    struct sysinfo info;

    sysinfo(&info);
    return (unsigned long)((uint64_t)info.freeram * info.mem_unit >> 20);
}

int main(int argc, char **argv)
{
    unsigned long mib = argc > 1 ? strtoul(argv[1], NULL, 0) : 64;
    unsigned processes = argc > 2 ? (unsigned)atoi(argv[2]) : 4;
    uint32_t pages = (uint32_t)(mib * 256 / 2 / processes) / (CHUNK / PAGE) * (CHUNK / PAGE);
    int ready[2], go[2], status;
    unsigned filled = 0;
    char byte;

    printf("%lu MiB are free\n", free_mib());
    fflush(stdout);
    check(pipe(ready) == 0 && pipe(go) == 0);
    for (unsigned owner = 0; owner < processes; owner++) {
        if (fork() == 0) {
            close(go[1]);
            close(ready[0]);
            _exit(owner_main(owner, pages, ready[1], go[0]));
        }
    }
    close(ready[1]);
    while (read(ready[0], &byte, 1) == 1)
        filled++;
    check(filled == processes);
    printf("%u processes are full, %lu MiB are free\n", filled, free_mib());
    fflush(stdout);
    close(go[1]);
    while (wait(&status) > 0)
        check(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    if (check_failures == 0)
        printf("all %lu MiB are right\n",
               (unsigned long)((uint64_t)pages * 2 * processes * PAGE >> 20));
    return check_failures != 0;
}
