/* What the programs of this folder share: pages that are known by their number, and what the
 * machine says about its memory. */
#ifndef TESTS_SWAP_COMMON_H
#define TESTS_SWAP_COMMON_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE 4096

static inline void fill_page(char *page, uint64_t n)
{
    uint64_t *words = (uint64_t *)page;

    for (size_t i = 0; i < PAGE / sizeof *words; i++)
        words[i] = (n + 1) * 0x9e3779b97f4a7c15u + i;
}

static inline int page_is(const char *page, uint64_t n)
{
    char should[PAGE];

    fill_page(should, n);
    return memcmp(page, should, PAGE) == 0;
}

/* The number behind a name of /proc/meminfo, in KiB; -1: there is none. */
static inline long meminfo(const char *name)
{
    FILE *file = fopen("/proc/meminfo", "r");
    size_t length = strlen(name);
    char line[128];
    long value = -1;

    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, name, length) == 0 && line[length] == ':')
            value = atol(line + length + 1);
    if (file)
        fclose(file);
    return value;
}

#endif
