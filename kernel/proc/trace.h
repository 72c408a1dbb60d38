#ifndef KERNEL_PROC_TRACE_H
#define KERNEL_PROC_TRACE_H

/*
 * Tracing of threads by other threads: what stands behind ptrace(2). See trace.c.
 */

#include "proc/exit.h"
#include "proc/signals.h"

/* Options, as PTRACE_SETOPTIONS has them. */
#define TRACE_SYSGOOD    0x00000001u
#define TRACE_FORK       0x00000002u
#define TRACE_VFORK      0x00000004u
#define TRACE_CLONE      0x00000008u
#define TRACE_EXEC       0x00000010u
#define TRACE_VFORK_DONE 0x00000020u
#define TRACE_EXIT       0x00000040u
#define TRACE_EXIT_KILL  0x00100000u
#define TRACE_OPTIONS    0x0010007fu /* all of them; no filters, so no TRACESECCOMP */

/* Events: the option's bit is 1 << event. */
enum {
    EVENT_FORK = 1,
    EVENT_VFORK,
    EVENT_CLONE,
    EVENT_EXEC,
    EVENT_VFORK_DONE,
    EVENT_EXIT,
    EVENT_STOP = 128,
};

enum trace_call { TRACE_CALL_NONE, TRACE_CALL_ENTRY, TRACE_CALL_EXIT };

/* One traced thread. Everything under the tree lock; a stopped thread's registers are its tracer's.
 */
struct trace {
    struct list node;        /* tracer->tracees */
    struct thread *tracer;   /* (c) */
    struct thread *thread;   /* with a reference; kept when it has ended */
    struct pid *pid;         /* (of one that has ended) keeps its number */
    int tid;                 /* of the thread */
    uint32_t options;        /* TRACE_* */
    bool seized;             /* (c) PTRACE_SEIZE */
    bool stopped;            /* it waits for its tracer */
    bool news;               /* and wait has not told of it */
    bool listening;          /* PTRACE_LISTEN: stopped, but not to be asked anything */
    bool job_stop;           /* it is stopped as its process is */
    bool ran_through;        /* its tracer let it go on while its process is stopped */
    bool interrupt;          /* shall stop as soon as it can */
    bool calls, step;        /* how it was let go on */
    bool dead;               /* has ended; exit_status is news */
    int exit_status;         /* as wait tells it */
    int stop_code;           /* what wait tells: signal, event << 8 */
    enum trace_call call;    /* what kind of stop it is in */
    struct signal_info info; /* what it stopped for */
    unsigned long message;   /* PTRACE_GETEVENTMSG */
};

/* ---- for the tracer ---- */

/* A new record: -EPERM (traced, kernel's, its own), -ESRCH, -ENOMEM. */
int trace_attach(struct thread *tracer, struct thread *thread, bool seized, uint32_t options);
/* The record of a thread that the running one traces; NULL: none. The tree lock is held. */
struct trace *trace_find_locked(int tid);
/* Lets a stopped thread go on. The tree lock is held. */
void trace_resume_locked(struct trace *trace, bool calls, bool step, int signo);
/* No longer traced; it goes on. Returns the record, to be given to trace_free() after unlocking. */
struct trace *trace_detach_locked(struct trace *trace, int signo);
void trace_free(struct trace *trace);
/* PTRACE_INTERRUPT: stops as soon as it can. */
void trace_interrupt_locked(struct trace *trace);
/* SIGCONT: a thread whose tracer listens stops again, to tell it. */
void trace_continued_locked(struct thread *thread);
/* wait4: takes news of what the running process's threads trace. 1, 0 (none yet), -ECHILD.
 * *out_free is for process_reveal() and trace_free() after unlocking. */
int trace_look_locked(const struct wait_request *request, struct wait_result *out,
                      struct trace **out_free);

/* ---- for the traced thread itself ---- */

/* It is about to take a signal. False: its tracer took it away. *info may be another one. */
bool trace_signal(struct signal_info *info);
/* A stop that does not come from a signal of its own: true when there was one. */
bool trace_job_stop(void);
/* Something happened that its tracer asked to be told: stops. */
void trace_event(int event, unsigned long message);
/* At a system call's beginning and end. */
void trace_call(enum trace_call call);
/* exec is done. */
void trace_exec(int old_tid);
/* It made a child; the event that is to be told, or 0. The child is in the tree and not started. */
int trace_clone(struct thread *child, uint64_t flags, uint64_t exit_signal);

/* ---- ends ---- */

/* The running thread ends, with no lock held: those that it traces go on without. */
void trace_tracer_ended(struct thread *thread);
/* A thread leaves its process. The tree lock is held. True: its number is kept. */
bool trace_thread_ended_locked(struct thread *thread, int status);
/* The last thread of a process has gone. True: another process traced it and is told first. The
 * tree lock is held. *out_free is for trace_free(). */
bool trace_process_ended_locked(struct process *process, struct trace **out_free);
/* exec: `leader` ends and `thread` takes its number. The tree lock is held. */
struct trace *trace_take_number_locked(struct thread *leader, struct thread *thread);

/* The process's leader is traced by a thread of its parent. The tree lock is held. */
bool trace_by_parent_locked(const struct process *process);
int trace_tracer_number(struct process *process, const struct thread *thread);

/* In exit.c: the tracer knows that the process has ended; its parent is told now, if it was not. */
void process_reveal(struct process *process);

/* ---- registers of a stopped thread, trace_registers.c, here and in the CPU mode's folder ---- */

#define TRACE_REGISTERS_SIZE                                                                       \
    (sizeof(long) == 8 ? 27 * sizeof(long) : 17 * sizeof(long)) /* user_regs_struct */
void trace_registers_get(const struct thread *thread, bool hide_step, unsigned long *out);
/* 0 or -EIO: values that a program cannot have; those before it are set. */
int trace_registers_set(struct thread *thread, bool keep_step, const unsigned long *values,
                        size_t first, size_t count);

/* user_fpregs_struct: the image of FXSAVE, on i386 that of FSAVE. */
#define TRACE_FPU_SIZE (sizeof(long) == 8 ? 512u : 108u)
void trace_fpu_get(const struct thread *thread, void *out);
void trace_fpu_set(struct thread *thread, const void *in);

#endif
