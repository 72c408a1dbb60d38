/*
 * quire-swap [--rounds N] [--memory MIB] [--touch MIB] [--linux|--quire] [--time]
 *            [--keep FOLDER] [--check] [--policies NAME,...]
 *
 * Runs build/bench/swap under Debian's Linux and under quire, in the same machine with a disk to
 * swap to, and prints pages per second and guest instructions per page. Instructions come from one
 * run of each with the plugin, and what an idle processor executes is left out; times come from
 * runs without it, alternating, of which the fastest counts: others use the host too.
 *
 * With a kernel's name only that one runs; what an earlier run found for the other is kept in
 * build/. --time: only times are measured, and earlier ones stand where they are better. --check:
 * whether quire's instructions are where they must be. --policies: quire alone, once with each of
 * these replacement policies, and rows with locality too: instructions for a page, and how many
 * pages came back from the device.
 */
#define _GNU_SOURCE
#include "../../tools/archive/archive.h"
#include "../../tools/common/report.h"
#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PROGRAM     "build/bench/swap"
#define PLUGIN      "build/bench/plugin.so"
#define LINUX_IMAGE "build/linux/vmlinuz"
#define QUIRE_IMAGE "build/kernel/quire.elf"
#define ROWS        16
#define SWAP_MIB    1024

struct options {
    unsigned rounds, memory, touch;
    bool only_linux, only_quire, only_time, check;
    const char *keep;
    const char *policies;
};

struct range {
    uint64_t start, end;
};

struct row {
    char key[32];
    double pages;
    double read;                /* pages that came from the device */
    double best;                /* seconds; 0: not measured */
    uint64_t instructions;      /* without the idle loop's */
    uint64_t idle_instructions; /* its own */
};

/* What is known of one kernel. */
struct side {
    struct guest guest;
    char *const *modules; /* files, NULL at the end; or NULL */
    struct row row[ROWS];
    unsigned rows;
    struct range *idle;
    size_t idle_count;
    char wrong[256];
    bool ended;
};

/* A third of what Linux 6.1 needs, per page: what quire must reach. */
static const struct {
    const char *key;
    unsigned instructions;
} must[] = {
    {"first", 3953},           {"sequential-write", 6883},
    {"sequential-read", 5062}, {"strided-read", 8950},
    {"strided-write", 11161},  {"random-read", 9285},
    {"random-write", 11069},   {"fork", 9384},
    {"after-fork", 8936},
};

/* In the order in which they depend on each other. */
static const char *const modules[] = {
    "virtio/virtio_ring.ko",           "virtio/virtio.ko",     "virtio/virtio_pci_modern_dev.ko",
    "virtio/virtio_pci_legacy_dev.ko", "virtio/virtio_pci.ko", "block/virtio_blk.ko",
};

static struct options parse(int argc, char **argv)
{
    struct options options = {.rounds = 3, .memory = 128, .touch = 256};

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--rounds") == 0 && i + 1 < argc)
            options.rounds = (unsigned)strtoul(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--memory") == 0 && i + 1 < argc)
            options.memory = (unsigned)strtoul(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--touch") == 0 && i + 1 < argc)
            options.touch = (unsigned)strtoul(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--keep") == 0 && i + 1 < argc)
            options.keep = argv[++i];
        else if (strcmp(argv[i], "--policies") == 0 && i + 1 < argc)
            options.policies = argv[++i];
        else if (strcmp(argv[i], "--linux") == 0)
            options.only_linux = true;
        else if (strcmp(argv[i], "--quire") == 0)
            options.only_quire = true;
        else if (strcmp(argv[i], "--time") == 0)
            options.only_time = true;
        else if (strcmp(argv[i], "--check") == 0)
            options.check = true;
        else
            fail("what is %s?", argv[i]);
    }
    return options;
}

static char *find_module(const char *name)
{
    char *pattern = format_string("build/linux/lib/modules/*/kernel/drivers/%s", name), *path;
    glob_t found;

    if (glob(pattern, 0, NULL, &found) != 0)
        fail("there is no %s", pattern);
    path = format_string("%s", found.gl_pathv[0]);
    globfree(&found);
    free(pattern);
    return path;
}

static int make_archive(const struct side *side)
{
    struct archive archive;
    char order[1024] = "";
    int fd = memfd_create("archive", 0);

    if (fd < 0)
        fail("cannot make the initial archive: %s", strerror(errno));
    archive_begin(&archive, fd, "the initial archive", 1);
    archive_directory(&archive, "dev", 0755, 0);
    archive_directory(&archive, "proc", 0555, 0);
    archive_host_file(&archive, "init", PROGRAM, 1);
    if (side->modules != NULL) {
        archive_directory(&archive, "modules", 0755, 0);
        for (size_t i = 0; i < sizeof(modules) / sizeof(modules[0]); i++) {
            char *host = find_module(modules[i]);
            char *path = format_string("modules/%s", strrchr(modules[i], '/') + 1);

            archive_host_file(&archive, path, host, 1);
            snprintf(order + strlen(order), sizeof(order) - strlen(order), "/%s\n", path);
            free(host);
            free(path);
        }
        archive_bytes(&archive, "modules/order", S_IFREG | 0644, 0, order, strlen(order));
    }
    archive_end(&archive);
    return fd;
}

/* A sparse disk with Linux's swap header, without a name: gone when its last user is. */
static int make_disk(void)
{
    static const char magic[] = "SWAPSPACE2";
    uint32_t head[3] = {1, SWAP_MIB * 256 - 1, 0}; /* version, last page, bad pages */
    FILE *file = tmpfile();
    int fd;

    if (file == NULL || (fd = dup(fileno(file))) < 0)
        fail("cannot make a swap file: %s", strerror(errno));
    fclose(file);
    if (ftruncate(fd, (off_t)SWAP_MIB << 20) != 0 ||
        pwrite(fd, head, sizeof(head), 1024) != sizeof(head) ||
        pwrite(fd, magic, 10, 4096 - 10) != 10)
        fail("cannot write the swap header: %s", strerror(errno));
    return fd;
}

_Noreturn static void become_qemu(const struct side *side, const struct options *options,
                                  const char *counts, int archive, int disk, int serial)
{
    char *memory = format_string("%u", options->memory);
    char *initrd = format_string("/proc/self/fd/%d", archive);
    char *drive = format_string("file=/proc/self/fd/%d,if=none,id=swap,format=raw", disk);
    char *arguments = format_string("%s %u", side->guest.arguments, options->touch);
    char *plugin = format_string(PLUGIN ",each=%s", counts != NULL ? counts : "");
    const char *words[] = {
        "qemu-system-x86_64",
        "-machine",
        "pc",
        "-accel",
        "tcg",
        "-cpu",
        "qemu64",
        "-m",
        memory,
        "-smp",
        "1",
        "-nodefaults",
        "-no-user-config",
        "-no-reboot",
        "-display",
        "none",
        "-serial",
        "stdio",
        "-device",
        "isa-debug-exit,iobase=0xf4,iosize=4",
        "-drive",
        drive,
        "-device",
        "virtio-blk-pci,drive=swap",
        "-kernel",
        side->guest.kernel,
        "-initrd",
        initrd,
        "-append",
        arguments,
        counts != NULL ? "-plugin" : NULL,
        plugin,
        NULL,
    };

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(open("/dev/null", O_RDONLY), STDIN_FILENO);
    dup2(serial, STDOUT_FILENO);
    execvp(words[0], (char *const *)words);
    fail("cannot run %s: %s", words[0], strerror(errno));
}

static struct row *row_of(struct side *side, const char *key)
{
    for (unsigned i = 0; i < side->rows; i++)
        if (strcmp(side->row[i].key, key) == 0)
            return &side->row[i];
    if (side->rows == ROWS)
        fail("too many rows");
    snprintf(side->row[side->rows].key, sizeof(side->row[0].key), "%s", key);
    return &side->row[side->rows++];
}

/* Adds up what the plugin wrote for the row that has just ended. */
static void take_counts(const struct side *side, struct row *row, const char *path)
{
    FILE *file = fopen(path, "r");
    unsigned long long address, count;

    if (file == NULL)
        fail("QEMU's plugin did not write %s", path);
    row->instructions = row->idle_instructions = 0;
    while (fscanf(file, "%llx %llu", &address, &count) == 2) {
        bool idle = false;

        for (size_t i = 0; i < side->idle_count && !idle; i++)
            idle = address >= side->idle[i].start && address < side->idle[i].end;
        *(idle ? &row->idle_instructions : &row->instructions) += count;
    }
    fclose(file);
}

static void take_line(struct side *side, char *line, double rate, const char *counts,
                      unsigned *counted, const struct options *options)
{
    char key[128], *mark = strstr(line, "@swap "), *end = strrchr(line, '@');
    unsigned long long a, b, c;

    if (mark == NULL || end == mark)
        return;
    *end = '\0';
    mark += strlen("@swap ");
    if (sscanf(mark, "row %31s %llu %llu %llu", key, &a, &b, &c) == 4) {
        struct row *row = row_of(side, key);

        row->pages = (double)b;
        row->read = (double)c;
        if (counts != NULL) {
            char *path = format_string("%s.%u", counts, (*counted)++);

            take_counts(side, row, path);
            if (options->keep == NULL)
                unlink(path);
            free(path);
        } else if (row->best == 0 || (double)a / rate < row->best) {
            row->best = (double)a / rate;
        }
    } else if (sscanf(mark, "symbol %127s %llx %llx", key, &a, &b) == 3) {
        side->idle = reallocate(side->idle, (side->idle_count + 1) * sizeof(*side->idle));
        side->idle[side->idle_count++] = (struct range){a, b};
    } else if (strncmp(mark, "wrong ", 6) == 0) {
        snprintf(side->wrong, sizeof(side->wrong), "%s", mark + 6);
    } else if (strncmp(mark, "end", 3) == 0) {
        side->ended = true;
    }
}

/* Runs the machine once; with `counts`, the start of file names, counting instructions. */
static void run(struct side *side, const struct options *options, double rate, const char *counts)
{
    int archive = make_archive(side), disk = make_disk(), serial[2], status;
    unsigned counted = 0;
    char *line = NULL, last[1024] = "";
    size_t size = 0;
    FILE *output;
    pid_t qemu;

    if (pipe2(serial, O_CLOEXEC) < 0 || (qemu = fork()) < 0)
        fail("cannot start QEMU: %s", strerror(errno));
    if (qemu == 0)
        become_qemu(side, options, counts, archive, disk, serial[1]);
    close(serial[1]);
    close(archive);
    close(disk);
    output = fdopen(serial[0], "r");
    side->ended = false;
    while (getline(&line, &size, output) > 0) {
        if (getenv("QUIRE_BENCH_VERBOSE") != NULL)
            fprintf(stderr, "%s: %s", side->guest.name, line);
        if (strstr(line, "@swap ") == NULL)
            snprintf(last, sizeof(last), "%s", line);
        take_line(side, line, rate, counts, &counted, options);
    }
    free(line);
    fclose(output);
    while (waitpid(qemu, &status, 0) < 0 && errno == EINTR)
        continue;
    if (!side->ended && side->wrong[0] == '\0')
        snprintf(side->wrong, sizeof(side->wrong), "the machine ended early: %.200s", last);
    if (side->wrong[0] != '\0')
        fail("%s: %s", side->guest.name, side->wrong);
}

/* quire's idle functions, from its symbols. */
static void read_idle_symbols(struct side *side)
{
    FILE *pipe = popen("nm -nS " QUIRE_IMAGE, "r");
    char line[256], name[128], kind;
    unsigned long long address, size;

    while (pipe != NULL && fgets(line, sizeof(line), pipe) != NULL) {
        if (sscanf(line, "%llx %llx %c %127s", &address, &size, &kind, name) != 4 ||
            strstr(name, "idle") == NULL || strchr("tT", kind) == NULL)
            continue;
        side->idle = reallocate(side->idle, (side->idle_count + 1) * sizeof(*side->idle));
        side->idle[side->idle_count++] = (struct range){address, address + size};
    }
    if (pipe == NULL || pclose(pipe) != 0)
        fail("cannot read the symbols of " QUIRE_IMAGE);
}

/* Figures of a kernel are kept beside the program: KEY PAGES SECONDS INSTRUCTIONS IDLE. */
static void keep_figures(const struct side *side, const struct options *options)
{
    char *path = format_string("build/bench/swap-%s-%u-%u.figures", side->guest.name,
                               options->memory, options->touch);
    FILE *file = fopen(path, "w");

    if (file == NULL)
        fail("cannot write %s: %s", path, strerror(errno));
    for (unsigned i = 0; i < side->rows; i++)
        fprintf(file, "%s %.0f %.9f %llu %llu\n", side->row[i].key, side->row[i].pages,
                side->row[i].best, (unsigned long long)side->row[i].instructions,
                (unsigned long long)side->row[i].idle_instructions);
    fclose(file);
    free(path);
}

static void load_figures(struct side *side, const struct options *options)
{
    char *path = format_string("build/bench/swap-%s-%u-%u.figures", side->guest.name,
                               options->memory, options->touch);
    FILE *file = fopen(path, "r");
    unsigned long long instructions, idle;
    double seconds, pages;
    char key[32];

    free(path);
    while (file != NULL && fscanf(file, "%31s %lf %lf %llu %llu", key, &pages, &seconds,
                                  &instructions, &idle) == 5) {
        struct row *row = row_of(side, key);

        row->pages = pages;
        row->best = seconds;
        row->instructions = instructions;
        row->idle_instructions = idle;
    }
    if (file != NULL)
        fclose(file);
}

static double each(const struct row *row)
{
    return row->pages > 0 ? (double)row->instructions / row->pages : 0;
}

static double speed(const struct row *row)
{
    return row->best > 0 ? row->pages / row->best : 0;
}

static void print_table(struct side *linux, struct side *quire)
{
    struct side *any = quire->rows > 0 ? quire : linux;

    printf("%-18s %28s %8s %28s %8s\n", "", "instructions per page", "", "pages per second", "");
    printf("%-18s %9s %9s %9s %7s %9s %9s %9s %7s\n", "row", "Linux", "quire", "ratio", "", "Linux",
           "quire", "ratio", "");
    for (unsigned i = 0; i < any->rows; i++) {
        const struct row *l = row_of(linux, any->row[i].key), *q = row_of(quire, any->row[i].key);

        printf("%-18s %9.0f %9.0f %9.2f %7s %9.0f %9.0f %9.2f\n", any->row[i].key, each(l), each(q),
               each(l) > 0 ? each(q) / each(l) : 0, "", speed(l), speed(q),
               speed(l) > 0 ? speed(q) / speed(l) : 0);
    }
}

static unsigned must_of(const char *key)
{
    for (size_t i = 0; i < sizeof(must) / sizeof(must[0]); i++)
        if (strcmp(must[i].key, key) == 0)
            return must[i].instructions;
    fail("what must be reached in row %s is not known", key);
}

/* Whether quire is where it must be, a line for each row as the tests print them. Instructions do
 * not depend on how busy the host is; time does, and is not looked at. */
static int check(struct side *quire, const struct options *options, const char *counts)
{
    int status = 0;

    run(quire, options, 1, counts);
    for (unsigned i = 0; i < quire->rows; i++) {
        const struct row *row = &quire->row[i];
        bool good = each(row) > 0 && each(row) <= must_of(row->key);

        printf("%s swap %s\n", good ? "ok" : "not ok", row->key);
        printf("# %.0f instructions per page, at most %u\n", each(row), must_of(row->key));
        status |= !good;
    }
    return status;
}

#define MOST_POLICIES 8

/* A table of rows by policies, of instructions for a page or of pages read for 100 touched. */
static void print_policies(const struct side *sides, char *const *names, unsigned count, bool reads)
{
    printf("%-18s", reads ? "read, of 100" : "instructions");
    for (unsigned i = 0; i < count; i++)
        printf(" %9s", names[i]);
    printf("\n");
    for (unsigned row = 0; row < sides[0].rows; row++) {
        printf("%-18s", sides[0].row[row].key);
        for (unsigned i = 0; i < count; i++) {
            const struct row *of = &sides[i].row[row];

            if (reads)
                printf(" %9.1f", of->pages > 0 ? 100 * of->read / of->pages : 0);
            else
                printf(" %9.0f", each(of));
        }
        printf("\n");
    }
    printf("\n");
}

static void compare_policies(const struct side *quire, const struct options *options, double rate,
                             const char *counts)
{
    static struct side side[MOST_POLICIES];
    char *list = format_string("%s", options->policies), *names[MOST_POLICIES];
    unsigned count = 0;

    for (char *name = strtok(list, ","); name != NULL; name = strtok(NULL, ",")) {
        if (count == MOST_POLICIES)
            fail("too many policies");
        side[count] = *quire;
        side[count].guest.arguments =
            format_string("policy=%s %s local", name, quire->guest.arguments);
        run(&side[count], options, rate, counts);
        names[count++] = name;
    }
    print_policies(side, names, count, false);
    print_policies(side, names, count, true);
    free(list);
}

int main(int argc, char **argv)
{
    struct options options = parse(argc, argv);
    static char *const yes[] = {NULL};
    struct side sides[2] = {{.modules = yes}, {.modules = NULL}};
    char folder[] = "/tmp/quire-swap.XXXXXX";
    double rate = tick_rate();

    report_name = "bench/run-swap";
    if (options.keep == NULL && mkdtemp(folder) == NULL)
        fail("cannot make a temporary folder: %s", strerror(errno));
    sides[1].guest = guest_quire(frozen_file(QUIRE_IMAGE));
    read_idle_symbols(&sides[1]);
    if (options.policies != NULL) {
        compare_policies(&sides[1], &options, rate, format_string("%s/counts", folder));
        return 0;
    }
    if (options.check)
        return check(&sides[1], &options, format_string("%s/counts", folder));
    sides[0].guest = guest_linux(frozen_file(LINUX_IMAGE));
    /* Time is the host's here: Linux would give up where the host let it wait in its timer check.
     */
    sides[0].guest.arguments = format_string("no_timer_check %s", sides[0].guest.arguments);
    for (unsigned i = 0; i < 2; i++)
        if (options.only_time || (i == 0 ? options.only_quire : options.only_linux))
            load_figures(&sides[i], &options);
    for (unsigned round = options.only_time ? 1 : 0; round <= options.rounds; round++) {
        for (unsigned i = 0; i < 2; i++) {
            char *counts = format_string("%s/%s", options.keep != NULL ? options.keep : folder,
                                         sides[i].guest.name);

            if (i == 0 ? !options.only_quire : !options.only_linux) {
                run(&sides[i], &options, rate, round == 0 ? counts : NULL);
                keep_figures(&sides[i], &options);
            }
            free(counts);
        }
    }
    print_table(&sides[0], &sides[1]);
    if (options.keep == NULL)
        rmdir(folder);
    return 0;
}
