/* Far returns, far calls and IRET of a program, into its own segments and those of others. */
/* The machine has no SMAP: QEMU's translator reads the program's stack as the kernel then. */
/* machine: --qemu '-cpu Nehalem' */
#include "ldt.h"

#include <ucontext.h>

#ifdef __x86_64__
#define W             "q"
#define SP            "%%rsp"
#define OWN_CODE      0x33
#define OWN_DATA      0x2b
#define GETPPID       "mov $110, %%eax; syscall"
#define CALL_CLOBBERS "rax", "rcx", "r11", "memory", "cc"
#else
#define W             "l"
#define SP            "%%esp"
#define OWN_CODE      0x73
#define OWN_DATA      0x7b
#define GETPPID       "mov $64, %%eax; int $0x80"
#define CALL_CLOBBERS "eax", "memory", "cc"
#endif

static unsigned long seen;

/* Below what a leaf function may keep under the stack pointer. */
#define OVER "lea -256(" SP "), " SP "; "
#define BACK "; lea 256(" SP "), " SP

static void far_return(void *selector)
{
    __asm__ volatile(OVER "push %0; push $1f; lret" W "; 1:" BACK ::"r"(selector) : "memory", "cc");
}

/* The stack has two words more: what IRET to an inner level would look for. */
static void interrupt_return(void *selector)
{
#ifdef __x86_64__
    __asm__ volatile("movq %%rsp, %%rdx; leaq -256(%%rsp), %%rsp; pushq %1; pushq %%rdx; pushfq; "
                     "pushq %0; pushq $1f; iretq; 1:" ::"r"(selector),
                     "r"((unsigned long)OWN_DATA)
                     : "rdx", "memory", "cc");
#else
    __asm__ volatile("movl %%esp, %%edx; leal -256(%%esp), %%esp; pushl %1; pushl %%edx; pushfl; "
                     "pushl %0; pushl $1f; iretl; 1: movl %%edx, %%esp" ::"r"(selector),
                     "r"(OWN_DATA)
                     : "edx", "memory", "cc");
#endif
}

static void stack_segment(void *selector)
{
    __asm__ volatile(
        "movl %%ss, %%edx; movl %0, %%ss; movl %%edx, %%ss" ::"r"((uint32_t)(uintptr_t)selector)
        : "edx");
}

/* IRET that takes these flags, and what is there then. */
static void with_flags(void *set)
{
#ifdef __x86_64__
    __asm__ volatile("movq %%rsp, %%rdx; leaq -256(%%rsp), %%rsp; pushq %2; pushq %%rdx; pushfq; "
                     "orq %1, (%%rsp); "
                     "pushq %3; pushq $1f; iretq; 1: pushfq; popq %0; pushq $0x202; popfq"
                     : "=&r"(seen)
                     : "r"(set), "r"((unsigned long)OWN_DATA), "r"((unsigned long)OWN_CODE)
                     : "rdx", "memory", "cc");
#else
    __asm__ volatile("pushfl; orl %1, (%%esp); pushl %%cs; pushl $1f; iretl; 1: pushfl; popl %0; "
                     "pushl $0x202; popfl"
                     : "=&r"(seen)
                     : "r"(set)
                     : "memory", "cc");
#endif
}

/* With the flag of nested tasks set, IRET wants another task. */
static void nested(void *unused)
{
    (void)unused;
    __asm__ volatile(OVER "pushf; or" W " $0x4000, (" SP "); popf; pushf; push %0; push $1f; iret" W
                          "; 1:" BACK ::"r"((unsigned long)OWN_CODE)
                     : "memory", "cc");
}

static const unsigned selectors[] = {
#ifdef __x86_64__
    0, 3,   8,   0x10, 0x13, 0x18, 0x2b,           0x33,  0x40, 0x43, 0x50, 0x53,
#else
    0, 3,   0x60, 0x63, 0x68, 0x6b, 0x73,           0x70,  0x7b, 0x80, 0x83, 0x33, 0x14, 0x17,
#endif
    4, 0xc, 0xf, 0x1f, 0x27, 0x2f, SELECTOR(8191), 0xffff};

static void each(const char *name, void (*function)(void *))
{
    for (unsigned i = 0; i < sizeof selectors / sizeof *selectors; i++) {
        char text[60];

        snprintf(text, sizeof text, "%s %#x", name, selectors[i]);
        show_catch(text, function, (void *)(uintptr_t)selectors[i]);
    }
}

static void each_flag(void)
{
    static const unsigned sets[] = {0,       0x400,   0x3000,   0x4000,   0x10000,
                                    0x40000, 0x80000, 0x100000, 0x200000, 0x8002};

    for (unsigned i = 0; i < sizeof sets / sizeof *sets; i++) {
        char text[60];

        snprintf(text, sizeof text, "IRET with flags %#x", sets[i]);
        seen = 0;
        show_catch(text, with_flags, (void *)(uintptr_t)sets[i]);
        printf("%#lx\n", seen & 0x3f7600);
    }
}

/* ---- segments of one's own ---- */

static void make(unsigned number, unsigned contents, bool wide, bool absent, void *start,
                 unsigned limit)
{
    struct segment segment = {.number = number,
                              .base = (uint32_t)(uintptr_t)start,
                              .limit = limit,
                              .in_pages = limit > 0xfffff,
                              .wide = wide,
                              .contents = contents,
                              .absent = absent};

    if (segment.in_pages)
        segment.limit = limit >> 12;
    if (write_ldt(&segment) != 0)
        puts("not written");
}

static void absent_now(unsigned number, unsigned contents)
{
    make(number, contents, true, true, NULL, UINT32_MAX);
}

struct far_pointer {
    uint32_t offset;
    uint16_t selector;
} __attribute__((packed));

static void far_call(void *selector)
{
    struct far_pointer pointer = {0, (uint16_t)(uintptr_t)selector};

#ifdef __x86_64__
    /* Code of 32 bits has a stack pointer of 32. */
    __asm__ volatile("movq %%rsp, %%rbx; movq %2, %%rsp; lcall *(%1); movq %%rbx, %%rsp"
                     : "=a"(seen)
                     : "r"(&pointer), "r"(0x40001000ul)
                     : "rbx", "memory", "cc");
#else
    __asm__ volatile("lcall *(%1)" : "=a"(seen) : "r"(&pointer) : "memory", "cc");
#endif
}

/* movl $5, %eax; lret: as code of 32 bits, at the area's start. */
static void own_code(void)
{
    static const unsigned char code[] = {0xb8, 5, 0, 0, 0, 0xcb};
    unsigned char *at =
        call_mmap((void *)0x40000000, PAGE, 7, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

    memcpy(at, code, sizeof code);
    make(10, CONTENTS_CODE, true, false, at, sizeof code - 1);
    show_catch("far call to code of one's own", far_call, (void *)SELECTOR(10));
    printf("%lu\n", seen);
    make(10, CONTENTS_CODE, true, false, (void *)0xfffff000, sizeof code - 1);
    base = (char *)0xfffff000;
    show_catch("in the kernel's half", far_call, (void *)SELECTOR(10));
    make(10, CONTENTS_CODE, true, true, at, sizeof code - 1);
    show_catch("absent", far_call, (void *)SELECTOR(10));
    base = AREA;
}

#ifndef __x86_64__
/* ---- stacks of one's own, of 16 and of 32 bits ---- */

static char narrow_stack[65536] __attribute__((aligned(65536)));
static volatile int handled;
static volatile unsigned handled_ss;
static volatile unsigned long handled_sp;
static int spoil;

static void on_user(int signo, siginfo_t *info, void *context)
{
    ucontext_t *user = context;

    (void)signo;
    (void)info;
    handled++;
    handled_ss = (unsigned)user->uc_mcontext.gregs[REG_SS];
    handled_sp = (unsigned long)user->uc_mcontext.gregs[REG_ESP];
    if (spoil)
        absent_now(11, CONTENTS_DATA);
}

/*
 * On the segment's stack with something in the upper half of the stack pointer: a system call, a
 * page fault, a signal. Then the lower half says where the stack is, and the upper one is what it
 * was.
 */
struct on_stack {
    unsigned selector;
    unsigned long sp;
    long call, argument, argument2;
    char *fresh; /* a page not touched yet */
};

static struct on_stack now; /* nothing on this stack may be meant: its pointer changes */

static void run_on_stack(void *argument)
{
    unsigned long size = sizeof(struct segment);

    now = *(struct on_stack *)argument;
    __asm__ volatile("movl %%esp, %%edi; movw %2, %%ss; movl %%ds:%3, %%esp\n"
                     "int $0x80; movb $1, (%%esi); movl %%esp, %%edx\n"
                     "movl $0x7b, %%eax; movl %%eax, %%ss; movl %%edi, %%esp; movl %%edx, %0"
                     : "=m"(seen), "+d"(size)
                     : "m"(now.selector), "m"(now.sp), "S"(now.fresh), "a"(now.call),
                       "b"(now.argument), "c"(now.argument2)
                     : "edi", "memory", "cc");
}

static void show_stack(const char *text, struct on_stack *on)
{
    seen = 0;
    on->fresh = map_pages(AREA, 1);
    show_catch(text, run_on_stack, on);
    printf("stack pointer %#lx", seen);
    if (handled)
        printf(", the handler saw %#x %#lx", handled_ss, handled_sp);
    puts("");
    handled = 0;
}

static void own_stacks(void)
{
    static char alternate[65536];
    stack_t stack = {.ss_sp = alternate, .ss_size = sizeof alternate};
    struct sigaction action = {.sa_sigaction = on_user, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    struct segment gone = {.number = 11, .read_only = 1, .absent = 1};
    const unsigned long highs[] = {0, 0x12340000, 0xffff0000};

    for (int wide = 0; wide < 2; wide++) {
        struct on_stack on = {.selector = SELECTOR(11), .sp = 0x8000};

        for (unsigned i = 0; i < (wide ? 1 : 3); i++) {
            on.sp = highs[i] | 0x8000;
            make(11, CONTENTS_DATA, wide, false, narrow_stack, 0xffff);
            sigaltstack(&stack, NULL);
            sigaction(SIGUSR1, &action, NULL);
            on.call = SYS_getppid;
            show_stack(wide ? "wide" : "narrow", &on);
            on.call = SYS_kill;
            on.argument = getpid();
            on.argument2 = SIGUSR1;
            show_stack("with a signal", &on);
        }
        /* The stack's segment goes while it is in use: the way back is refused. */
        spoil = 1;
        show_stack("absent after the signal", &on);
        spoil = 0;
        make(11, CONTENTS_DATA, wide, false, narrow_stack, 0xffff);
        on.call = SYS_modify_ldt;
        on.argument = LDT_WRITE;
        on.argument2 = (long)&gone;
        show_stack("gone after the call", &on);
    }
}
#endif

int main(void)
{
    setvbuf(stdout, NULL, _IONBF, 0);
    make(1, CONTENTS_DATA, true, false, NULL, UINT32_MAX);
    make(2, CONTENTS_CODE, true, false, NULL, UINT32_MAX);
    absent_now(3, CONTENTS_CODE);
    absent_now(4, CONTENTS_DATA);
    each("far return to", far_return);
    each("IRET to", interrupt_return);
    each("stack segment", stack_segment);
    each_flag();
    show_catch("IRET of a nested task", nested, NULL);
    own_code();
#ifndef __x86_64__
    own_stacks();
#endif
    return 0;
}
