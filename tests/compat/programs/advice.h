/* Every advice of Linux 6.1 by name, tried on a fresh mapping each. */
#ifndef COMPAT_ADVICE_H
#define COMPAT_ADVICE_H

#include "probe.h"

struct advice {
    int number;
    const char *name;
};

static const struct advice every_advice[] = {
    {0, "NORMAL"},           {1, "RANDOM"},         {2, "SEQUENTIAL"},
    {3, "WILLNEED"},         {4, "DONTNEED"},       {8, "FREE"},
    {9, "REMOVE"},           {10, "DONTFORK"},      {11, "DOFORK"},
    {12, "MERGEABLE"},       {13, "UNMERGEABLE"},   {14, "HUGEPAGE"},
    {15, "NOHUGEPAGE"},      {16, "DONTDUMP"},      {17, "DODUMP"},
    {18, "WIPEONFORK"},      {19, "KEEPONFORK"},    {20, "COLD"},
    {21, "PAGEOUT"},         {22, "POPULATE_READ"}, {23, "POPULATE_WRITE"},
    {24, "DONTNEED_LOCKED"}, {25, "COLLAPSE"},      {100, "HWPOISON"},
    {101, "SOFT_OFFLINE"},
};

#define ADVICE_COUNT (sizeof every_advice / sizeof every_advice[0])

/* `make` gives a new mapping of `pages` pages; after the advice its pages' first bytes are told. */
__attribute__((unused)) static void advise_each(char *(*make)(void), size_t pages)
{
    for (size_t i = 0; i < ADVICE_COUNT; i++) {
        char *at = make();
        long result = call_madvise(at, pages * PAGE, every_advice[i].number);

        tell(every_advice[i].name, result);
        if (every_advice[i].number == 8 && result == 0) {
            /* What FREE leaves is the kernel's choice, until it is written. */
            mprotect(at, pages * PAGE, PROT_READ | PROT_WRITE);
            fill(at, pages, 'f');
        }
        pages_of("  pages", at, pages);
        munmap(at, pages * PAGE);
    }
}

#endif
