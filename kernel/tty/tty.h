/*
 * Terminals: a line discipline (termios), job control, window size, over a backend that moves bytes: the serial console, or the
 * channel's terminal stream.
 */
#ifndef KERNEL_TTY_TTY_H
#define KERNEL_TTY_TTY_H

#include "kernel/fs/vfs.h"

struct tty;

struct tty_backend {
    /* Send bytes; returns how many were taken (the rest is offered again after tty_writable). Any context but interrupts. */
    size_t (*write)(void *data, const char *bytes, size_t n);
    void *data;
};

struct tty *tty_create(const char *name, unsigned major, unsigned minor,
                       const struct tty_backend *backend);
/* From the backend: bytes arrived (interrupt context is fine), room for output again, the line was cut. */
void tty_input(struct tty *tty, const char *bytes, size_t n);
void tty_writable(struct tty *tty);
void tty_hangup(struct tty *tty);
void tty_set_window(struct tty *tty, unsigned rows, unsigned columns);
/* An open file on it (reference 1). */
struct file *tty_open(struct tty *tty, unsigned flags);
/* session == 0: none. For /proc/PID/stat. */
int tty_device_number(struct tty *tty);
int tty_foreground_group(struct tty *tty);
/* For process_start and setsid/exit: make it the session's controlling terminal, or give it up. */
void tty_set_controlling(struct tty *tty, int session, int group);
void tty_session_ended(struct tty *tty, int session);

#endif
