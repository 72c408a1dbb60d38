/* Numbers and the tree of processes: what kernel/proc shares among its files. */
#ifndef KERNEL_PROC_TREE_H
#define KERNEL_PROC_TREE_H

#include "core/spinlock.h"
#include "proc/process.h"

extern unsigned long pids_made; /* processes and threads since boot */
extern int pid_max;             /* numbers are below it; /proc/sys/kernel/pid_max */

static inline uint64_t tree_lock_interrupts(void)
{
    return spin_lock_interrupts(&process_tree_lock);
}

static inline void tree_unlock_interrupts(uint64_t flags)
{
    spin_unlock_interrupts(&process_tree_lock, flags);
}

/* A free number, with one use; *out_error is -ENOMEM or -EAGAIN when NULL. No lock held. */
struct pid *pid_create(int *out_error);
/* The wanted number instead: -EINVAL, -EEXIST, -ENOMEM. */
struct pid *pid_create_number(int number, int *out_error);
/* A use less, under the tree lock; true: the caller frees it after unlocking. */
bool pid_unuse_locked(struct pid *pid);
void pid_free(struct pid *pid);
struct pid *pid_find_locked(int number);

/* Moves a process, or takes it out (NULL); what became free is left in *out_free (NULL or one pid).
 */
struct pid *pid_create_first(void); /* number 1 */
/* No member other than `leaving` has a parent outside the group in its session. */
bool process_group_orphaned_locked(struct pid *group, const struct process *leaving);
void process_set_group_locked(struct process *process, struct pid *group, struct pid **out_free);
void process_set_session_locked(struct process *process, struct pid *session,
                                struct pid **out_free);

extern struct process kernel_process; /* of kernel threads */
extern struct process *init_process;  /* number 1 */

/* A process without threads, with one reference; child of nobody. NULL: no memory. */
struct process *process_create(void);
/* Into the tree as parent's child, in its group and session. */
void process_link_locked(struct process *process, struct process *parent, struct pid *pid);
/* Copies what a child inherits. -ENOMEM. */
int process_inherit(struct process *child, struct process *parent);
void process_add_thread_locked(struct process *process, struct thread *thread, struct pid *pid);

void process_times_locked(struct process *process, struct usage_times *out);
void usage_times_add(struct usage_times *sum, const struct usage_times *times);

struct memory *memory_create(void);
struct memory *memory_clone(struct memory *from);
static inline void memory_get(struct memory *memory)
{
    __atomic_fetch_add(&memory->references, 1, __ATOMIC_RELAXED);
}
/* Loads its space on this CPU now; NULL: the kernel's own. */
void scheduler_load_memory(struct memory *memory);
/* No CPU has it loaded afterwards. */
void scheduler_unload(struct memory *memory);
void scheduler_reload_ldt(const struct memory *memory);

/* exit.c: the running thread execs or dies: who made it by vfork goes on. */
void vfork_release(struct thread *thread);
/* A process becomes its parent's news: SIGCHLD (code CLD_*) and a wakeup of wait4. Tree lock held.
 */
void notify_parent_locked(struct process *process, int code, int status);

/* exec.c */
int exec_load(const char *path, struct file *file, char *const argv[], char *const envp[]);

/* timers.c */
void timers_cancel(struct process *process);
void timers_exec(struct process *process);

/* linux/futex_exit.c */
void futex_thread_exit(struct thread *thread);

/* linux/sys_rseq.c: others may have run, or a handler is about to. False: what the program
 * registered is unusable, it gets SIGSEGV. */
bool rseq_resume(struct thread *thread, struct trap_frame *frame);

/* System V shared memory: attachments follow the space; see kernel/linux/sys_shm.c. */

#endif
