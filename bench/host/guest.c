#define _GNU_SOURCE
#include "guest.h"

#include "../../tools/archive/archive.h"
#include "../../tools/common/report.h"
#include "../rows.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PROGRAM_PATH    "init" /* where Linux looks for it without being told */
#define MARK            "@bench "
#define SILENCE_SECONDS 240 /* a row of Linux takes at most a few */
#define TAIL_LINES      40

struct words {
    char *list[64];
    unsigned count;
};

/* A machine that runs, and what has been read from it. */
struct session {
    const struct guest *guest;
    const struct guest_options *options;
    const bool *wanted;
    struct figure *figures;
    pid_t qemu;
    int serial_fd;
    char line[1024];
    size_t length;
    char *tail[TAIL_LINES]; /* the last lines that are not ours; a ring */
    unsigned tail_next;
    int current; /* row that has begun and has no result, or -1 */
    bool ended;  /* the program has said that it is done */
};

struct guest guest_linux(const char *kernel)
{
    struct guest guest = {
        "Linux", kernel,
        "nokaslr norandmaps mitigations=off init_on_alloc=0 transparent_hugepage=never "
        "cgroup_disable=memory audit=0 console=ttyS0 panic=-1 quiet --"};

    return guest;
}

struct guest guest_quire(const char *kernel)
{
    struct guest guest = {"quire", kernel, "loglevel=warn -- /" PROGRAM_PATH};

    return guest;
}

char *linux_version(const char *path)
{
    FILE *file = fopen(path, "rb");
    unsigned char offset[2];
    char version[65] = "";

    /* The boot protocol: the 16 bits at 0x20e, plus 0x200, are where a string begins. */
    if (file != NULL && fseek(file, 0x20e, SEEK_SET) == 0 && fread(offset, 2, 1, file) == 1 &&
        fseek(file, (long)(offset[0] | offset[1] << 8) + 0x200, SEEK_SET) == 0 &&
        fread(version, 1, 64, file) > 0)
        version[strcspn(version, " ")] = '\0';
    if (file != NULL)
        fclose(file);
    for (const char *c = version; *c; c++)
        if (*c < '!' || *c > '~' || *c == '/')
            version[0] = '\0';
    if (version[0] == '\0')
        fail("%s is not a Linux kernel image", path);
    return format_string("%s", version);
}

char *frozen_file(const char *path)
{
    int from = open(path, O_RDONLY | O_CLOEXEC);
    int to = memfd_create("frozen", 0); /* children inherit it */
    char block[65536];
    ssize_t got;

    if (from < 0 || to < 0)
        fail("cannot read %s: %s", path, strerror(errno));
    while ((got = read(from, block, sizeof(block))) > 0)
        if (write(to, block, (size_t)got) != got)
            fail("no memory for %s", path);
    if (got < 0)
        fail("cannot read %s: %s", path, strerror(errno));
    close(from);
    return format_string("/proc/self/fd/%d", to);
}

static int make_archive(const char *program)
{
    struct archive archive;
    int fd = memfd_create("archive", 0);

    if (fd < 0)
        fail("cannot make the initial archive: %s", strerror(errno));
    archive_begin(&archive, fd, "the initial archive", 1);
    archive_directory(&archive, "dev", 0755, 0);
    archive_directory(&archive, "proc", 0555, 0);
    archive_directory(&archive, "tmp", 01777, 0);
    archive_host_file(&archive, PROGRAM_PATH, program, 1);
    archive_end(&archive);
    return fd;
}

static void add(struct words *words, const char *word)
{
    if (words->count + 1 >= sizeof(words->list) / sizeof(words->list[0]))
        fail("too many arguments for QEMU");
    words->list[words->count++] = format_string("%s", word);
    words->list[words->count] = NULL;
}

static void add_option(struct words *words, const char *option, const char *value)
{
    add(words, option);
    add(words, value);
}

/* The kernel's arguments, and behind "--" the program's. */
static char *command_line(const struct session *session)
{
    char *line =
        format_string("%s%s", session->guest->arguments, session->options->quick ? " --quick" : "");

    for (unsigned i = 0; i < row_count; i++) {
        char *longer;

        if (!session->wanted[i] || figure_known(&session->figures[i]) || session->figures[i].wrong)
            continue;
        longer = format_string("%s %s", line, rows[i].key);
        free(line);
        line = longer;
    }
    return line;
}

/* Both kernels get this machine; under -icount a run repeats to the byte. */
static void qemu_command(struct words *words, const struct session *session, int archive_fd)
{
    char *archive = format_string("/proc/self/fd/%d", archive_fd);
    char *arguments = command_line(session);

    add(words, "qemu-system-x86_64");
    add_option(words, "-machine", "pc");
    add_option(words, "-accel", "tcg");
    add_option(words, "-cpu", "qemu64");
    add_option(words, "-m", "512");
    add_option(words, "-smp", "1");
    if (!session->options->real_time) {
        add_option(words, "-icount", "shift=0,sleep=off");
        add_option(words, "-rtc", "base=2024-01-01T00:00:00,clock=vm");
        add_option(words, "-seed", "1");
    }
    add(words, "-nodefaults");
    add(words, "-no-user-config");
    add(words, "-no-reboot");
    add_option(words, "-display", "none");
    add_option(words, "-serial", "stdio");
    add_option(words, "-device", "isa-debug-exit,iobase=0xf4,iosize=4");
    if (session->options->plugin != NULL)
        add_option(words, "-plugin", session->options->plugin);
    add_option(words, "-kernel", session->guest->kernel);
    add_option(words, "-initrd", archive);
    add_option(words, "-append", arguments);
    free(archive);
    free(arguments);
}

static void start_machine(struct session *session)
{
    int archive_fd = make_archive(session->options->program), serial[2];
    struct words words = {.count = 0};

    qemu_command(&words, session, archive_fd);
    if (pipe2(serial, O_CLOEXEC) < 0)
        fail("cannot make a pipe: %s", strerror(errno));
    session->qemu = fork();
    if (session->qemu < 0)
        fail("cannot start a process: %s", strerror(errno));
    if (session->qemu == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(open("/dev/null", O_RDONLY), STDIN_FILENO);
        dup2(serial[1], STDOUT_FILENO);
        execvp(words.list[0], words.list);
        fail("cannot run %s: %s", words.list[0], strerror(errno));
    }
    close(serial[1]);
    close(archive_fd);
    for (unsigned i = 0; i < words.count; i++)
        free(words.list[i]);
    session->serial_fd = serial[0];
}

static void show_progress(const struct session *session, const char *operation)
{
    if (session->options->verbose || !isatty(STDERR_FILENO))
        return;
    fprintf(stderr, "\r\033[K");
    if (operation != NULL)
        fprintf(stderr, "%s: %s", session->guest->name, operation);
    fflush(stderr);
}

static void remember(struct session *session, const char *line)
{
    char **place = &session->tail[session->tail_next++ % TAIL_LINES];

    free(*place);
    *place = format_string("%s", line);
}

static void show_tail(const struct session *session)
{
    fprintf(stderr, "%s's last messages:\n", session->guest->name);
    for (unsigned i = 0; i < TAIL_LINES; i++) {
        const char *line = session->tail[(session->tail_next + i) % TAIL_LINES];

        if (line != NULL)
            fprintf(stderr, "  | %s\n", line);
    }
}

/* A line of ours, from behind the mark; one that has lost its end is as good as none. */
static void take_result(struct session *session, char *text)
{
    unsigned long long ticks, operations;
    char *end = strrchr(text, '@');
    char key[64];
    int used = 0, i;

    if (end == NULL || end == text)
        return;
    end[-1] = '\0';
    if (strncmp(text, "end ", 4) == 0) {
        session->ended = true;
    } else if (sscanf(text, "begin %63s", key) == 1 && (i = row_index(key)) >= 0) {
        session->current = i;
        show_progress(session, rows[i].operation);
    } else if (sscanf(text, "row %63s %llu %llu", key, &ticks, &operations) == 3 &&
               (i = row_index(key)) >= 0) {
        figure_set(&session->figures[i], ticks, operations);
        session->current = -1;
    } else if (sscanf(text, "wrong %63s %n", key, &used) == 1 && (i = row_index(key)) >= 0) {
        figure_set_wrong(&session->figures[i], text + used);
        session->current = -1;
    }
}

static void take_line(struct session *session)
{
    char *mark;

    session->line[session->length] = '\0';
    while (session->length > 0 && session->line[session->length - 1] == '\r')
        session->line[--session->length] = '\0';
    session->length = 0;
    if (session->options->verbose)
        fprintf(stderr, "%s: %s\n", session->guest->name, session->line);
    mark = strstr(session->line, MARK);
    if (mark != NULL)
        take_result(session, mark + strlen(MARK));
    else
        remember(session, session->line);
}

static void take_bytes(struct session *session, const char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (bytes[i] == '\n' || session->length + 1 == sizeof(session->line))
            take_line(session);
        if (bytes[i] != '\n')
            session->line[session->length++] = bytes[i];
    }
}

/* Reads until the machine ends; false if it fell silent before. */
static bool listen_to(struct session *session)
{
    struct pollfd serial = {.fd = session->serial_fd, .events = POLLIN};
    char bytes[4096];

    for (;;) {
        int ready = poll(&serial, 1, SILENCE_SECONDS * 1000);
        ssize_t got;

        if (ready == 0)
            return false;
        if (ready < 0 && errno == EINTR)
            continue;
        got = ready < 0 ? -1 : read(session->serial_fd, bytes, sizeof(bytes));
        if (got < 0)
            fail("cannot read from the machine: %s", strerror(errno));
        if (got == 0)
            return true;
        take_bytes(session, bytes, (size_t)got);
    }
}

/* One machine; measures what has no figure yet. Returns whether another one could do more. */
static bool run_machine(struct session *session)
{
    bool heard;
    int status;

    session->current = -1;
    session->length = 0;
    session->ended = false;
    show_progress(session, "starting");
    start_machine(session);
    heard = listen_to(session);
    if (!heard)
        kill(session->qemu, SIGKILL);
    close(session->serial_fd);
    while (waitpid(session->qemu, &status, 0) < 0 && errno == EINTR)
        continue;
    show_progress(session, NULL);
    if (session->ended)
        return false;
    if (!session->options->verbose && session->tail_next > 0)
        show_tail(session);
    if (session->current < 0)
        return false;
    figure_set_wrong(&session->figures[session->current],
                     heard ? "the machine ended" : "the machine fell silent");
    return true;
}

void guest_measure(const struct guest *guest, const struct guest_options *options,
                   const bool *wanted, struct figure *figures)
{
    struct session session = {
        .guest = guest, .options = options, .wanted = wanted, .figures = figures};
    bool more = false;

    for (unsigned i = 0; i < row_count; i++)
        if (wanted[i]) {
            figure_set(&figures[i], 0, 0);
            more = true;
        }
    while (more) {
        more = run_machine(&session);
        if (more) {
            more = false;
            for (unsigned i = 0; i < row_count; i++)
                more |= wanted[i] && !figure_known(&figures[i]) && !figures[i].wrong;
        }
    }
    for (unsigned i = 0; i < row_count; i++)
        if (wanted[i] && !figure_known(&figures[i]) && !figures[i].wrong)
            figure_set_wrong(&figures[i], "the program did not get there");
    for (unsigned i = 0; i < TAIL_LINES; i++)
        free(session.tail[i]);
}

double tick_rate(void)
{
    struct timespec from, to;
    uint64_t start = __builtin_ia32_rdtsc();
    double seconds;

    clock_gettime(CLOCK_MONOTONIC, &from);
    do {
        clock_gettime(CLOCK_MONOTONIC, &to);
        seconds = (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
    } while (seconds < 0.2);
    return (double)(__builtin_ia32_rdtsc() - start) / seconds;
}
