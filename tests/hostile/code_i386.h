/* What random code is made of in 32-bit mode, and how it is started. */
#ifndef TESTS_HOSTILE_CODE_I386_H
#define TESTS_HOSTILE_CODE_I386_H

static const struct piece pieces[] = {
    {2, {0x0f, 0x34}},                               /* sysenter */
    {2, {0x0f, 0x35}},                               /* sysexit */
    {2, {0x0f, 0x07}},                               /* sysret */
    {2, {0xcd, 0x0e}},                               /* int of the page fault */
    {2, {0xcd, 0x08}},                               /* int of the double fault */
    {2, {0xcd, 0x02}},                               /* int of the NMI */
    {2, {0xcd, 0x20}},                               /* int of a device */
    {2, {0xcd, 0x03}},                               /* int 3, the long way */
    {2, {0xcd, 0x04}},                               /* overflow */
    {1, {0xcc}},                                     /* int3 */
    {1, {0xf1}},                                     /* int1 */
    {1, {0xf4}},                                     /* hlt */
    {1, {0xfa}},                                     /* cli */
    {1, {0xfb}},                                     /* sti */
    {1, {0x9d}},                                     /* popf */
    {1, {0x9c}},                                     /* pushf */
    {1, {0xcf}},                                     /* iret */
    {1, {0xcb}},                                     /* far ret */
    {2, {0x66, 0xcf}},                               /* iret, 16 bits */
    {3, {0x0f, 0x01, 0xf8}},                         /* swapgs */
    {3, {0x0f, 0x01, 0xca}},                         /* clac */
    {3, {0x0f, 0x01, 0xcb}},                         /* stac */
    {3, {0x0f, 0x01, 0xc8}},                         /* monitor */
    {3, {0x0f, 0x01, 0xc9}},                         /* mwait */
    {3, {0x0f, 0x01, 0xd0}},                         /* xgetbv */
    {3, {0x0f, 0x01, 0xd1}},                         /* xsetbv */
    {3, {0x0f, 0x01, 0xc1}},                         /* vmcall */
    {3, {0x0f, 0x01, 0x17}},                         /* lgdt (%edi) */
    {3, {0x0f, 0x01, 0x1f}},                         /* lidt */
    {3, {0x0f, 0x01, 0x07}},                         /* sgdt */
    {3, {0x0f, 0x01, 0x0f}},                         /* sidt */
    {3, {0x0f, 0x01, 0x3f}},                         /* invlpg */
    {3, {0x0f, 0x00, 0xd8}},                         /* ltr */
    {3, {0x0f, 0x00, 0xd0}},                         /* lldt */
    {3, {0x0f, 0x00, 0xc8}},                         /* str */
    {3, {0x0f, 0x01, 0xf0}},                         /* lmsw */
    {3, {0x0f, 0x01, 0xe0}},                         /* smsw */
    {3, {0x0f, 0x20, 0xc0}},                         /* mov %cr0, %eax */
    {3, {0x0f, 0x22, 0xc0}},                         /* mov %eax, %cr0 */
    {3, {0x0f, 0x22, 0xd8}},                         /* cr3 */
    {3, {0x0f, 0x22, 0xe0}},                         /* cr4 */
    {3, {0x0f, 0x23, 0xf8}},                         /* debug register 7 */
    {3, {0x0f, 0x21, 0xf8}},                         /* and back */
    {2, {0x0f, 0x30}},                               /* wrmsr */
    {2, {0x0f, 0x32}},                               /* rdmsr */
    {2, {0x0f, 0x33}},                               /* rdpmc */
    {2, {0x0f, 0x31}},                               /* rdtsc */
    {3, {0x0f, 0x01, 0xf9}},                         /* rdtscp */
    {2, {0x0f, 0xa2}},                               /* cpuid */
    {2, {0x0f, 0x06}},                               /* clts */
    {2, {0x0f, 0x08}},                               /* invd */
    {2, {0x0f, 0x09}},                               /* wbinvd */
    {2, {0x0f, 0x0b}},                               /* ud2 */
    {2, {0x0f, 0x77}},                               /* emms */
    {2, {0xdb, 0xe3}},                               /* fninit */
    {2, {0xd9, 0x2f}},                               /* fldcw (%edi) */
    {2, {0xde, 0xf9}},                               /* fdivp */
    {1, {0x9b}},                                     /* fwait */
    {3, {0x0f, 0xae, 0x0f}},                         /* fxrstor (%edi) */
    {3, {0x0f, 0xae, 0x07}},                         /* fxsave */
    {3, {0x0f, 0xae, 0x2f}},                         /* xrstor */
    {3, {0x0f, 0xae, 0x27}},                         /* xsave */
    {3, {0x0f, 0xae, 0x17}},                         /* ldmxcsr */
    {2, {0x8e, 0xe0}},                               /* mov %eax, %fs */
    {2, {0x8e, 0xe8}},                               /* gs */
    {2, {0x8e, 0xd8}},                               /* ds */
    {2, {0x8e, 0xc0}},                               /* es */
    {2, {0x8e, 0xd0}},                               /* ss */
    {2, {0x8c, 0xd0}},                               /* mov %ss, %eax */
    {3, {0x0f, 0xb2, 0x27}},                         /* lss (%edi), %esp */
    {3, {0x0f, 0xb4, 0x07}},                         /* lfs */
    {2, {0xff, 0x2f}},                               /* far jmp *(%edi) */
    {2, {0xff, 0x1f}},                               /* far call */
    {2, {0xec, 0xee}},                               /* in, out */
    {2, {0xe6, 0xf4}},                               /* out: the device that ends the machine */
    {2, {0xf3, 0x6c}},                               /* rep insb */
    {2, {0xf3, 0x6e}},                               /* rep outsb */
    {2, {0xf3, 0xaa}},                               /* rep stosb */
    {2, {0xf3, 0xa4}},                               /* rep movsb */
    {3, {0xfd, 0xf3, 0xa4}},                         /* backwards */
    {2, {0xf7, 0xf1}},                               /* div %ecx */
    {1, {0x50}},                                     /* push */
    {1, {0x5c}},                                     /* pop %rsp */
    {1, {0xc3}},                                     /* ret */
    {2, {0xff, 0xe7}},                               /* jmp *%edi */
    {2, {0xff, 0xd7}},                               /* call *%edi */
    {2, {0xff, 0x27}},                               /* jmp *(%edi) */
    {5, {0x0f, 0xc7, 0xf0, 0x90, 0x90}},             /* rdrand */
    {6, {0xc7, 0xf8, 0x02, 0x00, 0x00, 0x00}},       /* xbegin */
    {2, {0xeb, 0xfe}},                               /* jmp to itself */
    {2, {0xcd, 0x80}},                               /* int $0x80: it is the door */
    {2, {0xcd, 0x80}},                               /* again */
    {6, {0x31, 0xc0, 0xb0, 0x03, 0xcd, 0x80}},       /* read */
    {6, {0x0f, 0xb6, 0xc0, 0x90, 0xcd, 0x80}},       /* a call numbered below 256 */
    {2, {0x0f, 0x05}},                               /* syscall */
    {7, {0xb8, 0xad, 0x00, 0x00, 0x00, 0xcd, 0x80}}, /* rt_sigreturn */
    {7, {0xb8, 0x77, 0x00, 0x00, 0x00, 0xcd, 0x80}}, /* sigreturn */
    {5, {0xb8, 0x78, 0x00, 0x00, 0x00}},             /* eax: clone */
    {5, {0xb8, 0x5b, 0x00, 0x00, 0x00}},             /* munmap */
    {5, {0xb8, 0x7b, 0x00, 0x00, 0x00}},             /* modify_ldt */
    {5, {0xb8, 0xf3, 0x00, 0x00, 0x00}},             /* set_thread_area */
    {5, {0xb8, 0xa6, 0x00, 0x00, 0x00}},             /* vm86 */
    {5, {0xa1, 0x00, 0x00, 0x10, 0xc0}},             /* mov from an address of the kernel's half */
    {5, {0xa3, 0x00, 0x00, 0x10, 0xc0}},             /* and to it */
    {6, {0x68, 0x02, 0x02, 0x02, 0x00, 0x9d}},       /* pushl a flags word with VM, popf */
    {8, {0x68, 0x02, 0x02, 0x02, 0x00, 0x0e, 0x57, 0xcf}}, /* the same for an iret to %edi */
    {3, {0x0e, 0x57, 0xcb}},                               /* push %cs, %edi; far ret */
    {2, {0x16, 0x17}},                                     /* push and pop %ss */
    {2, {0x06, 0x1f}},                                     /* push %es, pop %ds */
    {1, {0x60}},                                           /* pusha */
    {1, {0x61}},                                           /* popa */
    {2, {0x62, 0x07}},                                     /* bound */
    {1, {0xce}},                                           /* into */
    {2, {0x63, 0xc0}},                                     /* arpl */
    {2, {0xd4, 0x00}},                                     /* aam by 0: a division */
    {2, {0xc4, 0x27}},                                     /* les */
    {2, {0xc5, 0x07}},                                     /* lds */
    {7, {0x9a, 0x00, 0x00, 0x00, 0x00, 0x08, 0x00}},       /* far call to the kernel's code */
    {7, {0xea, 0x00, 0x00, 0x00, 0x00, 0x33, 0x00}},       /* far jmp to 64 bits */
    {7, {0xea, 0x00, 0x00, 0x00, 0x00, 0x07, 0x00}},       /* to the LDT */
    {3, {0x67, 0xf3, 0xaa}},                               /* rep stosb, 16-bit addresses */
    {4, {0x66, 0xe8, 0x00, 0x00}},                         /* call within 64 KiB */
    {2, {0x89, 0xc4}},                                     /* mov %eax, %esp */
    {2, {0x89, 0xfc}},                                     /* mov %edi, %esp */
    {1, {0x94}},                                           /* xchg %eax, %esp */
    {2, {0xf3, 0xab}},                                     /* rep stosl */
    {2, {0xf7, 0xf9}},                                     /* idiv %ecx */
    {2, {0x8b, 0x07}},                                     /* mov (%edi), %eax */
    {2, {0x89, 0x07}},                                     /* mov %eax, (%edi) */
    {4, {0xf0, 0x0f, 0xc7, 0x0f}},                         /* lock cmpxchg8b */
    {4, {0xf0, 0x0f, 0xc7, 0xc8}}, /* and of a register, which once hung CPUs */
    {3, {0x26, 0x8b, 0x07}},       /* through es */
    {3, {0x64, 0x8b, 0x07}},       /* fs */
    {3, {0x65, 0x8b, 0x07}},       /* gs */
};

enum { ACCUMULATOR, DESTINATION = 5, STACK = 7, FLAGS, TARGET, REGISTERS };

/*
 * Registers in the order eax, ebx, ecx, edx, esi, edi, ebp, esp, flags. All of them hold what
 * chance gave, and so the first instruction at the target is what loads the last, where there is
 * room.
 */
static void run_at(word target, word values[REGISTERS])
{
    if (target % 4096 <= 4096 - 5) {
        *(uint8_t *)target = 0xbf; /* mov to edi */
        memcpy((uint8_t *)target + 1, &values[DESTINATION], 4);
    }
    values[TARGET] = target;
    __asm__ volatile("pushl 32(%0)\n"
                     "movl 0(%0), %%eax\n"
                     "movl 4(%0), %%ebx\n"
                     "movl 8(%0), %%ecx\n"
                     "movl 12(%0), %%edx\n"
                     "movl 16(%0), %%esi\n"
                     "movl 24(%0), %%ebp\n"
                     "popfl\n"
                     "movl 28(%0), %%esp\n"
                     "jmp *36(%0)"
                     :
                     : "D"(values)
                     : "memory");
}

#endif
