/* Reading traces. */
#define _GNU_SOURCE
#include "trace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void __attribute__((noreturn)) fail(const char *path, const char *what)
{
    fprintf(stderr, "quire sim: %s: %s\n", path, what);
    exit(1);
}

static void *need(void *memory)
{
    if (memory == NULL) {
        fprintf(stderr, "quire sim: not enough memory for this trace\n");
        exit(1);
    }
    return memory;
}

/* ---- pages by number or name ---- */

/* An open hash of what pages are called, to their numbers. Names are kept for CSV with "page". */
struct pages {
    struct {
        uint64_t key; /* page number of the address, or hash of the name */
        uint32_t number;
        bool used;
    } * slot;
    size_t slots; /* a power of two */
    uint32_t count;
};

static uint64_t mix(uint64_t key)
{
    key = (key ^ (key >> 32)) * 0x9e3779b97f4a7c15u;
    return key ^ (key >> 29);
}

static uint32_t *find(struct pages *pages, uint64_t key, bool *found)
{
    size_t at = mix(key) & (pages->slots - 1);

    while (pages->slot[at].used && pages->slot[at].key != key)
        at = (at + 1) & (pages->slots - 1);
    *found = pages->slot[at].used;
    pages->slot[at].used = true;
    pages->slot[at].key = key;
    return &pages->slot[at].number;
}

static void grow(struct pages *pages)
{
    struct pages larger = {.slots = pages->slots != 0 ? 2 * pages->slots : 4096,
                           .count = pages->count};
    bool found;

    larger.slot = need(calloc(larger.slots, sizeof(*larger.slot)));
    for (size_t i = 0; i < pages->slots; i++)
        if (pages->slot[i].used)
            *find(&larger, pages->slot[i].key, &found) = pages->slot[i].number;
    free(pages->slot);
    *pages = larger;
}

static uint32_t number_of(struct pages *pages, uint64_t key)
{
    uint32_t *number;
    bool found;

    if (2 * (size_t)pages->count >= pages->slots)
        grow(pages);
    number = find(pages, key, &found);
    if (!found)
        *number = pages->count++;
    return *number;
}

/* ---- events ---- */

struct reader {
    struct trace *trace;
    trace_sink sink;
    void *context;
    struct event last; /* not yet handed on: most references stay in their page */
    struct pages pages;
    uint64_t page_size;
    uint64_t last_key; /* of the last event */
    bool csv, named;
};

static void hand_on(struct reader *reader)
{
    if (reader->last.count == 0)
        return;
    if (reader->sink != NULL)
        reader->sink(reader->context, &reader->last);
    reader->trace->events++;
    reader->last.count = 0;
}

static void add(struct reader *reader, uint64_t key, bool write)
{
    struct event *last = &reader->last;

    reader->trace->references++;
    reader->trace->writes += write;
    if (last->count > 0 && key == reader->last_key && last->count < UINT32_MAX) {
        last->count++;
        last->page |= write;
        return;
    }
    hand_on(reader);
    *last = (struct event){.page = number_of(&reader->pages, key) << 1 | write, .count = 1};
    reader->last_key = key;
}

/* An access may reach into the next page, and then is a reference to both. */
static void add_access(struct reader *reader, uint64_t address, uint64_t size, bool write)
{
    uint64_t first = address / reader->page_size;
    uint64_t last = (address + (size > 0 ? size - 1 : 0)) / reader->page_size;

    for (uint64_t page = first; page <= last; page++)
        add(reader, page, write);
}

/* ---- lines ---- */

/* "I  ADDRESS,SIZE" and " L|S|M ADDRESS,SIZE", the address in hexadecimal. */
static bool read_lackey(struct reader *reader, const char *line)
{
    char kind = line[0] == ' ' ? line[1] : line[0];
    const char *at = line + (line[0] == ' ' ? 2 : 1);
    char *end;
    uint64_t address, size;

    if (strchr("ILSM", kind) == NULL || kind == '\0' || *at != ' ')
        return false;
    errno = 0;
    address = strtoull(at, &end, 16);
    if (end == at || *end != ',' || errno != 0)
        return false;
    at = end + 1;
    size = strtoull(at, &end, 10);
    if (end == at || (*end != '\0' && *end != '\r') || size == 0 || size > 1 << 20 ||
        address + (size - 1) < address)
        return false;
    add_access(reader, address, size, kind == 'S' || kind == 'M');
    return true;
}

static uint64_t hash_name(const char *name, size_t length)
{
    uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a */

    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)name[i]) * 0x100000001b3u;
    return hash;
}

/* The operation behind the first column; false: it is none. */
static bool read_operation(const char *text, bool *write)
{
    size_t length = strcspn(text, "\r");

    while (length > 0 && *text == ' ') {
        text++;
        length--;
    }
    while (length > 0 && text[length - 1] == ' ')
        length--;
    *write = length == 1 && strchr("wWmM", *text) != NULL;
    return length == 1 && strchr("rRwWmMxX", *text) != NULL;
}

static bool read_csv(struct reader *reader, const char *line)
{
    size_t length = strcspn(line, ",\r");
    bool write = false;
    uint64_t key;

    if (line[length] == ',' && !read_operation(line + length + 1, &write))
        return false;
    while (length > 0 && (line[length - 1] == ' ' || line[length - 1] == '\t'))
        length--;
    if (length == 0)
        return false;
    if (reader->named) {
        key = hash_name(line, length);
    } else {
        char *end;

        errno = 0;
        key = strtoull(line, &end, 0);
        if (end != line + length || errno != 0 || *line == '-')
            return false;
        key /= reader->page_size;
    }
    add(reader, key, write);
    return true;
}

/* The first line that says something tells the format; true: it was only that. */
static bool learn_format(struct reader *reader, const char *line)
{
    struct reader probe = {.trace = &(struct trace){0}, .page_size = reader->page_size};
    bool lackey = read_lackey(&probe, line);

    free(probe.pages.slot);
    reader->csv = !lackey;
    reader->named = strncmp(line, "page", 4) == 0;
    return reader->named || strncmp(line, "address", 7) == 0;
}

static void note_bad(struct trace *trace, const char *line, uint64_t number)
{
    if (trace->bad_lines++ == 0) {
        trace->first_bad_line = number;
        snprintf(trace->first_bad, sizeof(trace->first_bad), "%.*s", (int)strcspn(line, "\r"),
                 line);
    }
}

static void read_lines(struct reader *reader, FILE *file)
{
    bool known = false;
    uint64_t number = 0;
    char *line = NULL;
    size_t room = 0;
    ssize_t length;

    while ((length = getline(&line, &room, file)) >= 0) {
        number++;
        if (length > 0 && line[length - 1] == '\n')
            line[--length] = '\0';
        if (length == 0 || line[0] == '\r' || line[0] == '#' || strncmp(line, "==", 2) == 0)
            continue;
        if (!known) {
            known = true;
            if (learn_format(reader, line))
                continue;
        }
        if (!(reader->csv ? read_csv(reader, line) : read_lackey(reader, line)))
            note_bad(reader->trace, line, number);
    }
    free(line);
}

/* ---- files ---- */

/* The program that unpacks what begins like this; NULL: nothing is packed. */
static const char *unpacker(const unsigned char *magic, size_t length)
{
    static const struct {
        const char *magic;
        size_t length;
        const char *program;
    } known[] = {
        {"\x1f\x8b", 2, "gzip"},
        {"BZh", 3, "bzip2"},
        {"\xfd"
         "7zXZ",
         5, "xz"},
        {"\x28\xb5\x2f\xfd", 4, "zstd"},
    };

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (length >= known[i].length && memcmp(magic, known[i].magic, known[i].length) == 0)
            return known[i].program;
    return NULL;
}

/* The file as a stream, unpacked on the way by `program`, whose process goes to *child. */
static FILE *unpack(const char *path, int file, const char *program, pid_t *child)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) != 0 || (*child = fork()) < 0)
        fail(path, strerror(errno));
    if (*child == 0) {
        dup2(file, 0);
        dup2(ends[1], 1);
        execlp(program, program, "-dc", (char *)NULL);
        fprintf(stderr, "quire sim: %s: it is packed by %s, which is not installed\n", path,
                program);
        _exit(127);
    }
    close(ends[1]);
    return fdopen(ends[0], "r");
}

/* What was read of a pipe cannot be put back: another pipe begins with it, and a process fills that
 * with what follows. */
static int put_before(const char *path, int file, const unsigned char *bytes, size_t length,
                      pid_t *child)
{
    static char buffer[1 << 16];
    ssize_t got = (ssize_t)length;
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) != 0 || (*child = fork()) < 0)
        fail(path, strerror(errno));
    if (*child > 0) {
        close(ends[1]);
        close(file);
        return ends[0];
    }
    close(ends[0]);
    memcpy(buffer, bytes, length);
    do {
        for (ssize_t done = 0, put; done < got; done += put)
            if ((put = write(ends[1], buffer + done, (size_t)(got - done))) < 0)
                _exit(1);
    } while ((got = read(file, buffer, sizeof(buffer))) > 0);
    _exit(got < 0);
}

/* The first bytes of the file, which stands where it stood, or of a pipe, whose place another takes
 * (then *child fills it). Returns how many there are. */
static size_t peek(const char *path, int *file, unsigned char *bytes, size_t length, pid_t *child)
{
    ssize_t got = pread(*file, bytes, length, 0);
    size_t have = 0;

    if (got >= 0)
        return (size_t)got;
    if (errno != ESPIPE)
        fail(path, strerror(errno));
    while (have < length && (got = read(*file, bytes + have, length - have)) > 0)
        have += (size_t)got;
    if (got < 0)
        fail(path, strerror(errno));
    *file = put_before(path, *file, bytes, have, child);
    return have;
}

/* A process that helped has ended well, or the trace is not whole. */
static void wait_for(const char *path, pid_t child)
{
    int status = 0;

    if (child <= 0)
        return;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    if (status != 0)
        fail(path, "it cannot be unpacked to its end");
}

void trace_pass(struct trace *trace, const char *path, uint64_t page_size, trace_sink sink,
                void *context)
{
    struct reader reader = {
        .trace = trace, .page_size = page_size, .sink = sink, .context = context};
    unsigned char magic[8];
    const char *program;
    pid_t child = 0, feeder = 0;
    FILE *stream;
    int file = strcmp(path, "-") == 0 ? dup(0) : open(path, O_RDONLY | O_CLOEXEC);

    memset(trace, 0, sizeof(*trace));
    if (file < 0)
        fail(path, strerror(errno));
    program = unpacker(magic, peek(path, &file, magic, sizeof(magic), &feeder));
    stream = program != NULL ? unpack(path, file, program, &child) : fdopen(file, "r");
    if (stream == NULL)
        fail(path, strerror(errno));
    read_lines(&reader, stream);
    hand_on(&reader);
    if (ferror(stream))
        fail(path, "it cannot be read to its end");
    fclose(stream);
    if (child > 0)
        close(file);
    wait_for(path, child);
    wait_for(path, feeder);
    trace->pages = reader.pages.count;
    free(reader.pages.slot);
    if (trace->events == 0 && trace->bad_lines == 0)
        fail(path, "there is no reference in it");
}

struct store {
    struct event *event;
    size_t events, room;
};

static void keep(void *context, const struct event *event)
{
    struct store *store = context;

    if (store->events == store->room) {
        store->room = store->room != 0 ? 2 * store->room : 1 << 16;
        store->event = need(realloc(store->event, store->room * sizeof(*store->event)));
    }
    store->event[store->events++] = *event;
}

void trace_read(struct trace *trace, const char *path, uint64_t page_size)
{
    struct store store = {0};

    trace_pass(trace, path, page_size, keep, &store);
    trace->event = store.event;
}

void trace_free(struct trace *trace)
{
    free(trace->event);
}
