#ifndef KERNEL_PROC_EXEC_H
#define KERNEL_PROC_EXEC_H

#include "proc/process.h"

/* All strings together, whatever the stack's limit: three quarters of its default. */
#define EXEC_STRINGS_MAX (6 * 1024 * 1024)

/* The strings that a new program gets: arguments, then environment, each with its end, in one
 * block. */
struct exec_strings {
    char *bytes;
    size_t size, capacity;
    size_t limit; /* bytes, pointers included: -E2BIG above it */
    uint32_t argument_count, environment_count;
    size_t environment_start; /* where the environment's strings begin */
};

void exec_strings_init(struct exec_strings *strings);
void exec_strings_done(struct exec_strings *strings);
/* From a program's vectors; NULL vectors are empty ones. -EFAULT, -E2BIG, -ENOMEM. */
int exec_strings_from_user(struct exec_strings *strings, const void *argv, const void *envp);
/* From the kernel's own vectors. -E2BIG, -ENOMEM. */
int exec_strings_from_kernel(struct exec_strings *strings, char *const argv[], char *const envp[]);
/* Replaces the first argument by `count` strings. -E2BIG, -ENOMEM. */
int exec_strings_replace_first(struct exec_strings *strings, const char *const *texts,
                               unsigned count);

/*
 * Replaces the running process's program and fills *frame with the registers it starts with. `name`
 * is what it was called by. Up to its last step nothing has changed and an error returns to the old
 * program; after that nothing fails.
 */
int exec_program(int start, const char *name, unsigned at_flags, struct exec_strings *strings,
                 struct trap_frame *frame);

#endif
