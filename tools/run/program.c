#define _GNU_SOURCE
#include "program.h"

#include "../common/report.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What is looked at in the headers of both classes. */
struct elf {
    unsigned class, machine, type, segments;
    uint64_t table, entry_size;
};

static bool read_header(int fd, struct elf *out)
{
    union {
        unsigned char ident[EI_NIDENT];
        Elf32_Ehdr narrow;
        Elf64_Ehdr wide;
    } header;
    ssize_t length = pread(fd, &header, sizeof(header), 0);

    if (length < (ssize_t)sizeof(header.narrow) || memcmp(header.ident, ELFMAG, SELFMAG) != 0)
        return false;
    if (header.ident[EI_CLASS] == ELFCLASS32)
        *out = (struct elf){ELFCLASS32,
                            header.narrow.e_machine,
                            header.narrow.e_type,
                            header.narrow.e_phnum,
                            header.narrow.e_phoff,
                            header.narrow.e_phentsize};
    else
        *out = (struct elf){header.ident[EI_CLASS], header.wide.e_machine, header.wide.e_type,
                            header.wide.e_phnum,    header.wide.e_phoff,   header.wide.e_phentsize};
    return header.ident[EI_CLASS] != ELFCLASS64 || length == (ssize_t)sizeof(header.wide);
}

/* -1: the file is cut off. */
static int64_t segment_type(int fd, const struct elf *elf, unsigned index)
{
    uint32_t type; /* the first field of a segment's header, in both classes */
    off_t at = (off_t)(elf->table + index * elf->entry_size);

    return pread(fd, &type, sizeof(type), at) == (ssize_t)sizeof(type) ? (int64_t)type : -1;
}

static const char *elf_fault(int fd, const struct elf *elf, const struct arch *arch)
{
    if (elf->class != arch->elf_class || elf->machine != arch->elf_machine)
        return arch->not_program;
    if (elf->type != ET_EXEC && elf->type != ET_DYN)
        return "it is an ELF file, but not a program";
    for (unsigned i = 0; i < elf->segments; i++)
        if (segment_type(fd, elf, i) < 0)
            return "its ELF headers are cut off";
    return NULL;
}

static const char *content_fault(int fd, const struct arch *arch)
{
    struct elf elf;
    char first[2];
    ssize_t length = pread(fd, first, sizeof(first), 0);

    if (length < 0)
        return strerror(errno);
    if (length == sizeof(first) && memcmp(first, "#!", 2) == 0)
        return NULL;
    if (!read_header(fd, &elf))
        return "it is not a program (neither an ELF file nor a script with #!)";
    return elf_fault(fd, &elf, arch);
}

const char *program_fault(const char *path, const struct arch *arch)
{
    struct stat status;
    const char *fault;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0)
        return strerror(errno);
    if (fstat(fd, &status) < 0)
        fault = strerror(errno);
    else if (S_ISDIR(status.st_mode))
        fault = "it is a folder";
    else if (!S_ISREG(status.st_mode))
        fault = "it is not a regular file";
    else if (!(status.st_mode & 0111))
        fault = "it is not executable (chmod +x)";
    else
        fault = content_fault(fd, arch);
    close(fd);
    return fault;
}

#define SCRIPT_LINE 256 /* what the kernel reads of it */

/* The program behind "#!", or the one that env is to find. */
static char *script_interpreter(char *line)
{
    char *rest, *word = strtok_r(line, " \t\n", &rest);
    const char *base = word ? strrchr(word, '/') : NULL;

    if (base && strcmp(base, "/env") == 0) {
        char *next = strtok_r(NULL, " \t\n", &rest);

        if (next && strcmp(next, "-S") == 0)
            next = strtok_r(NULL, " \t\n", &rest);
        word = next ? next : word;
    }
    return word ? format_string("%s", word) : NULL;
}

enum program_kind program_kind(const char *path, char **out_interpreter)
{
    enum program_kind kind = PROGRAM_STATIC;
    char line[SCRIPT_LINE] = "";
    struct elf elf;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    *out_interpreter = NULL;
    if (fd < 0)
        return kind;
    if (pread(fd, line, sizeof(line) - 1, 0) >= 2 && memcmp(line, "#!", 2) == 0) {
        line[strcspn(line, "\n")] = '\0';
        *out_interpreter = script_interpreter(line + 2);
        if (*out_interpreter)
            kind = PROGRAM_SCRIPT;
    } else if (read_header(fd, &elf)) {
        for (unsigned i = 0; i < elf.segments; i++)
            if (segment_type(fd, &elf, i) == PT_INTERP)
                kind = PROGRAM_DYNAMIC;
    }
    close(fd);
    return kind;
}
