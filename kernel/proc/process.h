/*
 * Processes and threads. A process is a space, files, signal handlers and a place in the tree; a
 * thread runs in it. Linux's view: pid = process (thread group) number, tid = thread number; the
 * first thread's tid is the pid.
 *
 * Locks: process_tree_lock guards parents, children, sessions and groups; process->lock the rest of
 * a process as tagged.
 */
#ifndef KERNEL_PROC_PROCESS_H
#define KERNEL_PROC_PROCESS_H

#include "core/list.h"
#include "proc/wait.h"
#include <quire/space.h>

struct trap_frame;
struct file_table;
struct fs_context;
struct signal_handlers;
struct tty;
struct vfs_inode;

#define SIGNAL_COUNT 64
typedef uint64_t signal_set; /* bit signo-1 */

/* NEW: until thread_start(); nothing wakes it before. */
enum thread_state { THREAD_RUNNABLE, THREAD_SLEEPING, THREAD_STOPPED, THREAD_DEAD, THREAD_NEW };

#include "proc/thread_private.h" /* struct thread, struct process: owned by kernel/proc */

struct thread *current_thread(void); /* inline through GS in thread_private.h */
struct process *current_process(void);

/* The scheduler: give the CPU away; returns when this thread runs again. Never with a spinlock
 * held. */
void schedule(void);

/*
 * For loops that a program can make long: lets others run if it is their turn, as no one takes the
 * CPU from a thread inside the kernel. Where sleeping is allowed.
 */
void give_way(void);
/* A kernel thread (no user space). NULL: no memory. */
struct thread *kernel_thread_start(const char *name, void (*run)(void *argument), void *argument);

bool signal_pending(void);

/* A signal for a whole process, a thread, a process group; siginfo NULL: SI_KERNEL. 0 or -errno.
 * Any context but interrupts: also from interrupt handlers. */
struct signal_info;
int signal_send_process(struct process *process, int signo, const struct signal_info *info);
int signal_send_thread(struct thread *thread, int signo, const struct signal_info *info);
/* To the running thread, as if it had killed itself: SIGPIPE, SIGXFSZ. */
void signal_send_self(int signo);
int signal_send_group(int group, int signo, const struct signal_info *info);

/* May the running process look into another (PROCESS_READ), or act on it as a debugger could? As
 * Linux's ptrace rules, with its Yama module: 0 or -EPERM. */
enum {
    PROCESS_READ = 0,
    PROCESS_ATTACH = 1 << 0,
    PROCESS_FILE_CREDENTIALS = 1 << 1, /* the caller's file system ids count, not its real ones */
};
int process_access(struct process *target, unsigned mode);

/* The space's limit of locked memory follows RLIMIT_MEMLOCK, which does not bind uid 0. */
void process_apply_locked_limit(struct process *process);

/* By number; the reference is the caller's (process_put). NULL: none. */
struct process *process_find(int pid);
void process_get(struct process *process);
void process_put(struct process *process);
/* Iteration for /proc: the process with the smallest pid >= pid, with a reference; NULL: none. */
struct process *process_next(int pid);

/*
 * Start the first user program as process 1's child: argv, envp NULL-terminated kernel strings,
 * cwd, the three descriptors already opened in `files`. on_exit(argument, wait_status) is called
 * when it has ended. Returns pid or -errno.
 */
int process_start(const char *path, char *const argv[], char *const envp[], const char *cwd,
                  struct file_table *files, struct tty *controlling,
                  void (*on_exit)(void *argument, int wait_status), void *argument);

/* The latest wild access that ended a program, if it was of that process: which one, and near what.
 */
bool fault_report_of(int process, char *text, size_t size);

/* Page faults of programs that had to wait for a device. */
uint64_t fault_major_count(void);

#endif
