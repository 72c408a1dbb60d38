#ifndef KERNEL_PROC_ELF_H
#define KERNEL_PROC_ELF_H

/*
 * Program images of this machine: ELF64 on x86-64, ELF32 on i386 (System V ABI, chapter 4; ELF-64
 * Object File Format, version 1.5), and the loader.
 */

#include "proc/process.h"

struct file;

struct elf_header {
    uint8_t ident[16];
    uint16_t type, machine;
    uint32_t version;
    unsigned long entry, program_headers, section_headers;
    uint32_t flags;
    uint16_t header_size, program_header_size, program_header_count;
    uint16_t section_header_size, section_header_count, section_names;
};

struct elf_program_header {
    uint32_t type;
#ifdef __x86_64__
    uint32_t flags;
#endif
    unsigned long offset, virtual_address, physical_address, file_size, memory_size;
#ifndef __x86_64__
    uint32_t flags;
#endif
    unsigned long alignment;
};

enum { ET_EXEC = 2, ET_DYN = 3, EM_386 = 3, EM_486 = 6, EM_X86_64 = 62 };
enum { PT_LOAD = 1, PT_INTERP = 3, PT_PHDR = 6, PT_GNU_STACK = 0x6474e551 };
enum { PF_X = 1, PF_W = 2, PF_R = 4 };

/* What was loaded where. */
struct elf_image {
    quire_virt entry;           /* of the program itself */
    quire_virt start;           /* where to begin: the interpreter's entry, if there is one */
    quire_virt program_headers; /* their address in memory, or 0 */
    uint16_t program_header_count;
    quire_virt interpreter_base; /* 0: none */
    quire_virt code_start, code_end, data_start, data_end;
    quire_virt break_start;
    bool executable_stack;
    bool all_executable; /* what may be read may be executed, also what is mapped later */
};

/*
 * Maps the file's segments, and those of the interpreter that it names, into an empty space.
 * -ENOEXEC for anything that is not a sound program of this machine; -ENOMEM; errors of opening the
 * interpreter, -EIO or -ELIBBAD when it is none. The space is to be thrown away then.
 */
int elf_load(struct file *file, struct quire_space *space, bool all_executable,
             struct elf_image *out);

#endif
