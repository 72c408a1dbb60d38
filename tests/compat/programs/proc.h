/* For the programs about /proc: smaps and pagemap of a range, and small things about files. */
#ifndef COMPAT_PROC_H
#define COMPAT_PROC_H

#include "compat.h"

#include <ctype.h>

#define READ_WRITE (PROT_READ | PROT_WRITE)
#define ANONYMOUS  (MAP_PRIVATE | MAP_ANONYMOUS)
#define KIB_PAGE   4L

/* What smaps says of the region that starts at `at`: its lines as they are, ended by 0 (a buffer of
 * read_file); NULL: no such region. */
static inline char *smaps_block(const char *path, const void *at)
{
    char *text = read_file(path), start[32], *end;
    size_t length = (size_t)snprintf(start, sizeof start, "%08lx-", (unsigned long)(uintptr_t)at);

    while (text && strncmp(text, start, length) != 0) {
        text = strchr(text, '\n');
        if (text)
            text++;
    }
    if (!text || !*text)
        return NULL;
    end = strstr(text, "VmFlags:");
    end = end ? strchr(end, '\n') : NULL;
    if (end)
        *end = 0;
    return text;
}

/* The value of a line "Key:   12 kB" in such a block; -1: there is none. */
static inline long block_value(const char *block, const char *key)
{
    size_t length = strlen(key);

    for (; block; block = strchr(block, '\n')) {
        block += *block == '\n';
        if (strncmp(block, key, length) == 0 && block[length] == ':')
            return strtol(block + length + 1, NULL, 10);
    }
    return -1;
}

/* The value for the region that starts at `at` in /proc/self/smaps. */
static inline long smaps_value(const void *at, const char *key)
{
    char *block = smaps_block("/proc/self/smaps", at);

    return block ? block_value(block, key) : -1;
}

/* What is counted for a region, without what is 0: "TITLE: Rss 20 Pss 20 ...". */
/* (Not what was referenced: see proc_smaps_referenced.) */
static inline void show_smaps(const char *title, const void *at)
{
    static const char *const keys[] = {
        "Size",         "Rss",           "Pss",           "Pss_Dirty", "Shared_Clean",
        "Shared_Dirty", "Private_Clean", "Private_Dirty", "Anonymous", "LazyFree",
        "Swap",         "SwapPss",       "Locked"};
    char *block = smaps_block("/proc/self/smaps", at);

    printf("%s:", title);
    for (size_t i = 0; block && i < sizeof keys / sizeof keys[0]; i++)
        if (block_value(block, keys[i]) != 0)
            printf(" %s %ld", keys[i], block_value(block, keys[i]));
    puts(block ? "" : " no region");
}

/* The line VmFlags of a region. */
static inline void show_flags(const char *title, const void *at)
{
    char *block = smaps_block("/proc/self/smaps", at);
    char *flags = block ? strstr(block, "VmFlags:") : NULL;

    printf("%s: %s\n", title, flags ? flags : "no region");
}

#define PAGEMAP_FRAME     ((UINT64_C(1) << 55) - 1)
#define PAGEMAP_DIRTY     (UINT64_C(1) << 55)
#define PAGEMAP_EXCLUSIVE (UINT64_C(1) << 56)
#define PAGEMAP_OBJECT    (UINT64_C(1) << 61)
#define PAGEMAP_SWAPPED   (UINT64_C(1) << 62)
#define PAGEMAP_PRESENT   (UINT64_C(1) << 63)

/* The word of a page; UINT64_MAX: it could not be read. */
static inline uint64_t pagemap_word(const char *path, const void *at)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    uint64_t word = UINT64_MAX;

    if (fd < 0)
        return word;
    if (pread(fd, &word, sizeof word, (off_t)((uintptr_t)at / PAGE * sizeof word)) !=
        (ssize_t)sizeof word)
        word = UINT64_MAX;
    close(fd);
    return word;
}

static inline uint64_t frame_of(const void *at)
{
    return pagemap_word("/proc/self/pagemap", at) & PAGEMAP_FRAME;
}

/* "TITLE: present exclusive frame" and so on. */
static inline void show_page(const char *title, const void *at)
{
    uint64_t word = pagemap_word("/proc/self/pagemap", at);

    printf("%s:%s%s%s%s%s%s\n", title, word & PAGEMAP_PRESENT ? " present" : "",
           word & PAGEMAP_SWAPPED ? " swapped" : "", word & PAGEMAP_OBJECT ? " object" : "",
           word & PAGEMAP_EXCLUSIVE ? " exclusive" : "", word & PAGEMAP_DIRTY ? " dirty" : "",
           word & PAGEMAP_FRAME ? " frame" : "");
}

/* The word of a frame in kpagecount or kpageflags. */
static inline uint64_t frame_word(const char *path, uint64_t frame)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    uint64_t word = UINT64_MAX;

    if (fd >= 0 && pread(fd, &word, sizeof word, (off_t)(frame * sizeof word)) != sizeof word)
        word = UINT64_MAX;
    if (fd >= 0)
        close(fd);
    return word;
}

static inline void touch(char *at, size_t pages)
{
    for (size_t i = 0; i < pages; i++)
        at[i * PAGE] = 1;
}

static inline void look(const char *at, size_t pages)
{
    for (size_t i = 0; i < pages; i++)
        access_byte = (unsigned char)at[i * PAGE];
}

/* Says whether a file can be opened: "PATH r: fine", "PATH w: EACCES". */
static inline void show_open(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC);

    printf("%s %s: %s\n", path,
           flags == O_RDONLY   ? "r"
           : flags == O_WRONLY ? "w"
                               : "rw",
           fd < 0 ? errno_name(errno) : "fine");
    if (fd >= 0)
        close(fd);
}

#endif
