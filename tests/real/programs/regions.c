/*
 * 20,000 regions in one process: made one by one with alternating rights, looked at, protected,
 * every second one unmapped, the others grown into the holes, then moved. /proc/self/maps must tell
 * each state, and contents and rights must be those of the region and of no neighbour.
 */
#define _GNU_SOURCE
#include "check.h"

#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#define REGIONS 20000
#define PAGE    4096ul

static char *pages[REGIONS]; /* by age: the first is the highest */
static sigjmp_buf again;

static void on_fault(int signo)
{
    siglongjmp(again, signo);
}

/* Whether a byte can be written with what it holds. */
static bool is_writable(volatile char *at)
{
    if (sigsetjmp(again, 1) != 0)
        return false;
    *at = *at;
    return true;
}

struct tally {
    unsigned regions;
    unsigned long bytes;
    unsigned writable;
};

/* What the maps say of [low, high). */
static struct tally tally(uintptr_t low, uintptr_t high)
{
    FILE *file = fopen("/proc/self/maps", "r");
    struct tally result = {0};
    char line[512], rights[5];
    unsigned long from, to, last = 0;

    if (file == NULL)
        return result;
    while (fgets(line, sizeof(line), file) != NULL) {
        if (sscanf(line, "%lx-%lx %4s", &from, &to, rights) != 3 || from < last || from >= to)
            result.regions += 1000000; /* not in order */
        last = to;
        if (from < low || to > high)
            continue;
        result.regions++;
        result.bytes += to - from;
        result.writable += rights[1] == 'w';
    }
    fclose(file);
    return result;
}

static struct tally all_of_them(void)
{
    return tally((uintptr_t)pages[REGIONS - 1], (uintptr_t)pages[0] + PAGE);
}

static uint32_t mark(size_t i)
{
    return (uint32_t)i * 2654435761u + 1;
}

static void made(void)
{
    struct tally seen;
    size_t i, displaced = 0;

    for (i = 0; i < REGIONS; i++) {
        int rights = i % 2 == 0 ? PROT_READ | PROT_WRITE : PROT_READ;

        pages[i] = mmap(NULL, PAGE, rights, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (pages[i] == MAP_FAILED) {
            check(!"mapped");
            exit(1);
        }
        if (i > 0 && pages[i] != pages[i - 1] - PAGE)
            displaced++;
        if (i % 2 == 0)
            *(uint32_t *)pages[i] = mark(i);
    }
    /* Each lies right below the last; only holes that were there before may take the first few. */
    check(displaced <= 4);
    seen = all_of_them();
    check(seen.regions == REGIONS);
    check(seen.bytes == REGIONS * PAGE);
    check(seen.writable == REGIONS / 2);
}

static void rights_kept_apart(void)
{
    size_t i, wrong = 0;

    for (i = 0; i < REGIONS; i += 7)
        wrong += is_writable(pages[i]) != (i % 2 == 0);
    check(wrong == 0);
}

/* The odd ones become writable, and the even ones not: the number stays. */
static void protected_anew(void)
{
    struct tally seen;
    size_t i, wrong = 0;

    for (i = 0; i < REGIONS; i++)
        wrong += mprotect(pages[i], PAGE, i % 2 != 0 ? PROT_READ | PROT_WRITE : PROT_READ) != 0;
    check(wrong == 0);
    seen = all_of_them();
    check(seen.regions == REGIONS);
    check(seen.writable == REGIONS / 2);
    for (i = 0; i < REGIONS; i += 7)
        wrong += is_writable(pages[i]) != (i % 2 != 0);
    check(wrong == 0);
    for (i = 0; i < REGIONS; i++) {
        if (i % 2 == 0)
            wrong += *(uint32_t *)pages[i] != mark(i);
        else
            *(uint32_t *)pages[i] = mark(i);
    }
    check(wrong == 0);
    /* One right for all. Whether neighbours become one region is the kernel's affair: Linux cannot
     * where each was written by itself. */
    check(mprotect(pages[REGIONS - 1], REGIONS * PAGE, PROT_READ | PROT_WRITE) == 0);
    seen = all_of_them();
    check(seen.regions <= REGIONS && seen.bytes == REGIONS * PAGE);
    check(seen.writable == seen.regions);
}

static void every_second_unmapped(void)
{
    struct tally seen;
    size_t i, wrong = 0;

    for (i = 1; i < REGIONS; i += 2)
        wrong += munmap(pages[i], PAGE) != 0;
    check(wrong == 0);
    seen = all_of_them();
    check(seen.regions == REGIONS / 2 && seen.bytes == REGIONS / 2 * PAGE);
    for (i = 0; i < REGIONS; i += 2)
        wrong += *(uint32_t *)pages[i] != mark(i);
    for (i = 1; i < REGIONS; i += 14) {
        if (sigsetjmp(again, 1) == 0) {
            wrong += *(volatile char *)pages[i] >= 0; /* must not come back */
            wrong++;
        }
    }
    check(wrong == 0);
    /* A hole is taken again before anything lower is. */
    pages[1] = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    check(pages[1] != MAP_FAILED && pages[1] > pages[REGIONS - 1]);
    check(munmap(pages[1], PAGE) == 0);
}

/* Each but the highest grows upwards, into the hole that its neighbour left. */
static void grown(void)
{
    struct tally seen;
    size_t i, moved = 0, wrong = 0;

    for (i = 2; i < REGIONS; i += 2) {
        char *at;

        if (pages[i] + 2 * PAGE != pages[i - 2])
            continue; /* the first few, where they do not touch */
        at = mremap(pages[i], PAGE, 2 * PAGE, 0);
        moved += at != pages[i];
        wrong += at != MAP_FAILED && *(uint32_t *)(at + PAGE) != 0;
        wrong += mremap(pages[i], 2 * PAGE, 3 * PAGE, 0) != MAP_FAILED || errno != ENOMEM;
    }
    check(moved == 0);
    check(wrong == 0);
    seen = all_of_them();
    check(seen.regions <= REGIONS / 2 && seen.bytes >= (REGIONS - 8) * PAGE);
    for (i = 0; i < REGIONS; i += 2)
        wrong += *(uint32_t *)pages[i] != mark(i);
    check(wrong == 0);
}

/* Every twentieth goes where it has room, with a hole left behind. */
static void moved(void)
{
    struct tally before = all_of_them(), seen;
    size_t i, moves = 0, wrong = 0;

    for (i = 20; i < REGIONS - 20; i += 20) {
        char *at = mremap(pages[i], PAGE, 3 * PAGE, MREMAP_MAYMOVE);

        wrong += at == MAP_FAILED || at == pages[i];
        if (at == MAP_FAILED)
            continue;
        moves++;
        wrong += *(uint32_t *)at != mark(i) || at[2 * PAGE] != 0;
        wrong += munmap(at, 3 * PAGE) != 0;
    }
    check(wrong == 0);
    seen = all_of_them();
    check(seen.bytes == before.bytes - moves * PAGE);
    check(seen.regions >= moves);
}

static void gone(void)
{
    check(munmap(pages[REGIONS - 1], (size_t)(pages[0] + PAGE - pages[REGIONS - 1])) == 0);
    check(all_of_them().regions == 0);
}

int main(void)
{
    struct sigaction action = {.sa_handler = on_fault};

    sigaction(SIGSEGV, &action, NULL);
    run(made);
    run(rights_kept_apart);
    run(protected_anew);
    run(every_second_unmapped);
    run(grown);
    run(moved);
    run(gone);
    return check_failures != 0;
}
