/*
 * quire-bench [ROW...] [--wall] [--fresh] [--check] [--verbose]
 *
 * Runs the same program under Debian's Linux and under quire, in the same machine, and prints
 * what each operation costs: guest instructions, and with --wall time as well. Linux's figures
 * do not change from run to run, so they are kept in build/ and measured again only when the
 * kernel, the program or QEMU is another, or with --fresh.
 */
#define _GNU_SOURCE
#include "../../tools/common/report.h"
#include "../rows.h"
#include "figures.h"
#include "guest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define WALL_ROUNDS 5U
#define PROGRAM     "build/bench/bench"
#define LINUX_IMAGE "build/linux/vmlinuz"
#define QUIRE_IMAGE "build/kernel/quire.elf"

struct options {
    bool *wanted; /* of each row */
    bool wall, fresh, check, verbose;
};

static void select_rows(struct options *options, const char *word)
{
    bool found = row_index(word) >= 0;

    for (unsigned i = 0; i < row_count; i++)
        if (found ? strcmp(rows[i].key, word) == 0 : row_matches(&rows[i], word))
            options->wanted[i] = true;
    for (unsigned i = 0; i < row_count && !found; i++)
        found = row_matches(&rows[i], word);
    if (found)
        return;
    fprintf(stderr, "quire bench: no row is called \"%s\"; there are\n", word);
    for (unsigned i = 0; i < row_count; i++)
        fprintf(stderr, "  %-15s %s\n", rows[i].key, rows[i].operation);
    exit(STATUS_CANNOT_RUN);
}

static struct options parse(int argc, char **argv)
{
    struct options options = {.wanted = allocate(row_count * sizeof(bool))};
    bool all = true;

    memset(options.wanted, 0, row_count * sizeof(bool));
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--wall") == 0) {
            options.wall = true;
        } else if (strcmp(argv[i], "--fresh") == 0) {
            options.fresh = true;
        } else if (strcmp(argv[i], "--check") == 0) {
            options.check = true;
        } else if (strcmp(argv[i], "--verbose") == 0) {
            options.verbose = true;
        } else if (argv[i][0] == '-') {
            fail("there is no option %s", argv[i]);
        } else {
            select_rows(&options, argv[i]);
            all = false;
        }
    }
    for (unsigned i = 0; i < row_count && all; i++)
        options.wanted[i] = true;
    return options;
}

/* The environment variable's value, or the usual file. */
static const char *file_of(const char *variable, const char *usual)
{
    const char *path = getenv(variable);

    if (path == NULL || *path == '\0')
        path = usual;
    if (access(path, R_OK) != 0)
        fail("%s is not there", path);
    return path;
}

static char *qemu_version(void)
{
    FILE *pipe = popen("qemu-system-x86_64 --version", "r");
    char version[32] = "";

    if (pipe == NULL || fscanf(pipe, "QEMU emulator version %31[0-9.]", version) != 1)
        fail("cannot run qemu-system-x86_64");
    pclose(pipe);
    return format_string("%s", version);
}

/* Linux's instruction counts, from the file of earlier runs where it has them. */
static void measure_linux(const struct options *options, const struct guest *guest,
                          const struct guest_options *how, struct figure *figures)
{
    char *version = linux_version(guest->kernel), *qemu = qemu_version();
    char *cache = format_string("build/bench/linux-%s-qemu-%s-%016llx.figures", version, qemu,
                                (unsigned long long)file_checksum(how->program));
    bool *missing = allocate(row_count * sizeof(bool));
    unsigned count = 0, wanted = 0;

    if (!options->fresh)
        figures_load(figures, cache);
    for (unsigned i = 0; i < row_count; i++) {
        missing[i] = options->wanted[i] && !figure_known(&figures[i]);
        count += missing[i];
        wanted += options->wanted[i];
    }
    if (count > 0) {
        guest_measure(guest, how, missing, figures);
        figures_load(figures, cache); /* keeps the rows that were not measured now */
        figures_save(figures, cache);
    }
    printf("Linux %s and quire in QEMU %s; guest instructions per operation.\n", version, qemu);
    if (count < wanted)
        printf("Linux's figures were measured before and kept (--fresh measures them again).\n");
    free(missing);
    free(cache);
    free(qemu);
    free(version);
}

static void print_figure(const struct figure *figure)
{
    if (!figure_known(figure))
        printf(" %9s", "-");
    else if (figure_each(figure) < 99.95)
        printf(" %9.1f", figure_each(figure));
    else
        printf(" %9.0f", figure_each(figure));
}

/* Prints the reason why a row has no figure, if that is so. */
static void print_wrong(const char *name, const struct figure *figure)
{
    if (figure->wrong != NULL)
        printf("    %s: no figure: %s\n", name, figure->wrong);
}

static void print_counts(const struct options *options, const struct figure *linux,
                         const struct figure *quire)
{
    unsigned reached = 0, stepped = 0, count = 0;

    printf("\n%-41s %9s %9s %6s %9s %9s\n", "operation", "Linux", "quire", "ratio", "must",
           "first");
    for (unsigned i = 0; i < row_count; i++) {
        const char *verdict = "";

        if (!options->wanted[i])
            continue;
        count++;
        printf("%-41s", rows[i].operation);
        print_figure(&linux[i]);
        print_figure(&quire[i]);
        if (figure_known(&linux[i]) && figure_known(&quire[i]))
            printf(" %6.2f", figure_each(&quire[i]) / figure_each(&linux[i]));
        else
            printf(" %6s", "-");
        if (figure_known(&quire[i]) && figure_each(&quire[i]) <= rows[i].must_reach) {
            verdict = "  reached";
            reached++;
        } else if (figure_known(&quire[i]) && figure_each(&quire[i]) <= rows[i].first_step) {
            verdict = "  first step";
            stepped++;
        }
        printf(" %9u %9u%s\n", rows[i].must_reach, rows[i].first_step, verdict);
        print_wrong("Linux", &linux[i]);
        print_wrong("quire", &quire[i]);
    }
    printf("\nOf %u rows %u are at what must be reached, and %u more at the first step.\n", count,
           reached, stepped);
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* The times of one row in the rounds, in microseconds: median, lowest, highest. */
static bool summarise(struct figure *const *rounds, unsigned row, double rate, double out[3])
{
    double times[WALL_ROUNDS];

    for (unsigned round = 0; round < WALL_ROUNDS; round++) {
        if (!figure_known(&rounds[round][row]))
            return false;
        times[round] = figure_each(&rounds[round][row]) / rate * 1e6;
    }
    qsort(times, WALL_ROUNDS, sizeof(times[0]), compare_doubles);
    out[0] = times[WALL_ROUNDS / 2];
    out[1] = times[0];
    out[2] = times[WALL_ROUNDS - 1];
    return true;
}

static void print_times(const struct options *options, struct figure *const *linux,
                        struct figure *const *quire)
{
    double rate = tick_rate();

    printf("\nMicroseconds per operation without instruction counting: median (lowest to highest)"
           " of %u runs\n\n%-41s %28s %28s %6s\n",
           WALL_ROUNDS, "operation", "Linux", "quire", "ratio");
    for (unsigned i = 0; i < row_count; i++) {
        double l[3], q[3];
        bool have_linux, have_quire;

        if (!options->wanted[i])
            continue;
        have_linux = summarise(linux, i, rate, l);
        have_quire = summarise(quire, i, rate, q);
        printf("%-41s", rows[i].operation);
        if (have_linux)
            printf(" %9.3f (%7.3f..%8.3f)", l[0], l[1], l[2]);
        else
            printf(" %28s", "-");
        if (have_quire)
            printf(" %9.3f (%7.3f..%8.3f)", q[0], q[1], q[2]);
        else
            printf(" %28s", "-");
        if (have_linux && have_quire)
            printf(" %6.2f", q[0] / l[0]);
        printf("\n");
    }
}

/* Alternating runs, so that what disturbs the host disturbs both kernels. */
static void compare_times(const struct options *options, const struct guest *linux,
                          const struct guest *quire, struct guest_options how)
{
    struct figure *of_linux[WALL_ROUNDS], *of_quire[WALL_ROUNDS];

    how.real_time = true;
    for (unsigned round = 0; round < WALL_ROUNDS; round++) {
        of_linux[round] = figures_new();
        of_quire[round] = figures_new();
        guest_measure(linux, &how, options->wanted, of_linux[round]);
        guest_measure(quire, &how, options->wanted, of_quire[round]);
    }
    print_times(options, of_linux, of_quire);
    for (unsigned round = 0; round < WALL_ROUNDS; round++) {
        figures_free(of_linux[round]);
        figures_free(of_quire[round]);
    }
}

/* Whether quire does right what the rows do; a line for each, as the tests print them. */
static int check(const struct options *options, const struct guest *quire, struct guest_options how)
{
    struct figure *figures = figures_new();
    int status = 0;

    how.quick = true;
    guest_measure(quire, &how, options->wanted, figures);
    for (unsigned i = 0; i < row_count; i++) {
        if (!options->wanted[i])
            continue;
        printf("%s bench %s\n", figure_known(&figures[i]) ? "ok" : "not ok", rows[i].key);
        if (figures[i].wrong != NULL) {
            printf("# %s\n", figures[i].wrong);
            status = 1;
        }
    }
    figures_free(figures);
    return status;
}

static bool any_wrong(const struct figure *figures)
{
    for (unsigned i = 0; i < row_count; i++)
        if (figures[i].wrong != NULL)
            return true;
    return false;
}

int main(int argc, char **argv)
{
    struct figure *of_linux = figures_new(), *of_quire = figures_new();
    struct options options;
    struct guest_options how = {0};
    struct guest linux, quire;
    char *kernel;
    bool wrong;

    report_name = "quire bench";
    options = parse(argc, argv);
    how.verbose = options.verbose;
    how.program = file_of("QUIRE_BENCH_PROGRAM", PROGRAM);
    kernel = frozen_file(file_of("QUIRE_BENCH_KERNEL", QUIRE_IMAGE));
    quire = guest_quire(kernel);
    if (options.check)
        return check(&options, &quire, how);
    linux = guest_linux(file_of("QUIRE_BENCH_LINUX", LINUX_IMAGE));
    measure_linux(&options, &linux, &how, of_linux);
    guest_measure(&quire, &how, options.wanted, of_quire);
    print_counts(&options, of_linux, of_quire);
    fflush(stdout);
    if (options.wall)
        compare_times(&options, &linux, &quire, how);
    wrong = any_wrong(of_linux) || any_wrong(of_quire);
    figures_free(of_linux);
    figures_free(of_quire);
    free(kernel);
    free(options.wanted);
    return wrong;
}
