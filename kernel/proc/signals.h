/*
 * Signals: what kernel/proc and kernel/linux share. Senders elsewhere need only process.h.
 */
#ifndef KERNEL_PROC_SIGNALS_H
#define KERNEL_PROC_SIGNALS_H

#include "core/spinlock.h"
#include "linux/signal.h"
#include "proc/process.h"

/* As rt_sigaction's structure. */
struct signal_action {
    unsigned long handler; /* SIG_DFL, SIG_IGN or a user address */
    unsigned long flags;
    unsigned long restorer;
    signal_set mask;
};

/* Shared by CLONE_SIGHAND. */
struct signal_handlers {
    uint32_t references; /* (a) */
    struct quire_spinlock lock;
    struct signal_action action[SIGNAL_COUNT]; /* (lock) index signo - 1 */
};

/* One instance that waits. Ordinary signals wait at most once each, the real-time ones queue. */
struct queued_signal {
    struct list node;
    struct signal_info info;
};

#define SIGNALS_UNBLOCKABLE (SIGNAL_BIT(SIGKILL) | SIGNAL_BIT(SIGSTOP))
#define SIGNALS_STOP                                                                               \
    (SIGNAL_BIT(SIGSTOP) | SIGNAL_BIT(SIGTSTP) | SIGNAL_BIT(SIGTTIN) | SIGNAL_BIT(SIGTTOU))

struct signal_handlers *signal_handlers_create(void);
struct signal_handlers *signal_handlers_clone(struct signal_handlers *from);
void signal_handlers_put(struct signal_handlers *handlers);
/* exec: what was caught goes back to the default. */
void signal_handlers_reset(struct signal_handlers *handlers);

struct signal_action signal_action_get(struct process *process, int signo);
/* rt_sigaction: what becomes ignored also leaves the queues. */
void signal_action_set(struct process *process, int signo, const struct signal_action *action,
                       struct signal_action *out_old);

/* Changes the running thread's mask (SIGKILL and SIGSTOP stay out) and looks again at what is
 * pending. */
void signal_set_blocked(signal_set blocked);
/* Looks again at what is pending for the running thread. */
void signal_recalculate(void);
/* For sigsuspend, ppoll, pselect6, epoll_pwait: a mask until the system call's return to the
 * program. */
void signal_set_blocked_for_call(signal_set blocked);
void signal_restore_blocked(void);

/* The set that waits for the running thread or its process. */
signal_set signal_set_pending(void);
/* Takes the next of `set` out of the queues; false: none. */
bool signal_take(signal_set set, struct signal_info *out);
/* What is queued for a timer, for the thread or (NULL) the process, or NULL. The process's lock is
 * held, or interrupts are off. */
struct signal_info *signal_of_timer(struct process *process, struct thread *thread, int signo,
                                    int timer_id);
void pending_flush(struct pending_signals *pending);

/* On the running thread, at once: blocked or ignored it kills. */
void signal_force(int signo, const struct signal_info *info);
/* The same with the address of an access. */
void signal_force_fault(int signo, int code, uintptr_t address);

/* For a fault of the running thread: sets up its handler at once. False: it has none, or blocks the
 * signal. */
bool signal_deliver_fault(struct trap_frame *frame, const struct signal_info *info);

/* The running thread starts to end the whole process with this wait status. */
_Noreturn void process_exit_group(int wait_status);
/* Tells the other threads of the running process to die, and waits until they are gone (exec).
 * -EAGAIN: another is doing it. */
int process_end_other_threads(void);
/* The running thread ends. */
_Noreturn void thread_exit(int wait_status);

/* Flags that a program may set for itself. */
#define RFLAGS_RESTORABLE                                                                          \
    (RFLAGS_AC | RFLAGS_RF | RFLAGS_DF | RFLAGS_TF | (1u << 11) /* OF */ | (1u << 7) /* SF */ |    \
     (1u << 6) /* ZF */ | (1u << 4) /* AF */ | (1u << 2) /* PF */ | RFLAGS_CF)

/* In the CPU mode's folder: pushes a frame on the user's stack. 0, or -EFAULT when it cannot be
 * written. */
int signal_frame_push(struct trap_frame *frame, const struct signal_action *action,
                      const struct signal_info *info, signal_set restore_mask);

/* sp lies on the thread's alternate stack, which is in use then. */
bool on_signal_stack(const struct thread *thread, unsigned long sp);
/* sigaltstack. restoring: rt_sigreturn's, for which a stack in use is no error. 0, -EPERM, -EINVAL,
 * -ENOMEM. */
int signal_stack_set(unsigned long start, unsigned long size, int flags, unsigned long sp,
                     bool restoring);

/* May the running process signal that one? 0 or -EPERM, -ESRCH. */
int signal_permission(struct process *target, int signo);

/* From the timer: CPU-time interval timers and limits. */
void signal_tick(struct thread *thread, bool user);

/* With the tree lock held (and interrupts off). */
int signal_send_process_locked(struct process *process, int signo, const struct signal_info *info);
int signal_send_group_locked(struct pid *group, int signo, const struct signal_info *info);

/* init.c: a signal for process 1. Interrupts are off, locks are held. */
void init_signal(int signo);

#endif
