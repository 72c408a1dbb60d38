/*
 * When memory is exhausted: giving caches back, and the out-of-memory killer. See oom.c.
 */
#ifndef KERNEL_PROC_OOM_H
#define KERNEL_PROC_OOM_H

#include "proc/process.h"

#define OOM_SCORE_ADJ_MIN (-1000) /* is never killed for its memory */
#define OOM_SCORE_ADJ_MAX 1000
#define OOM_ADJ_MIN       (-17) /* the old scale of /proc/PID/oom_adj */
#define OOM_ADJ_MAX       15

/* /proc/PID/oom_score: 0 to 2000. */
unsigned long oom_score(struct process *process);

/* 0, -EINVAL (out of range), -EACCES (lowering it needs privilege). The processes that share its
 * memory get the same. */
int oom_score_adj_set(struct process *process, long value);
/* The same on the old scale. */
int oom_adj_set(struct process *process, long value);
int oom_adj_get(const struct process *process);

/* Processes killed so far (oom_kill of /proc/vmstat). */
uint64_t oom_kills(void);

/* The last thread of a process is gone: whoever waits for its memory looks again. */
void oom_process_ended(struct process *process);

/* Empties what is kept for reuse (/proc/sys/vm/drop_caches). 0: there was nothing. */
size_t memory_drop_caches(void);

#endif
