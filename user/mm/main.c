/* The list of demos, and the choice. */
#include "mm.h"

#include <string.h>

static const struct demo demos[] = {
    {"memory", "", "RAM as firmware told it, and the zones that came of it", demo_memory},
    {"mappings", "", "the kernel's own mappings: one table of rows, the same in every process",
     demo_mappings},
    {"devices", "", "device memory at its physical address, and how it is cached", demo_devices},
    {"registers", "", "control registers, decoded bit by bit", demo_registers},
    {"descriptors", "", "GDT, IDT and TSS, decoded", demo_descriptors},
    {"translate", "[PID|self|kernel ADDRESS]", "an address through its tables, step by step",
     demo_translate},
    {"alias", "", "one frame at three addresses", demo_alias},
    {"bits", "", "the accessed and the dirty bit, set by the CPU", demo_bits},
    {"faults", "", "each class of page fault, provoked and counted", demo_faults},
    {"cow", "", "copy-on-write across a fork: frames and reference counts", demo_cow},
    {"shared", "", "two processes, one copy of the program's text", demo_shared},
    {"stack", "", "a stack that grows by faults, and then meets its limit", demo_stack},
    {"demand", "", "a mapped file comes in page by page, when touched", demo_demand},
    {"pages", "[PID]", "the state of each page of a space", demo_pages},
    {"map", "[PID]", "a process's memory map beside the segments of its ELF file", demo_map},
    {"commit", "", "memory that is promised, used, and refused", demo_commit},
    {"evict", "", "a whole region, and a whole process, sent out to swap at once", demo_evict},
    {"selfmap", "", "a program reads its own page tables (kernel option selfmap=on)", demo_selfmap},
    {"buddy", "", "blocks of frames that split and merge, drawn (simulated machine)", demo_buddy},
    {"managers", "", "the same requests to each frame manager (simulated machine)", demo_managers},
    {"heap", "", "the same objects in each heap (simulated machine)", demo_heap},
    {"fragmentation", "", "the same requests by first fit and by frames (simulated machine)",
     demo_fragmentation},
    {"limit", "", "an identity map, read below and above its end (simulated machine)", demo_limit},
    {"tlb", "", "hits and misses of access patterns (simulated machine)", demo_tlb},
    {"segments", "[SEGMENT:OFFSET | DESCRIPTOR OFFSET]",
     "real-mode and protected-mode addresses (simulated CPU)", demo_segments},
};

static void list(FILE *to)
{
    fprintf(to, "usage: mm DEMO [ARGUMENT]...\n\n");
    for (size_t i = 0; i < sizeof demos / sizeof demos[0]; i++)
        fprintf(to, "  %-14s %s\n", demos[i].name, demos[i].summary);
    fprintf(to, "\n");
    for (size_t i = 0; i < sizeof demos / sizeof demos[0]; i++)
        if (demos[i].arguments[0] != 0)
            fprintf(to, "  mm %s %s\n", demos[i].name, demos[i].arguments);
}

int main(int argc, char **argv)
{
    if (argc < 2 || strcmp(argv[1], "--help") == 0) {
        list(stdout);
        return 0;
    }
    for (size_t i = 0; i < sizeof demos / sizeof demos[0]; i++)
        if (strcmp(argv[1], demos[i].name) == 0)
            return demos[i].run(argc - 1, argv + 1);
    fprintf(stderr, "mm: there is no demo '%s'\n", argv[1]);
    list(stderr);
    return 2;
}
