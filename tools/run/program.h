/* Looks at a file of the host that shall run in the machine. */
#ifndef RUN_PROGRAM_H
#define RUN_PROGRAM_H

#include "arch.h"

/*
 * NULL when `path` is a program that the kernel can run: executable, and a static ELF file for its
 * architecture or a script. Otherwise a text that says why not, to be put after "PATH: ".
 */
const char *program_fault(const char *path, const struct arch *arch);

#endif
