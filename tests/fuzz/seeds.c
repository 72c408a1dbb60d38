/*
 * Writes the seed corpora of the fuzz targets: small inputs, made by hand, one for each thing that
 * a target can meet. Run from the top of the tree:
 *
 *   make fuzz-seeds
 *
 * The results are committed. Inputs that once failed lie beside them, named fixed-*.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <err.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static uint8_t bytes[8192];
static size_t size;

static void add(const void *from, size_t n)
{
    memcpy(bytes + size, from, n);
    size += n;
}

static void pad(size_t to)
{
    memset(bytes + size, 0, to - size);
    size = to;
}

/* Ends this seed and begins the next. */
static void save(const char *target, const char *name)
{
    char path[200];
    FILE *file;

    snprintf(path, sizeof path, "tests/fuzz/corpus/%s", target);
    mkdir(path, 0777);
    snprintf(path, sizeof path, "tests/fuzz/corpus/%s/%s", target, name);
    file = fopen(path, "wb");
    if (file == NULL || fwrite(bytes, 1, size, file) != size || fclose(file) != 0)
        err(1, "%s", path);
    size = 0;
}

/* ---- boot maps: storage, format, entry size, then the map ---- */

struct range {
    uint64_t start, length;
    uint32_t type;
};

static const struct range pc[] = {
    {0, 0x9fc00, 1},
    {0x9fc00, 0x400, 2},
    {0xf0000, 0x10000, 2},
    {0x100000, 0x7ee0000, 1},
    {0x7fe0000, 0x20000, 2},
    {0xfffc0000, 0x40000, 2},
    {0x100000000, 0x40000000, 1},
};
static const struct range nasty[] = {
    {0x5000, 0x3000, 1},         {0x4000, 0x9000, 2},
    {0x6001, 0xffe, 1},          {0, 0, 1},
    {~0ull - 0x1000, 0x2000, 1}, {0x200000, 0x100000, 1},
    {0x180000, 0x100000, 3},     {0x100000, ~0ull, 7},
};

static void add_ranges(unsigned format, const struct range *ranges, size_t count)
{
    uint32_t word;

    for (size_t i = 0; i < count; i++) {
        if (format == 1) { /* Multiboot1: each entry says its size */
            word = 20;
            add(&word, 4);
        }
        add(&ranges[i].start, 8);
        add(&ranges[i].length, 8);
        add(&ranges[i].type, format == 6 ? 1 : 4);
        if (format == 3 || format == 2 || format == 5)
            pad(size + 4);
    }
}

static void bootmap_seeds(void)
{
    static const char *const names[] = {"e820", "multiboot1", "multiboot2", "pvh",
                                        "efi",  "limine",     "rows"};
    uint64_t efi[5] = {7, 0x100000, 0, 0x100, 0xf};
    uint32_t tag[4] = {6, 16 + 24 * sizeof pc / sizeof *pc, 24, 0};

    for (unsigned format = 0; format < 7; format++) {
        for (unsigned i = 0; i < 2; i++) {
            uint8_t head[3] = {i ? 5 : 40, (uint8_t)format, format == 4 ? 48 : 20};
            char name[40];

            add(head, sizeof head);
            if (format == 2)
                add(tag, sizeof tag);
            if (format == 4) {
                for (efi[0] = 0; efi[0] < 15; efi[0]++, efi[1] += 0x100000) {
                    add(efi, sizeof efi);
                    pad(size + 8);
                }
            } else if (i) {
                add_ranges(format, nasty, sizeof nasty / sizeof *nasty);
            } else {
                add_ranges(format, pc, sizeof pc / sizeof *pc);
            }
            snprintf(name, sizeof name, "%s-%s", names[format], i ? "nasty" : "pc");
            save("bootmap", name);
        }
    }
}

/* ---- archives ---- */

static void add_entry(const char *name, unsigned mode, const char *content, long claimed)
{
    char head[136];
    size_t length = strlen(content);

    snprintf(head, sizeof head, "070701%08X%08X%08X%08X%08X%08X%08lX%08X%08X%08X%08X%08zX%08X", 1,
             mode, 0, 0, 1, 0, claimed >= 0 ? (unsigned long)claimed : (unsigned long)length, 0, 0,
             0, 0, strlen(name) + 1, 0);
    add(head, 110);
    add(name, strlen(name) + 1);
    pad((size + 3) & ~3ul);
    add(content, length);
    pad((size + 3) & ~3ul);
}

static void archive_seeds(void)
{
    add_entry("TRAILER!!!", 0, "", -1);
    save("archive", "empty");
    add_entry(".", 040755, "", -1);
    add_entry("bin", 040755, "", -1);
    add_entry("bin/sh", 0100755, "#!/bin/true\n", -1);
    add_entry("etc/link", 0120777, "../bin/sh", -1);
    add_entry("dev/console", 020600, "", -1);
    add_entry("TRAILER!!!", 0, "", -1);
    save("archive", "tree");
    add_entry("../../outside", 0100644, "x", -1);
    add_entry("/absolute//twice/./dot/", 0100644, "y", -1);
    add_entry("a/../../b", 0100644, "z", -1);
    add_entry("", 0100644, "nameless", -1);
    add_entry("TRAILER!!!", 0, "", -1);
    save("archive", "names");
    add_entry("long", 0100644, "short", 0x7fffffff);
    save("archive", "beyond-end");
    add_entry("long", 0100644, "short", 0xffffffff);
    save("archive", "wrap");
    add_entry("cut", 0100644, "content", -1);
    size -= 5;
    save("archive", "cut");
    pad(512);
    add_entry("after-zeros", 0100644, "content", -1);
    add_entry("TRAILER!!!", 0, "", -1);
    pad(1024);
    save("archive", "padded");
    memset(bytes, 'G', 130);
    memcpy(bytes, "070702", 6);
    size = 130;
    save("archive", "not-hexadecimal");
}

/* ---- programs: what fails, what fails of frames, length, program, interpreter ---- */

static Elf64_Ehdr header(unsigned type, unsigned count)
{
    Elf64_Ehdr h = {
        .e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
        .e_type = (Elf64_Half)type,
        .e_machine = EM_X86_64,
        .e_version = EV_CURRENT,
        .e_entry = type == ET_DYN ? 0x78 : 0x400078,
        .e_phoff = sizeof h,
        .e_ehsize = sizeof h,
        .e_phentsize = sizeof(Elf64_Phdr),
        .e_phnum = (Elf64_Half)count,
    };
    return h;
}

static Elf64_Phdr load(unsigned flags, uint64_t offset, uint64_t address, uint64_t in_file,
                       uint64_t in_memory)
{
    return (Elf64_Phdr){.p_type = PT_LOAD,
                        .p_flags = flags,
                        .p_offset = offset,
                        .p_vaddr = address,
                        .p_filesz = in_file,
                        .p_memsz = in_memory,
                        .p_align = 4096};
}

/* One program (and, with interpreter set, a second one behind it). */
static void program(const char *name, Elf64_Ehdr h, const Elf64_Phdr *segments, unsigned count,
                    size_t length, bool interpreter)
{
    uint8_t head[4] = {0, 0, (uint8_t)(length >> 8), (uint8_t)length};
    Elf64_Ehdr second = header(ET_DYN, 1);
    Elf64_Phdr whole = load(PF_R | PF_X, 0, 0, 300, 5000);

    add(head, sizeof head);
    add(&h, sizeof h);
    add(segments, count * sizeof *segments);
    while (size < 4 + length)
        bytes[size] = (uint8_t)(size * 7), size++;
    size = 4 + length;
    if (interpreter) {
        add(&second, sizeof second);
        add(&whole, sizeof whole);
        pad(size + 180);
    }
    save("elf", name);
}

static void named_interpreter(const char *name, const char *interpreter)
{
    Elf64_Phdr s[3] = {load(PF_R | PF_X, 0, 0x400000, 700, 700),
                       load(PF_R | PF_W, 0, 0x401000, 100, 9000),
                       {.p_type = PT_INTERP, .p_offset = 600, .p_filesz = strlen(interpreter) + 1}};
    uint8_t head[4] = {0, 0, 700 >> 8, 700 & 255};
    Elf64_Ehdr h = header(ET_EXEC, 3), second = header(ET_DYN, 1);
    Elf64_Phdr whole = load(PF_R | PF_X, 0, 0, 300, 5000);

    add(head, sizeof head);
    add(&h, sizeof h);
    add(s, sizeof s);
    pad(604);
    add(interpreter, strlen(interpreter) + 1);
    pad(704);
    add(&second, sizeof second);
    add(&whole, sizeof whole);
    pad(size + 180);
    save("elf", name);
}

static void elf_seeds(void)
{
    static const struct {
        const char *name;
        uint64_t offset, address, in_file, in_memory;
    } second[] = {
        {"plain", 0x100, 0x401100, 0x80, 0x2000},
        {"same-page", 0x100, 0x400200, 0x80, 0x90},
        {"overlap", 0x100, 0x400100, 0x80, 0x2000},
        {"below", 0, 0x300000, 0x80, 0x80},
        {"wrap", 0x100, 0xfffffffffffff100, 0x80, 0x2000},
        {"kernel", 0x100, 0xffffffff80100100, 0x80, 0x2000},
        {"huge", 0x100, 0x500100, 0x80, 0x7ffffffff000},
        {"to-the-end", 0x100, 0x500100, 0x80, 0x7fffff9ffeff - 0x500000},
        {"unaligned", 0x101, 0x401100, 0x80, 0x80},
        {"file-beyond-end", 0x100000, 0x500000, 0x80, 0x80},
        {"file-longer-than-memory", 0x100, 0x401100, 0x800, 0x80},
        {"no-file", 0, 0x401000, 0, 0x5000},
        {"empty", 0x100, 0x401100, 0, 0},
        {"offset-wraps", 0xfffffffffffff100, 0x401100, 0x1000, 0x1000},
        {"null-page", 0x100, 0x100, 0x80, 0x80},
    };

    for (unsigned i = 0; i < sizeof second / sizeof *second; i++) {
        Elf64_Phdr s[3] = {load(PF_R | PF_X, 0, 0x400000, 0x200, 0x200),
                           load(PF_R | PF_W, second[i].offset, second[i].address, second[i].in_file,
                                second[i].in_memory),
                           {.p_type = PT_GNU_STACK, .p_flags = PF_R | PF_W}};

        program(second[i].name, header(ET_EXEC, 3), s, 3, 0x300, false);
        if (i < 3) {
            char name[40];

            s[0].p_vaddr -= 0x400000;
            s[1].p_vaddr -= 0x400000;
            snprintf(name, sizeof name, "dynamic-%s", second[i].name);
            program(name, header(ET_DYN, 3), s, 3, 0x300, true);
        }
    }
    {
        /* The file goes on where its segment's zeros begin, to the page's end and over it. */
        Elf64_Phdr s[2] = {load(PF_R | PF_X, 0, 0x400000, 0x1100, 0x1100),
                           load(PF_R | PF_W, 0x100, 0x402100, 0x80, 0x2000)};

        program("long-file", header(ET_EXEC, 2), s, 2, 5000, false);
    }
    named_interpreter("interpreter", "/lib/ld.so");
    named_interpreter("interpreter-itself", "/self");
    named_interpreter("interpreter-missing", "/none");
    named_interpreter("interpreter-nameless", "");

    Elf64_Ehdr h = header(ET_EXEC, 0xffff);
    Elf64_Phdr s = load(PF_R | PF_X, 0, 0x400000, 0x100, 0x100);
    program("headers-65535", h, &s, 1, 0x200, false);
    h = header(ET_EXEC, 1);
    h.e_phoff = ~0ull - 20;
    program("headers-wrap", h, &s, 1, 0x200, false);
    h = header(ET_EXEC, 1);
    h.e_entry = 0xffff800000000000;
    program("entry-in-kernel", h, &s, 1, 0x200, false);
    s.p_flags = 0;
    program("no-rights", header(ET_EXEC, 1), &s, 1, 0x200, false);
}

/* ---- regions: reading and CPUs, seed, memory, then choices ---- */

static void region_seeds(void)
{
    for (unsigned i = 0; i < 24; i++) {
        uint8_t head[4] = {(uint8_t)i, (uint8_t)(i * 37), (uint8_t)(i * 11), (uint8_t)(i * 29)};
        uint32_t state = i * 2654435761u + 1;
        char name[40];

        add(head, sizeof head);
        for (unsigned j = 0; j < 60 + i * 8; j++) {
            state = state * 1664525 + 1013904223;
            bytes[size++] = (uint8_t)(state >> 24);
        }
        snprintf(name, sizeof name, "%s-%u", i % 2 ? "hostile" : "model", i / 2);
        save("region", name);
    }
}

/* ---- user copies ---- */

static void usercopy_seeds(void)
{
    for (unsigned i = 0; i < 16; i++) {
        uint32_t state = i * 2654435761u + 7;
        char name[40];

        for (unsigned j = 0; j < 40 + i * 10; j++) {
            state = state * 1664525 + 1013904223;
            bytes[size++] = (uint8_t)(state >> 24);
        }
        snprintf(name, sizeof name, "choices-%u", i);
        save("usercopy", name);
    }
}

/* ---- answers of a 9P server ---- */

static void add_number(uint64_t value, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        bytes[size++] = (uint8_t)(value >> (8 * i));
}

/* Size, type and the tag that the target asks with; the size is put in when it is saved. */
static void begin_answer(unsigned type)
{
    add_number(0, 4);
    add_number(type, 1);
    add_number(7, 2);
}

static void save_answer(const char *name)
{
    size_t whole = size;

    size = 0;
    add_number(whole, 4);
    size = whole;
    save("ninep", name);
}

static void add_qid(uint64_t path)
{
    add_number(0x80, 1);
    add_number(1, 4);
    add_number(path, 8);
}

static void add_name(const char *name, size_t length)
{
    add_qid(length);
    add_number(77, 8);
    add_number(4, 1);
    add_number(length, 2);
    add(name, length);
}

static void ninep_seeds(void)
{
    begin_answer(7); /* Rlerror */
    add_number(2, 4);
    save_answer("error");
    begin_answer(7);
    add_number(70000, 4);
    save_answer("error-unknown");
    begin_answer(111); /* Rwalk */
    add_number(2, 2);
    add_qid(5);
    add_qid(6);
    save_answer("walk");
    begin_answer(111);
    add_number(9, 2);
    add_qid(5);
    save_answer("walk-cut");
    begin_answer(25); /* Rgetattr */
    add_number(0x7ff, 8);
    add_qid(5);
    for (unsigned i = 0; i < 3; i++)
        add_number(0100644, 4);
    for (unsigned i = 0; i < 15; i++)
        add_number(i, 8);
    save_answer("attributes");
    begin_answer(41); /* Rreaddir */
    add_number(100, 4);
    add_name(".", 1);
    add_name("..", 2);
    add_name("name", 4);
    save_answer("names");
    begin_answer(41);
    add_number(100, 4);
    add_name("a/b", 3);
    add_name("", 0);
    save_answer("names-broken");
    begin_answer(101); /* Rversion */
    add_number(131096, 4);
    add_number(8, 2);
    add("9P2000.L", 8);
    save_answer("version");
    begin_answer(101);
    add_number(131096, 4);
    add_number(60000, 2);
    save_answer("string-cut");
    begin_answer(9); /* Rstatfs */
    for (unsigned i = 0; i < 15; i++)
        add_number(i, 4);
    save_answer("statfs");
}

int main(void)
{
    mkdir("tests/fuzz/corpus", 0777);
    bootmap_seeds();
    archive_seeds();
    ninep_seeds();
    elf_seeds();
    region_seeds();
    usercopy_seeds();
    return 0;
}
