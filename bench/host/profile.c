/*
 * quire-profile ROW [--top N] [--lines] [--function NAME]
 *
 * Says where the guest instructions of a row's operation are spent: per function; with --lines
 * per source line (of the innermost inlined function); with --function per instruction of a
 * function, beside its disassembly.
 */
#define _GNU_SOURCE
#include "../../tools/common/report.h"
#include "../rows.h"
#include "figures.h"
#include "guest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PROGRAM     "build/bench/bench"
#define PLUGIN      "build/bench/plugin.so"
#define QUIRE_IMAGE "build/kernel/quire.elf"

struct options {
    const char *row, *function;
    unsigned top;
    bool lines;
};

/* Executions of the instruction at an address. */
struct sample {
    uint64_t address, count;
};

struct samples {
    struct sample *list; /* by address */
    size_t count;
};

struct symbol {
    uint64_t address;
    char *name;
    uint64_t executed; /* instructions in it */
    uint64_t entered;  /* executions of its first one */
};

struct symbols {
    struct symbol *list; /* by address */
    size_t count;
};

static struct options parse(int argc, char **argv)
{
    struct options options = {.top = 40};

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--lines") == 0)
            options.lines = true;
        else if (strcmp(argv[i], "--top") == 0 && i + 1 < argc)
            options.top = (unsigned)strtoul(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--function") == 0 && i + 1 < argc)
            options.function = argv[++i];
        else if (argv[i][0] != '-' && options.row == NULL)
            options.row = argv[i];
        else
            fail("what is %s?", argv[i]);
    }
    if (options.row == NULL)
        fail("usage: bench/profile ROW [--top N] [--lines] [--function NAME]");
    return options;
}

static unsigned find_row(const char *word)
{
    int exact = row_index(word);
    unsigned found = 0, count = 0;

    if (exact >= 0)
        return (unsigned)exact;
    for (unsigned i = 0; i < row_count; i++)
        if (row_matches(&rows[i], word)) {
            found = i;
            count++;
        }
    if (count != 1)
        fail("%s row is called \"%s\"", count == 0 ? "no" : "more than one", word);
    return found;
}

static int by_address(const void *a, const void *b)
{
    uint64_t x = ((const struct sample *)a)->address, y = ((const struct sample *)b)->address;

    return (x > y) - (x < y);
}

static int by_symbol_address(const void *a, const void *b)
{
    uint64_t x = ((const struct symbol *)a)->address, y = ((const struct symbol *)b)->address;

    return (x > y) - (x < y);
}

/* Largest first. */
static int by_executed(const void *a, const void *b)
{
    uint64_t x = ((const struct symbol *)a)->executed, y = ((const struct symbol *)b)->executed;

    return (x < y) - (x > y);
}

/* What the plugin wrote; addresses that occur several times become one. */
static struct samples read_samples(const char *path)
{
    struct samples samples = {0};
    FILE *file = fopen(path, "r");
    unsigned long long address, count;
    size_t capacity = 0, kept = 0;

    if (file == NULL)
        fail("QEMU's plugin wrote no counts: %s", strerror(errno));
    while (fscanf(file, "%llx %llu", &address, &count) == 2) {
        if (samples.count == capacity) {
            capacity = capacity ? 2 * capacity : 4096;
            samples.list = reallocate(samples.list, capacity * sizeof(*samples.list));
        }
        samples.list[samples.count++] = (struct sample){address, count};
    }
    fclose(file);
    if (samples.count == 0)
        fail("nothing was executed between the marks");
    qsort(samples.list, samples.count, sizeof(*samples.list), by_address);
    for (size_t i = 1; i < samples.count; i++) {
        if (samples.list[i].address == samples.list[kept].address)
            samples.list[kept].count += samples.list[i].count;
        else
            samples.list[++kept] = samples.list[i];
    }
    samples.count = kept + 1;
    return samples;
}

static FILE *open_command(const char *command)
{
    FILE *pipe = popen(command, "r");

    if (pipe == NULL)
        fail("cannot run %s: %s", command, strerror(errno));
    return pipe;
}

/* Adds the text symbols of what prints as nm does. */
static void read_symbols(struct symbols *symbols, const char *command)
{
    FILE *pipe = open_command(command);
    unsigned long long address;
    char *line = NULL, kind, name[256];
    size_t size = 0;

    while (getline(&line, &size, pipe) > 0) {
        if (sscanf(line, "%llx %c %255s", &address, &kind, name) != 3 || !strchr("tTW", kind))
            continue;
        symbols->list = reallocate(symbols->list, (symbols->count + 1) * sizeof(*symbols->list));
        symbols->list[symbols->count++] =
            (struct symbol){.address = address, .name = format_string("%s", name)};
    }
    free(line);
    pclose(pipe);
}

/* The symbol that the address lies behind, or the nameless one at 0. */
static struct symbol *symbol_of(struct symbols *symbols, uint64_t address)
{
    size_t low = 0, high = symbols->count;

    while (high - low > 1) {
        size_t middle = (low + high) / 2;

        if (symbols->list[middle].address <= address)
            low = middle;
        else
            high = middle;
    }
    return &symbols->list[low];
}

static struct symbols load_symbols(const char *kernel)
{
    struct symbols symbols = {0};
    char *command = format_string("nm -n '%s'", kernel);

    read_symbols(&symbols, "echo 0 t elsewhere");
    read_symbols(&symbols, "nm -n " PROGRAM);
    read_symbols(&symbols, command);
    free(command);
    if (symbols.list == NULL)
        fail("there are no symbols");
    qsort(symbols.list, symbols.count, sizeof(*symbols.list), by_symbol_address);
    return symbols;
}

static void print_head(const char *entered, const char *what)
{
    printf("%10s %6s %8s  %s\n", "each", "share", entered, what);
}

/* Rows of a table, largest first, until `top`; `operations` is what the counts are divided by. */
static void print_top(struct symbol *list, size_t count, unsigned top, uint64_t total,
                      double operations, bool entered)
{
    uint64_t rest = total;

    if (count > 0)
        qsort(list, count, sizeof(*list), by_executed);
    for (size_t i = 0; i < count && i < top && (double)list[i].executed >= 0.05 * operations; i++) {
        printf("%10.1f %5.1f%%", (double)list[i].executed / operations,
               100.0 * (double)list[i].executed / (double)total);
        if (entered)
            printf(" %8.2f", (double)list[i].entered / operations);
        else
            printf(" %8s", "");
        printf("  %s\n", list[i].name);
        rest -= list[i].executed;
    }
    if (rest > 0)
        printf("%10.1f %5.1f%% %8s  everything else\n", (double)rest / operations,
               100.0 * (double)rest / (double)total, "");
}

static void print_functions(const struct samples *samples, struct symbols *symbols, unsigned top,
                            uint64_t total, double operations)
{
    for (size_t i = 0; i < samples->count; i++) {
        struct symbol *symbol = symbol_of(symbols, samples->list[i].address);

        symbol->executed += samples->list[i].count;
        if (symbol->address == samples->list[i].address)
            symbol->entered += samples->list[i].count;
    }
    print_head("entered", "function");
    print_top(symbols->list, symbols->count, top, total, operations, true);
}

/* Where the addresses come from, as addr2line says: one line "FILE:LINE" for each. */
static FILE *source_lines(const struct samples *samples, const char *binary, char *addresses)
{
    int fd = mkstemp(addresses);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
    char *command = format_string("addr2line -e '%s' <'%s'", binary, addresses);
    FILE *pipe;

    if (file == NULL)
        fail("cannot make a temporary file: %s", strerror(errno));
    for (size_t i = 0; i < samples->count; i++)
        fprintf(file, "%llx\n", (unsigned long long)samples->list[i].address);
    fclose(file);
    pipe = open_command(command);
    free(command);
    return pipe;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct symbol *)a)->name, ((const struct symbol *)b)->name);
}

/* FILE:LINE with FILE as seen from the project's folder; allocated. */
static char *short_line(char *line)
{
    char *root = getcwd(NULL, 0);
    size_t length = root != NULL ? strlen(root) : 0;
    const char *shown = line;

    line[strcspn(line, " \n")] = '\0';
    if (strncmp(line, "??", 2) == 0)
        shown = "the program";
    else if (length > 0 && strncmp(line, root, length) == 0 && line[length] == '/')
        shown = line + length + 1;
    if (strncmp(shown, "./", 2) == 0)
        shown += 2;
    free(root);
    return format_string("%s", shown);
}

static void print_lines(const struct samples *samples, const char *binary, unsigned top,
                        uint64_t total, double operations)
{
    char addresses[] = "/tmp/quire-profile.XXXXXX";
    FILE *pipe = source_lines(samples, binary, addresses);
    struct symbol *list = allocate(samples->count * sizeof(*list));
    size_t size = 0, kept = 0;
    char *line = NULL;

    for (size_t i = 0; i < samples->count; i++) {
        if (getline(&line, &size, pipe) <= 0)
            fail("addr2line said too little");
        list[i] = (struct symbol){.name = short_line(line), .executed = samples->list[i].count};
    }
    free(line);
    pclose(pipe);
    unlink(addresses);
    qsort(list, samples->count, sizeof(*list), by_name);
    for (size_t i = 1; i < samples->count; i++) {
        if (strcmp(list[i].name, list[kept].name) == 0)
            list[kept].executed += list[i].executed;
        else
            list[++kept] = list[i];
    }
    print_head("", "source line");
    print_top(list, kept + 1, top, total, operations, false);
}

/* The function's disassembly with the executions of each instruction per operation. */
static void print_function(const struct samples *samples, const char *binary, const char *name,
                           double operations)
{
    char *command =
        format_string("objdump -d --no-show-raw-insn --disassemble='%s' '%s'", name, binary);
    FILE *pipe = open_command(command);
    unsigned long long address;
    bool found = false;
    char *line = NULL;
    size_t size = 0;

    while (getline(&line, &size, pipe) > 0) {
        const struct sample *sample = NULL;
        struct sample wanted = {0};
        int used = 0;

        if (sscanf(line, "%llx:%n", &address, &used) == 1 && used > 0) {
            found = true;
            wanted.address = address;
            sample = bsearch(&wanted, samples->list, samples->count, sizeof(wanted), by_address);
            if (sample != NULL)
                printf("%9.2f %s", (double)sample->count / operations, line);
            else
                printf("%9s %s", "", line);
        } else if (strchr(line, '<') != NULL) {
            printf("%s", line);
        }
    }
    free(line);
    free(command);
    pclose(pipe);
    if (!found)
        fail("no function is called %s (it may be inlined: see --lines)", name);
}

static char *kernel_file(void)
{
    const char *path = getenv("QUIRE_BENCH_KERNEL");

    if (path == NULL || *path == '\0')
        path = QUIRE_IMAGE;
    if (access(path, R_OK) != 0)
        fail("%s is not there", path);
    return frozen_file(path);
}

int main(int argc, char **argv)
{
    struct options options;
    struct figure *figures = figures_new();
    bool *wanted = allocate(row_count * sizeof(bool));
    char out[] = "/tmp/quire-profile.XXXXXX", *plugin;
    struct guest_options how = {.program = PROGRAM};
    struct samples samples;
    uint64_t total = 0;
    double operations;
    struct guest guest;
    char *kernel;
    unsigned row;
    int fd;

    report_name = "bench/profile";
    options = parse(argc, argv);
    row = find_row(options.row);
    kernel = kernel_file();
    guest = guest_quire(kernel);
    fd = mkstemp(out);
    if (fd < 0)
        fail("cannot make a temporary file: %s", strerror(errno));
    close(fd);
    plugin = format_string(PLUGIN ",out=%s", out);
    how.plugin = plugin;
    memset(wanted, 0, row_count * sizeof(bool));
    wanted[row] = true;
    guest_measure(&guest, &how, wanted, figures);
    if (!figure_known(&figures[row]))
        fail("%s: %s", rows[row].operation, figures[row].wrong);
    samples = read_samples(out);
    unlink(out);
    for (size_t i = 0; i < samples.count; i++)
        total += samples.list[i].count;
    operations = (double)figures[row].operations;
    printf("%s on %s: %.1f instructions each, %.1f of them seen here; must reach %u, "
           "first step %u\n",
           rows[row].operation, guest.name, figure_each(&figures[row]), (double)total / operations,
           rows[row].must_reach, rows[row].first_step);
    if (options.function != NULL) {
        print_function(&samples, kernel, options.function, operations);
    } else if (options.lines) {
        print_lines(&samples, kernel, options.top, total, operations);
    } else {
        struct symbols symbols = load_symbols(kernel);

        print_functions(&samples, &symbols, options.top, total, operations);
    }
    free(plugin);
    free(kernel);
    free(wanted);
    figures_free(figures);
    return 0;
}
