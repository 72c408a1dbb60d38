/*
 * The kernel: an ELF file for i386 or x86-64, whose loadable segments say at which physical
 * addresses they belong. All of them must lie in RAM between 1 MiB and 4 GiB. It is entered at the
 * physical address of its entry point; a file may also give that address itself, as loaders want it
 * that jump there without looking.
 */

#include "boot/loader.h"

enum { CLASS_32 = 1, CLASS_64 = 2, LITTLE_ENDIAN_DATA = 1, EXECUTABLE = 2, LOADABLE = 1 };

struct elf32_header {
    uint8_t identity[16];
    uint16_t type, machine;
    uint32_t version, entry, segments, sections, flags;
    uint16_t header_size, segment_size, segment_count;
};

struct elf64_header {
    uint8_t identity[16];
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry, segments, sections;
    uint32_t flags;
    uint16_t header_size, segment_size, segment_count;
};

struct elf32_segment {
    uint32_t type, offset, address, physical, file_size, memory_size, flags, alignment;
};

struct elf64_segment {
    uint32_t type, flags;
    uint64_t offset, address, physical, file_size, memory_size, alignment;
};

/* What the two classes have in common, as wide as the wider one. */
struct elf {
    bool wide;
    uint64_t entry, segments;
    uint32_t segment_size, segment_count;
};

struct segment {
    uint32_t type;
    uint64_t offset, address, physical, file_size, memory_size;
};

static void read_header(const struct disk_piece *piece, struct elf *elf)
{
    union {
        uint8_t identity[16];
        struct elf32_header narrow;
        struct elf64_header wide;
    } header;

    if (piece->size < sizeof header)
        fail("the kernel is not an ELF file");
    disk_read(piece, 0, sizeof header, &header);
    if (memcmp(header.identity, "\177ELF", 4) != 0)
        fail("the kernel is not an ELF file");
    elf->wide = header.identity[4] == CLASS_64;
    if ((!elf->wide && header.identity[4] != CLASS_32) ||
        header.identity[5] != LITTLE_ENDIAN_DATA || header.narrow.type != EXECUTABLE)
        fail("the kernel is an ELF file of a kind that cannot be loaded");
    elf->entry = elf->wide ? header.wide.entry : header.narrow.entry;
    elf->segments = elf->wide ? header.wide.segments : header.narrow.segments;
    elf->segment_size = elf->wide ? header.wide.segment_size : header.narrow.segment_size;
    elf->segment_count = elf->wide ? header.wide.segment_count : header.narrow.segment_count;
    if (elf->segment_size !=
        (elf->wide ? sizeof(struct elf64_segment) : sizeof(struct elf32_segment)))
        fail("the kernel is an ELF file of a kind that cannot be loaded");
    if (elf->segments > piece->size ||
        (uint32_t)elf->segments + elf->segment_count * elf->segment_size > piece->size)
        fail("the kernel's ELF file is cut");
}

static void read_segment(const struct disk_piece *piece, const struct elf *elf, uint32_t number,
                         struct segment *segment)
{
    uint32_t at = (uint32_t)elf->segments + number * elf->segment_size;

    if (elf->wide) {
        struct elf64_segment s;

        disk_read(piece, at, sizeof s, &s);
        *segment =
            (struct segment){s.type, s.offset, s.address, s.physical, s.file_size, s.memory_size};
    } else {
        struct elf32_segment s;

        disk_read(piece, at, sizeof s, &s);
        *segment =
            (struct segment){s.type, s.offset, s.address, s.physical, s.file_size, s.memory_size};
    }
}

static void load_segment(const struct disk_piece *piece, const struct memory *memory,
                         const struct segment *segment)
{
    uint64_t end = segment->physical + segment->memory_size;
    char *to = (char *)(uintptr_t)segment->physical;

    if (segment->offset > piece->size || segment->file_size > piece->size - segment->offset ||
        segment->file_size > segment->memory_size)
        fail("the kernel's ELF file is cut");
    if (end < segment->physical || end > UINT32_MAX ||
        !memory_is_usable(memory, segment->physical, end))
        fail("too little memory: the kernel needs %x to %x", (uint32_t)segment->physical,
             (uint32_t)end);
    disk_read(piece, (uint32_t)segment->offset, (uint32_t)segment->file_size, to);
    memset(to + segment->file_size, 0, (size_t)(segment->memory_size - segment->file_size));
}

void kernel_load(const struct disk_piece *piece, const struct memory *memory,
                 struct kernel *out_kernel)
{
    struct elf elf;

    disk_verify(piece, "kernel");
    read_header(piece, &elf);
    *out_kernel = (struct kernel){0, 0};
    for (uint32_t i = 0; i < elf.segment_count; i++) {
        struct segment segment;

        read_segment(piece, &elf, i, &segment);
        if (segment.type != LOADABLE || segment.memory_size == 0)
            continue;
        load_segment(piece, memory, &segment);
        if (segment.physical + segment.memory_size > out_kernel->end)
            out_kernel->end = (uint32_t)(segment.physical + segment.memory_size);
        if (elf.entry >= segment.address && elf.entry - segment.address < segment.memory_size)
            out_kernel->entry = (uint32_t)(elf.entry - segment.address + segment.physical);
        else if (elf.entry >= segment.physical &&
                 elf.entry - segment.physical < segment.memory_size && out_kernel->entry == 0)
            out_kernel->entry = (uint32_t)elf.entry;
    }
    if (out_kernel->entry == 0)
        fail("the kernel's entry lies in none of its segments");
}
