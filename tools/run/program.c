#define _GNU_SOURCE
#include "program.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *elf_fault(int fd, const Elf64_Ehdr *header)
{
    if (header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_machine != EM_X86_64)
        return "it is not a program for x86-64";
    if (header->e_type != ET_EXEC && header->e_type != ET_DYN)
        return "it is an ELF file, but not a program";
    for (unsigned i = 0; i < header->e_phnum; i++) {
        Elf64_Phdr segment;
        off_t at = (off_t)(header->e_phoff + (Elf64_Off)i * header->e_phentsize);

        if (pread(fd, &segment, sizeof(segment), at) != (ssize_t)sizeof(segment))
            return "its ELF headers are cut off";
        if (segment.p_type == PT_INTERP)
            return "it is dynamically linked, and a static program is needed (gcc -static)";
    }
    return NULL;
}

static const char *content_fault(int fd)
{
    Elf64_Ehdr header;
    ssize_t length = pread(fd, &header, sizeof(header), 0);

    if (length < 0)
        return strerror(errno);
    if (length >= 2 && memcmp(&header, "#!", 2) == 0)
        return NULL;
    if (length < (ssize_t)sizeof(header) || memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
        return "it is not a program (neither an ELF file nor a script with #!)";
    return elf_fault(fd, &header);
}

const char *program_fault(const char *path)
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
        fault = content_fault(fd);
    close(fd);
    return fault;
}
