/* The serial console: a terminal on the first serial port, beside the kernel's log. */
#ifndef KERNEL_TTY_CONSOLE_H
#define KERNEL_TTY_CONSOLE_H

struct tty;

/* /dev/ttyS0, which is /dev/console too until another one takes that. NULL: no port, or no memory.
 */
struct tty *console_start(void);

#endif
