/* What execve answers to program files that are damaged or strange, one field at a time. */
#include "execve_outcome.h"

#include <elf.h>

#define CODE 0x400

static struct {
    Elf64_Ehdr header;
    Elf64_Phdr segment[8];
    unsigned char rest[3 * 4096 - 64 - 8 * 56];
} image;
static size_t image_size;

/* exit(7) */
static const unsigned char code[] = {0xb8, 60, 0, 0, 0, 0xbf, 7, 0, 0, 0, 0x0f, 0x05};

static void fresh(void)
{
    memset(&image, 0, sizeof image);
    image.header = (Elf64_Ehdr){
        .e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
        .e_type = ET_EXEC,
        .e_machine = EM_X86_64,
        .e_version = EV_CURRENT,
        .e_entry = 0x400000 + CODE,
        .e_phoff = sizeof(Elf64_Ehdr),
        .e_ehsize = sizeof(Elf64_Ehdr),
        .e_phentsize = sizeof(Elf64_Phdr),
        .e_phnum = 2,
    };
    image.segment[0] = (Elf64_Phdr){.p_type = PT_LOAD,
                                    .p_flags = PF_R | PF_X,
                                    .p_vaddr = 0x400000,
                                    .p_filesz = 0x500,
                                    .p_memsz = 0x500,
                                    .p_align = 4096};
    image.segment[1] = (Elf64_Phdr){.p_type = PT_LOAD,
                                    .p_flags = PF_R | PF_W,
                                    .p_offset = 0x1000,
                                    .p_vaddr = 0x402000,
                                    .p_filesz = 0x100,
                                    .p_memsz = 0x3000,
                                    .p_align = 4096};
    memcpy((char *)&image + CODE, code, sizeof code);
    image_size = sizeof image;
}

static const char *outcome(bool late)
{
    int fd = open("program", O_WRONLY | O_CREAT | O_TRUNC, 0755);

    return write(fd, &image, image_size) == (ssize_t)image_size && close(fd) == 0
               ? execve_outcome(late)
               : "no file";
}

static void interpreter(const char *name, size_t size)
{
    image.header.e_phnum = 3;
    image.segment[2] =
        (Elf64_Phdr){.p_type = PT_INTERP, .p_offset = 0x600, .p_filesz = size, .p_memsz = size};
    memcpy((char *)&image + 0x600, name, strlen(name));
}

static void headers(void)
{
    ATTEMPT(false, );
    ATTEMPT(false, image_size = 0);
    ATTEMPT(false, image_size = 3);
    ATTEMPT(false, image_size = 63);
    ATTEMPT(false, image_size = 64);
    ATTEMPT(false, image_size = 100);
    ATTEMPT(false, image_size = 200);
    ATTEMPT(false, image.header.e_ident[0] = 0);
    ATTEMPT(false, image.header.e_ident[EI_CLASS] = 9);
    ATTEMPT(false, image.header.e_ident[EI_DATA] = ELFDATA2MSB);
    ATTEMPT(false, image.header.e_ident[EI_VERSION] = 9);
    ATTEMPT(false, image.header.e_ident[EI_OSABI] = 9);
    ATTEMPT(false, image.header.e_version = 9);
    ATTEMPT(false, image.header.e_type = ET_REL);
    ATTEMPT(false, image.header.e_type = ET_CORE);
    ATTEMPT(false, image.header.e_type = 0);
    ATTEMPT(false, image.header.e_machine = EM_386);
    ATTEMPT(false, image.header.e_machine = EM_AARCH64);
    ATTEMPT(false, image.header.e_flags = 0xffffffff);
    ATTEMPT(false, image.header.e_ehsize = 0);
    ATTEMPT(false, image.header.e_phentsize = 0);
    ATTEMPT(false, image.header.e_phentsize = 57);
    ATTEMPT(false, image.header.e_phnum = 0);
    ATTEMPT(false, image.header.e_phnum = 0xffff);
    ATTEMPT(false, image.header.e_phnum = 1171);
    ATTEMPT(false, image.header.e_phoff = 0x7fffffffffffffff);
    ATTEMPT(false, image.header.e_phoff = 0xffffffffffffffd0);
    ATTEMPT(false, image.header.e_phoff = 0x2fe0);
    ATTEMPT(false, image.header.e_shoff = 0xffffffffffffffff);
    ATTEMPT(false, image.header.e_shnum = 0xffff);
}

static void entries(void)
{
    ATTEMPT(false, image.header.e_entry = 0);
    ATTEMPT(false, image.header.e_entry = 0x402000);
    ATTEMPT(false, image.header.e_entry = 0x500000);
    ATTEMPT(true, image.header.e_entry = 0x800000000000);
    ATTEMPT(true, image.header.e_entry = 0xffff800000000000);
    ATTEMPT(true, image.header.e_entry = 0x8000000000000000);
}

static void segments(void)
{
    ATTEMPT(true, image.segment[1].p_memsz = 0);
    ATTEMPT(false, image.segment[1].p_type = PT_NULL);
    ATTEMPT(false, image.segment[1].p_filesz = 0);
    ATTEMPT(false, (image.segment[1].p_filesz = 0, image.segment[1].p_memsz = 0));
    ATTEMPT(true, image.segment[1].p_filesz = 0x4000);
    ATTEMPT(true, image.segment[1].p_memsz = 0x7ffffffff000);
    ATTEMPT(true, image.segment[1].p_memsz = 0xffffffffffffffff);
    ATTEMPT(true, image.segment[1].p_vaddr = 0xffffffff80000000);
    ATTEMPT(true, image.segment[1].p_vaddr = 0xffff800000000000);
    ATTEMPT(true, image.segment[1].p_vaddr = 0x7ffffffff000);
    ATTEMPT(true, image.segment[1].p_vaddr = 0xfffffffffffff000);
    ATTEMPT(true, image.segment[1].p_vaddr = 0x8000000000000000);
    ATTEMPT(true, (image.segment[1].p_filesz = 0xffffffffffffff00,
                   image.segment[1].p_memsz = 0xffffffffffffff00));
    ATTEMPT(true, image.segment[1].p_offset = 0xfffffffffffff000);
    ATTEMPT(true, image.segment[1].p_offset = 0x7ffffffffffff000);
    ATTEMPT(false, image.segment[0].p_flags = PF_R | PF_W | PF_X);
    ATTEMPT(false, image.segment[0].p_flags = PF_X);
    ATTEMPT(false, image.segment[0].p_flags = PF_R);
    ATTEMPT(false, image.segment[0].p_flags = 0);
    ATTEMPT(false, image.segment[0].p_align = 3);
    ATTEMPT(false, image.segment[0].p_align = 0);
    ATTEMPT(false, image.segment[0].p_align = 1ul << 62);
    ATTEMPT(false, image.segment[0].p_paddr = 0xffffffffffffffff);
    /* In the same page, apart and over each other. */
    ATTEMPT(false, (image.segment[1].p_offset = 0x600, image.segment[1].p_vaddr = 0x400600,
                    image.segment[1].p_flags = PF_R | PF_X));
    ATTEMPT(false, (image.segment[1].p_offset = 0, image.segment[1].p_vaddr = 0x400000,
                    image.segment[1].p_flags = PF_R | PF_X, image.segment[1].p_memsz = 0x100));
}

static void files(void)
{
    /* What lies beyond the file's end is mapped, and nobody looks. */
    ATTEMPT(false, image.segment[1].p_offset = 0x100000);
    ATTEMPT(false, image_size = 0x1000);
    ATTEMPT(false, image_size = 0x1001);
    ATTEMPT(true, (image.segment[0].p_offset = 0x100000, image.segment[0].p_filesz = 0x1000));
}

static void interpreters(void)
{
    ATTEMPT(false, interpreter("/missing", 9));
    ATTEMPT(false, interpreter("/missing", 8));
    ATTEMPT(false, interpreter("", 1));
    ATTEMPT(false, interpreter("", 0));
    ATTEMPT(false, interpreter("", 2));
    ATTEMPT(false, interpreter("/", 2));
    ATTEMPT(false, interpreter("/dev/null", 10));
    ATTEMPT(false, interpreter("/missing", 4097));
    ATTEMPT(false, interpreter("/missing", 0xffffffffffffffff));
    ATTEMPT(false, (interpreter("/missing", 9), image.segment[2].p_offset = 0x7ffffffffffffff0));
    ATTEMPT(false, (interpreter("/missing", 9), image.segment[2].p_offset = 0xfffffffffffffff0));
    ATTEMPT(false, (interpreter("/missing", 9), image.segment[2].p_offset = 0x100000));
}

static void stacks(void)
{
    ATTEMPT(false, (image.header.e_phnum = 3, image.segment[2].p_type = PT_GNU_STACK));
    ATTEMPT(false, (image.header.e_phnum = 3, image.segment[2].p_type = PT_GNU_STACK,
                    image.segment[2].p_flags = 0xffffffff));
    ATTEMPT(false, (image.header.e_phnum = 3, image.segment[2].p_type = PT_GNU_STACK,
                    image.segment[2].p_memsz = 0xffffffffffffffff));
    ATTEMPT(false, (image.header.e_phnum = 3, image.segment[2].p_type = 0x6474e553));
    ATTEMPT(false, (image.header.e_phnum = 3, image.segment[2].p_type = PT_TLS,
                    image.segment[2].p_memsz = 0xffffffffffffffff));
    ATTEMPT(false, (image.header.e_phnum = 3, image.segment[2].p_type = PT_DYNAMIC,
                    image.segment[2].p_vaddr = 0xffffffffffffffff));
}

int main(void)
{
    headers();
    entries();
    segments();
    files();
    interpreters();
    stacks();
    return 0;
}
