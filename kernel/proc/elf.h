#ifndef KERNEL_PROC_ELF_H
#define KERNEL_PROC_ELF_H

/* ELF64 program images: the file's structures (ELF-64 Object File Format, version 1.5) and the
 * loader. */

#include "kernel/proc/process.h"

struct file;

struct elf_header {
    uint8_t ident[16];
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry, program_headers, section_headers;
    uint32_t flags;
    uint16_t header_size, program_header_size, program_header_count;
    uint16_t section_header_size, section_header_count, section_names;
};

struct elf_program_header {
    uint32_t type, flags;
    uint64_t offset, virtual_address, physical_address, file_size, memory_size, alignment;
};

enum { ET_EXEC = 2, ET_DYN = 3, EM_X86_64 = 62 };
enum { PT_LOAD = 1, PT_INTERP = 3, PT_PHDR = 6, PT_GNU_STACK = 0x6474e551 };
enum { PF_X = 1, PF_W = 2, PF_R = 4 };

/* What was loaded where. */
struct elf_image {
    uint64_t entry;           /* of the program itself */
    uint64_t start;           /* where to begin: the interpreter's entry, if there is one */
    uint64_t program_headers; /* their address in memory, or 0 */
    uint16_t program_header_count;
    uint64_t interpreter_base; /* 0: none */
    uint64_t code_start, code_end, data_start, data_end;
    uint64_t break_start;
    bool executable_stack;
};

/*
 * Maps the file's segments, and those of the interpreter that it names, into an empty space.
 * -ENOEXEC for anything that is not a sound x86-64 program; -ENOMEM; errors of opening the
 * interpreter. The space is to be thrown away then.
 */
int elf_load(struct file *file, struct quire_space *space, struct elf_image *out);

#endif
