#ifndef KERNEL_PROC_EXIT_H
#define KERNEL_PROC_EXIT_H

#include "proc/process.h"

/* Wait statuses, as <sys/wait.h> reads them. */
#define WEXITSTATUS(status) (((status) >> 8) & 0xff)
#define WTERMSIG(status)    ((status)&0x7f)
#define WIFSIGNALED(status) (((status)&0x7f) != 0 && ((status)&0x7f) != 0x7f)

/* Linux's option bits. */
#define WAIT_NO_HANG   0x00000001
#define WAIT_STOPPED   0x00000002
#define WAIT_EXITED    0x00000004
#define WAIT_CONTINUED 0x00000008
#define WAIT_NO_REAP   0x01000000
#define WAIT_NO_THREAD 0x20000000
#define WAIT_ALL       0x40000000
#define WAIT_CLONE     0x80000000u

struct wait_request {
    int pid;   /* this one, or 0 */
    int group; /* else: of this group, or 0 for any child */
    unsigned options;
};

struct wait_result {
    int pid;
    uint32_t uid;
    int status;
    bool trapped; /* a stop for its tracer, who asks */
    struct usage_times times;
    uint64_t resident_peak; /* bytes */
};

/* 1 and *out; 0 with WAIT_NO_HANG when there is no news; -ECHILD, -ERESTARTSYS. */
int process_wait(const struct wait_request *request, struct wait_result *out);

/* In signal.c: every thread but one is told to die. The tree lock and the process's are held. */
void process_kill_threads_locked(struct process *process, const struct thread *except);
unsigned pending_count(const struct pending_signals *pending);

#endif
