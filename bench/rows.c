#include "rows.h"

#include <string.h>
#include <strings.h>

const struct row rows[] = {
    {"syscall", "null system call", 110, 200},
    {"fault-write", "anonymous write fault", 1100, 1500},
    {"fault-read", "zero-page read fault", 420, 600},
    {"fault-upgrade", "zero page -> write", 1200, 1600},
    {"populate", "MAP_POPULATE, per page", 620, 900},
    {"munmap-page", "munmap, per touched page", 90, 250},
    {"dontneed-page", "MADV_DONTNEED, per page", 90, 250},
    {"map-pair", "mmap + munmap 4 KiB", 1200, 3000},
    {"map-touch", "mmap + touch + munmap 4 KiB", 2600, 5000},
    {"map-4000", "mmap/munmap pair among 4000 regions", 1600, 4000},
    {"protect-split", "mprotect that splits a region", 1500, 3500},
    {"protect-page", "mprotect of 64 MiB, per page", 12, 40},
    {"segv", "SIGSEGV -> handler -> mprotect -> return", 2500, 5000},
    {"fork-small", "fork + exit + wait, small process", 15000, 45000},
    {"fork-64m", "fork + exit + wait, 64 MiB dirty", 40000, 1500000},
    {"fork-call", "fork() call alone, 64 MiB dirty", 20000, 500000},
    {"cow-copy", "copy-on-write break (copies 4 KiB)", 1300, 1900},
    {"cow-last", "copy-on-write, last owner", 420, 700},
    {"file-read", "file read fault, per page, sequential", 120, 300},
    {"file-shared", "file shared write fault", 600, 1000},
    {"file-private", "file private write fault", 1300, 1900},
    {"mremap", "mremap that moves 16 MiB", 8000, 50000},
    {"brk", "brk grow + touch 4 KiB", 1500, 2500},
    {"pipe", "pipe round trip (2 switches)", 4000, 7000},
};
const unsigned row_count = sizeof(rows) / sizeof(rows[0]);

static bool contains(const char *text, const char *word)
{
    size_t length = strlen(word);

    for (; *text; text++)
        if (strncasecmp(text, word, length) == 0)
            return true;
    return false;
}

bool row_matches(const struct row *row, const char *word)
{
    return contains(row->key, word) || contains(row->operation, word);
}
