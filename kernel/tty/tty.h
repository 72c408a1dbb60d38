/*
 * Terminals: a line discipline (line.h), job control, window size, over a backend that moves bytes:
 * the console, the channel's terminal stream, or the master side of a pseudo-terminal.
 *
 * All functions are for threads, none for interrupt handlers; those that may sleep say so.
 */
#ifndef KERNEL_TTY_TTY_H
#define KERNEL_TTY_TTY_H

#include "fs/vfs.h"

struct tty;
struct termios;

struct tty_backend {
    /* Send bytes; returns how many were taken (the rest is offered again after tty_writable). Must
       not sleep, nor call back: the terminal's lock is held. */
    size_t (*write)(void *data, const char *bytes, size_t n);
    /* A reader took input, or (waiting) found none and waits: there may be more room. May sleep.
       NULL: does not care. */
    void (*input_wanted)(void *data, bool waiting);
    /* Drop output that was taken but not sent. The lock is held. NULL: there is none. */
    void (*flush)(void *data);
    /* The last file was closed, or the last use of the terminal is over. NULL: stays. */
    void (*closed)(void *data);
    void *data;
};

/* Appears as /dev/NAME. NULL: no memory. */
struct tty *tty_create(const char *name, unsigned major, unsigned minor,
                       const struct tty_backend *backend);

/* One more name in /dev for a terminal; false: no memory. `name` stays. */
bool tty_add_name(struct tty *tty, const char *name, unsigned major, unsigned minor);

/* From the backend: bytes arrived, room for output again, the line was cut. */
void tty_input(struct tty *tty, const char *bytes, size_t n);
void tty_writable(struct tty *tty);
void tty_hangup(struct tty *tty);
/* Bytes that tty_input() will surely keep. */
size_t tty_input_room(struct tty *tty);
/* A changed size is told to the foreground group (SIGWINCH). */
void tty_set_window(struct tty *tty, unsigned rows, unsigned columns, unsigned x_pixels,
                    unsigned y_pixels);
/* The host's own terminal edits, echoes and raises signals: this one starts without (but
 * canonical). */
void tty_set_cooked_by_host(struct tty *tty);
/* The terminal that /dev/console means; the last call counts. */
void tty_set_console(struct tty *tty);

/* Sleeps until the backend has taken all output (started again if it was stopped), or hung up. */
void tty_drain(struct tty *tty);

/* An open file on it (reference 1), with a name in /dev where that is there. NULL: no memory. */
struct file *tty_open(struct tty *tty, unsigned flags);
/* As st_rdev and /proc/PID/stat have it. */
int tty_device_number(struct tty *tty);
/* 0: none. For /proc/PID/stat. */
int tty_foreground_group(struct tty *tty);
/* For process_start: make it the session's controlling terminal. */
void tty_set_controlling(struct tty *tty, int session, int group);
/* The session's leader exits: the foreground group gets SIGHUP and SIGCONT, the terminal is free.
 */
void tty_session_ended(struct tty *tty, int session);

#endif
