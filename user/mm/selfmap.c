/*
 * A program that reads its own page tables, as memory: UVPT. The kernel must be booted with
 * selfmap=on.
 */
#include "mm.h"

#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static wide window, window_size;
static size_t entry_size;
static sigjmp_buf escape;

static void on_fault(int number)
{
    (void)number;
    siglongjmp(escape, 1);
}

static bool find_window(void)
{
    char *text = read_quire("mappings"), *at = text, *line;
    wide end;
    bool found = false;

    while (!found && (line = next_line(&at)) != NULL)
        found = sscanf(line, "selfmap %llx %llx", &window, &end) == 2;
    free(text);
    window_size = end - window + 1;
    return found;
}

/* Where the entry of a level is: one step of the CPU's walk is spent on the window itself. */
static wide place_of(wide address, unsigned level)
{
    for (; level > 0; level--)
        address = window + ((address / page_size * entry_size) & (window_size - 1));
    return address;
}

/* One load, that may fault. */
static bool read_at(wide place, wide *out)
{
    if (sigsetjmp(escape, 1) != 0)
        return false;
    *out = entry_size == 8 ? *(const volatile uint64_t *)(uintptr_t)place
                           : *(const volatile uint32_t *)(uintptr_t)place;
    return true;
}

/* PAE's root is no table of the others' kind, and not in the window. */
static unsigned window_levels(const struct walk *walk)
{
    return strcmp(walk->format, "i386-pae") == 0 ? 2 : walk->levels;
}

static void show_own(const struct walk *walk, wide address)
{
    char words[160];

    printf("  %-5s %-18s %-18s %s\n", "level", "read at", "the program sees", "says");
    for (unsigned i = 0; i < walk->steps; i++) {
        unsigned level = walk->step[i].level;
        wide entry;

        if (level > window_levels(walk))
            continue;
        if (!read_at(place_of(address, level), &entry))
            fail("the entry of level %u cannot be read", level);
        if ((entry ^ walk->step[i].entry) & ~(wide)ENTRY_ACCESSED)
            fail("the entry of level %u is 0x%llx, and the kernel says 0x%llx", level, entry,
                 walk->step[i].entry);
        describe_entry(walk, i, words, sizeof words);
        printf("  %-5s 0x%-16llx 0x%016llx %s\n", level_name(level), place_of(address, level),
               entry, words);
    }
}

/* Counts a region's pages without asking anybody: only tables that are there can be read. */
static size_t count_pages(const char *start, size_t pages)
{
    size_t count = 0;

    for (size_t i = 0; i < pages; i++) {
        wide entry;

        if (read_at(place_of((uintptr_t)start + i * page_size, 1), &entry))
            count += (entry & ENTRY_PRESENT) != 0;
    }
    return count;
}

static void show_refused(const char *what, wide place, bool write)
{
    wide entry;
    bool done = true;

    if (!write)
        done = read_at(place, &entry);
    else if (sigsetjmp(escape, 1) == 0)
        *(volatile char *)(uintptr_t)place = 0;
    else
        done = false;
    printf("  %-46s 0x%-16llx %s\n", what, place, done ? "done" : "SIGSEGV");
    if (done)
        fail("this must not be possible");
}

int demo_selfmap(int argc, char **argv)
{
    struct sigaction action = {.sa_handler = on_fault, .sa_flags = SA_NODEFER};
    char *pages = new_pages(64);
    struct walk walk;
    size_t counted;
    wide kernel;

    (void)argc, (void)argv;
    if (!find_window()) {
        say("This kernel was booted without it: add the option selfmap=on (quire demo --append "
            "selfmap=on selfmap).");
        return 0;
    }
    sigaction(SIGSEGV, &action, NULL);
    for (size_t i = 0; i < 64; i += 3)
        pages[i * page_size] = 1;
    walk_own(pages, &walk);
    entry_size = strcmp(walk.format, "i386") == 0 ? 4 : 8;
    say("An entry of the root leads back to the root. What the CPU then takes for a page is a "
        "table: all tables of this process appear from 0x%llx on, read-only, as %s of memory. The "
        "entries of 0x%llx:",
        window, size_text(window_size), (wide)(uintptr_t)pages);
    show_own(&walk, (uintptr_t)pages);
    printf("\n");
    counted = count_pages(pages, 64);
    say("So a program can look for itself which of its pages are there: of 64 pages at 0x%llx it "
        "counts %zu; it has touched every third.",
        (wide)(uintptr_t)pages, counted);
    if (counted != 22)
        fail("22 pages were touched");
    heading("what is refused");
    kernel = sizeof(void *) == 8 ? 0xffff800000000000 : 0xc0000000;
    show_refused("writing an entry", place_of((uintptr_t)pages, 1), true);
    show_refused("an entry whose table is not there",
                 place_of(sizeof(void *) == 8 ? (wide)0x10000000000 : 0x20000000, 1), false);
    show_refused("a table of the kernel's half", place_of(kernel, 1), false);
    printf("\n");
    say("The kernel's own tables hang below entries that are closed to programs, and the rights of "
        "all levels count together.");
    return 0;
}
