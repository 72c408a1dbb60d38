/*
 * The structures behind process.h; include that, not this.
 *
 * Four things, each with a life of its own:
 *   struct thread   what the scheduler runs; freed when dead, switched away from and unreferenced
 *   struct process  one or more threads that share everything; stays as a zombie until it is waited
 * for struct memory   an address space with what exec remembered about it; shared by vfork and
 * CLONE_VM struct pid      a number and what bears it: a thread, a process, a group, a session. A
 * number is not given out again while any of them lives.
 *
 * Lock tags: (c) constant, (o) the thread itself only, (a) atomic, (t) process_tree_lock, (p) and
 * (s) process->lock, (r) the run queue's lock. All with interrupts off. Order: tree, process,
 * handlers, wait queue, run queue.
 */
#ifndef KERNEL_PROC_THREAD_PRIVATE_H
#define KERNEL_PROC_THREAD_PRIVATE_H

#include <quire/lock.h>
#include <quire/types.h>

#include "core/list.h"
#include "x86/context.h"
#include "x86/time.h"

struct signal_action_table;
struct futex_lock;
struct file;
struct trace;
struct tty;

/* ---- numbers ---- */

struct pid {
    int number;              /* (c) */
    uint32_t uses;           /* (t) thread, process, each member of the group and the session */
    struct thread *thread;   /* (t) the thread with this number */
    struct process *process; /* (t) the process with this number */
    struct list group;       /* (t) process.group_node of the group's members */
    struct list session;     /* (t) process.session_node of the session's members */
    struct tty *tty;         /* (t) the session's controlling terminal, or NULL */
};

extern struct quire_spinlock process_tree_lock; /* with interrupts off */

/* ---- credentials, limits, times ---- */

struct credentials {
    uint32_t uid, euid, suid, fsuid;
    uint32_t gid, egid, sgid, fsgid;
    uint32_t group_count;
    uint32_t *groups; /* heap, or NULL */
};

#define RESOURCE_COUNT 16
struct resource_limit {
    uint64_t soft, hard; /* UINT64_MAX: none */
};

/* RLIMIT_DATA as mappings see it: a soft limit of 0 counts as the hard one, for programs that set
 * it to move the break's users to mmap (Linux: Valgrind). */
static inline uint64_t data_limit(const struct resource_limit *limit)
{
    return limit->soft ? limit->soft : limit->hard;
}

/* Nanoseconds of CPU time, and faults. */
struct usage_times {
    uint64_t user, system;
    uint64_t minor_faults, major_faults;
    uint64_t voluntary_switches, involuntary_switches;
};

/* ---- signals ---- */

/* The part of siginfo_t that the kernel ever fills; the layout is Linux's, on both word sizes. */
struct signal_info {
    int32_t signo, error, code;
#ifdef __x86_64__
    int32_t pad; /* named, so that it is never left as it was */
#endif
    union {
        struct {
            int32_t pid;
            uint32_t uid;
            union {
                unsigned long value; /* rt_sigqueue, timers */
                struct {
                    int32_t status; /* SIGCHLD */
                    long user_time, system_time;
                };
            };
        };
        struct {
            int32_t timer_id, overrun; /* SI_TIMER */
            unsigned long timer_value;
        };
        struct {
            unsigned long address; /* faults */
            unsigned long address_detail[2];
        };
        unsigned long words[4];
    };
};
#define SIGNAL_INFO_SIZE 128 /* of siginfo_t */

struct pending_signals {
    signal_set set;    /* (s) */
    struct list queue; /* (s) struct queued_signal, oldest first */
};

struct signal_stack {
    unsigned long start;
    unsigned long size;
    int flags; /* as set by sigaltstack */
};
#define SIGNAL_STACK_NONE ((struct signal_stack){.flags = SS_DISABLE})

/* ---- memory ---- */

struct memory {
    struct quire_space *space;               /* (c) */
    uint32_t references;                     /* (a) */
    bool has_segments;                       /* ever attached System V shared memory */
    quire_virt argument_start, argument_end; /* set by exec; strings on the stack */
    quire_virt environment_start, environment_end;
    quire_virt code_start, code_end, data_start, data_end, stack_start;
    quire_virt auxiliary_start; /* user address and bytes of auxv */
    size_t auxiliary_size;
    struct file *executable; /* with a reference; NULL: none */
    uint64_t resident_peak;  /* pages */
    uint64_t *ldt;           /* local descriptor table, or NULL: kernel/linux/sys_ldt.c */
    uint32_t ldt_entries;
    uint32_t dump_filter; /* /proc/PID/coredump_filter; inherited, also through exec */
    uint32_t barriers;    /* (a) membarrier commands that it registered for; inherited */
};

/* ---- threads ---- */

struct thread {
    struct context context;  /* first: the CPU's context pointer is the thread */
    struct process *process; /* (c) the kernel's own process for kernel threads */
    struct pid *pid;         /* (c) NULL for idle and boot threads */
    int tid;                 /* (c) */
    uint32_t references;     /* (a) */
    char name[16];           /* comm; written by its owner */

    /* scheduling */
    uint32_t state;   /* (r) enum thread_state; SLEEPING is also set by the thread itself */
    uint8_t on_queue; /* (r) in the run queue, or running */
    bool demanding;   /* (r) used up its last slice: runs after those that have not */
    uint8_t slice;    /* (r) ticks left */
    int8_t nice;
    uint8_t policy, priority;   /* as told by sched_setscheduler */
    uint16_t memory_policy;     /* (o) as told by set_mempolicy, with its flags */
    uint8_t memory_nodes;       /* (o) its nodes: there is one */
    uint8_t inherited_priority; /* (r) of those that wait for it; 0: none */
    uint32_t cpu;               /* (r) whose run queue */
    struct list run_node;       /* (r) */
    struct timer timer;         /* of schedule_until */
    bool timed_out;
    struct usage_times times; /* (o) and timer_tick */
    uint64_t start_time;      /* (c) monotonic ns */

    /* resources; NULL once it has exited */
    struct memory *memory;    /* (p) NULL for kernel threads */
    struct file_table *files; /* (p) */
    struct fs_context *fs;    /* (p) */
    unsigned long walk;       /* (o) walk_number() of its last walk; 0: nobody asked for it */

    /* signals */
    signal_set blocked;               /* (s) written by the thread itself */
    signal_set saved_blocked;         /* (o) to be restored after sigsuspend, ppoll, ... */
    bool restore_blocked;             /* (o) */
    bool syscall_restarts;            /* (o) the running system call asked for a restart */
    struct pending_signals pending;   /* (s) for this thread alone */
    struct signal_stack signal_stack; /* (o) */
    signal_set waiting_for;           /* (s) rt_sigtimedwait */
    struct {
        unsigned long vector, error_code, address; /* (o) the last exception, for signal frames */
    } trap;
    struct {
        long (*function)(struct thread *thread); /* restart_syscall's continuation */
        uint64_t arguments[5];
    } restart;

    /* what the C library told us */
    unsigned long clear_child_tid; /* (o) user address, or 0 */
    unsigned long robust_list;     /* (o) user address, or 0 */
    unsigned long rseq;            /* (o) user address, or 0 */
    uint32_t rseq_signature;       /* (o) */
    bool rseq_interrupted;         /* (o) others may have run since it was last in user mode */

    /* futexes with an owner: kernel/linux/futex_pi.c, whose owner_lock guards these */
    struct list futex_locks;          /* that it owns and others wait for */
    struct list futex_waiting;        /* node in futex_blocked->by_priority */
    struct futex_lock *futex_blocked; /* that it waits for */
    bool futex_exited;                /* owns none any more, for good */

    /* tracing: proc/trace.c */
    struct trace *trace; /* (t) by whom it is traced; itself reads it as a hint; NULL: by nobody */
    struct list tracees; /* (t) trace.node of each that it traces */
    int trace_signo;     /* (t) what it goes on with after a stop for its tracer */

    uint8_t epoll_depth;        /* (o) sets within sets that it looks at */
    struct file *closing_files; /* (o) whose last reference goes after that: fs/epoll.c */
    bool vfork_waited;          /* (t) whoever made it by vfork waits until it execs or exits */
    struct wait_queue vfork_wait;
    unsigned long
        set_child_tid;       /* (o) user address, or 0: written at its first return to user mode */
    int parent_death_signal; /* (o) */
    uint32_t personality;    /* (o) as told by personality(2); READ_IMPLIES_EXEC acts */
    int exit_code;           /* (o) wait status it ended with */
    bool dying;              /* (s) has been told to end (exit_group, exec, SIGKILL) */
    bool allocation_struck;  /* (o) fail-nth made one fail since it was in user mode */
    uint32_t fail_nth;       /* (a) allocations until one fails; see proc/failnth.h */
    uint8_t
        reclaim_rounds; /* (o) times that caches were emptied for it since it was in user mode */
    bool spares_others; /* (o) no process is killed for the memory that it asks for: swapoff */
    bool sweeping;      /* (o) it takes pages out: kernel/reclaim/reclaim.c */
    uint16_t stalls, io_waits; /* (o) pairs it is inside of: kernel/reclaim/pressure.c */
    uint64_t reads;            /* (o) of pages from devices that it waited for */
    struct list thread_node;   /* (t) process->threads */
};

/* ---- processes ---- */

struct process {
    int number;          /* (c) pid */
    uint32_t references; /* (a) */
    struct quire_spinlock lock;
    struct pid *pid;                      /* (t) NULL when reaped */
    struct pid *group, *session;          /* (t) */
    struct list group_node, session_node; /* (t) */

    struct process *parent;   /* (t) */
    int creator;              /* (t) the parent's thread that made it */
    struct list children;     /* (t) sibling_node of each */
    struct list sibling_node; /* (t) */
    struct list threads;      /* (t) thread_node of each that has not exited */
    uint32_t thread_count;    /* (t) */
    struct thread *leader; /* (t) its first thread, with a reference until the process is reaped */
    struct wait_queue child_wait;  /* wait4 of any of its threads */
    struct wait_queue thread_wait; /* exec and exit: another thread of it went */
    struct wait_queue end_wait;    /* pidfds: it became a zombie */

    bool kernel;                         /* (c) the kernel's own */
    bool zombie;                         /* (t) all threads gone */
    bool trace_hidden;                   /* (t) a zombie that its parent is not told of yet */
    bool group_exit;                     /* (s) is ending as a whole */
    bool exec_done;                      /* (t) has called execve: setpgid by its parent is over */
    bool child_stopped, child_continued; /* (s) to be told to wait4 */
    bool stopped;                        /* (s) job control: every thread stops */
    bool dumpable, no_new_privileges, child_subreaper;
    bool no_huge_pages;         /* PR_SET_THP_DISABLE */
    int stop_signal;            /* (s) */
    int exit_status;            /* (s) wait status */
    int exit_signal;            /* (t) sent to the parent: SIGCHLD, or as clone said */
    struct thread *exec_thread; /* (s) everyone else dies */

    struct signal_handlers *handlers; /* (c) until exec */
    struct pending_signals pending;   /* (s) for any thread */

    int16_t oom_score_adj;     /* (a) -1000 to 1000; see proc/oom.h */
    int16_t oom_score_adj_min; /* (a) how low it may go without privilege */
    bool oom_victim;           /* (t) killed for its memory, and not gone yet */
    bool oom_given_up;         /* (t) it does not go: nobody waits for it any more */

    struct credentials credentials;               /* (p) */
    struct resource_limit limits[RESOURCE_COUNT]; /* (p) index RLIMIT_* */

    struct usage_times dead_threads; /* (t) sums */
    uint64_t resident_peak;          /* (t) bytes: its own largest resident set, set when it ends */
    struct usage_times children_times; /* (t) waited-for children */
    uint64_t children_peak;            /* (t) bytes: largest resident set among them */
    uint64_t start_time;               /* (c) monotonic ns */

    struct interval_timer {
        struct timer timer;
        uint64_t deadline; /* monotonic, or CPU ns for virtual and profiling; 0: off */
        uint64_t interval; /* ns */
    } interval[3];         /* (s) ITIMER_REAL, VIRTUAL, PROF */
    uint64_t cpu_user,
        cpu_system;          /* (a) ns, all threads, by ticks: what CPU timers and RLIMIT_CPU see */
    uint64_t cpu_limit_next; /* s of CPU time before which no further SIGXCPU comes */
    bool cpu_timers;         /* (s) some timer runs on CPU time, or RLIMIT_CPU is set */
    uint32_t queued_signals; /* (s) instances that wait, threads' included; RLIMIT_SIGPENDING */
    struct list posix_timers; /* (s) */
    int next_timer_id;

    void (*on_exit)(void *argument, int wait_status); /* process_start's caller */
    void *on_exit_argument;
};

/* ---- the running one ---- */

/* The CPU's context pointer is the running thread: its context is its first field. */
static inline struct thread *current_thread(void)
{
    return (struct thread *)this_context();
}

static inline struct process *current_process(void)
{
    return current_thread()->process;
}

/*
 * A signal, or the order to end, waits for the running thread. Sleeps that a signal may end test
 * it. What is pending but blocked does not count.
 */
static inline bool signal_pending(void)
{
    return (__atomic_load_n(&current_thread()->context.exit_work, __ATOMIC_ACQUIRE) &
            EXIT_WORK_SIGNAL) != 0;
}

/* A signal that kills is waiting: sleeps that only death may end test it. */
bool kill_pending(void);

/* Threads by number, with a reference (thread_put), or NULL. */
struct thread *thread_find(int tid);
void thread_put(struct thread *thread);

/* The process's files, context, memory with a reference (file_table_put ...), or NULL once it has
 * exited. */
struct file_table *process_files(struct process *process);
struct fs_context *process_fs(struct process *process);
struct memory *process_memory(struct process *process);
void memory_put(struct memory *memory);

/* Times of a process, all its threads, living and dead. */
void process_times(struct process *process, struct usage_times *out);
/* 'R', 'S', 'D', 'T', 'Z' as /proc/PID/stat says it. */
char process_state_letter(const struct process *process);
char thread_state_letter(const struct thread *thread);
/* Iteration for /proc/PID/task: the thread with the smallest tid >= tid, with a reference, or NULL.
 */
struct thread *process_thread_next(struct process *process, int tid);

/* ---- groups and sessions, for terminals ---- */

int process_group_number(const struct process *process);
int process_session_number(const struct process *process);
/* The session of a group, or -ESRCH when no process is in it. */
int process_group_session(int group);
/* No member has a parent in another group of the same session (POSIX): stop signals from the tty
 * have no one to undo them. */
bool process_group_orphaned(int group);
/* The session's controlling terminal (NULL: none), and its change. */
struct tty *process_tty(const struct process *process);
void process_set_tty(struct process *session_leader, struct tty *tty);
/* Does this process ignore or block the signal now (SIGTTOU, SIGTTIN)? */
bool signal_ignored_or_blocked(int signo);

#endif
