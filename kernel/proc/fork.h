#ifndef KERNEL_PROC_FORK_H
#define KERNEL_PROC_FORK_H

#include <stdint.h>

/* clone's flags, as on Linux. */
#define CSIGNAL              0x000000ffull
#define CLONE_NEWTIME        0x00000080ull
#define CLONE_VM             0x00000100ull
#define CLONE_FS             0x00000200ull
#define CLONE_FILES          0x00000400ull
#define CLONE_SIGHAND        0x00000800ull
#define CLONE_PIDFD          0x00001000ull
#define CLONE_PTRACE         0x00002000ull
#define CLONE_VFORK          0x00004000ull
#define CLONE_PARENT         0x00008000ull
#define CLONE_THREAD         0x00010000ull
#define CLONE_NEWNS          0x00020000ull
#define CLONE_SYSVSEM        0x00040000ull
#define CLONE_SETTLS         0x00080000ull
#define CLONE_PARENT_SETTID  0x00100000ull
#define CLONE_CHILD_CLEARTID 0x00200000ull
#define CLONE_DETACHED       0x00400000ull
#define CLONE_UNTRACED       0x00800000ull
#define CLONE_CHILD_SETTID   0x01000000ull
#define CLONE_IO             0x80000000ull
#define CLONE_CLEAR_SIGHAND  0x100000000ull
#define CLONE_INTO_CGROUP    0x200000000ull

struct clone_arguments {
    uint64_t flags;            /* CLONE_*, without the exit signal */
    unsigned long exit_signal; /* 0: none */
    unsigned long stack;       /* the child's stack pointer; 0: the parent's */
    unsigned long tls;
    unsigned long parent_tid, child_tid; /* user addresses */
    unsigned long pidfd;                 /* user address, with CLONE_PIDFD */
    int number;                          /* the wanted one; 0: any */
};

/*
 * CLONE_SETTLS: where the thread-local data of a thread that does not run yet lie, as the C library
 * of this machine says it. 0 or -errno. (kernel/linux, a folder for each CPU mode.)
 */
struct context;
int thread_set_tls(struct context *context, unsigned long argument);

/* A new thread or process; returns its number, twice in the sense that the child starts in user
 * mode with 0. Or -errno. */
long thread_clone(const struct clone_arguments *arguments);

#endif
