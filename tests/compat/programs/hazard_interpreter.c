/* What execve makes of programs whose interpreter is damaged or strange, one field at a time. */
/* only: x86_64 */
#include "execve_outcome.h"

#include <elf.h>

#define CODE 0x400
#define SIZE 0x3000

union image {
    struct {
        Elf64_Ehdr header;
        Elf64_Phdr segment[4];
    };
    unsigned char bytes[SIZE];
};

static union image program, interpreter;
static size_t image_length;
static unsigned interpreter_mode;

/* Code that ends with this status. */
static void put_exit(union image *image, unsigned status)
{
    const unsigned char code[] = {0xb8, 60, 0, 0,    0,   0xbf, (unsigned char)status,
                                  0,    0,  0, 0x0f, 0x05};

    memcpy(image->bytes + CODE, code, sizeof code);
}

static void make(union image *image, unsigned type, unsigned long address, unsigned status)
{
    memset(image, 0, sizeof *image);
    image->header = (Elf64_Ehdr){
        .e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
        .e_type = (Elf64_Half)type,
        .e_machine = EM_X86_64,
        .e_version = EV_CURRENT,
        .e_entry = address + CODE,
        .e_phoff = sizeof(Elf64_Ehdr),
        .e_ehsize = sizeof(Elf64_Ehdr),
        .e_phentsize = sizeof(Elf64_Phdr),
        .e_phnum = 2,
    };
    image->segment[0] = (Elf64_Phdr){.p_type = PT_LOAD,
                                     .p_flags = PF_R | PF_X,
                                     .p_vaddr = address,
                                     .p_filesz = 0x500,
                                     .p_memsz = 0x500,
                                     .p_align = 4096};
    image->segment[1] = (Elf64_Phdr){.p_type = PT_LOAD,
                                     .p_flags = PF_R | PF_W,
                                     .p_offset = 0x1000,
                                     .p_vaddr = address + 0x2000,
                                     .p_filesz = 0x100,
                                     .p_memsz = 0x3000,
                                     .p_align = 4096};
    put_exit(image, status);
}

static void fresh(void)
{
    make(&program, ET_EXEC, 0x400000, 7);
    make(&interpreter, ET_DYN, 0, 9);
    program.header.e_phnum = 3;
    program.segment[2] = (Elf64_Phdr){.p_type = PT_INTERP, .p_offset = 0x600, .p_filesz = 12};
    memcpy(program.bytes + 0x600, "interpreter", 12);
    image_length = SIZE;
    interpreter_mode = 0755;
}

static bool put_file(const char *name, const void *bytes, size_t size, unsigned mode)
{
    int fd;

    unlink(name);
    fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0755);
    return write(fd, bytes, size) == (ssize_t)size && fchmod(fd, mode) == 0 && close(fd) == 0;
}

static const char *outcome(bool late)
{
    return put_file("program", &program, sizeof program, 0755) &&
                   put_file("interpreter", &interpreter, image_length, interpreter_mode)
               ? execve_outcome(late)
               : "no file";
}

static void files(void)
{
    ATTEMPT(false, );
    ATTEMPT(false, interpreter_mode = 0644);
    ATTEMPT(false, interpreter_mode = 0111);
    ATTEMPT(false, image_length = 0);
    ATTEMPT(false, image_length = 3);
    ATTEMPT(false, image_length = 63);
    ATTEMPT(false, image_length = 64);
    ATTEMPT(false, image_length = 100);
    ATTEMPT(true, image_length = 200);
    ATTEMPT(false, memcpy(&interpreter, "#!/bin/sh\n", 10));
    ATTEMPT(false, memcpy(program.bytes + 0x600, "program\0\0\0\0", 12));
    ATTEMPT(false, interpreter = program);
}

static void headers(void)
{
    ATTEMPT(false, interpreter.header.e_ident[0] = 0);
    ATTEMPT(false, interpreter.header.e_machine = EM_386);
    ATTEMPT(false, interpreter.header.e_machine = EM_AARCH64);
    ATTEMPT(true, interpreter.header.e_type = ET_REL);
    ATTEMPT(true, interpreter.header.e_type = ET_CORE);
    ATTEMPT(false, interpreter.header.e_phentsize = 57);
    ATTEMPT(false, interpreter.header.e_phnum = 0);
    ATTEMPT(false, interpreter.header.e_phnum = 0xffff);
    ATTEMPT(false, interpreter.header.e_phoff = 0x7fffffffffffffff);
    ATTEMPT(false, interpreter.header.e_phoff = 0xffffffffffffffd0);
    ATTEMPT(false, interpreter.header.e_phoff = 0x2fe0);
}

static void entries(void)
{
    ATTEMPT(true, interpreter.header.e_entry = 0);
    ATTEMPT(true, interpreter.header.e_entry = 0x7fffffffffff);
    ATTEMPT(true, interpreter.header.e_entry = 0x800000000000);
    ATTEMPT(true, interpreter.header.e_entry = 0xffff800000000000);
    ATTEMPT(false, program.header.e_entry = 0);
}

static void segments(void)
{
    ATTEMPT(true, interpreter.segment[0].p_type = interpreter.segment[1].p_type = PT_NULL);
    ATTEMPT(true, interpreter.segment[1].p_filesz = 0x4000);
    ATTEMPT(true, interpreter.segment[1].p_memsz = 0x7ffffffff000);
    ATTEMPT(true, interpreter.segment[1].p_memsz = 0xffffffffffffffff);
    ATTEMPT(true, interpreter.segment[1].p_vaddr = 0xffffffff80000000);
    ATTEMPT(true, interpreter.segment[1].p_vaddr = 0x7ffffffff000);
    ATTEMPT(true, interpreter.segment[1].p_offset = 0xfffffffffffff000);
    ATTEMPT(false, interpreter.segment[0].p_flags = PF_R);
    ATTEMPT(false, interpreter.segment[0].p_flags = 0);
    ATTEMPT(true, interpreter.segment[1].p_offset = 0x100000);
    ATTEMPT(true,
            (interpreter.segment[0].p_offset = 0x100000, interpreter.segment[0].p_filesz = 0x1000));
    ATTEMPT(false, interpreter.segment[1].p_memsz = 0x1000000);
}

/* At an address of its own, and in the program's place. */
static void fixed(void)
{
    ATTEMPT(false, make(&interpreter, ET_EXEC, 0x10000000, 9));
    ATTEMPT(false, make(&interpreter, ET_EXEC, 0x400000, 9));
    ATTEMPT(false, make(&program, ET_EXEC, 0x400000, 7));
    ATTEMPT(false, (program.header.e_phnum = 4, program.segment[3] = program.segment[2],
                    program.segment[3].p_offset = 0x700));
}

int main(void)
{
    files();
    headers();
    entries();
    segments();
    fixed();
    return 0;
}
