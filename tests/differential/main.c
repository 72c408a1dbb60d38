/*
 * Random sequences of memory calls, compared between two kernels.
 *
 *   sequences hash FIRST COUNT    for each sequence: seed, hash, and four digits for each record
 *   sequences sums FIRST COUNT    for each sequence: seed, hash
 *   sequences show SEED [MASK]    the records themselves; MASK (hexadecimal) says which calls
 *   sequences shows SEED...       the records of each, after a line "== SEED"
 *   sequences masks SEED MASK...  as hash, of one sequence with each of the masks
 *
 * Lines that begin with '#' are remarks: shown, and not hashed.
 *
 * Each sequence runs in a process of its own, forked from this one, which touches nothing but the
 * records.
 */
#include "sequence.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct mask everything = {{~0ull, ~0ull}};

static void run(uint64_t seed, struct mask mask)
{
    pid_t child;
    int status = 0;

    the_log->length = 0;
    the_log->overflow = false;
    the_log->allocated = false;
    the_log->pinned = false;
    the_log->hidden = false;
    the_log->paged_out = false;
    child = fork();
    if (child == 0) {
        alarm(60);
        sequence_run(seed, mask);
        _exit(0);
    }
    if (child < 0 || waitpid(child, &status, 0) != child)
        emit("no process\n");
    else if (status != 0)
        emit("ended with status %x\n", (unsigned)status);
    if (the_log->overflow) {
        fprintf(stderr, "sequence %lu: too many records\n", seed);
        exit(1);
    }
}

#define HASH_START 2166136261u

static uint32_t hash_more(uint32_t hash, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (uint8_t)text[i]) * 16777619u;
    return hash;
}

/* Of all lines (records: and of each) but remarks. */
static void print_hashes(uint64_t seed, bool records)
{
    static char digits[LOG_SIZE];
    const char *end = the_log->text + the_log->length;
    uint32_t hash = HASH_START;
    size_t told = 0;

    for (const char *line = the_log->text, *next; line < end; line = next) {
        next = memchr(line, '\n', (size_t)(end - line));
        next = next ? next + 1 : end;
        if (line[0] == '#')
            continue;
        hash = hash_more(hash, line, (size_t)(next - line));
        if (told + 5 < sizeof digits)
            told += (size_t)snprintf(digits + told, 5, "%04x",
                                     hash_more(HASH_START, line, (size_t)(next - line)) >> 16);
    }
    digits[told] = 0;
    printf("%lu %08x", seed, hash);
    if (records)
        printf(" %s", digits);
    putchar('\n');
}

static struct mask parse(const char *text)
{
    struct mask mask = {{0, 0}};

    for (; *text; text++) {
        char digit[2] = {*text, 0};

        mask.words[1] = mask.words[1] << 4 | mask.words[0] >> 60;
        mask.words[0] = mask.words[0] << 4 | strtoul(digit, NULL, 16);
    }
    return mask;
}

int main(int argc, char **argv)
{
    static char output[64 * 1024];
    const char *what = argc > 2 ? argv[1] : "";
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 0;

    setvbuf(stdout, output, _IOFBF, sizeof output);
    if (mmap((void *)LOG, LOG_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED,
             -1, 0) == MAP_FAILED)
        return 2;
    if (strcmp(what, "show") == 0) {
        run(seed, argc > 3 ? parse(argv[3]) : everything);
        fwrite(the_log->text, 1, the_log->length, stdout);
    } else if (strcmp(what, "shows") == 0) {
        for (int i = 2; i < argc; i++) {
            seed = strtoull(argv[i], NULL, 0);
            run(seed, everything);
            printf("== %lu\n", seed);
            fwrite(the_log->text, 1, the_log->length, stdout);
        }
    } else if (strcmp(what, "masks") == 0) {
        for (int i = 3; i < argc; i++) {
            run(seed, parse(argv[i]));
            print_hashes(seed, true);
        }
    } else if ((strcmp(what, "hash") == 0 || strcmp(what, "sums") == 0) && argc > 3) {
        for (uint64_t i = 0; i < strtoull(argv[3], NULL, 0); i++) {
            run(seed + i, everything);
            print_hashes(seed + i, what[0] == 'h');
        }
    } else {
        fprintf(stderr,
                "usage: sequences hash|sums FIRST COUNT | show SEED [MASK] | shows SEED... | "
                "masks SEED MASK...\n");
        return 2;
    }
    return 0;
}
