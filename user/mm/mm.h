/*
 * mm: short programs that show how the memory system works, each with real numbers of the machine
 * it runs on. `mm` lists them. What a program cannot know by itself comes from /proc/quire, which
 * the kernel opens to uid 0 (kernel/fs/procfs_quire.c says what is in it), and from the files that
 * Linux has too: pagemap, kpageflags, vmstat, maps.
 *
 * Every demo returns 0 when it has shown what it promises. What should not happen ends in fail().
 */
#ifndef MM_H
#define MM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

typedef unsigned long long wide;

/* ---- the list of demos ---- */

struct demo {
    const char *name;
    const char *arguments;             /* for the usage; "" */
    const char *summary;               /* one line */
    int (*run)(int argc, char **argv); /* argv[0] is the demo's name */
};

#define DEMO(name) int demo_##name(int argc, char **argv)
DEMO(memory);
DEMO(mappings);
DEMO(devices);
DEMO(registers);
DEMO(descriptors);
DEMO(translate);
DEMO(alias);
DEMO(bits);
DEMO(faults);
DEMO(cow);
DEMO(shared);
DEMO(stack);
DEMO(demand);
DEMO(pages);
DEMO(map);
DEMO(commit);
DEMO(evict);
DEMO(buddy);
DEMO(managers);
DEMO(heap);
DEMO(fragmentation);
DEMO(limit);
DEMO(tlb);
DEMO(segments);
DEMO(selfmap);
#undef DEMO

/* ---- text (text.c) ---- */

/* A paragraph: words wrapped at 78 columns, an empty line after it. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* A heading with an empty line before it. */
void heading(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* What should not happen: the demo ends with status 1. */
void fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
/* "4096 bytes", "12 KiB", "3.5 GiB"; the text is in one of a few buffers that are used in turn. */
const char *size_text(wide bytes);

/* ---- looking into the kernel (look.c) ---- */

extern const size_t page_size;

/* A whole file, ended by 0, for the caller to free(). NULL: it cannot be read. */
char *read_file(const char *path);
/* The same of a file of /proc/quire; fail() where it is not there. */
char *read_quire(const char *name);
/* The next line of a text from read_file(), ended by 0; NULL: no more. */
char *next_line(char **text);

#define WALK_STEPS 5

/* How one address is translated. */
struct walk {
    char format[16]; /* "x86-64", "i386", "i386-pae" */
    unsigned levels;
    wide root;
    unsigned steps;
    struct {
        unsigned level, index;
        wide table, entry;
        unsigned count; /* references of the table */
    } step[WALK_STEPS];
    bool present;
    unsigned level;   /* of the last entry looked at */
    char absence[16]; /* why it is not present */
    wide physical;
    char rights[8]; /* "rw-" */
    bool user;
    bool has_frame;
    wide frame;
    char kind[16];
    unsigned count; /* references of the frame */
};

/* pid 0: the kernel's own table. 0, or an errno. */
int walk_address(int pid, wide address, struct walk *out);
/* Of this process, and it must work. */
void walk_own(const volatile void *address, struct walk *out);
/* The entry of the lowest level, 0 where the walk ended before. */
wide walk_leaf(const struct walk *walk);
const char *level_name(unsigned level);
/* "present, writable, user, ..." */
void describe_entry(const struct walk *walk, unsigned step, char *out, size_t size);

enum {
    ENTRY_PRESENT = 1 << 0,
    ENTRY_WRITE = 1 << 1,
    ENTRY_USER = 1 << 2,
    ENTRY_ACCESSED = 1 << 5,
    ENTRY_DIRTY = 1 << 6,
    ENTRY_LARGE = 1 << 7,
};

/* The counters of fault classes and events in /proc/vmstat. Reading them causes no fault itself. */
struct counter {
    char name[32];
    wide value;
};
#define COUNTERS 64
struct counters {
    size_t count;
    struct counter counter[COUNTERS];
};
void counters_read(struct counters *out);
wide counter_of(const struct counters *counters, const char *name);

/* A value of /proc/meminfo in KiB. */
wide meminfo(const char *name);

/* One line of /proc/PID/maps. */
struct region {
    wide start, end, offset;
    char rights[5];
    char name[256];
};
/* The state of each of this process's pages, as `mm pages` draws it, and a 0. */
void draw_pages(const void *start, size_t pages, char *out);
/* Whether a swap area is switched on. */
bool has_swap(void);
/* All of a process; *out is for the caller to free. Their number, or -1. */
long regions_of(int pid, struct region **out);

/* ---- a helper process (child.c) ---- */

/*
 * A child that does what it is told, one letter at a time, and answers each when it is done: parent
 * and child never run into each other.
 */
struct child {
    pid_t pid;
    int to, from;
};
/* Runs `act` in the child for each letter that child_tell() sends; its result comes back. */
void child_start(struct child *child, int (*act)(char letter, void *context), void *context);
int child_tell(struct child *child, char letter);
/* It ends, and is waited for: its status as wait() says it. */
int child_end(struct child *child);

/* Memory of so many pages, private, anonymous, untouched. */
char *new_pages(size_t pages);
/* The same shared, out of a nameless file. */
int new_file(size_t pages);

#endif
