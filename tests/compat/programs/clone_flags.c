/* Flags and arguments that clone and clone3 refuse. */
#include "process.h"

struct arguments {
    uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
    uint64_t set_tid, set_tid_size, cgroup;
    uint64_t more[8];
};

static char *stack;

static void old(const char *what, unsigned long flags)
{
    long pid = syscall(SYS_clone, flags, 0, 0, 0, 0);
    int status;

    if (pid == 0)
        _exit(0);
    if (pid == -1) {
        say("clone %s: %s", what, error_name(errno));
        return;
    }
    say("clone %s: made, reaped %d", what, waitpid((pid_t)pid, &status, __WALL) == pid);
}

static void new (const char *what, struct arguments arguments, size_t size)
{
    long pid = syscall(SYS_clone3, &arguments, size);
    int status;

    if (pid == 0)
        _exit(0);
    if (pid == -1) {
        say("clone3 %s: %s", what, error_name(errno));
        return;
    }
    say("clone3 %s: made, reaped %d", what, waitpid((pid_t)pid, &status, __WALL) == pid);
}

#define NEW(size, ...) new (#__VA_ARGS__, (struct arguments){__VA_ARGS__}, size)

int main(void)
{
    pid_t tid[2] = {1, 0}, many[40] = {0}, set = 20000;

    stack = map_pages(4, PROT_READ | PROT_WRITE);
    signal(64, SIG_IGN);
    old("0", 0);
    old("SIGCHLD", SIGCHLD);
    old("exit signal 64", 64);
    old("exit signal 65", 65);
    old("exit signal 255", 255);
    old("SIGHAND", CLONE_SIGHAND | SIGCHLD);
    old("THREAD", CLONE_THREAD);
    old("THREAD SIGHAND", CLONE_THREAD | CLONE_SIGHAND);
    old("NEWNS FS", 0x20000 | CLONE_FS | SIGCHLD);
    old("NEWUSER FS", 0x10000000 | CLONE_FS | SIGCHLD);
    old("DETACHED", 0x400000 | SIGCHLD);
    old("PIDFD PARENT_SETTID", 0x1000 | CLONE_PARENT_SETTID | SIGCHLD);
    old("PIDFD DETACHED", 0x1000 | 0x400000 | SIGCHLD);
    old("high bits", 0x100000000ul | SIGCHLD);
    old("IO", 0x80000000ul | SIGCHLD);
    old("SYSVSEM UNTRACED PTRACE", 0x40000 | 0x800000 | 0x2000 | SIGCHLD);

    NEW(64, .exit_signal = SIGCHLD);
    NEW(63, .exit_signal = SIGCHLD);
    NEW(0, .exit_signal = SIGCHLD);
    NEW(72, .exit_signal = SIGCHLD);
    NEW(80, .exit_signal = SIGCHLD);
    NEW(88, .exit_signal = SIGCHLD);
    NEW(96, .exit_signal = SIGCHLD);
    NEW(96, .exit_signal = SIGCHLD, .more[0] = 1);
    NEW(93, .exit_signal = SIGCHLD);
    NEW(5000, .exit_signal = SIGCHLD);
    NEW(88, .exit_signal = 65);
    NEW(88, .exit_signal = 256);
    NEW(88, .flags = SIGCHLD);
    NEW(88, .flags = 0x400000, .exit_signal = SIGCHLD);
    NEW(88, .flags = CLONE_THREAD | CLONE_SIGHAND | CLONE_VM, .exit_signal = SIGCHLD);
    NEW(88, .flags = CLONE_PARENT, .exit_signal = SIGCHLD);
    NEW(88, .flags = CLONE_SIGHAND | CLONE_VM | 0x100000000ul, .exit_signal = SIGCHLD);
    NEW(88, .flags = 0x100000000ul, .exit_signal = SIGCHLD);
    NEW(88, .flags = 1ul << 40, .exit_signal = SIGCHLD);
    NEW(88, .stack = (uintptr_t)stack, .exit_signal = SIGCHLD);
    NEW(88, .stack_size = PAGE, .exit_signal = SIGCHLD);
    NEW(88, .stack = ~0ul - 100, .stack_size = 4096, .exit_signal = SIGCHLD);
    NEW(88, .stack = 0xffff888000000000ul, .stack_size = 4096, .exit_signal = SIGCHLD);
    NEW(88, .stack = 0x7ffffffff000ul, .stack_size = 4096, .exit_signal = SIGCHLD);
    NEW(88, .flags = CLONE_SETTLS, .tls = 0xffff888000000000ul, .exit_signal = SIGCHLD);
    NEW(88, .set_tid_size = 1, .exit_signal = SIGCHLD);
    NEW(88, .set_tid = (uintptr_t)tid, .exit_signal = SIGCHLD);
    NEW(88, .set_tid = (uintptr_t)tid, .set_tid_size = 1, .exit_signal = SIGCHLD);
    NEW(88, .set_tid = (uintptr_t)&tid[1], .set_tid_size = 1, .exit_signal = SIGCHLD);
    NEW(88, .set_tid = (uintptr_t)many, .set_tid_size = 33, .exit_signal = SIGCHLD);
    NEW(88, .set_tid = (uintptr_t)many, .set_tid_size = 2, .exit_signal = SIGCHLD);
    NEW(88, .set_tid = 8, .set_tid_size = 1, .exit_signal = SIGCHLD);
    NEW(88, .set_tid = (uintptr_t)&set, .set_tid_size = 1, .exit_signal = SIGCHLD);
    NEW(72, .set_tid = (uintptr_t)&set, .set_tid_size = 1, .exit_signal = SIGCHLD);
    NEW(88, .cgroup = 5, .exit_signal = SIGCHLD);
    NEW(88, .flags = 0x200000000ul, .cgroup = 9999, .exit_signal = SIGCHLD);
    NEW(80, .flags = 0x200000000ul, .exit_signal = SIGCHLD);
    NEW(88, .flags = 0x200000000ul, .cgroup = ~0ul, .exit_signal = SIGCHLD);
    NEW(88, .flags = 0x1000, .pidfd = 8, .exit_signal = SIGCHLD);
    NEW(88, .flags = 0x1000 | CLONE_THREAD | CLONE_SIGHAND | CLONE_VM, .pidfd = (uintptr_t)many);
    TRY(syscall(SYS_clone3, NULL, 88));
    TRY(syscall(SYS_clone3, 8, 88));
    return 0;
}
