/* System calls, faults and signals that arrive while the stack pointer is somewhere impossible. */
/* only: x86_64 */
#include "compat.h"

#include <sys/time.h>

static const struct {
    const char *name;
    unsigned long rsp;
} places[] = {
    {"0", 0},
    {"8", 8},
    {"the last page's end", 0x7ffffffff000},
    {"the user half's end", 0x7fffffffffff},
    {"the hole", 0x800000000000},
    {"the hole's end", 0xffff7ffffffffff8},
    {"the kernel half", 0xffff800000000000},
    {"the direct map of Linux", 0xffff888000100000},
    {"the kernel's image", 0xffffffff81000000},
    {"the top", 0xfffffffffffffff8},
};

static unsigned long place;

/* Each of them leaves the process only by a signal. */
static void calls(void)
{
    /* getpid, kill(self, SIGUSR1) ignored, then exit(3): no stack is needed. */
    __asm__ volatile("movq %0, %%rsp\n"
                     "movl $39, %%eax; syscall\n"
                     "movl %%eax, %%edi; movl $17, %%esi; movl $62, %%eax; syscall\n"
                     "movl $3, %%edi; movl $231, %%eax; syscall\n" ::"r"(place)
                     : "memory");
}

static void pushes(void)
{
    __asm__ volatile("movq %0, %%rsp; pushq %%rax" ::"r"(place) : "memory");
}

static void undefined(void)
{
    __asm__ volatile("movq %0, %%rsp; ud2" ::"r"(place) : "memory");
}

static void breaks(void)
{
    __asm__ volatile("movq %0, %%rsp; int3" ::"r"(place) : "memory");
}

static void steps(void)
{
    __asm__ volatile("pushfq; orq $0x100, (%%rsp); movq (%%rsp), %%rbx; popfq; movq %0, %%rsp\n"
                     "1: jmp 1b" ::"r"(place)
                     : "memory", "rbx");
}

/* A signal whose handler has no stack of its own. */
static void handler(int signo)
{
    (void)signo;
}

static void takes_signal(void)
{
    signal(SIGUSR1, handler);
    __asm__ volatile("movl $39, %%eax; syscall; movl %%eax, %%edi\n"
                     "movq %0, %%rsp\n"
                     "movl $10, %%esi; movl $62, %%eax; syscall\n"
                     "movl $4, %%edi; movl $231, %%eax; syscall\n" ::"b"(place)
                     : "memory", "rax", "rcx", "rdi", "rsi", "r11");
}

/* The timer's interrupts, and at last its signal. */
static void is_interrupted(void)
{
    struct itimerval soon = {.it_value.tv_usec = 30000};

    setitimer(ITIMER_REAL, &soon, NULL);
    __asm__ volatile("movq %0, %%rsp; 1: pause; jmp 1b" ::"r"(place) : "memory");
}

static void returns(void)
{
    __asm__ volatile("movq %0, %%rsp; movl $15, %%eax; syscall" ::"r"(place) : "memory");
}

static void faults(void)
{
    __asm__ volatile("movq %0, %%rsp; movb $1, 16" ::"r"(place) : "memory");
}

static const struct {
    const char *name;
    void (*run)(void);
} ways[] = {
    {"system calls", calls},
    {"push", pushes},
    {"ud2", undefined},
    {"int3", breaks},
    {"single steps", steps},
    {"signal", takes_signal},
    {"interrupts", is_interrupted},
    {"sigreturn", returns},
    {"page fault", faults},
};

int main(void)
{
    for (unsigned i = 0; i < sizeof ways / sizeof *ways; i++) {
        for (unsigned j = 0; j < sizeof places / sizeof *places; j++) {
            int status;
            pid_t child;

            fflush(stdout);
            child = fork();
            if (child == 0) {
                place = places[j].rsp;
                ways[i].run();
                _exit(77);
            }
            waitpid(child, &status, 0);
            printf("%s, rsp at %s: ", ways[i].name, places[j].name);
            if (WIFSIGNALED(status))
                puts(signal_name(WTERMSIG(status)));
            else
                printf("exit %d\n", WEXITSTATUS(status));
        }
    }
    return 0;
}
