/* CLONE_VM without CLONE_THREAD, CLONE_FILES, CLONE_FS, CLONE_SIGHAND: what is one, what is two. */
/* only: x86_64 */
#include "process.h"

#include <sys/stat.h>

static int value = 1;
static char *stack;

static void run(const char *what, unsigned long flags)
{
    volatile int *done = map_shared(1);
    int fd = -1, status;
    long pid;
    char place[100];

    value = 1;
    NEED(chdir("/") == 0);
    umask(022);
    signal(SIGUSR1, SIG_DFL);
    *done = 0;
    stack = map_pages(16, PROT_READ | PROT_WRITE);
    (void)fd;
    /* The child runs on its own stack: it must not return from here. */
    __asm__ volatile("movq %[stack], %%rsi; xorl %%edx, %%edx; xorl %%r10d, %%r10d;"
                     " xorl %%r8d, %%r8d; movl $56, %%eax; syscall; testq %%rax, %%rax; jnz 1f;"
                     " xorl %%ebp, %%ebp; andq $-16, %%rsp; call *%[main]; hlt\n"
                     "1:"
                     : "=a"(pid)
                     : [stack] "r"(stack + 16 * PAGE), "D"(flags), [main] "b"(({
                           void child(void);
                           child;
                       }))
                     : "rsi", "rdx", "r10", "r8", "rcx", "r11", "memory");
    NEED(pid > 0);
    NEED(waitpid((pid_t)pid, &status, __WALL) == pid);
    say_status(what, status);
    NEED(getcwd(place, sizeof place) != NULL);
    say("  value %d, directory %s, umask %o, descriptor 77 %s, SIGUSR1 %s", value, place,
        (unsigned)umask(022), fcntl(77, F_GETFD) >= 0 ? "open" : "not open",
        signal(SIGUSR1, SIG_DFL) == SIG_IGN ? "ignored" : "default");
    close(77);
}

void child(void)
{
    struct {
        void *handler;
        unsigned long flags;
        void *restorer;
        unsigned long mask;
    } ignore = {.handler = SIG_IGN};

    value = 2;
    syscall(SYS_chdir, "/tmp");
    syscall(SYS_umask, 077);
    syscall(SYS_dup2, 1, 77);
    syscall(SYS_rt_sigaction, SIGUSR1, &ignore, NULL, 8);
    syscall(SYS_exit, 3);
}

int main(void)
{
    NEED(mkdir("/tmp", 0777) == 0 || errno == EEXIST);
    run("nothing shared", SIGCHLD);
    run("VM", CLONE_VM | SIGCHLD);
    run("FILES", CLONE_FILES | SIGCHLD);
    run("FS", CLONE_FS | SIGCHLD);
    run("VM SIGHAND", CLONE_VM | CLONE_SIGHAND | SIGCHLD);
    run("VFORK VM", CLONE_VFORK | CLONE_VM | SIGCHLD);
    run("all", CLONE_VM | CLONE_FILES | CLONE_FS | CLONE_SIGHAND | SIGCHLD);
    run("no exit signal", CLONE_VM);
    return 0;
}
