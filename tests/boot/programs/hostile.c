/*
 * A program that means harm: system calls with senseless arguments, register and segment states
 * that no compiler makes, signal frames that were tampered with, too many processes, more memory
 * than there is. The kernel must outlive it, and a bystander process must keep its memory and its
 * registers.
 *
 *   hostile [SEED [ROUNDS]]
 */
#define _GNU_SOURCE
#include "check.h"

#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static uint64_t state;

static uint64_t random64(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state * 0x2545f4914f6cdd1dull;
}

/* ---- senseless system calls ---- */

static char *area;

static long argument(void)
{
    static const uint64_t edges[] = {
        0,
        1,
        2,
        3,
        7,
        8,
        100,
        4095,
        4096,
        4097,
        65536,
        0x7fffffff,
        0x80000000,
        0xffffffff,
        0x100000000,
        0xbffff000,
        0xc0000000,
        0xc0100000,
        0xff100000,
        0x7fffffffefff,
        0x7fffffffffff,
        0x800000000000,
        0xffff800000000000,
        0xffffffff80100000,
        0x7fffffffffffffff,
        0x8000000000000000,
        ~0ull,
        ~0ull - 1,
        ~0ull - 4095,
    };
    uint64_t choice = random64();

    switch (choice % 6) {
    case 0:
    case 1:
        return (long)edges[(choice >> 8) % (sizeof edges / sizeof *edges)];
    case 2:
        return (long)((uintptr_t)area + (choice >> 8) % 16384);
    case 3:
        return (long)((choice >> 8) % 16);
    case 4:
        return (long)((uintptr_t)area + ((choice >> 8) % 5) * 4096 - (choice >> 40) % 16);
    default:
        return (long)choice;
    }
}

/* Those that end, stop or wait for others by design, and those that would take the machine down. */
static int forbidden(long number)
{
    switch (number) {
    case SYS_reboot:
    case SYS_exit:
    case SYS_exit_group:
    case SYS_kill:
    case SYS_tkill:
    case SYS_tgkill:
    case SYS_rt_sigqueueinfo:
    case SYS_rt_tgsigqueueinfo:
    case SYS_pause:
    case SYS_rt_sigsuspend:
    case SYS_fork:
    case SYS_vfork:
    case SYS_clone:
    case SYS_clone3:
    case SYS_unlink:
    case SYS_rmdir:
    case SYS_rename:
    case SYS_chroot:
    case SYS_mount:
    case SYS_umount2:
    case SYS_pivot_root:
    case SYS_settimeofday:
    case SYS_clock_settime:
    case SYS_syslog:
    case SYS_sethostname:
    case SYS_setdomainname:
    case SYS_swapon:
    case SYS_swapoff:
    case SYS_ioctl:
    case SYS_vhangup:
    case SYS_setsid:
    case SYS_munmap:
    case SYS_mremap:
    case SYS_init_module:
    case SYS_finit_module:
    case SYS_delete_module:
    case SYS_kexec_load:
    case SYS_ptrace:
    case SYS_acct:
    case SYS_quotactl:
    case SYS_iopl:
    case SYS_ioperm:
    case SYS_unlinkat:
    case SYS_renameat:
    case SYS_renameat2:
#ifdef __i386__
    case SYS_stime:
    case SYS_umount:
    case SYS_clock_settime64:
    case SYS_sigsuspend:
#endif
        return 1;
    default:
        return 0;
    }
}

static void senseless_child(int calls)
{
    struct rlimit small = {64 << 20, 64 << 20};
    sigset_t none;

    sigemptyset(&none);
    setrlimit(RLIMIT_AS, &small);
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){1 << 20, 1 << 20});
    close(0);
    close(1);
    close(2);
    if (chdir("/tmp") != 0)
        _exit(9);
    area = mmap(NULL, 4 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(area + 3 * 4096, 4096);
    for (int i = 0; i < calls; i++) {
        long number = (long)(random64() % 460);

        if (forbidden(number))
            continue;
        /* A call before may have blocked or ignored what ends one that waits for ever. */
        signal(SIGALRM, SIG_DFL);
        sigprocmask(SIG_SETMASK, &none, NULL);
        alarm(1);
        for (int j = 0; j < 8; j++)
            ((long *)area)[random64() % (8192 / sizeof(long))] = argument();
        syscall(number, argument(), argument(), argument(), argument(), argument(), argument());
    }
}

static int rounds = 60;

static void senseless_calls(void)
{
    for (int i = 0; i < rounds; i++) {
        uint64_t seed = random64();
        pid_t child = fork();
        int status;

        if (child == 0) {
            state = seed | 1;
            senseless_child(300);
            syscall(SYS_exit_group, 0);
        }
        check(child > 0 && waitpid(child, &status, 0) == child);
    }
}

/* ---- strange processor states ---- */

#ifdef __x86_64__
enum { STATES = 26 };

static void strange_state(int which)
{
    switch (which) {
    case 0:
        __asm__ volatile("movw $0x10, %%ax\n movw %%ax, %%ds" ::: "rax");
        break;
    case 1:
        __asm__ volatile("movw $0x10, %%ax\n movw %%ax, %%gs" ::: "rax");
        break;
    case 2:
        __asm__ volatile(
            "movw $0x2b, %%ax\n movw %%ax, %%ds\n movw %%ax, %%fs\n movl $39, %%eax\n syscall" ::
                : "rax", "rcx", "r11");
        break;
    case 3:
        __asm__ volatile("pushfq\n orq $0x100, (%%rsp)\n popfq\n movl $39, %%eax\n syscall\n nop" ::
                             : "rax", "rcx", "r11", "memory");
        break;
    case 4:
        __asm__ volatile("pushfq\n orq $0x40000, (%%rsp)\n popfq\n movl $39, %%eax\n syscall\n "
                         "movl 1(%%rsp), %%eax" ::
                             : "rax", "rcx", "r11", "memory");
        break;
    case 5:
        __asm__ volatile(
            "pushfq\n orq $0x4400, (%%rsp)\n popfq\n movl $39, %%eax\n syscall\n int3" ::
                : "rax", "rcx", "r11", "memory");
        break;
    case 6:
        __asm__ volatile("int $0x80");
        break;
    case 7:
        __asm__ volatile("int $14");
        break;
    case 8:
        __asm__ volatile("int $8");
        break;
    case 9:
        __asm__ volatile("hlt");
        break;
    case 10:
        __asm__ volatile("cli");
        break;
    case 11:
        __asm__ volatile("movq %%cr3, %%rax" ::: "rax");
        break;
    case 12:
        __asm__ volatile("inb $0x60, %%al" ::: "rax");
        break;
    case 13:
        __asm__ volatile("rdmsr" ::: "rax", "rdx");
        break;
    case 14:
        __asm__ volatile("sgdt (%0)" ::"r"(0ul) : "memory");
        break;
    case 15:
        __asm__ volatile("movq $0x800000000000, %%rax\n jmp *%%rax" ::: "rax");
        break;
    case 16:
        __asm__ volatile("movq $0x8000000000000000, %%rsp\n pushq %%rax" ::: "memory");
        break;
    case 17:
        __asm__ volatile(
            "movq $0xffff800000000000, %%rsp\n movl $39, %%eax\n syscall\n pushq %%rax" ::
                : "rax", "memory");
        break;
    case 18:
        __asm__ volatile("ljmp *(%0)" ::"r"((uint8_t[10]){0, 0, 0, 0, 0x10, 0}) : "memory");
        break;
    case 19:
        __asm__ volatile("pushq $0x10\n pushq %%rsp\n pushfq\n pushq $0x8\n leaq 1f(%%rip), "
                         "%%rax\n pushq %%rax\n iretq\n1:" ::
                             : "rax", "memory");
        break;
    case 20:
        __asm__ volatile(
            "pushq $0x2b\n pushq $0x1000\n pushfq\n pushq $0x23\n pushq $0x1000\n iretq" ::
                : "memory");
        break;
    case 21:
        __asm__ volatile("sysretq" ::: "memory");
        break;
    case 22:
        __asm__ volatile("swapgs");
        break;
    case 23:
        __asm__ volatile("movl $0x3f80, -4(%%rsp)\n ldmxcsr -4(%%rsp)\n fninit\n xorps %%xmm0, "
                         "%%xmm0\n divps %%xmm0, %%xmm0" ::
                             : "memory");
        break;
    case 24: /* the last page of the user half, a SYSCALL at its very end */
        mmap((void *)0x7fffffffe000, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
        memcpy((void *)0x7fffffffeffe, "\x0f\x05", 2);
        __asm__ volatile("movl $39, %%eax\n movq $0x7fffffffeffe, %%rcx\n jmp *%%rcx" ::
                             : "rax", "rcx");
        break;
    case 25: { /* a system call from code of 32 bits: the kernel's way in must be one */
        static const unsigned char code[] = {0xb8, 39, 0, 0, 0, 0x0f, 0x05, 0xf4}; /* ..., hlt */
        struct {
            unsigned offset;
            unsigned short selector;
        } __attribute__((packed)) far = {0x400000 - 65536, 0x23};
        void *low = mmap((void *)(uintptr_t)far.offset, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

        memcpy(low, code, sizeof code);
        __asm__ volatile("ljmp *(%0)" ::"r"(&far) : "memory");
        break;
    }
    }
}

#else
enum { STATES = 24 };

static void strange_state(int which)
{
    switch (which) {
    case 0:
        __asm__ volatile("movl $0x68, %%eax\n movl %%eax, %%ds" ::: "eax");
        break;
    case 1:
        __asm__ volatile("movl $0x60, %%eax\n movl %%eax, %%gs" ::: "eax");
        break;
    case 2: /* the kernel must load its own */
        __asm__ volatile("movl $0x7b, %%eax\n movl %%eax, %%fs\n movl %%eax, %%gs\n"
                         "movl $20, %%eax\n int $0x80" ::
                             : "eax");
        break;
    case 3: /* null selectors in a system call, and then in use */
        __asm__ volatile("xorl %%ecx, %%ecx\n movl %%ecx, %%ds\n movl %%ecx, %%es\n"
                         "movl $20, %%eax\n int $0x80\n movl 0x1000, %%eax" ::
                             : "eax", "ecx");
        break;
    case 4:
        __asm__ volatile(
            "pushfl\n orl $0x100, (%%esp)\n popfl\n movl $20, %%eax\n int $0x80\n nop" ::
                : "eax", "memory");
        break;
    case 5:
        __asm__ volatile("pushfl\n orl $0x40000, (%%esp)\n popfl\n movl $20, %%eax\n int $0x80\n"
                         "movl 1(%%esp), %%eax" ::
                             : "eax", "memory");
        break;
    case 6:
        __asm__ volatile(
            "pushfl\n orl $0x4400, (%%esp)\n popfl\n movl $20, %%eax\n int $0x80\n int3" ::
                : "eax", "memory");
        break;
    case 7:
        __asm__ volatile("int $14");
        break;
    case 8:
        __asm__ volatile("int $8");
        break;
    case 9:
        __asm__ volatile("hlt");
        break;
    case 10:
        __asm__ volatile("cli");
        break;
    case 11:
        __asm__ volatile("movl %%cr3, %%eax" ::: "eax");
        break;
    case 12:
        __asm__ volatile("inb $0x60, %%al" ::: "eax");
        break;
    case 13:
        __asm__ volatile("rdmsr" ::: "eax", "edx");
        break;
    case 14:
        __asm__ volatile("sgdt (%0)" ::"r"(0ul) : "memory");
        break;
    case 15:
        __asm__ volatile("movl $0xc0000000, %%eax\n jmp *%%eax" ::: "eax");
        break;
    case 16:
        __asm__ volatile("movl $0xc0000100, %%esp\n pushl %%eax" ::: "memory");
        break;
    case 17:
        __asm__ volatile("movl $0xff100000, %%esp\n movl $20, %%eax\n int $0x80\n pushl %%eax" ::
                             : "eax", "memory");
        break;
    case 18: /* a far jump to the kernel's code */
        __asm__ volatile("ljmp *(%0)" ::"r"((uint8_t[6]){0, 0, 0x10, 0xff, 0x60, 0}) : "memory");
        break;
    case 19: /* and a return to it */
        __asm__ volatile("pushfl\n pushl $0x60\n pushl $1f\n iretl\n1:" ::: "memory");
        break;
    case 20: /* virtual 8086 mode is not to be had so */
        __asm__ volatile("pushfl\n orl $0x20000, (%%esp)\n popfl\n pushfl\n orl $0x20000, (%%esp)\n"
                         "pushl %%cs\n pushl $1f\n iretl\n1: lsl %%ax, %%eax" ::
                             : "eax", "memory");
        break;
    case 21:
        __asm__ volatile("sysexit");
        break;
    case 22: /* the same with a segment that looks like the kernel's, and somewhere to run */
        mmap((void *)0x10000, 65536, PROT_READ | PROT_WRITE | PROT_EXEC,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
        memset((void *)0x10000, 0xf4, 4096); /* hlt */
        __asm__ volatile(
            "pushl $0\n pushl $0\n pushl $0\n pushl $0\n pushl $0x1000\n pushl $0x100\n"
            "pushl $0x20202\n pushl $0x1000\n pushl $0\n iretl" ::
                : "memory");
        break;
    case 23: /* there for as long as the clock takes to look */
        mmap((void *)0x10000, 65536, PROT_READ | PROT_WRITE | PROT_EXEC,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
        memcpy((void *)0x10000, "\xeb\xfe", 2); /* jmp . */
        __asm__ volatile(
            "pushl $0\n pushl $0\n pushl $0\n pushl $0\n pushl $0x1000\n pushl $0x100\n"
            "pushl $0x20202\n pushl $0x1000\n pushl $0\n iretl" ::
                : "memory");
        break;
    }
}
#endif

static void strange_states(void)
{
    for (int which = 0; which < STATES; which++) {
        pid_t child = fork();
        int status;

        if (child == 0) {
            for (int signo = 1; signo < 32; signo++)
                signal(signo, SIG_DFL);
            alarm(5);
            strange_state(which);
            _exit(0);
        }
        check(child > 0 && waitpid(child, &status, 0) == child);
        if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
            printf("state %d never ends\n", which);
        check(!(WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM));
    }
}

/* ---- tampered signal frames ---- */

/* Words of a ucontext and what follows it. */
#define TAMPERED (sizeof(long) == 8 ? 110 : 150)

static void tamper(int signo, siginfo_t *info, void *context)
{
    long *words = context;

    (void)signo;
    (void)info;
    for (int i = 0; i < 6; i++)
        words[random64() % TAMPERED] = argument();
}

static void tampered_frames(void)
{
    for (int i = 0; i < 200; i++) {
        uint64_t seed = random64();
        pid_t child = fork();
        int status;

        if (child == 0) {
            struct sigaction action = {.sa_sigaction = tamper, .sa_flags = SA_SIGINFO};

            state = seed | 1;
            area = (char *)&state;
            sigaction(SIGUSR1, &action, NULL);
            alarm(2);
            raise(SIGUSR1);
            _exit(0);
        }
        check(child > 0 && waitpid(child, &status, 0) == child);
    }
}

/* ---- too much ---- */

static void too_many_processes(void)
{
    pid_t first = fork();
    int status, count = 0;

    if (first == 0) {
        int children = 0;

        setpgid(0, 0);
        for (; children < 3000; children++) {
            pid_t child = fork();
            if (child < 0)
                break;
            if (child == 0)
                for (;;)
                    pause();
        }
        signal(SIGTERM, SIG_IGN);
        kill(0, SIGTERM);
        while (wait(&status) > 0)
            count++;
        _exit(count == children && children > 100 ? 0 : 1);
    }
    check(waitpid(first, &status, 0) == first && WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void too_much_memory(void)
{
    pid_t child = fork();
    int status;

    if (child == 0) {
        size_t size = (size_t)(sizeof(long) == 8 ? 64ull << 30 : 2ull << 30);
        char *all = mmap(NULL, size, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (all == MAP_FAILED)
            _exit(0);
        for (size_t i = 0; i < size; i += 4096)
            all[i] = 1;
        _exit(1);
    }
    check(waitpid(child, &status, 0) == child);
    check(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    /* And all of it is back. */
    char *some = mmap(NULL, 16 << 20, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    check(some != MAP_FAILED);
    memset(some, 1, 16 << 20);
    munmap(some, 16 << 20);
}

/* ---- the bystander ---- */

static void bystander(int stop)
{
    enum { PAGES = 64 };
    uint64_t *memory =
        mmap(NULL, PAGES * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char byte;

    for (unsigned i = 0; i < PAGES * 512; i++)
        memory[i] = i * 0x9e3779b97f4a7c15ull;
    while (read(stop, &byte, 1) == -1)
        continue;
    for (unsigned i = 0; i < PAGES * 512; i++)
        if (memory[i] != i * 0x9e3779b97f4a7c15ull)
            _exit(1);
    _exit(0);
}

int main(int argc, char **argv)
{
    int ends[2], status;

    state = argc > 1 ? strtoull(argv[1], NULL, 0) : 20240101;
    if (argc > 2)
        rounds = atoi(argv[2]);
    printf("seed %llu\n", (unsigned long long)state);
    fflush(stdout);
    if (pipe(ends) != 0)
        return 1;
    pid_t child = fork();
    if (child == 0) {
        close(ends[1]);
        bystander(ends[0]);
    }
    close(ends[0]);
    run(strange_states);
    run(senseless_calls);
    run(tampered_frames);
    run(too_many_processes);
    run(too_much_memory);
    close(ends[1]);
    check(waitpid(child, &status, 0) == child && status == 0);
    return check_failures != 0;
}
