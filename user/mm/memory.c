/* RAM, the zones it became, and what the kernel has mapped. */
#include "mm.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MIB        ((wide)1 << 20)
#define LOW_MEMORY ((wide)640 << 10)
#define MAX_ORDERS 19

/* ---- memory ---- */

static void show_ranges(char *text, wide *out_base, wide *out_extended)
{
    char *line;

    *out_base = *out_extended = 0;
    while ((line = next_line(&text)) != NULL) {
        wide start, end;
        int at = 0;

        if (sscanf(line, "range %llx %llx %n", &start, &end, &at) < 2 || at == 0)
            continue;
        printf("  %012llx .. %012llx  %10s  %s\n", start, end - 1, size_text(end - start),
               line + at);
        if (strcmp(line + at, "usable") != 0 && strcmp(line + at, "in use at boot") != 0)
            continue;
        if (start < LOW_MEMORY)
            *out_base += (end < LOW_MEMORY ? end : LOW_MEMORY) - start;
        if (end > MIB)
            *out_extended += end - (start > MIB ? start : MIB);
    }
    printf("\n");
}

/* "zone NAME FIRST END PRESENT FREE BLOCKS..." */
static void show_zone(char *line)
{
    wide number[4 + MAX_ORDERS];
    char name[16];
    int at = 0;
    size_t n = 0;

    if (sscanf(line, "zone %15s %n", name, &at) < 1)
        return;
    for (char *end; n < 4 + MAX_ORDERS; n++, line = end, at = 0) {
        number[n] = strtoull(line + at, &end, 10);
        if (end == line + at)
            break;
    }
    if (n < 5)
        return;
    printf("  %-6s  %012llx .. %012llx  %9s of RAM, %9s free\n", name, number[0] * page_size,
           number[1] * page_size - 1, size_text(number[2] * page_size),
           size_text(number[3] * page_size));
    printf("          free blocks by order:");
    for (size_t i = 4; i < n; i++)
        printf(" %llu", number[i]);
    printf("\n");
}

int demo_memory(int argc, char **argv)
{
    char *firmware = read_quire("firmware"), *memory = read_quire("memory");
    char *zones = read_quire("zones"), *at = zones, *line, loader[32] = "";
    wide base, extended, cached = 0;
    char manager[32] = "?";

    (void)argc, (void)argv;
    sscanf(firmware, "loader %31[^\n]", loader);
    heading("firmware's map, handed over by %s", loader);
    show_ranges(firmware, &base, &extended);
    heading("the library's map: rounded to whole pages, and what the kernel took at boot");
    show_ranges(memory, &base, &extended);
    say("Base memory below 640 KiB: %llu KiB. Extended memory above 1 MiB: %llu KiB. What lies "
        "between belongs to the screen and the BIOS, and is never handed out.",
        base >> 10, extended >> 10);
    heading("zones");
    while ((line = next_line(&at)) != NULL) {
        sscanf(line, "manager %31s", manager);
        sscanf(line, "cached %llu", &cached);
        show_zone(line);
    }
    printf("\n");
    say("A zone is a range of frames with a property: DMA below 16 MiB for old devices, DMA32 "
        "below 4 GiB, normal in the kernel's direct map, high beyond it. The frame manager is "
        "\"%s\"; a block of order n is 2^n frames in a row. %llu more free frames lie on the CPUs' "
        "own stacks.",
        manager, cached);
    free(firmware);
    free(memory);
    free(zones);
    return 0;
}

/* ---- mappings ---- */

int demo_mappings(int argc, char **argv)
{
    char *text = read_quire("mappings"), *at = text, *line;
    struct walk here, there;

    (void)argc, (void)argv;
    say("The kernel's half of the address space is built from one table of rows. Every process "
        "has it: not a copy, but the same tables.");
    heading("rows");
    while ((line = next_line(&at)) != NULL) {
        wide start, end, physical;
        char rights[8];
        int name = 0;
        struct walk walk;

        if (sscanf(line, "map %llx %llx %llx %7s %n", &start, &end, &physical, rights, &name) < 4)
            continue;
        printf("  %016llx .. %016llx  %s  at %012llx  %s\n", start, end, rights, physical,
               line + name);
        /* The largest page of the row is most likely in its middle. */
        if (walk_address(0, start + (end - start) / 2, &walk) == 0 && walk.present)
            printf("  %*s in the middle a page of level %u, %s\n", 37, "", walk.level,
                   walk.level == 1   ? "4 KiB"
                   : walk.level == 2 ? (strcmp(walk.format, "i386") == 0 ? "4 MiB" : "2 MiB")
                                     : "1 GiB");
        if (walk_address(0, start, &here) != 0 || walk_address(getpid(), start, &there) != 0)
            fail("a row cannot be translated");
        if (!here.present || here.physical != physical || there.physical != physical)
            fail("the row at 0x%llx is not mapped as it says", start);
        if (strcmp(here.rights, rights) != 0 && strcmp(rights, "r--") != 0)
            printf("  %*s (this CPU grants %s: it has no no-execute bit)\n", 37, "", here.rights);
        if (here.user)
            fail("the row at 0x%llx is open to programs", start);
    }
    printf("\n");
    say("Checked: each row leads to its physical address, in the kernel's own table and in this "
        "process, "
        "and none of it may be touched by programs.");
    free(text);
    return 0;
}

/* ---- devices ---- */

static const char *memory_type(unsigned type)
{
    static const char *const names[] = {
        "uncached",      "write-combining", "?",          "?",
        "write-through", "write-protected", "write-back", "uncached (MTRR may override)"};

    return names[type & 7];
}

static wide register_value(const char *name, bool *out_found)
{
    char *text = read_quire("registers"), *at = text, *line;
    size_t length = strlen(name);
    wide value = 0;

    *out_found = false;
    while ((line = next_line(&at)) != NULL) {
        if (strncmp(line, name, length) != 0 || line[length] != ' ')
            continue;
        value = strtoull(line + length, NULL, 16);
        *out_found = true;
    }
    free(text);
    return value;
}

/* Three bits of the entry choose one of the eight types in the PAT register (SDM 3A 12.12). */
static unsigned pat_index(const struct walk *walk)
{
    wide entry = walk->step[walk->steps - 1].entry;
    unsigned pat = (unsigned)(entry >> (walk->level > 1 ? 12 : 7)) & 1;

    return (unsigned)(entry >> 3 & 1) | (unsigned)(entry >> 4 & 1) << 1 | pat << 2;
}

int demo_devices(int argc, char **argv)
{
    char *text = read_quire("mappings"), *at = text, *line;
    bool has_pat;
    wide pat = register_value("pat", &has_pat);
    unsigned devices = 0;

    (void)argc, (void)argv;
    say("A device's registers and a screen's memory are mapped where they are. They must not be "
        "cached as RAM is: three bits of the entry (PAT, cache off, write-through) choose one of "
        "eight types in the PAT register, which is 0x%016llx here.",
        pat);
    heading("device memory");
    printf("  %-16s  %-12s  %8s  %-3s  %-16s %s\n", "address", "physical", "size", "PAT", "type",
           "what");
    while ((line = next_line(&at)) != NULL) {
        wide start, end, physical;
        int name = 0;
        struct walk walk;
        unsigned index;

        if (sscanf(line, "area %llx %llx device %llx %n", &start, &end, &physical, &name) < 3)
            continue;
        if (walk_address(0, start, &walk) != 0 || !walk.present || walk.physical != physical)
            fail("the device area at 0x%llx is not mapped at 0x%llx", start, physical);
        index = pat_index(&walk);
        printf("  %016llx  %012llx  %8s  %3u  %-16s %s\n", start, physical,
               size_text(end + 1 - start), index,
               memory_type(has_pat ? (unsigned)(pat >> (8 * index)) : 0), line + name);
        devices++;
    }
    printf("\n%u device areas\n", devices);
    free(text);
    return 0;
}
