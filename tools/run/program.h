/* Looks at a file of the host that shall run in the machine. */
#ifndef RUN_PROGRAM_H
#define RUN_PROGRAM_H

#include "arch.h"

/*
 * NULL when `path` is a program that the kernel can run: executable, and an ELF file for its
 * architecture or a script. Otherwise a text that says why not, to be put after "PATH: ".
 */
const char *program_fault(const char *path, const struct arch *arch);

/* Of such a program: what names its interpreter. */
enum program_kind { PROGRAM_STATIC, PROGRAM_DYNAMIC, PROGRAM_SCRIPT };

/* Of a script, *out_interpreter is the program that its first line means, to be freed: behind
 * /usr/bin/env what env would look for. */
enum program_kind program_kind(const char *path, char **out_interpreter);

#endif
