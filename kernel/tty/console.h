/* The console: a terminal on the screen, the serial port, or both. */
#ifndef KERNEL_TTY_CONSOLE_H
#define KERNEL_TTY_CONSOLE_H

#include "core/compiler.h"

struct tty;

/* /dev/tty1 or /dev/ttyS0 (both where it is on both), which is /dev/console too until another one
 * takes that. NULL: there is no device, or no memory. Once. */
struct tty *console_start(void);

/* `console=` is in the command line: the first program's terminal is this one even where the
 * launcher offers its own. */
bool console_is_chosen(void);

/* For TERM, after console_start(). */
const char *console_terminal_type(void);

/* Waits until everything that was written can be seen. */
void console_finish(void);

#endif
