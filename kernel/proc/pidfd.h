#ifndef KERNEL_PROC_PIDFD_H
#define KERNEL_PROC_PIDFD_H

/*
 * Descriptors that stand for a process: pidfd_open, CLONE_PIDFD. One keeps the process's record,
 * not its number: once it is reaped, the descriptor means nobody, whoever gets the number then.
 */

#include "proc/process.h"

struct file;

/* flags: O_NONBLOCK. 0 and an open file with one reference, or -ENOMEM. */
int pidfd_create(struct process *process, unsigned flags, struct file **out);

/* The process behind an open file, with a reference, or NULL: that is no pidfd. */
struct process *pidfd_process(const struct file *file);

/* Its number is still its own: it runs, or waits to be reaped. */
bool process_has_number(struct process *process);

#endif
