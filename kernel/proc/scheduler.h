/*
 * The scheduler and the lives of threads: what kernel/proc shares among its files. Everyone else
 * includes process.h.
 */
#ifndef KERNEL_PROC_SCHEDULER_H
#define KERNEL_PROC_SCHEDULER_H

#include "core/spinlock.h"
#include "proc/process.h"

/* thread->policy: Linux's numbers. */
enum { SCHED_OTHER = 0, SCHED_FIFO = 1, SCHED_RR = 2, SCHED_BATCH = 3, SCHED_IDLE = 5 };

/* The boot CPU's boot context becomes a thread that may sleep; creates the idle thread. Before
 * INIT_PROCESS. */
void scheduler_init(void);

/* The boot thread has done its work: it leaves for good. */
_Noreturn void boot_thread_end(void);

/* Puts a new thread on the run queue for the first time. */
void thread_start(struct thread *thread);

/* Wakes a sleeping thread; false when it was awake. Any context. */
bool thread_wake(struct thread *thread);
/* The same for one that job control stopped. */
bool thread_wake_stopped(struct thread *thread);

/* Its own under a real-time policy, or what it inherited from those that wait for its locks,
 * whichever is higher; 0: neither. */
unsigned thread_realtime_priority(const struct thread *thread);
/* Any context with less than the run queue's lock. */
void thread_inherit_priority(struct thread *thread, uint8_t priority);

/* The running thread dies: the last switch. Its reference of the scheduler is dropped by the next
 * thread. */
_Noreturn void thread_end(void);

/* Zeroed, with a kernel stack, one reference; not in any process yet. NULL: no memory. */
struct thread *thread_create(const char *name);
/* Frees the structures and stacks of dead threads that are kept for new ones: how many. */
size_t scheduler_trim(void);
static inline void thread_get(struct thread *thread)
{
    __atomic_fetch_add(&thread->references, 1, __ATOMIC_RELAXED);
}

/* Runnable threads and the load averages (fixed point, 2048 = 1.0), for sysinfo and /proc/loadavg.
 */
void scheduler_load(unsigned long out_average[3], unsigned *out_runnable, unsigned *out_threads);
/*
 * Devices at work for threads of this machine. Who waits for one may be inside the library, with
 * references that its records do not show: `check` is left out meanwhile. Any context.
 */
extern uint32_t io_in_flight; /* (a) */
static inline void io_begin(void)
{
    __atomic_fetch_add(&io_in_flight, 1, __ATOMIC_RELAXED);
}
static inline void io_end(void)
{
    __atomic_fetch_sub(&io_in_flight, 1, __ATOMIC_RELAXED);
}

/* Context switches since boot. */
uint64_t scheduler_switches(void);

/* ticks of 4 ms that the boot CPU spent in user mode, kernel mode and idle since boot */
void scheduler_cpu_ticks(uint64_t *out_user, uint64_t *out_system, uint64_t *out_idle);

#endif
