/* The inside of a terminal, shared by tty.c, tty_file.c, job.c and pty.c. */
#ifndef KERNEL_TTY_TTY_PRIVATE_H
#define KERNEL_TTY_TTY_PRIVATE_H

#include "proc/process.h"
#include "tty/line.h"
#include "tty/tty.h"

#include <quire/lock.h>

#define TTY_NAME_SIZE 16

struct tty {
    char name[TTY_NAME_SIZE];
    unsigned major, minor;      /* (c) */
    struct tty_backend backend; /* (c) */
    struct quire_spinlock lock; /* (l); threads only. Before the channel's and the process locks. */
    struct line line;           /* (l) */
    struct window_size window;  /* (l) */
    int session, group;         /* (l) 0: none */
    unsigned files;             /* (l) open ones */
    bool hung_up;               /* (l) */
    bool exclusive;             /* (l) TIOCEXCL */
    bool locked;                /* (l) a pseudo-terminal that was not unlocked yet */
    struct wait_queue readable, writable;
};

/* Opens `tty` in a file that the VFS made: sets operations and data. 0 or -errno. */
int tty_open_file(struct tty *tty, struct file *file);
extern const struct file_operations tty_operations;
/* TCGETS, TIOCSWINSZ and their like; -ENOIOCTLCMD: another one. */
int tty_settings_ioctl(struct tty *tty, unsigned command, void *argument);

/* A terminal that is in no table of devices yet. NULL: no memory. tty_destroy: nobody has it open.
 */
struct tty *tty_allocate(const char *name, unsigned major, unsigned minor,
                         const struct tty_backend *backend);
void tty_destroy(struct tty *tty);

/* Offers pending output to the backend. The lock is held. */
void tty_push_locked(struct tty *tty);
/* Wakes writers that have room now. */
void tty_wake_writers(struct tty *tty);
/* Sends what LINE_* bits ask for to the foreground group. */
void tty_raise(struct tty *tty, unsigned wanted);
void tty_set_window_size(struct tty *tty, const struct window_size *window);

/*
 * job.c. May the running process use the terminal now? signo is SIGTTIN or SIGTTOU. 0;
 * -ERESTARTSYS: its group was sent the signal; -EIO: it must not and cannot be stopped.
 */
int job_check(struct tty *tty, int signo);
/* The ioctls of job control; -ENOIOCTLCMD (-515): another one. */
#define ENOIOCTLCMD 515
int job_ioctl(struct tty *tty, bool readable, unsigned command, unsigned long argument);
/* The running process opened the terminal: it may become its controlling one. */
void job_opened(struct tty *tty, const struct file *file);
/* SIGHUP and SIGCONT to a session's leader and the foreground group; the terminal has none then. */
void job_hangup(struct tty *tty);

#endif
