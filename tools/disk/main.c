/*
 * quire-disk: writes a disk image that boots with quire's own boot code (boot/), from a BIOS.
 * boot/disk_header.h tells what is where.
 *
 *   quire-disk -o IMAGE --boot-code FILE --kernel FILE [--archive FILE] [--append WORDS]
 *              [--memory-map FILE]
 *
 * The memory map is a text of rows "START END TYPE", numbers in hexadecimal, END included, as in
 * tests/data/bootmaps; the kernel gets it in place of the BIOS's. A row's length is END - START + 1
 * modulo 2^64: an empty row and one that wraps can be told too.
 *
 * Of the kernel only what is loaded is written: what lies behind its last segment (names, debugging
 * information) stays out, and the pointer to it is cleared.
 */
#define _GNU_SOURCE
#include "../../boot/disk_header.h"
#include "../common/report.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define IMAGE_UNIT     (1u << 20) /* firmware that guesses a geometry does not like odd lengths */
#define PARTITION_SIZE (446 + 12) /* of the first partition, in the boot sector */
#define MAX_FILE       (UINT32_C(1) << 31)

struct bytes {
    uint8_t *data;
    size_t size;
};

struct request {
    const char *output, *boot_code, *kernel, *archive, *append, *memory_map;
};

static struct bytes read_file(const char *path)
{
    struct bytes bytes = {NULL, 0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got;

    if (fd < 0)
        fail("%s: %s", path, strerror(errno));
    do {
        bytes.data = reallocate(bytes.data, bytes.size + IMAGE_UNIT);
        /* pread: a descriptor in /proc/self/fd may have been read to its end */
        got = pread(fd, bytes.data + bytes.size, IMAGE_UNIT, (off_t)bytes.size);
        if (got < 0)
            fail("%s: %s", path, strerror(errno));
        bytes.size += (size_t)got;
        if (bytes.size > MAX_FILE)
            fail("%s: too large for a boot disk", path);
    } while (got > 0);
    close(fd);
    return bytes;
}

static uint32_t crc32(const struct bytes *bytes)
{
    uint32_t table[256], crc = ~UINT32_C(0);

    for (uint32_t i = 0; i < 256; i++) {
        table[i] = i;
        for (unsigned bit = 0; bit < 8; bit++)
            table[i] = table[i] & 1 ? table[i] >> 1 ^ UINT32_C(0xedb88320) : table[i] >> 1;
    }
    for (size_t i = 0; i < bytes->size; i++)
        crc = crc >> 8 ^ table[(crc ^ bytes->data[i]) & 0xff];
    return ~crc;
}

/* --- the kernel without what is not loaded ---------------------------------------------------- */

static size_t farther(size_t end, uint64_t offset, uint64_t size, const struct bytes *file)
{
    if (offset > file->size || size > file->size - offset)
        fail("the kernel's ELF file is cut");
    return offset + size > end ? offset + size : end;
}

static void cut32(struct bytes *file)
{
    Elf32_Ehdr header;
    Elf32_Phdr segment;
    size_t end;

    memcpy(&header, file->data, sizeof(header));
    end = farther(sizeof(header), header.e_phoff, (uint64_t)header.e_phnum * sizeof(segment), file);
    for (unsigned i = 0; i < header.e_phnum; i++) {
        memcpy(&segment, file->data + header.e_phoff + i * sizeof(segment), sizeof(segment));
        if (segment.p_type == PT_LOAD)
            end = farther(end, segment.p_offset, segment.p_filesz, file);
    }
    header.e_shoff = 0;
    header.e_shnum = header.e_shstrndx = 0;
    memcpy(file->data, &header, sizeof(header));
    file->size = end;
}

static void cut64(struct bytes *file)
{
    Elf64_Ehdr header;
    Elf64_Phdr segment;
    size_t end;

    memcpy(&header, file->data, sizeof(header));
    end = farther(sizeof(header), header.e_phoff, (uint64_t)header.e_phnum * sizeof(segment), file);
    for (unsigned i = 0; i < header.e_phnum; i++) {
        memcpy(&segment, file->data + header.e_phoff + i * sizeof(segment), sizeof(segment));
        if (segment.p_type == PT_LOAD)
            end = farther(end, segment.p_offset, segment.p_filesz, file);
    }
    header.e_shoff = 0;
    header.e_shnum = header.e_shstrndx = 0;
    memcpy(file->data, &header, sizeof(header));
    file->size = end;
}

/* What is no ELF file is written as it is, and refused by the loader. */
static void cut_kernel(struct bytes *file)
{
    if (file->size < sizeof(Elf64_Ehdr) || memcmp(file->data, ELFMAG, SELFMAG) != 0)
        return;
    if (file->data[EI_CLASS] == ELFCLASS32)
        cut32(file);
    else if (file->data[EI_CLASS] == ELFCLASS64)
        cut64(file);
}

/* --- the memory map --------------------------------------------------------------------------- */

static uint32_t row_type(const char *word, const char *path, unsigned line)
{
    static const struct {
        const char *name;
        uint32_t type;
    } names[] = {{"usable", 1},
                 {"reserved", 2},
                 {"acpi", 3},
                 {"nvs", 4},
                 {"unusable", 5},
                 {"persistent", 7},
                 {"softreserved", 0xefffffff}};
    unsigned type;
    char rest;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(word, names[i].name) == 0)
            return names[i].type;
    if (sscanf(word, "type%u%c", &type, &rest) == 1)
        return type;
    fail("%s:%u: there is no type '%s'", path, line, word);
}

static void add_row(struct bytes *rows, uint64_t start, uint64_t end, uint32_t type)
{
    uint64_t length = end - start + 1;
    uint32_t attributes = 1;
    uint8_t *to;

    rows->data = reallocate(rows->data, rows->size + 24);
    to = rows->data + rows->size;
    memcpy(to, &start, 8);
    memcpy(to + 8, &length, 8);
    memcpy(to + 16, &type, 4);
    memcpy(to + 20, &attributes, 4);
    rows->size += 24;
}

static struct bytes read_map(const char *path)
{
    struct bytes rows = {NULL, 0};
    FILE *file = fopen(path, "re");
    char text[256], word[64], rest;
    unsigned line = 0;

    if (!file)
        fail("%s: %s", path, strerror(errno));
    while (fgets(text, sizeof(text), file)) {
        unsigned long long start, end;

        line++;
        if (text[0] == '#' || text[strspn(text, " \t\n")] == '\0')
            continue;
        if (sscanf(text, "%llx %llx %63s %c", &start, &end, word, &rest) != 3)
            fail("%s:%u: not 'START END TYPE'", path, line);
        add_row(&rows, start, end, row_type(word, path, line));
    }
    if (ferror(file))
        fail("%s: %s", path, strerror(errno));
    fclose(file);
    return rows;
}

/* --- the image -------------------------------------------------------------------------------- */

static uint32_t sectors_of(size_t size)
{
    return (uint32_t)((size + SECTOR_SIZE - 1) / SECTOR_SIZE);
}

static void place(struct disk_piece *piece, const struct bytes *bytes, uint32_t *next)
{
    piece->sector = *next;
    piece->size = (uint32_t)bytes->size;
    piece->crc = crc32(bytes);
    *next += sectors_of(bytes->size);
}

static void write_at(int fd, const struct bytes *bytes, uint32_t sector, const char *path)
{
    for (size_t done = 0; done < bytes->size;) {
        ssize_t n = pwrite(fd, bytes->data + done, bytes->size - done,
                           (off_t)sector * SECTOR_SIZE + (off_t)done);

        if (n < 0)
            fail("%s: %s", path, strerror(errno));
        done += (size_t)n;
    }
}

static void write_image(const struct request *request)
{
    struct bytes code = read_file(request->boot_code), kernel = read_file(request->kernel);
    struct bytes archive = {NULL, 0}, map = {NULL, 0};
    uint32_t next = 1 + LOADER_SECTORS, partition;
    struct disk_header header;
    int fd;

    if (code.size != (size_t)next * SECTOR_SIZE)
        fail("%s is not the boot code", request->boot_code);
    memcpy(&header, code.data + SECTOR_SIZE, sizeof(header));
    if (header.magic != LOADER_MAGIC)
        fail("%s is not the boot code", request->boot_code);
    cut_kernel(&kernel);
    place(&header.kernel, &kernel, &next);
    if (request->archive) {
        archive = read_file(request->archive);
        place(&header.archive, &archive, &next);
    }
    if (request->memory_map) {
        map = read_map(request->memory_map);
        place(&header.map, &map, &next);
    }
    if (strlen(request->append) >= sizeof(header.command_line))
        fail("--append: more than %zu characters", sizeof(header.command_line) - 1);
    strcpy(header.command_line, request->append);
    next = (next + IMAGE_UNIT / SECTOR_SIZE - 1) & ~(IMAGE_UNIT / SECTOR_SIZE - 1);
    header.sectors = next;
    memcpy(code.data + SECTOR_SIZE, &header, sizeof(header));
    partition = next - 1;
    memcpy(code.data + PARTITION_SIZE, &partition, sizeof(partition));

    fd = open(request->output, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0)
        fail("%s: %s", request->output, strerror(errno));
    write_at(fd, &code, 0, request->output);
    write_at(fd, &kernel, header.kernel.sector, request->output);
    write_at(fd, &archive, header.archive.sector, request->output);
    write_at(fd, &map, header.map.sector, request->output);
    /* A device keeps its length. */
    if (ftruncate(fd, (off_t)next * SECTOR_SIZE) < 0 && errno != EINVAL)
        fail("%s: %s", request->output, strerror(errno));
    if (close(fd) < 0)
        fail("%s: %s", request->output, strerror(errno));
    free(code.data);
    free(kernel.data);
    free(archive.data);
    free(map.data);
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"output", required_argument, NULL, 'o'},
        {"boot-code", required_argument, NULL, 'b'},
        {"kernel", required_argument, NULL, 'k'},
        {"archive", required_argument, NULL, 'a'},
        {"append", required_argument, NULL, 'w'},
        {"memory-map", required_argument, NULL, 'm'},
        {NULL, 0, NULL, 0},
    };
    struct request request = {.append = ""};
    int option;

    report_name = "quire disk";
    while ((option = getopt_long(argc, argv, "o:", options, NULL)) != -1) {
        switch (option) {
        case 'o':
            request.output = optarg;
            break;
        case 'b':
            request.boot_code = optarg;
            break;
        case 'k':
            request.kernel = optarg;
            break;
        case 'a':
            request.archive = optarg;
            break;
        case 'w':
            request.append = optarg;
            break;
        case 'm':
            request.memory_map = optarg;
            break;
        default:
            exit(STATUS_CANNOT_RUN);
        }
    }
    if (optind != argc || !request.output || !request.boot_code || !request.kernel)
        fail("it takes -o, --boot-code and --kernel; `quire disk` gives them");
    write_image(&request);
    return 0;
}
