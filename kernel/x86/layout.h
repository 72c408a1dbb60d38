#ifndef KERNEL_X86_LAYOUT_H
#define KERNEL_X86_LAYOUT_H

/* Where things lie in the kernel's address space. Also read by the assembler and the linker
 * script. */

#ifdef __x86_64__
#include "x86/x86_64/layout.h"
#else
#include "x86/i386/layout.h"
#endif

#define PAGE_SHIFT 12
#define PAGE_SIZE  4096

/* Bytes of each kernel stack; below it lies an unmapped guard page. */
#define KERNEL_STACK_SIZE 16384

#endif
