#ifndef KERNEL_CORE_PANIC_H
#define KERNEL_CORE_PANIC_H

/*
 * The end of the kernel. A report begins with the line "kernel bug: <why>", then registers, control
 * registers and a symbolised backtrace; then the machine ends with POWER_OFF_PANIC (power.h).
 */

#include <stdarg.h>
#include <stdint.h>

struct trap_frame;

_Noreturn void panic(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Same, for a trap: the registers shown are those of the frame. */
_Noreturn void panic_trap(const struct trap_frame *frame, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Prints the callers of this function; for a report that does not end the kernel. */
void backtrace_log(void);

#endif
