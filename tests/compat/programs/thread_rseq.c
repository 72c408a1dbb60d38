/* Restartable sequences: registration, the CPU's number, the abort by a signal and by preemption.
 */
/* only: x86_64 */
#include "process.h"

#define SIGNATURE 0x53053053

struct area {
    uint32_t cpu_id_start, cpu_id;
    uint64_t sequence;
    uint32_t flags;
} __attribute__((aligned(32)));

struct sequence {
    uint32_t version, flags;
    uint64_t start, length, abort;
} __attribute__((aligned(32)));

static struct area area, other;

static long rseq(void *at, unsigned size, int flags, unsigned signature)
{
    return syscall(SYS_rseq, at, size, flags, signature);
}

static volatile int handled;

static void handler(int signo, siginfo_t *info, void *context)
{
    handled++;
}

/* Spins inside a sequence until it is aborted: 1 through the abort address. */
__attribute__((noinline)) static int spin(int length_more, uint32_t flags, int bad_signature)
{
    static struct sequence sequence;
    int aborted;

    __asm__ volatile("leaq 1f(%%rip), %%rax; movq %%rax, 8+%[sequence];"
                     " leaq 2f(%%rip), %%rcx; subq %%rax, %%rcx; movslq %[more], %%rdx;"
                     " addq %%rdx, %%rcx; movq %%rcx, 16+%[sequence];"
                     " leaq 4f(%%rip), %%rax; testl %[bad], %[bad]; jz 5f; incq %%rax;\n"
                     "5: movq %%rax, 24+%[sequence]; movl %[flags], 4+%[sequence];"
                     " leaq %[sequence], %%rax; movq %%rax, 8+%[area];\n"
                     "1: pause; jmp 1b\n"
                     "2: movl $0, %[aborted]; jmp 3f\n"
                     ".long 0x53053053\n"
                     "4: movl $1, %[aborted]\n"
                     "3:"
                     : [aborted] "=r"(aborted), [sequence] "+m"(sequence), [area] "+m"(area)
                     : [more] "r"(length_more), [flags] "r"(flags), [bad] "r"(bad_signature)
                     : "rax", "rcx", "rdx", "memory", "cc");
    return aborted;
}

static void alarm_soon(void)
{
    struct itimerval soon = {.it_value = {0, 5000}};

    NEED(setitimer(ITIMER_REAL, &soon, NULL) == 0);
}

static void with_flags(void)
{
    alarm_soon();
    say("  aborted %d", spin(0, 1, 0));
}

static void with_bad_signature(void)
{
    alarm_soon();
    say("  aborted %d", spin(0, 0, 1));
}

static void with_wild_sequence(void)
{
    area.sequence = 8;
    kill(getpid(), SIGALRM);
    say("  went on");
}

static void with_kernel_sequence(void)
{
    area.sequence = 0xffff888000000000ul;
    kill(getpid(), SIGALRM);
    say("  went on");
}

static void unmapped(void)
{
    char *page = map_pages(1, PROT_READ | PROT_WRITE);

    rseq(&area, 32, 1, SIGNATURE);
    TRY(rseq(page, 32, 0, SIGNATURE));
    munmap(page, PAGE);
    kill(getpid(), SIGALRM);
    say("  went on");
}

static void inherited(void)
{
    TRY(rseq(&area, 32, 0, SIGNATURE));
    TRY(rseq(&area, 32, 1, SIGNATURE));
}

int main(void)
{
    /* The C library's own registration goes first; musl has none. */
#ifdef __GLIBC__
    extern const ptrdiff_t __rseq_offset;
    extern const unsigned __rseq_size, __rseq_flags;
    char *own = (char *)__builtin_thread_pointer() + __rseq_offset;

    say("glibc: size %d flags %u registered %d", __rseq_size != 0, __rseq_flags,
        ((struct area *)own)->cpu_id != ~0u);
    if (rseq(own, 32, 1, SIGNATURE) != 0)
        say("not unregistered");
#else
    say("glibc: size 1 flags 0 registered 1");
#endif
    TRY(rseq(&area, 32, 1, SIGNATURE));
    TRY(rseq(&area, 31, 0, SIGNATURE));
    TRY(rseq(&area, 64, 0, SIGNATURE));
    TRY(rseq(&area, 32, 2, SIGNATURE));
    TRY(rseq((char *)&area + 8, 32, 0, SIGNATURE));
    TRY(rseq((void *)0xffff888000000000ul, 32, 0, SIGNATURE));
    area.cpu_id = ~0u;
    TRY(rseq(&area, 32, 0, SIGNATURE));
    say("cpu %u start %u", area.cpu_id, area.cpu_id_start);
    TRY(rseq(&area, 32, 0, SIGNATURE));
    TRY(rseq(&area, 32, 0, SIGNATURE + 1));
    TRY(rseq(&area, 64, 0, SIGNATURE));
    TRY(rseq(&other, 32, 0, SIGNATURE));
    TRY(rseq(&other, 32, 1, SIGNATURE));
    TRY(rseq(&area, 32, 1, SIGNATURE + 1));
    TRY(rseq(&area, 32, 3, SIGNATURE));

    handle(SIGALRM, handler, 0);
    alarm_soon();
    {
        int aborted = 1;

        /* Others may come in between before the signal does. */
        while (!handled)
            aborted &= spin(0, 0, 0);
        say("aborted by a signal %d", aborted);
    }
    say("handled %d, sequence cleared %d", (int)handled, area.sequence == 0);
    signal(SIGALRM, SIG_DFL);
    {
        /* Another process runs: preemption. */
        pid_t pid = fork();

        if (pid == 0) {
            for (;;)
                ;
        }
        say("aborted by preemption %d", spin(0, 0, 0));
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
    }
    handle(SIGALRM, handler, 0);
    in_child("flags that were withdrawn", with_flags);
    in_child("wrong signature", with_bad_signature);
    in_child("wild sequence", with_wild_sequence);
    in_child("sequence in the kernel half", with_kernel_sequence);
    in_child("unmapped area", unmapped);
    in_child("inherited by fork", inherited);
    TRY(rseq(&area, 32, 1, SIGNATURE));
    say("cpu %#x start %u", area.cpu_id, area.cpu_id_start);
    return 0;
}
