/* A program's registers as it starts: nothing of whoever ran before, nothing of the kernel. */
/* only: x86_64 */
#include "compat.h"

#include <elf.h>

/*
 * 0: movq %rsp, %rbx (after all else is saved), then the FXSAVE image below the pushed registers is
 * written to descriptor 5 with them: 512 + 128 bytes.
 */
static const unsigned char code[] = {
    0x41, 0x57, 0x41, 0x56, 0x41, 0x55, 0x41, 0x54, /* push r15 r14 r13 r12 */
    0x41, 0x53, 0x41, 0x52, 0x41, 0x51, 0x41, 0x50, /* push r11 r10 r9 r8 */
    0x55, 0x57, 0x56, 0x52, 0x51, 0x53, 0x50,       /* push rbp rdi rsi rdx rcx rbx rax */
    0x9c,                                           /* pushfq */
    0x48, 0x81, 0xec, 0x00, 0x02, 0x00, 0x00,       /* subq $512, %rsp */
    0x48, 0x0f, 0xae, 0x04, 0x24,                   /* fxsave64 (%rsp) */
    0x48, 0x89, 0xe6,                               /* movq %rsp, %rsi */
    0xba, 0x80, 0x02, 0x00, 0x00,                   /* movl $640, %edx */
    0xbf, 0x05, 0x00, 0x00, 0x00,                   /* movl $5, %edi */
    0xb8, 0x01, 0x00, 0x00, 0x00,                   /* movl $1, %eax */
    0x0f, 0x05,                                     /* syscall */
    0x31, 0xff, 0xb8, 0x3c, 0x00, 0x00, 0x00,       /* xorl %edi, %edi; movl $60, %eax */
    0x0f, 0x05,                                     /* syscall */
};

static struct {
    Elf64_Ehdr header;
    Elf64_Phdr segment;
    unsigned char code[256];
} image;

static void make_program(void)
{
    int fd = open("program", O_WRONLY | O_CREAT | O_TRUNC, 0755);

    image.header = (Elf64_Ehdr){
        .e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
        .e_type = ET_EXEC,
        .e_machine = EM_X86_64,
        .e_version = EV_CURRENT,
        .e_entry = 0x400000 + sizeof image.header + sizeof image.segment,
        .e_phoff = sizeof(Elf64_Ehdr),
        .e_ehsize = sizeof(Elf64_Ehdr),
        .e_phentsize = sizeof(Elf64_Phdr),
        .e_phnum = 1,
    };
    image.segment = (Elf64_Phdr){.p_type = PT_LOAD,
                                 .p_flags = PF_R | PF_X,
                                 .p_vaddr = 0x400000,
                                 .p_filesz = sizeof image,
                                 .p_memsz = sizeof image,
                                 .p_align = 4096};
    memcpy(image.code, code, sizeof code);
    if (write(fd, &image, sizeof image) != (ssize_t)sizeof image)
        puts("no file");
    close(fd);
}

/* Every register full of something, at the moment of execve. */
static void execute_full(void)
{
    static const char name[] = "program";
    static const uint64_t pattern[2] = {0xdeadbeefdeadbeef, 0xfeedfacefeedface};
    const uint32_t mxcsr = 0x5fc0;
    const uint16_t control = 0x7f;

    __asm__ volatile("ldmxcsr %0; fldcw %1; fld1; fldpi; fld1" ::"m"(mxcsr), "m"(control));
#define FILL(n) __asm__ volatile("movups %0, %%xmm" #n ::"m"(pattern) : "xmm" #n)
    FILL(0);
    FILL(1);
    FILL(2);
    FILL(3);
    FILL(4);
    FILL(5);
    FILL(6);
    FILL(7);
    FILL(8);
    FILL(9);
    FILL(10);
    FILL(11);
    FILL(12);
    FILL(13);
    FILL(14);
    FILL(15);
    __asm__ volatile("movq $-1, %%r8; movq $-1, %%r9; movq $-1, %%r10; movq $-1, %%r12\n"
                     "movq $-1, %%r13; movq $-1, %%r14; movq $-1, %%r15; movq $-1, %%rbx\n"
                     "std; stc\n"
                     "syscall; cld" ::"a"(SYS_execve),
                     "D"(name), "S"(0L), "d"(0L)
                     : "rbx", "rcx", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "memory",
                       "cc");
    _exit(9);
}

static void show_fresh(const uint64_t *words)
{
    static const char *const names[] = {"flags", "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp",
                                        "r8",    "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};
    const unsigned char *fpu = (const unsigned char *)words;
    unsigned bytes = 0;

    for (unsigned i = 0; i < 16; i++)
        printf("%s %#lx\n", names[i], (unsigned long)words[64 + i]);
    for (unsigned i = 32; i < 416; i++)
        bytes += fpu[i] != 0;
    printf("control %#x status %#x tag %#x opcode %#x instruction %#lx data %#lx mxcsr %#x\n",
           *(const uint16_t *)fpu, *(const uint16_t *)(fpu + 2), fpu[4],
           *(const uint16_t *)(fpu + 6), *(const uint64_t *)(fpu + 8),
           *(const uint64_t *)(fpu + 16), *(const uint32_t *)(fpu + 24));
    printf("bytes of floating-point and SSE registers that are not 0: %u\n", bytes);
}

int main(void)
{
    static uint64_t words[80];
    int ends[2], status;
    pid_t child;

    make_program();
    if (pipe(ends) != 0)
        return 1;
    child = fork();
    if (child == 0) {
        dup2(ends[1], 5);
        execute_full();
    }
    waitpid(child, &status, 0);
    printf("exit %d, %ld bytes\n", WEXITSTATUS(status), (long)read(ends[0], words, sizeof words));
    show_fresh(words);
    return 0;
}
