/* Signals: delivery, siginfo, masks, stacks, restart, faults, job control; the frame that a handler
 * sees. */
#define _GNU_SOURCE
#include "check.h"
#include "machine.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

static volatile sig_atomic_t seen, seen_code, seen_pid, seen_value, order[16], order_count;
static void *volatile seen_address;
static sigset_t seen_mask;

static void remember(int signo, siginfo_t *info, void *context)
{
    (void)context;
    seen = signo;
    seen_code = info->si_code;
    seen_pid = info->si_pid;
    seen_value = info->si_value.sival_int;
    if (order_count < 16)
        order[order_count++] = signo;
    sigprocmask(SIG_BLOCK, NULL, &seen_mask);
}

static void handle(int signo, void (*handler)(int, siginfo_t *, void *), int flags)
{
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | flags};

    check(sigaction(signo, &action, NULL) == 0);
}

static void delivery(void)
{
    sigset_t set;

    handle(SIGUSR1, remember, 0);
    seen = 0;
    check(kill(getpid(), SIGUSR1) == 0);
    check(seen == SIGUSR1 && seen_code == SI_USER && seen_pid == getpid());
    check(sigismember(&seen_mask, SIGUSR1));
    seen = 0;
    check(raise(SIGUSR1) == 0);
    check(seen == SIGUSR1 && seen_code == SI_TKILL);

    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    seen = 0;
    check(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
    kill(getpid(), SIGUSR1);
    kill(getpid(), SIGUSR1);
    check(seen == 0);
    check(sigpending(&set) == 0 && sigismember(&set, SIGUSR1));
    order_count = 0;
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    check(seen == SIGUSR1 && order_count == 1);

    handle(SIGUSR1, remember, SA_RESETHAND | SA_NODEFER);
    raise(SIGUSR1);
    check(!sigismember(&seen_mask, SIGUSR1));
    struct sigaction now;
    check(sigaction(SIGUSR1, NULL, &now) == 0 && now.sa_handler == SIG_DFL);
    check_error(kill(getpid(), 65), EINVAL);
    check_error(kill(999999, 0), ESRCH);
    check(kill(getpid(), 0) == 0);
    check_error(sigaction(SIGKILL, &(struct sigaction){.sa_handler = SIG_IGN}, NULL), EINVAL);
}

static void queues(void)
{
    sigset_t set;
    siginfo_t info;
    struct timespec zero = {0, 0}, brief = {0, 20000000};

    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN + 1);
    sigaddset(&set, SIGRTMIN + 2);
    sigaddset(&set, SIGUSR2);
    sigprocmask(SIG_BLOCK, &set, NULL);
    for (int i = 0; i < 3; i++)
        check(sigqueue(getpid(), SIGRTMIN + 2, (union sigval){.sival_int = 20 + i}) == 0);
    check(sigqueue(getpid(), SIGRTMIN + 1, (union sigval){.sival_int = 10}) == 0);
    check(sigwaitinfo(&set, &info) == SIGRTMIN + 1 && info.si_value.sival_int == 10);
    check(info.si_code == SI_QUEUE && info.si_pid == getpid());
    for (int i = 0; i < 3; i++)
        check(sigtimedwait(&set, &info, &zero) == SIGRTMIN + 2 &&
              info.si_value.sival_int == 20 + i);
    check_error(sigtimedwait(&set, &info, &zero), EAGAIN);
    check_error(sigtimedwait(&set, &info, &brief), EAGAIN);
    pid_t child = fork();
    if (child == 0) {
        usleep(1000);
        kill(getppid(), SIGUSR2);
        _exit(0);
    }
    check(sigwaitinfo(&set, &info) == SIGUSR2 && info.si_pid == child);
    waitpid(child, NULL, 0);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static void suspend(void)
{
    sigset_t blocked, empty, now;

    handle(SIGUSR1, remember, 0);
    sigemptyset(&empty);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    sigprocmask(SIG_BLOCK, &blocked, NULL);
    seen = 0;
    kill(getpid(), SIGUSR1);
    check_error(sigsuspend(&empty), EINTR);
    check(seen == SIGUSR1);
    sigprocmask(SIG_BLOCK, NULL, &now);
    check(sigismember(&now, SIGUSR1));
    sigprocmask(SIG_UNBLOCK, &blocked, NULL);
}

static void restart(void)
{
    int ends[2];
    char byte;
    /* Again and again: the first may come before the call that it is to interrupt. */
    struct itimerval soon = {.it_value = {0, 10000}, .it_interval = {0, 10000}}, never = {0};

    check(pipe(ends) == 0);
    handle(SIGALRM, remember, 0);
    setitimer(ITIMER_REAL, &soon, NULL);
    check_error(read(ends[0], &byte, 1), EINTR);
    setitimer(ITIMER_REAL, &never, NULL);

    /* With SA_RESTART the read goes on until the child writes. */
    handle(SIGALRM, remember, SA_RESTART);
    seen = 0;
    pid_t child = fork();
    if (child == 0) {
        while (kill(getppid(), SIGALRM) == 0 && usleep(20000) == 0)
            if (write(ends[1], "x", 1) == 1)
                _exit(0);
        _exit(1);
    }
    check(read(ends[0], &byte, 1) == 1 && byte == 'x');
    check(seen == SIGALRM);
    waitpid(child, NULL, 0);

    /* A sleep is never restarted after a handler, and says what is left. */
    struct timespec long_time = {100, 0}, left = {0, 0};
    setitimer(ITIMER_REAL, &soon, NULL);
    check_error(nanosleep(&long_time, &left), EINTR);
    setitimer(ITIMER_REAL, &never, NULL);
    check(left.tv_sec == 99 && left.tv_nsec > 0);

    /* But after a stop and a continue it goes on as if nothing had been. */
    child = fork();
    if (child == 0) {
        struct timespec time = {0, 60000000};
        _exit(nanosleep(&time, NULL) == 0 ? 7 : 8);
    }
    int status;
    usleep(10000);
    kill(child, SIGSTOP);
    check(waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status));
    kill(child, SIGCONT);
    check(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 7);
    close(ends[0]);
    close(ends[1]);
}

/* ---- faults ---- */

static sigjmp_buf back;

static void jump_back(int signo, siginfo_t *info, void *context)
{
    (void)context;
    seen = signo;
    seen_code = info->si_code;
    seen_address = info->si_addr;
    siglongjmp(back, 1);
}

#define faults(access, signo, code, address)                                                       \
    do {                                                                                           \
        seen = 0;                                                                                  \
        if (sigsetjmp(back, 1) == 0) {                                                             \
            access;                                                                                \
        }                                                                                          \
        check(seen == (signo) && seen_code == (code) && seen_address == (void *)(address));        \
    } while (0)

static void fault_codes(void)
{
    char *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *none = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int file = memfd_create("short", 0);

    check(ftruncate(file, 100) == 0);
    char *mapped = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    for (int i = 0; i < 3; i++) {
        static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE};
        handle(signals[i], jump_back, 0);
    }
    handle(SIGILL, jump_back, 0);
    faults(*(volatile char *)16 = 1, SIGSEGV, SEGV_MAPERR, 16);
    faults(page[5] = 1, SIGSEGV, SEGV_ACCERR, page + 5);
    faults((void)*(volatile char *)none, SIGSEGV, SEGV_ACCERR, none);
    faults(((void (*)(void))page)(), SIGSEGV, SEGV_ACCERR, page);
    faults(mapped[4096 + 7] = 1, SIGBUS, BUS_ADRERR, mapped + 4096 + 7);
    faults((void)*(volatile char *)KERNEL_PLACE, SIGSEGV, SEGV_MAPERR, KERNEL_PLACE);
#ifdef __x86_64__ /* no address */
    faults((void)*(volatile char *)0x1234567812345678, SIGSEGV, SI_KERNEL, 0);
#endif
    seen = 0;
    if (sigsetjmp(back, 1) == 0)
        __asm__ volatile("xorl %%ecx, %%ecx\n idivl %%ecx" ::: "eax", "ecx", "edx");
    check(seen == SIGFPE && seen_code == FPE_INTDIV);
    seen = 0;
    if (sigsetjmp(back, 1) == 0)
        __asm__ volatile("ud2");
    check(seen == SIGILL && seen_code == ILL_ILLOPN);
    mapped[99] = 3;
    check(mapped[99] == 3);
    munmap(mapped, 8192);
    munmap(page, 4096);
    munmap(none, 4096);
    close(file);
}

static char *guarded;

static uintptr_t fault_address(const ucontext_t *machine)
{
#ifdef __x86_64__
    return (uintptr_t)machine->uc_mcontext.gregs[REG_CR2];
#else
    return machine->uc_mcontext.cr2;
#endif
}

static void unprotect(int signo, siginfo_t *info, void *context)
{
    ucontext_t *machine = context;

    (void)signo;
    seen++;
    seen_address = info->si_addr;
    /* Write fault, user mode, page present. */
    if (machine->uc_mcontext.gregs[REG_TRAPNO] != 14 ||
        fault_address(machine) != (uintptr_t)info->si_addr)
        seen = 100;
    mprotect(guarded, 4096, PROT_READ | PROT_WRITE);
}

static void retry(void)
{
    guarded = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    guarded[0] = 1;
    handle(SIGSEGV, unprotect, 0);
    for (int i = 0; i < 100; i++) {
        seen = 0;
        mprotect(guarded, 4096, PROT_READ);
        guarded[i] = (char)i;
        check(seen == 1 && seen_address == guarded + i && guarded[i] == (char)i);
    }
    munmap(guarded, 4096);
}

static volatile int deaths;

static int status_of(void (*deed)(void))
{
    int status = -1;
    pid_t child = fork();

    if (child == 0) {
        for (int signo = 1; signo < 32; signo++)
            signal(signo, SIG_DFL);
        deed();
        _exit(0);
    }
    check(waitpid(child, &status, 0) == child);
    return status;
}

static void wild_write(void)
{
    *(volatile int *)8 = 1;
}

static void blocked_fault(void)
{
    sigset_t all;

    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    *(volatile int *)8 = 1;
}

static void ignored_fault(void)
{
    signal(SIGSEGV, SIG_IGN);
    *(volatile int *)8 = 1;
}

static void no_stack_for_frame(void)
{
    handle(SIGUSR1, remember, 0);
    __asm__ volatile(MOVE " $16, " SP "\n" GETPID "\n" SET_KILL "\n" SYSTEM_CALL "\n"
                          "1: jmp 1b" ::
                              : "memory");
}

static void bad_return_frame(void)
{
    __asm__ volatile(MOVE " $0x1000, " SP "\n " SYSTEM_CALL "\n hlt" ::"a"(SYS_rt_sigreturn)
                     : "memory");
}

static void abort_it(void)
{
    abort();
}

static void overflow_stack(void)
{
    volatile char block[16384];

    block[0] = block[1] = 1;
    if (deaths++ >= 0)
        overflow_stack();
    block[2] = 1;
}

static void endings(void)
{
    int status = status_of(wild_write);

    check(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
    check(WTERMSIG(status_of(blocked_fault)) == SIGSEGV);
    check(WTERMSIG(status_of(ignored_fault)) == SIGSEGV);
    check(WTERMSIG(status_of(no_stack_for_frame)) == SIGSEGV);
    check(WTERMSIG(status_of(bad_return_frame)) == SIGSEGV);
    check(WTERMSIG(status_of(abort_it)) == SIGABRT);
    check(WTERMSIG(status_of(overflow_stack)) == SIGSEGV);
}

/* ---- stacks and frames ---- */

static char alternate[65536];

static void on_alternate(int signo, siginfo_t *info, void *context)
{
    stack_t now;
    char here;

    (void)info;
    (void)context;
    sigaltstack(NULL, &now);
    seen = signo;
    seen_value =
        &here > alternate && &here < alternate + sizeof alternate && (now.ss_flags & SS_ONSTACK);
    errno = 0;
    if (sigaltstack(&(stack_t){.ss_flags = SS_DISABLE}, NULL) != -1 || errno != EPERM)
        seen_value = 0;
}

static void stacks(void)
{
    stack_t stack = {.ss_sp = alternate, .ss_size = sizeof alternate}, old;

    check(sigaltstack(&stack, NULL) == 0);
    check(sigaltstack(NULL, &old) == 0 && old.ss_sp == alternate && old.ss_flags == 0);
    handle(SIGUSR1, on_alternate, SA_ONSTACK);
    seen = 0;
    raise(SIGUSR1);
    check(seen == SIGUSR1 && seen_value == 1);
    check_error(sigaltstack(&(stack_t){.ss_sp = alternate, .ss_size = 100}, NULL), ENOMEM);
    check_error(sigaltstack(&(stack_t){.ss_sp = alternate, .ss_size = 8192, .ss_flags = 64}, NULL),
                EINVAL);
    check(sigaltstack(&(stack_t){.ss_flags = SS_DISABLE}, NULL) == 0);
    check(sigaltstack(NULL, &old) == 0 && old.ss_flags == SS_DISABLE);
}

#ifdef __x86_64__
#define KEPT_REGISTER REG_R12
#define KEPT          "r12"
#else
#define KEPT_REGISTER REG_ESI
#define KEPT          "esi"
#endif

static void change_registers(int signo, siginfo_t *info, void *context)
{
    ucontext_t *machine = context;
    uint8_t *image;

    (void)signo;
    (void)info;
    machine->uc_mcontext.gregs[KEPT_REGISTER] = 0x1212;
    machine->uc_mcontext.gregs[REG_EFL] |= 0x3400; /* IOPL and DF: only DF may come back */
    /* FXSAVE's image has its registers from byte 160 on; on i386 FSAVE's 112 bytes come first. */
    image = (uint8_t *)machine->uc_mcontext.fpregs + (sizeof(long) == 8 ? 0 : 112);
    memcpy(image + 160 + 3 * 16, &(uint32_t){77}, 4);
    __asm__ volatile("pxor %%xmm2, %%xmm2\n pxor %%xmm3, %%xmm3" ::: "xmm2", "xmm3");
}

static void frames(void)
{
    unsigned long kept, flags;
    uint32_t xmm2, xmm3;

    handle(SIGUSR1, change_registers, 0);
    __asm__ volatile("movl $55, %%eax\n movd %%eax, %%xmm2\n movd %%eax, %%xmm3\n" MOVE
                     " $0, %%" KEPT "\n" GETPID "\n" SET_KILL "\n" SYSTEM_CALL "\n" PUSHF "\n " POP
                     " %1\n cld\n" MOVE " %%" KEPT ", %0\n movd %%xmm2, %2\n movd %%xmm3, %3\n"
                     : "=m"(kept), "=m"(flags), "=m"(xmm2), "=m"(xmm3)
                     :
                     : FIRST, SECOND, KEPT, "xmm2", "xmm3", CALL_CLOBBERS);
    check(kept == 0x1212);
    check((flags & 0x3000) == 0 && (flags & 0x400));
    check(xmm2 == 55 && xmm3 == 77);
}

/* ---- job control ---- */

static void job_control(void)
{
    int status;
    siginfo_t info;
    pid_t child = fork();

    if (child == 0)
        for (;;)
            pause();
    check(waitpid(child, &status, WNOHANG) == 0);
    kill(child, SIGSTOP);
    check(waitid(P_PID, (id_t)child, &info, WSTOPPED | WNOWAIT) == 0);
    check(info.si_code == CLD_STOPPED && info.si_status == SIGSTOP && info.si_pid == child);
    check(waitpid(child, &status, WUNTRACED) == child);
    check(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
    check(waitpid(child, &status, WUNTRACED | WNOHANG) == 0);
    kill(child, SIGTERM); /* waits until it is continued */
    check(waitpid(child, &status, WNOHANG) == 0);
    kill(child, SIGCONT);
    for (int news = 0;;) {
        check(waitpid(child, &status, WCONTINUED) == child);
        if (!WIFCONTINUED(status))
            break;
        check(++news == 1);
    }
    check(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);

    child = fork();
    if (child == 0)
        for (;;)
            pause();
    kill(child, SIGSTOP);
    waitpid(child, &status, WUNTRACED);
    kill(child, SIGKILL); /* does not wait */
    check(waitpid(child, &status, 0) == child && WTERMSIG(status) == SIGKILL);
}

static void child_signals(void)
{
    int status;

    handle(SIGCHLD, remember, 0);
    seen = 0;
    pid_t child = fork();
    if (child == 0)
        _exit(5);
    while (waitpid(child, &status, 0) == -1 && errno == EINTR)
        continue;
    check(seen == SIGCHLD && seen_code == CLD_EXITED && seen_pid == child);

    signal(SIGCHLD, SIG_IGN); /* no zombies: wait sees none of them, after the last has gone */
    child = fork();
    if (child == 0)
        _exit(5);
    check_error(waitpid(child, &status, 0), ECHILD);
    signal(SIGCHLD, SIG_DFL);
}

/* ---- timers ---- */

static void timers(void)
{
    struct itimerval value = {{0, 10000}, {0, 10000}}, left;
    struct sigevent event = {
        .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR2, .sigev_value.sival_int = 42};
    struct itimerspec spec = {{0, 0}, {0, 5000000}}, now;
    timer_t timer;

    handle(SIGALRM, remember, 0);
    order_count = 0;
    setitimer(ITIMER_REAL, &value, NULL);
    while (order_count < 3)
        pause();
    check(setitimer(ITIMER_REAL, &(struct itimerval){0}, &left) == 0);
    check(left.it_interval.tv_usec == 10000);
    check(alarm(100) == 0 && alarm(0) == 100);

    handle(SIGVTALRM, remember, 0);
    seen = 0;
    setitimer(ITIMER_VIRTUAL, &(struct itimerval){{0, 0}, {0, 10000}}, NULL);
    while (seen != SIGVTALRM)
        continue;

    handle(SIGUSR2, remember, 0);
    seen = 0;
    check(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0);
    check(timer_settime(timer, 0, &spec, NULL) == 0);
    while (seen != SIGUSR2)
        pause();
    check(seen_code == SI_TIMER && seen_value == 42);
    check(timer_gettime(timer, &now) == 0 && now.it_value.tv_nsec == 0);
    check(timer_delete(timer) == 0);

    /* On CPU time: it stands still while the process sleeps. */
    seen = 0;
    check(timer_create(CLOCK_PROCESS_CPUTIME_ID, &event, &timer) == 0);
    check(timer_settime(timer, 0, &(struct itimerspec){{0, 0}, {0, 20000000}}, NULL) == 0);
    usleep(40000);
    check(seen == 0);
    while (seen != SIGUSR2)
        continue;
    check(timer_delete(timer) == 0);
    check_error(timer_create(77, &event, &timer), EINVAL);
}

int main(void)
{
    run(delivery);
    run(queues);
    run(suspend);
    run(restart);
    run(fault_codes);
    run(retry);
    run(endings);
    run(stacks);
    run(frames);
    run(job_control);
    run(child_signals);
    run(timers);
    return check_failures != 0;
}
