/* Reading what the kernel tells, in /proc and /proc/quire. */
#include "mm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

const size_t page_size = 4096;

char *read_file(const char *path)
{
    size_t size = 0, room = 16384;
    char *text = malloc(room);
    int fd = open(path, O_RDONLY);
    ssize_t n = -1;

    if (fd < 0 || text == NULL) {
        free(text);
        return NULL;
    }
    while ((n = read(fd, text + size, room - size - 1)) > 0) {
        size += (size_t)n;
        if (room - size < 2) {
            char *more = realloc(text, room *= 2);

            if (more == NULL)
                break;
            text = more;
        }
    }
    close(fd);
    text[size] = 0;
    if (n < 0) {
        free(text);
        return NULL;
    }
    return text;
}

char *read_quire(const char *name)
{
    char path[64];
    char *text;

    snprintf(path, sizeof path, "/proc/quire/%s", name);
    text = read_file(path);
    if (text == NULL)
        fail("cannot read %s (%s): this demo needs quire, and uid 0", path, strerror(errno));
    return text;
}

char *next_line(char **text)
{
    char *line = *text, *end;

    if (*line == 0)
        return NULL;
    end = strchr(line, '\n');
    if (end != NULL) {
        *end = 0;
        *text = end + 1;
    } else {
        *text = line + strlen(line);
    }
    return line;
}

/* ---- translation ---- */

static void parse_walk(char *text, struct walk *out)
{
    char *line;

    memset(out, 0, sizeof *out);
    while ((line = next_line(&text)) != NULL) {
        unsigned at = out->steps;
        char whose[8];

        if (sscanf(line, "format %15s levels %u root %llx", out->format, &out->levels,
                   &out->root) == 3)
            continue;
        if (at < WALK_STEPS &&
            sscanf(line, "step %u %u %llx %llx %u", &out->step[at].level, &out->step[at].index,
                   &out->step[at].table, &out->step[at].entry, &out->step[at].count) == 5)
            out->steps++;
        else if (sscanf(line, "result none %u %15s", &out->level, out->absence) == 2)
            out->present = false;
        else if (sscanf(line, "result %llx %u %7s %7s", &out->physical, &out->level, out->rights,
                        whose) == 4) {
            out->present = true;
            out->user = strcmp(whose, "user") == 0;
        } else if (sscanf(line, "frame %llu %15s %u", &out->frame, out->kind, &out->count) == 3) {
            out->has_frame = true;
        }
    }
}

int walk_address(int pid, wide address, struct walk *out)
{
    char question[64], answer[1024];
    int fd = open("/proc/quire/translate", O_RDWR), length, error = 0;
    ssize_t n = 0;

    if (fd < 0)
        fail("cannot open /proc/quire/translate (%s): this demo needs quire, and uid 0",
             strerror(errno));
    length = snprintf(question, sizeof question, "%d 0x%llx\n", pid, address);
    if (write(fd, question, (size_t)length) != length)
        error = errno;
    if (error == 0 && (n = pread(fd, answer, sizeof answer - 1, 0)) < 0)
        error = errno;
    close(fd);
    if (error != 0)
        return error;
    answer[n] = 0;
    parse_walk(answer, out);
    return 0;
}

void walk_own(const volatile void *address, struct walk *out)
{
    int error = walk_address(getpid(), (uintptr_t)address, out);

    if (error != 0)
        fail("the kernel cannot translate an address of this process: %s", strerror(error));
}

wide walk_leaf(const struct walk *walk)
{
    if (walk->steps == 0 || walk->step[walk->steps - 1].level != 1)
        return 0;
    return walk->step[walk->steps - 1].entry;
}

const char *level_name(unsigned level)
{
    static const char *const names[] = {"?", "PT", "PD", "PDPT", "PML4", "PML5"};

    return names[level < sizeof names / sizeof names[0] ? level : 0];
}

static void add(char *out, size_t size, const char *words)
{
    size_t length = strlen(out);

    snprintf(out + length, size - length, "%s%s", length > 0 ? ", " : "", words);
}

/* PAE's top level has no rights: its entries only say that a directory is there. */
static bool has_rights(const struct walk *walk, unsigned level)
{
    return strcmp(walk->format, "i386-pae") != 0 || level < 3;
}

void describe_entry(const struct walk *walk, unsigned step, char *out, size_t size)
{
    wide entry = walk->step[step].entry;
    unsigned level = walk->step[step].level;
    bool leaf = level == 1 || (entry & ENTRY_LARGE);

    out[0] = 0;
    if (!(entry & ENTRY_PRESENT)) {
        add(out, size, entry == 0 ? "empty" : "not present");
        return;
    }
    if (has_rights(walk, level)) {
        add(out, size, entry & ENTRY_WRITE ? "writable" : "read-only");
        add(out, size, entry & ENTRY_USER ? "user" : "kernel");
    } else {
        add(out, size, "no rights at this level");
    }
    if (entry & 1 << 3)
        add(out, size, "write-through");
    if (entry & 1 << 4)
        add(out, size, "cache off");
    if (has_rights(walk, level) && (entry & ENTRY_ACCESSED))
        add(out, size, "accessed");
    if (leaf && (entry & ENTRY_DIRTY))
        add(out, size, "dirty");
    if (level > 1 && leaf)
        add(out, size, "large page");
    if (leaf && (entry >> (level > 1 ? 12 : 7) & 1))
        add(out, size, "PAT");
    if (leaf && (entry & 1 << 8))
        add(out, size, "global");
    if (entry >> 63)
        add(out, size, "no-execute");
}

/* ---- counters ---- */

void counters_read(struct counters *out)
{
    static char text[16384];
    static bool warm;
    char *at = text, *line;
    ssize_t n;
    int fd;

    /* Whatever is touched here for the first time is touched before it is counted. */
    if (!warm) {
        warm = true;
        memset(text, 1, sizeof text);
        memset(out, 1, sizeof *out);
        counters_read(out);
    }
    fd = open("/proc/vmstat", O_RDONLY);
    if (fd < 0)
        fail("cannot read /proc/vmstat");
    n = read(fd, text, sizeof text - 1);
    close(fd);
    text[n < 0 ? 0 : n] = 0;
    out->count = 0;
    while ((line = next_line(&at)) != NULL && out->count < COUNTERS) {
        struct counter *counter = &out->counter[out->count];
        char *blank = strchr(line, ' ');

        if ((strncmp(line, "fault_", 6) != 0 && strncmp(line, "event_", 6) != 0) || blank == NULL)
            continue;
        snprintf(counter->name, sizeof counter->name, "%.*s", (int)(blank - line), line);
        counter->value = strtoull(blank, NULL, 10);
        out->count++;
    }
}

wide counter_of(const struct counters *counters, const char *name)
{
    for (size_t i = 0; i < counters->count; i++)
        if (strcmp(counters->counter[i].name, name) == 0)
            return counters->counter[i].value;
    fail("/proc/vmstat has no %s: this demo needs quire", name);
}

wide meminfo(const char *name)
{
    char *text = read_file("/proc/meminfo"), *at = text, *line;
    wide value = 0;
    size_t length = strlen(name);

    while (at != NULL && (line = next_line(&at)) != NULL)
        if (strncmp(line, name, length) == 0 && line[length] == ':')
            value = strtoull(line + length + 1, NULL, 10);
    free(text);
    return value;
}

/* ---- regions ---- */

long regions_of(int pid, struct region **out)
{
    char path[32], *text, *at, *line;
    size_t count = 0, room = 64;
    struct region *list = malloc(room * sizeof *list);

    snprintf(path, sizeof path, "/proc/%d/maps", pid);
    text = at = read_file(path);
    while (text != NULL && list != NULL && (line = next_line(&at)) != NULL) {
        struct region *region;

        if (count == room)
            list = realloc(list, (room *= 2) * sizeof *list);
        if (list == NULL)
            fail("no memory");
        region = &list[count];
        memset(region, 0, sizeof *region);
        if (sscanf(line, "%llx-%llx %4s %llx %*s %*s %255[^\n]", &region->start, &region->end,
                   region->rights, &region->offset, region->name) >= 4)
            count++;
    }
    free(text);
    *out = list;
    return text == NULL || list == NULL ? -1 : (long)count;
}

/* ---- memory to play with ---- */

char *new_pages(size_t pages)
{
    char *at =
        mmap(NULL, pages * page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (at == MAP_FAILED)
        fail("mmap: %s", strerror(errno));
    return at;
}

int new_file(size_t pages)
{
    int fd = memfd_create("mm", 0);

    if (fd < 0 || ftruncate(fd, (off_t)(pages * page_size)) != 0)
        fail("memfd_create: %s", strerror(errno));
    return fd;
}
