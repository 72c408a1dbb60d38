/* What random code is made of in 64-bit mode, and how it is started. */
#ifndef TESTS_HOSTILE_CODE_X86_64_H
#define TESTS_HOSTILE_CODE_X86_64_H

static const struct piece pieces[] = {
    {2, {0x0f, 0x05}},                         /* syscall */
    {2, {0x0f, 0x05}},                         /* again: it is the door */
    {4, {0x31, 0xc0, 0x0f, 0x05}},             /* read */
    {6, {0x0f, 0xb6, 0xc0, 0x90, 0x0f, 0x05}}, /* syscall, numbered below 256 */
    {2, {0x0f, 0x34}},                         /* sysenter */
    {2, {0x0f, 0x35}},                         /* sysexit */
    {3, {0x48, 0x0f, 0x35}},                   /* sysexit to 64 bits */
    {2, {0x0f, 0x07}},                         /* sysret */
    {3, {0x48, 0x0f, 0x07}},                   /* sysret to 64 bits */
    {2, {0xcd, 0x80}},                         /* int $0x80 */
    {2, {0xcd, 0x0e}},                         /* int of the page fault */
    {2, {0xcd, 0x08}},                         /* int of the double fault */
    {2, {0xcd, 0x02}},                         /* int of the NMI */
    {2, {0xcd, 0x20}},                         /* int of a device */
    {2, {0xcd, 0x03}},                         /* int 3, the long way */
    {2, {0xcd, 0x04}},                         /* overflow */
    {1, {0xcc}},                               /* int3 */
    {1, {0xf1}},                               /* int1 */
    {1, {0xf4}},                               /* hlt */
    {1, {0xfa}},                               /* cli */
    {1, {0xfb}},                               /* sti */
    {1, {0x9d}},                               /* popf */
    {1, {0x9c}},                               /* pushf */
    {2, {0x48, 0xcf}},                         /* iretq */
    {1, {0xcf}},                               /* iret */
    {2, {0x48, 0xcb}},                         /* far ret, 64 bits */
    {1, {0xcb}},                               /* far ret */
    {2, {0x66, 0xcf}},                         /* iret, 16 bits */
    {3, {0x0f, 0x01, 0xf8}},                   /* swapgs */
    {3, {0x0f, 0x01, 0xca}},                   /* clac */
    {3, {0x0f, 0x01, 0xcb}},                   /* stac */
    {3, {0x0f, 0x01, 0xc8}},                   /* monitor */
    {3, {0x0f, 0x01, 0xc9}},                   /* mwait */
    {3, {0x0f, 0x01, 0xd0}},                   /* xgetbv */
    {3, {0x0f, 0x01, 0xd1}},                   /* xsetbv */
    {3, {0x0f, 0x01, 0xc1}},                   /* vmcall */
    {3, {0x0f, 0x01, 0x17}},                   /* lgdt (%rdi) */
    {3, {0x0f, 0x01, 0x1f}},                   /* lidt */
    {3, {0x0f, 0x01, 0x07}},                   /* sgdt */
    {3, {0x0f, 0x01, 0x0f}},                   /* sidt */
    {3, {0x0f, 0x01, 0x3f}},                   /* invlpg */
    {3, {0x0f, 0x00, 0xd8}},                   /* ltr */
    {3, {0x0f, 0x00, 0xd0}},                   /* lldt */
    {3, {0x0f, 0x00, 0xc8}},                   /* str */
    {3, {0x0f, 0x01, 0xf0}},                   /* lmsw */
    {3, {0x0f, 0x01, 0xe0}},                   /* smsw */
    {3, {0x0f, 0x20, 0xc0}},                   /* mov %cr0, %rax */
    {3, {0x0f, 0x22, 0xc0}},                   /* mov %rax, %cr0 */
    {3, {0x0f, 0x22, 0xd8}},                   /* cr3 */
    {3, {0x0f, 0x22, 0xe0}},                   /* cr4 */
    {4, {0x44, 0x0f, 0x22, 0xc0}},             /* cr8 */
    {3, {0x0f, 0x23, 0xf8}},                   /* debug register 7 */
    {3, {0x0f, 0x21, 0xf8}},                   /* and back */
    {2, {0x0f, 0x30}},                         /* wrmsr */
    {2, {0x0f, 0x32}},                         /* rdmsr */
    {2, {0x0f, 0x33}},                         /* rdpmc */
    {2, {0x0f, 0x31}},                         /* rdtsc */
    {3, {0x0f, 0x01, 0xf9}},                   /* rdtscp */
    {2, {0x0f, 0xa2}},                         /* cpuid */
    {2, {0x0f, 0x06}},                         /* clts */
    {2, {0x0f, 0x08}},                         /* invd */
    {2, {0x0f, 0x09}},                         /* wbinvd */
    {2, {0x0f, 0x0b}},                         /* ud2 */
    {2, {0x0f, 0x77}},                         /* emms */
    {2, {0xdb, 0xe3}},                         /* fninit */
    {2, {0xd9, 0x2f}},                         /* fldcw (%rdi) */
    {2, {0xde, 0xf9}},                         /* fdivp */
    {1, {0x9b}},                               /* fwait */
    {3, {0x0f, 0xae, 0x0f}},                   /* fxrstor (%rdi) */
    {3, {0x0f, 0xae, 0x07}},                   /* fxsave */
    {3, {0x0f, 0xae, 0x2f}},                   /* xrstor */
    {3, {0x0f, 0xae, 0x27}},                   /* xsave */
    {3, {0x0f, 0xae, 0x17}},                   /* ldmxcsr */
    {5, {0xf3, 0x48, 0x0f, 0xae, 0xd7}},       /* wrfsbase %rdi */
    {5, {0xf3, 0x48, 0x0f, 0xae, 0xdf}},       /* wrgsbase */
    {2, {0x8e, 0xe0}},                         /* mov %eax, %fs */
    {2, {0x8e, 0xe8}},                         /* gs */
    {2, {0x8e, 0xd8}},                         /* ds */
    {2, {0x8e, 0xc0}},                         /* es */
    {2, {0x8e, 0xd0}},                         /* ss */
    {2, {0x8c, 0xd0}},                         /* mov %ss, %eax */
    {3, {0x0f, 0xb2, 0x27}},                   /* lss (%rdi), %esp */
    {3, {0x0f, 0xb4, 0x07}},                   /* lfs */
    {2, {0xff, 0x2f}},                         /* far jmp *(%rdi) */
    {3, {0x48, 0xff, 0x2f}},                   /* the same, 64 bits */
    {2, {0xff, 0x1f}},                         /* far call */
    {2, {0xec, 0xee}},                         /* in, out */
    {2, {0xe6, 0xf4}},                         /* out: the device that ends the machine */
    {2, {0xf3, 0x6c}},                         /* rep insb */
    {2, {0xf3, 0x6e}},                         /* rep outsb */
    {3, {0xf3, 0x48, 0xab}},                   /* rep stosq */
    {2, {0xf3, 0xaa}},                         /* rep stosb */
    {2, {0xf3, 0xa4}},                         /* rep movsb */
    {3, {0xfd, 0xf3, 0xa4}},                   /* backwards */
    {2, {0xf7, 0xf1}},                         /* div %ecx */
    {3, {0x48, 0xf7, 0xf9}},                   /* idiv %rcx */
    {3, {0x48, 0x89, 0xc4}},                   /* mov %rax, %rsp */
    {3, {0x48, 0x89, 0xfc}},                   /* mov %rdi, %rsp */
    {2, {0x48, 0x94}},                         /* xchg %rax, %rsp */
    {1, {0x50}},                               /* push */
    {1, {0x5c}},                               /* pop %rsp */
    {1, {0xc3}},                               /* ret */
    {2, {0xff, 0xe7}},                         /* jmp *%rdi */
    {2, {0xff, 0xd7}},                         /* call *%rdi */
    {2, {0xff, 0x27}},                         /* jmp *(%rdi) */
    {3, {0x48, 0x8b, 0x07}},                   /* mov (%rdi), %rax */
    {3, {0x48, 0x89, 0x07}},                   /* mov %rax, (%rdi) */
    {4, {0xf0, 0x48, 0x0f, 0xc7}},             /* lock cmpxchg16b, its operand by chance */
    {5, {0x0f, 0xc7, 0xf0, 0x90, 0x90}},       /* rdrand */
    {6, {0xc7, 0xf8, 0x02, 0x00, 0x00, 0x00}}, /* xbegin */
    /* mov from an address of the kernel's half */
    {10, {0x48, 0xa1, 0x00, 0x00, 0x00, 0x80, 0xff, 0xff, 0xff, 0xff}},
    {7, {0x48, 0xc7, 0xc0, 0x0f, 0x00, 0x00, 0x00}}, /* rax: rt_sigreturn */
    {7, {0x48, 0xc7, 0xc0, 0x38, 0x00, 0x00, 0x00}}, /* clone */
    {7, {0x48, 0xc7, 0xc0, 0x0b, 0x00, 0x00, 0x00}}, /* munmap */
    {2, {0xeb, 0xfe}},                               /* jmp to itself */
};

enum { ACCUMULATOR, STACK = 14, FLAGS, REGISTERS };

/* Registers in the order rax, rbx, rcx, rdx, rsi, rdi, rbp, r8 to r10, r12 to r15, rsp, flags. */
static void run_at(word target, word values[REGISTERS])
{
    __asm__ volatile("pushq 120(%0)\n"
                     "movq %1, %%r11\n"
                     "movq 0(%0), %%rax\n"
                     "movq 8(%0), %%rbx\n"
                     "movq 16(%0), %%rcx\n"
                     "movq 24(%0), %%rdx\n"
                     "movq 32(%0), %%rsi\n"
                     "movq 48(%0), %%rbp\n"
                     "movq 56(%0), %%r8\n"
                     "movq 64(%0), %%r9\n"
                     "movq 72(%0), %%r10\n"
                     "movq 80(%0), %%r12\n"
                     "movq 88(%0), %%r13\n"
                     "movq 96(%0), %%r14\n"
                     "movq 104(%0), %%r15\n"
                     "popfq\n"
                     "movq 112(%0), %%rsp\n"
                     "movq 40(%0), %%rdi\n"
                     "jmp *%%r11"
                     :
                     : "D"(values), "S"(target)
                     : "memory");
}

#endif
