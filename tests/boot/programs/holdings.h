/*
 * What the kernel holds: memory that is not free, and its objects, cache by cache. For programs
 * that say in the end whether something was lost.
 *
 * Read when everything is done that leaves nothing: the kernel frees some things only after a
 * while, so a comparison is repeated until it is fine or a generous time is over.
 */
#ifndef HOLDINGS_H
#define HOLDINGS_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

/* Processes and threads that one page of the table of their numbers serves; the page stays. */
#define HOLDINGS_PIDS_PER_PAGE 512

struct holdings {
    long free; /* KiB: free, or in slabs of the heap, where how objects lie is no loss */
    long last_pid;
    unsigned count;
    struct {
        char name[32];
        long objects;
    } caches[96];
};

/* What may be held more: tables that grow to what there was once, and stay. */
struct holdings_slack {
    long kib;    /* of memory: page tables over kernel addresses, pages of this program */
    long blocks; /* of each size of the heap */
};

static long holdings_meminfo(int proc, const char *name)
{
    FILE *file = fdopen(openat(proc, "meminfo", O_RDONLY | O_CLOEXEC), "r");
    char line[200];
    long value = -1;

    while (file && value < 0 && fgets(line, sizeof line, file))
        if (strncmp(line, name, strlen(name)) == 0)
            value = atol(line + strlen(name));
    if (file)
        fclose(file);
    return value;
}

/* A new process's number. */
static long holdings_pid(void)
{
    pid_t child = fork();

    if (child == 0)
        _exit(0);
    if (child > 0)
        waitpid(child, NULL, 0);
    return child;
}

/* proc: /proc, open. With everything given back that is kept for reuse only. */
static void holdings_read(int proc, struct holdings *to)
{
    int drop = openat(proc, "sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);
    char line[300];
    FILE *file;

    to->last_pid = holdings_pid();
    to->count = 0;
    if (drop < 0 || write(drop, "3", 1) != 1)
        printf("the kernel's caches cannot be emptied: descriptor %d, errno %d\n", drop, errno);
    close(drop);
    file = fdopen(openat(proc, "slabinfo", O_RDONLY | O_CLOEXEC), "r");
    while (file && to->count < sizeof to->caches / sizeof *to->caches &&
           fgets(line, sizeof line, file))
        if (line[0] != '#' && sscanf(line, "%31s %ld", to->caches[to->count].name,
                                     &to->caches[to->count].objects) == 2)
            to->count++;
    if (file)
        fclose(file);
    to->free = holdings_meminfo(proc, "MemFree:") + holdings_meminfo(proc, "Slab:");
}

/*
 * What it may hold more than before: pages of the table of numbers, which stay, and as many blocks
 * of the heap as are allowed for tables that grow to what there was once (lists of a file's locks,
 * the table of segments), and as many files: a program that ends may leave one that has a name, of
 * the few names that it knows. Caches of other objects: nothing.
 */
static long holdings_allowed(const char *name, const struct holdings *before,
                             const struct holdings *now, long blocks)
{
    char page[32]; /* the cache of the table's pages */
    long more = 0;

    if (strncmp(name, "heap-", 5) == 0 || strcmp(name, "quire_object") == 0)
        more = blocks;
    snprintf(page, sizeof page, "heap-%zu", HOLDINGS_PIDS_PER_PAGE * sizeof(void *));
    if (strcmp(name, page) == 0 && now->last_pid > before->last_pid)
        more += now->last_pid / HOLDINGS_PIDS_PER_PAGE - before->last_pid / HOLDINGS_PIDS_PER_PAGE;
    return more;
}

/*
 * How many kinds of things are held more than before; each is told if so wished. Left out are the
 * store of signal records, which only grows, to what was once pending; and the caches themselves,
 * of which one is made when the first block of its size is asked for.
 */
static unsigned holdings_grown(const struct holdings *before, const struct holdings *now,
                               const struct holdings_slack *slack, int tell)
{
    unsigned grown = now->free + slack->kib < before->free;

    if (grown && tell)
        printf("%ld KiB lost: %ld free, then %ld\n", before->free - now->free, before->free,
               now->free);
    for (unsigned i = 0; i < now->count; i++) {
        const char *name = now->caches[i].name;
        long was = 0;

        if (strcmp(name, "signal") == 0 || strcmp(name, "cache") == 0)
            continue;
        for (unsigned k = 0; k < before->count; k++)
            if (strcmp(name, before->caches[k].name) == 0)
                was = before->caches[k].objects;
        if (now->caches[i].objects <= was + holdings_allowed(name, before, now, slack->blocks))
            continue;
        grown++;
        if (tell)
            printf("cache %s: %ld objects, then %ld\n", name, was, now->caches[i].objects);
    }
    return grown;
}

/* The same, read until nothing is more, for as many tenths of a second. */
static unsigned holdings_grown_at_rest(int proc, const struct holdings *before,
                                       struct holdings *now, const struct holdings_slack *slack,
                                       unsigned tenths)
{
    for (;;) {
        holdings_read(proc, now);
        if (holdings_grown(before, now, slack, 0) == 0)
            return 0;
        if (tenths-- == 0)
            return holdings_grown(before, now, slack, 1);
        usleep(100000);
    }
}

#endif
