/*
 * The benchmark as a program: bench [--quick] [KEY...]
 *
 * Measures the rows that are named (all if none is) and prints lines such as
 *
 *     @bench begin KEY @
 *     @bench row KEY TICKS OPERATIONS @
 *     @bench wrong KEY TEXT @
 *     @bench end COUNT @
 *
 * with the closing "@" so that a line which the console cut short is noticed. Run as process 1
 * it mounts a tmpfs on /tmp and ends the machine when it is done.
 */
#define _GNU_SOURCE
#include "measure.h"
#include "rows.h"

#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct method {
    const char *key;
    measure_fn measure;
};

static const struct method methods[] = {
    {"syscall", measure_syscall},
    {"fault-write", measure_fault_write},
    {"fault-read", measure_fault_read},
    {"fault-upgrade", measure_fault_upgrade},
    {"populate", measure_populate},
    {"munmap-page", measure_munmap_page},
    {"dontneed-page", measure_dontneed_page},
    {"map-pair", measure_map_pair},
    {"map-touch", measure_map_touch},
    {"map-4000", measure_map_4000},
    {"protect-split", measure_protect_split},
    {"protect-page", measure_protect_page},
    {"segv", measure_segv},
    {"fork-small", measure_fork_small},
    {"fork-64m", measure_fork_64m},
    {"fork-call", measure_fork_call},
    {"cow-copy", measure_cow_copy},
    {"cow-last", measure_cow_last},
    {"file-read", measure_file_read},
    {"file-shared", measure_file_shared},
    {"file-private", measure_file_private},
    {"mremap", measure_mremap},
    {"brk", measure_brk},
    {"pipe", measure_pipe},
};

static measure_fn method_of(const char *key)
{
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
        if (strcmp(methods[i].key, key) == 0)
            return methods[i].measure;
    return NULL;
}

/* One write for a line: what the kernel prints meanwhile goes before or after it. */
static void say(const char *line, int length)
{
    if (write(STDOUT_FILENO, line, (size_t)length) != length)
        _exit(1);
}

/* Returns whether the row could be measured. */
static bool run_row(const struct row *row, bool quick)
{
    struct measurement m = {.quick = quick};
    measure_fn measure = method_of(row->key);
    const char *wrong = measure != NULL ? measure(&m) : "the program does not know this row";
    char line[160];

    if (wrong != NULL)
        say(line, snprintf(line, sizeof(line), "@bench wrong %s %s @\n", row->key, wrong));
    else
        say(line, snprintf(line, sizeof(line), "@bench row %s %llu %llu @\n", row->key,
                           (unsigned long long)m.ticks, (unsigned long long)m.operations));
    return wrong == NULL;
}

/*
 * In a process of its own: rows do not inherit each other's memory, and one that dies does not
 * take the others with it.
 */
static bool run_row_apart(char *program, const struct row *row, bool quick)
{
    char line[160];
    int status = 0;
    pid_t child;

    say(line, snprintf(line, sizeof(line), "@bench begin %s @\n", row->key));
    child = fork();
    if (child == 0) {
        char *words[] = {program, "--here", (char *)row->key, quick ? "--quick" : NULL, NULL};

        execv(program, words);
        _exit(127);
    }
    if (child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status))
        return WEXITSTATUS(status) == 0;
    if (child > 0 && WIFSIGNALED(status))
        say(line, snprintf(line, sizeof(line), "@bench wrong %s ended by signal %d @\n", row->key,
                           WTERMSIG(status)));
    else
        say(line, snprintf(line, sizeof(line), "@bench wrong %s no process for it @\n", row->key));
    return false;
}

static bool has_word(char **words, const char *word)
{
    for (; *words != NULL; words++)
        if (strcmp(*words, word) == 0)
            return true;
    return false;
}

/* A kernel hands its first process also those of its own arguments that it does not know. */
static bool names_a_row(char **words)
{
    for (; *words != NULL; words++)
        if (method_of(*words) != NULL)
            return true;
    return false;
}

int main(int argc, char **argv)
{
    bool first_process = getpid() == 1;
    char **words = argv + (argc > 0);
    bool quick = has_word(words, "--quick");
    bool here = has_word(words, "--here");
    bool all = !names_a_row(words);
    unsigned ran = 0, failed = 0;
    char line[64];

    if (first_process) {
        mkdir("/tmp", 0777);
        mount("tmpfs", "/tmp", "tmpfs", 0, NULL);
    }
    for (unsigned i = 0; i < row_count; i++) {
        if (!all && !has_word(words, rows[i].key))
            continue;
        ran++;
        if (here ? !run_row(&rows[i], quick) : !run_row_apart(argv[0], &rows[i], quick))
            failed++;
    }
    if (!here)
        say(line, snprintf(line, sizeof(line), "@bench end %u @\n", ran));
    if (first_process)
        reboot(RB_POWER_OFF);
    return failed > 0;
}
