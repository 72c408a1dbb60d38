/* Control registers and descriptor tables. */
#include "mm.h"

#include <stdlib.h>
#include <string.h>

/* ---- registers ---- */

struct bit {
    unsigned place;
    const char *name, *meaning;
};

static const struct bit cr0_bits[] = {
    {0, "PE", "protected mode"},
    {1, "MP", "WAIT asks for the FPU"},
    {2, "EM", "no FPU: its instructions trap"},
    {3, "TS", "task switched: FPU instructions trap"},
    {4, "ET", "always 1"},
    {5, "NE", "FPU errors are exceptions"},
    {16, "WP", "the kernel obeys read-only pages too: without it, it writes through copy-on-write"},
    {18, "AM", "programs may ask for alignment checks"},
    {29, "NW", "not write-through"},
    {30, "CD", "caches are off"},
    {31, "PG", "paging"},
    {0, NULL, NULL},
};

static const struct bit cr4_bits[] = {
    {0, "VME", "virtual-8086 extensions"},
    {1, "PVI", "protected-mode virtual interrupts"},
    {2, "TSD", "RDTSC is the kernel's"},
    {3, "DE", "debugging extensions"},
    {4, "PSE", "4 MiB pages in two-level tables"},
    {5, "PAE", "entries of 64 bits"},
    {6, "MCE", "machine checks"},
    {7, "PGE", "global pages stay in the TLB when CR3 is loaded"},
    {8, "PCE", "programs may read performance counters"},
    {9, "OSFXSR", "the kernel saves SSE registers"},
    {10, "OSXMMEXCPT", "SSE errors are exceptions"},
    {11, "UMIP", "programs may not read descriptor table registers"},
    {12, "LA57", "five levels of tables"},
    {16, "FSGSBASE", "programs may set their FS and GS bases"},
    {17, "PCIDE", "TLB entries carry a space's number"},
    {18, "OSXSAVE", "XSAVE is on"},
    {20, "SMEP", "the kernel cannot execute programs' pages"},
    {21, "SMAP", "the kernel cannot touch programs' pages by accident"},
    {0, NULL, NULL},
};

static const struct bit efer_bits[] = {
    {0, "SCE", "SYSCALL"},
    {8, "LME", "long mode may be entered"},
    {10, "LMA", "long mode is on"},
    {11, "NXE", "bit 63 of an entry means no-execute"},
    {0, NULL, NULL},
};

static void show_bits(wide value, const struct bit *bits)
{
    for (; bits->name != NULL; bits++)
        if (value >> bits->place & 1)
            printf("      bit %2u  %-10s %s\n", bits->place, bits->name, bits->meaning);
}

static bool register_of(const char *text, const char *name, wide *out)
{
    char pattern[16];
    const char *at;

    snprintf(pattern, sizeof pattern, "\n%s 0x", name);
    at = strstr(text, pattern);
    if (at != NULL)
        *out = strtoull(at + strlen(pattern) - 2, NULL, 16);
    return at != NULL;
}

static wide must_have(const char *text, const char *name)
{
    wide value = 0;

    if (!register_of(text, name, &value))
        fail("/proc/quire/registers has no %s", name);
    return value;
}

int demo_registers(int argc, char **argv)
{
    char *text = read_quire("registers");
    wide cr0 = must_have(text, "cr0"), cr4 = must_have(text, "cr4"), value;
    struct walk walk;

    (void)argc, (void)argv;
    printf("CR0   0x%016llx\n", cr0);
    show_bits(cr0, cr0_bits);
    printf("CR1   reserved: touching it is an invalid instruction\n");
    printf("CR2   0x%016llx  the address of the latest page fault\n", must_have(text, "cr2"));
    value = must_have(text, "cr3");
    printf("CR3   0x%016llx  the physical address of the root table\n", value);
    walk_own(&walk, &walk);
    if ((value & ~(wide)0xfff & 0xffffffffffff) != (walk.root & ~(wide)0xfff) &&
        (value & ~(wide)0x1f) != walk.root)
        fail("CR3 does not lead to this process's root table, 0x%llx", walk.root);
    printf("      bit  3  PWT %llu, bit 4 PCD %llu: how the root itself is cached\n",
           value >> 3 & 1, value >> 4 & 1);
    printf("CR4   0x%016llx\n", cr4);
    show_bits(cr4, cr4_bits);
    if (register_of(text, "cr8", &value))
        printf("CR8   0x%016llx  interrupts of a priority up to %llu wait\n", value, value & 15);
    if (register_of(text, "efer", &value)) {
        printf("EFER  0x%016llx\n", value);
        show_bits(value, efer_bits);
    } else {
        printf("EFER  this CPU has none: no long mode, no no-execute\n");
    }
    printf("\n");
    if (!(cr0 >> 16 & 1) || !(cr0 >> 31 & 1))
        fail("paging or write protection is off");
    say("The kernel wrote these at start and read back what the CPU took. Paging is on in the "
        "format %s with %u levels.",
        walk.format, walk.levels);
    free(text);
    return 0;
}

/* ---- descriptors ---- */

static const char *system_type(unsigned type, bool wide_mode)
{
    switch (type) {
    case 1:
        return "16-bit TSS, available";
    case 2:
        return "local descriptor table";
    case 3:
        return "16-bit TSS, busy";
    case 9:
        return wide_mode ? "64-bit TSS, available" : "32-bit TSS, available";
    case 11:
        return wide_mode ? "64-bit TSS, busy" : "32-bit TSS, busy";
    case 12:
        return "call gate";
    case 14:
        return "interrupt gate";
    case 15:
        return "trap gate";
    default:
        return "reserved";
    }
}

/* Eight bytes of a segment (SDM 3A 3.4.5). */
static void describe_segment(wide d, bool wide_mode, char *out, size_t size)
{
    wide base = (d >> 16 & 0xffffff) | (d >> 56 & 0xff) << 24;
    wide limit = (d & 0xffff) | (d >> 32 & 0xf0000);
    unsigned type = (unsigned)(d >> 40) & 15, privilege = (unsigned)(d >> 45) & 3;
    bool is_segment = d >> 44 & 1, code = type & 8;

    if (d >> 55 & 1)
        limit = limit << 12 | 0xfff;
    if (!is_segment)
        snprintf(out, size, "%s, base 0x%llx, limit 0x%llx", system_type(type, wide_mode), base,
                 limit);
    else if (wide_mode && code && (d >> 53 & 1))
        snprintf(out, size, "64-bit code, ring %u: base and limit do not count", privilege);
    else
        snprintf(out, size, "%s %s, ring %u, base 0x%llx, limit 0x%llx%s",
                 d >> 54 & 1 ? "32-bit" : "16-bit", code ? "code" : "data", privilege, base, limit,
                 wide_mode && !code ? ": neither counts in 64-bit mode" : "");
}

static void show_gdt(char *text, bool wide_mode)
{
    char *line;
    unsigned upper = 0;

    while ((line = next_line(&text)) != NULL) {
        char words[128];
        unsigned index;
        wide descriptor;

        if (sscanf(line, "gdt %u %llx", &index, &descriptor) != 2)
            continue;
        if (upper != 0 && index == upper) {
            printf("  %02x  %016llx  upper half of the descriptor before it\n", index * 8,
                   descriptor);
            continue;
        }
        if (descriptor == 0)
            continue;
        describe_segment(descriptor, wide_mode, words, sizeof words);
        printf("  %02x  %016llx  %s\n", index * 8, descriptor, words);
        if (wide_mode && !(descriptor >> 44 & 1))
            upper = index + 1;
    }
}

static const char *vector_name(unsigned vector)
{
    static const char *const names[] = {"divide error",
                                        "debug",
                                        "non-maskable interrupt",
                                        "breakpoint",
                                        "overflow",
                                        "bound range",
                                        "invalid opcode",
                                        "FPU not available",
                                        "double fault",
                                        "(coprocessor)",
                                        "invalid TSS",
                                        "segment not present",
                                        "stack fault",
                                        "general protection",
                                        "page fault",
                                        "(reserved)",
                                        "FPU error",
                                        "alignment check",
                                        "machine check",
                                        "SIMD error",
                                        "(virtualization)",
                                        "(control protection)"};

    if (vector < sizeof names / sizeof names[0])
        return names[vector];
    return vector == 0x80 ? "system call" : vector < 32 ? "(reserved)" : "device interrupt";
}

static void show_gate(unsigned vector, wide low, wide high, bool wide_mode)
{
    wide offset = (low & 0xffff) | (low >> 32 & 0xffff0000) | (wide_mode ? high << 32 : 0);
    unsigned privilege = (unsigned)(low >> 45) & 3, stack = (unsigned)(low >> 32) & 7;
    unsigned type = (unsigned)(low >> 40) & 15;

    printf("  %3u  %016llx  %s%s", vector, offset,
           type == 5 ? "task gate" : system_type(type, wide_mode),
           privilege == 3 ? ", programs may INT it" : "");
    if (wide_mode && stack != 0)
        printf(", on interrupt stack %u", stack);
    printf("  %s\n", vector_name(vector));
}

static void show_idt(char *text, bool wide_mode)
{
    unsigned present = 0, shown = 0;
    char *line;

    while ((line = next_line(&text)) != NULL) {
        unsigned vector;
        wide low, high = 0;

        if (sscanf(line, "idt %u %llx %llx", &vector, &low, &high) < 2)
            continue;
        if (!(low >> 47 & 1))
            continue;
        present++;
        if (vector < 20 || (vector >= 32 && (low >> 45 & 3) == 3)) {
            show_gate(vector, low, high, wide_mode);
            shown++;
        }
        if (vector == 14 && (low >> 45 & 3) != 0)
            fail("programs may call the page fault's gate");
    }
    printf("  ... and %u more, up to 255: device interrupts\n", present - shown);
}

static wide task_word(char *text, unsigned offset, bool pair)
{
    char *copy = strdup(text), *at = copy, *line;
    wide value = 0;

    while (copy != NULL && (line = next_line(&at)) != NULL) {
        unsigned place, word;

        if (sscanf(line, "task %u %x", &place, &word) != 2)
            continue;
        if (place == offset)
            value |= word;
        else if (pair && place == offset + 4)
            value |= (wide)word << 32;
    }
    free(copy);
    return value;
}

static void show_task(char *text, bool wide_mode)
{
    if (!wide_mode) {
        printf("  stack for ring 0: ss 0x%llx, esp 0x%08llx\n", task_word(text, 8, false),
               task_word(text, 4, false));
        printf("  I/O map at offset %llu\n", task_word(text, 100, false) >> 16);
        return;
    }
    printf("  stack for ring 0: rsp 0x%016llx\n", task_word(text, 4, true));
    for (unsigned i = 0; i < 7; i++) {
        wide stack = task_word(text, 36 + 8 * i, true);

        if (stack != 0)
            printf("  interrupt stack %u: 0x%016llx\n", i + 1, stack);
    }
    printf("  I/O map at offset %llu\n", task_word(text, 100, false) >> 16);
}

int demo_descriptors(int argc, char **argv)
{
    char *text = read_quire("descriptors"), *copy = strdup(text);
    unsigned mode = 0;
    unsigned short code, data, stack;

    (void)argc, (void)argv;
    sscanf(text, "mode %u", &mode);
    if (copy == NULL || mode == 0)
        fail("/proc/quire/descriptors says no mode");
    __asm__("mov %%cs, %0; mov %%ds, %1; mov %%ss, %2" : "=r"(code), "=r"(data), "=r"(stack));
    heading("global descriptor table: what a selector chooses");
    show_gdt(copy, mode == 64);
    printf("\n");
    say("This program runs with cs 0x%x, ds 0x%x, ss 0x%x: the lowest two bits are its ring. All "
        "segments begin at 0: memory is divided by pages, not by segments.",
        code, data, stack);
    strcpy(copy, text);
    heading("interrupt descriptor table: where the CPU goes");
    show_idt(copy, mode == 64);
    printf("\n");
    say("A page fault is exception 14, with the address in CR2; device interrupts begin above the "
        "32 exceptions.");
    heading("task state segment: the stacks that the CPU changes to by itself");
    show_task(text, mode == 64);
    free(text);
    free(copy);
    return 0;
}
