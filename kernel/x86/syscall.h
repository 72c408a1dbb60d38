#ifndef KERNEL_X86_SYSCALL_H
#define KERNEL_X86_SYSCALL_H

/*
 * System calls. entry.S looks the number up in syscall_table and calls the function with the six
 * arguments in their places, interrupts on; what it returns becomes the result. A function that
 * needs the registers calls trap_user_frame(). Both symbols are supplied by kernel/linux/table.c.
 */

#include "x86/trap.h"

typedef long (*syscall_function)(unsigned long, unsigned long, unsigned long, unsigned long,
                                 unsigned long, unsigned long);

/* NULL entries and numbers from syscall_count on go to syscall_unknown(), as do all calls of a
 * thread whose context is `traced`. */
extern const syscall_function syscall_table[];
extern const unsigned long syscall_count;

long syscall_unknown(unsigned long, unsigned long, unsigned long, unsigned long, unsigned long,
                     unsigned long);

#endif
