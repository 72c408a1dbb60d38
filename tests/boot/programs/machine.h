/* What differs between x86-64 and i386 for programs that speak to the machine itself. */
#ifndef MACHINE_H
#define MACHINE_H

#define TEXT_OF(x) #x
#define TEXT(x)    TEXT_OF(x)

#ifdef __x86_64__
#define SYSTEM_CALL          "syscall"
#define NUMBER_GETPID        39
#define NUMBER_KILL          62
#define NUMBER_YIELD         24
#define NUMBER_EXIT          60
#define FIRST                "rdi" /* arguments of a system call */
#define SECOND               "rsi"
#define AX                   "rax"
#define SP                   "%%rsp"
#define PUSHF                "pushfq"
#define POPF                 "popfq"
#define ORF                  "orq"
#define ANDF                 "andq"
#define POP                  "popq"
#define MOVE                 "movq" /* a word */
#define CALL_CLOBBERS        "rax", "rcx", "r11", "memory"
#define USER_DATA            0x2b
#define KERNEL_DATA          0x18
#define KERNEL_CODE_SELECTOR 0x10
#define USER_TOP             user_top() /* one past what programs may have */
#define KERNEL_PLACE         0xffffffff80100000ul
#define DIRECT_PLACE         0xffff888000100000ul
#define REG_IP               REG_RIP
#define REG_STACK            REG_RSP
#else
#define SYSTEM_CALL          "int $0x80"
#define NUMBER_GETPID        20
#define NUMBER_KILL          37
#define NUMBER_YIELD         158
#define NUMBER_EXIT          1
#define FIRST                "ebx"
#define SECOND               "ecx"
#define AX                   "eax"
#define SP                   "%%esp"
#define PUSHF                "pushfl"
#define POPF                 "popfl"
#define ORF                  "orl"
#define ANDF                 "andl"
#define POP                  "popl"
#define MOVE                 "movl"
#define CALL_CLOBBERS        "eax", "memory"
#define USER_DATA            0x7b
#define KERNEL_DATA          0x68
#define KERNEL_CODE_SELECTOR 0x60
#define USER_TOP             0xc0000000ul
#define KERNEL_PLACE         0xff100000ul
#define DIRECT_PLACE         0xc0100000ul
#define REG_IP               REG_EIP
#define REG_STACK            REG_ESP
#endif

#ifdef __x86_64__
#include <sys/mman.h>

/* With page tables of five levels programs may have addresses of 56 bits. */
static inline unsigned long user_top(void)
{
    void *high = mmap((void *)(1ul << 48), 4096, PROT_NONE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

    if (high == MAP_FAILED)
        return 0x7ffffffff000;
    munmap(high, 4096);
    return 0xfffffffffff000;
}
#endif

/* kill(the number in eax, SIGUSR1), but for the call itself. */
#ifdef __x86_64__
#define SET_KILL "movl %%eax, %%edi; movl $10, %%esi; movl $" TEXT(NUMBER_KILL) ", %%eax"
#else
#define SET_KILL "movl %%eax, %%ebx; movl $10, %%ecx; movl $" TEXT(NUMBER_KILL) ", %%eax"
#endif
#define GETPID "movl $" TEXT(NUMBER_GETPID) ", %%eax; " SYSTEM_CALL

#endif
