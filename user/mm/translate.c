/* Addresses and entries. */
#include "mm.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* ---- translate ---- */

static wide page_bytes(const struct walk *walk)
{
    unsigned bits = strcmp(walk->format, "i386") == 0 ? 10 : 9;

    return (wide)1 << (12 + bits * (walk->level - 1));
}

/* As the CPU cuts the address: an index for each level, and the place in the page. */
static void show_parts(const struct walk *walk, wide address)
{
    printf("  0x%llx =", address);
    for (unsigned i = 0; i < walk->steps; i++)
        printf(" %s %u,", level_name(walk->step[i].level), walk->step[i].index);
    printf(" offset 0x%llx\n", address & (page_bytes(walk) - 1));
}

static void show_walk(const struct walk *walk, wide address)
{
    char words[160];

    if (walk->steps == 0) {
        printf("  0x%llx is not canonical: no table is looked at\n", address);
        return;
    }
    show_parts(walk, address);
    printf("  %-5s %5s  %-12s  %-18s  %s\n", "level", "index", "table at", "entry", "says");
    for (unsigned i = 0; i < walk->steps; i++) {
        describe_entry(walk, i, words, sizeof words);
        printf("  %-5s %5u  %012llx  0x%016llx  %s%s\n", level_name(walk->step[i].level),
               walk->step[i].index, walk->step[i].table, walk->step[i].entry, words,
               walk->step[i].count > 1 ? " (the table is shared)" : "");
    }
    if (!walk->present) {
        printf("  -> nothing is present: %s\n", walk->absence);
        return;
    }
    printf("  -> physical 0x%llx in a page of %s: %s, for %s\n", walk->physical,
           size_text(page_bytes(walk)), walk->rights, walk->user ? "programs" : "the kernel only");
    if (walk->has_frame)
        printf("     frame %llu, kind %s, %u reference%s\n", walk->frame, walk->kind, walk->count,
               walk->count == 1 ? "" : "s");
}

static void show_address(int pid, wide address, const char *what)
{
    struct walk walk;
    int error = walk_address(pid, address, &walk);

    if (error == ESRCH)
        fail("there is no process %d with memory of its own", pid);
    if (error != 0)
        fail("the kernel cannot translate 0x%llx: %s", address, strerror(error));
    if (what != NULL)
        heading("%s", what);
    show_walk(&walk, address);
    printf("\n");
}

/* The middle of the kernel's row with this name. */
static bool kernel_row(const char *name, wide *out)
{
    char *text = read_quire("mappings"), *at = text, *line;
    bool found = false;

    while ((line = next_line(&at)) != NULL) {
        wide start, end, size = 0;
        int words = 0;

        if (sscanf(line, "map %llx %llx %*x %*s %n", &start, &end, &words) < 2 || words == 0 ||
            strcmp(line + words, name) != 0 || end - start < size)
            continue;
        *out = start + (end - start) / 2;
        size = end - start;
        found = true;
    }
    free(text);
    return found;
}

static int some_data = 1;

static void show_examples(void)
{
    char *untouched = new_pages(1), *read_only = new_pages(1), *hidden = new_pages(1);
    int on_stack = 0;
    wide address;

    read_only[0] = hidden[0] = 1;
    mprotect(read_only, page_size, PROT_READ);
    mprotect(hidden, page_size, PROT_NONE);
    show_address(getpid(), (uintptr_t)show_examples, "a function of this program");
    show_address(getpid(), (uintptr_t)&some_data, "a variable with a value");
    show_address(getpid(), (uintptr_t)&on_stack, "a variable on the stack");
    (void)*(volatile char *)untouched;
    show_address(getpid(), (uintptr_t)untouched, "memory that was read, and never written");
    show_address(getpid(), (uintptr_t)read_only, "a page that may only be read");
    show_address(getpid(), (uintptr_t)hidden, "a page under PROT_NONE: the frame is kept");
    show_address(getpid(), 0, "the null pointer");
    if (kernel_row("kernel text", &address))
        show_address(0, address, "the kernel's text");
    if (kernel_row("direct map", &address))
        show_address(0, address, "the kernel's direct map of RAM, in pages as large as they fit");
}

int demo_translate(int argc, char **argv)
{
    char *end;
    wide address;
    int pid;

    if (argc == 1) {
        say("Each level's table has an entry that leads to the next table. The last one leads to "
            "the frame; the rights are those that every level grants. Try: mm translate PID "
            "ADDRESS, with \"self\" for this process and \"kernel\" for the kernel's own table.");
        show_examples();
        return 0;
    }
    if (argc != 3) {
        fprintf(stderr, "usage: mm translate [PID|self|kernel ADDRESS]\n");
        return 2;
    }
    if (strcmp(argv[1], "self") == 0) {
        pid = getpid();
    } else if (strcmp(argv[1], "kernel") == 0) {
        pid = 0;
    } else {
        pid = (int)strtol(argv[1], &end, 10);
        if (*end != 0 || pid <= 0)
            fail("'%s' is no number of a process", argv[1]);
    }
    address = strtoull(argv[2], &end, 0);
    if (*end != 0 || end == argv[2])
        fail("'%s' is no address", argv[2]);
    show_address(pid, address, NULL);
    return 0;
}

/* ---- one frame at three addresses ---- */

int demo_alias(int argc, char **argv)
{
    static const char text[] = "written once";
    int fd = new_file(1);
    char *at[3];
    struct walk walk[3];

    (void)argc, (void)argv;
    for (unsigned i = 0; i < 3; i++) {
        at[i] = mmap(NULL, page_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (at[i] == MAP_FAILED)
            fail("mmap: %s", strerror(errno));
    }
    say("The first page of one file is mapped three times. A string is written at the first "
        "address, and read at all three.");
    strcpy(at[0], text);
    printf("  %-18s %-14s %8s %10s  %s\n", "address", "reads", "frame", "references",
           "entry of the page");
    for (unsigned i = 0; i < 3; i++) {
        char words[160], reads[32];

        snprintf(reads, sizeof reads, "%s", at[i]);
        walk_own(at[i], &walk[i]);
        if (!walk[i].present || strcmp(reads, text) != 0)
            fail("the string is not there at %p", (void *)at[i]);
        if (walk[i].frame != walk[0].frame)
            fail("%p has another frame", (void *)at[i]);
        describe_entry(&walk[i], walk[i].steps - 1, words, sizeof words);
        printf("  0x%-16llx %-14s %8llu %10u  %s\n", (wide)(uintptr_t)at[i], reads, walk[i].frame,
               walk[i].count, words);
    }
    printf("\n");
    say("One reference is the file's own, and there is one for each entry that leads to the frame. "
        "The dirty bit is only in the entry that was written through.");
    return 0;
}

/* ---- accessed and dirty ---- */

static void show_entry(const char *what, const char *page)
{
    struct walk walk;
    wide entry;

    walk_own(page, &walk);
    entry = walk_leaf(&walk);
    printf("  %-44s 0x%016llx   %u       %u\n", what, entry, (entry & ENTRY_ACCESSED) != 0,
           (entry & ENTRY_DIRTY) != 0);
}

static void forget(const char *what)
{
    FILE *file = fopen("/proc/self/clear_refs", "w");

    if (file == NULL || fputs(what, file) < 0 || fclose(file) != 0)
        fail("/proc/self/clear_refs: %s", strerror(errno));
}

int demo_bits(int argc, char **argv)
{
    char *page = mmap(NULL, page_size, PROT_READ | PROT_WRITE, MAP_SHARED, new_file(1), 0);
    struct walk walk;

    (void)argc, (void)argv;
    if (page == MAP_FAILED)
        fail("mmap: %s", strerror(errno));
    say("The CPU sets bit 5 of an entry (accessed) when it uses the page, and bit 6 (dirty) when "
        "it writes to it. Nobody but the kernel clears them: that is how it learns which pages "
        "are in use, and which must be written back before their frame is given away.");
    printf("  %-44s %-18s accessed dirty\n", "", "entry");
    show_entry("mapped, and not touched", page);
    (void)*(volatile char *)page;
    show_entry("read", page);
    forget("1");
    show_entry("the kernel has cleared the accessed bit", page);
    (void)*(volatile char *)page;
    show_entry("read again: the TLB had to forget it first", page);
    walk_own(page, &walk);
    if (!(walk_leaf(&walk) & ENTRY_ACCESSED) || (walk_leaf(&walk) & ENTRY_DIRTY))
        fail("a page that was only read must be accessed, and not dirty");
    *(volatile char *)page = 1;
    show_entry("written", page);
    walk_own(page, &walk);
    if (!(walk_leaf(&walk) & ENTRY_DIRTY))
        fail("a page that was written must be dirty");
    forget("4");
    show_entry("the kernel has noted the dirt in the frame", page);
    *(volatile char *)page = 2;
    show_entry("written again", page);
    return 0;
}
