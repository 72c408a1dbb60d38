/*
 * Open terminals: read, write, poll, ioctl.
 *
 * Bytes move between user memory and the line discipline through a small buffer on the stack, so
 * that the terminal's lock is never held where user memory may fault.
 */
#include "linux/errno.h"
#include "linux/file_abi.h"
#include "linux/signal.h"
#include "tty/tty_private.h"
#include "core/string.h"
#include "x86/time.h"
#include "x86/usercopy.h"

#define PIECE 1024u

/* poll says writable from here on, so that small writes do not wait. */
#define WRITABLE_ROOM 256u

#define TENTH (NANOSECONDS_PER_SECOND / 10)

static struct tty *tty_of(const struct file *file)
{
    return file->data;
}

int tty_open_file(struct tty *tty, struct file *file)
{
    int result = 0;

    quire_spin_lock(&tty->lock);
    if (tty->hung_up || tty->locked)
        result = -EIO;
    else if (tty->exclusive && current_process()->credentials.euid != 0)
        result = -EBUSY;
    else
        tty->files++;
    quire_spin_unlock(&tty->lock);
    if (result)
        return result;
    file->operations = &tty_operations;
    file->data = tty;
    job_opened(tty, file);
    return 0;
}

static void tty_release(struct file *file)
{
    struct tty *tty = tty_of(file);
    bool last;

    quire_spin_lock(&tty->lock);
    last = --tty->files == 0;
    if (last)
        tty->exclusive = false;
    quire_spin_unlock(&tty->lock);
    if (last && tty->backend.closed)
        tty->backend.closed(tty->backend.data);
}

/* ---- reading ---- */

static void tell_backend(struct tty *tty, bool waiting)
{
    if (tty->backend.input_wanted)
        tty->backend.input_wanted(tty->backend.data, waiting);
}

/* Moves what is there; *out_end: a line's end was reached. Bytes or -EFAULT. */
static long take_input(struct tty *tty, struct transfer *to, bool *out_end)
{
    size_t total = 0;

    *out_end = false;
    while (to->length > 0 && !*out_end) {
        char piece[PIECE];
        size_t n = to->length < PIECE ? to->length : PIECE, copied;

        quire_spin_lock(&tty->lock);
        n = line_read(&tty->line, piece, n, out_end);
        quire_spin_unlock(&tty->lock);
        if (n == 0)
            break;
        copied = transfer_out(to, piece, n);
        total += copied;
        if (copied < n)
            return total ? (long)total : -EFAULT;
    }
    return (long)total;
}

static bool has_input(struct tty *tty)
{
    bool has;

    quire_spin_lock(&tty->lock);
    has = line_readable(&tty->line, 1);
    quire_spin_unlock(&tty->lock);
    return has;
}

/* Sleeps until input, a hangup, a signal (-ERESTARTSYS) or the deadline (-ETIMEDOUT). */
static int wait_for_input(struct tty *tty, uint64_t deadline)
{
    struct waiter waiter = {0};
    int result = 0;

    wait_prepare(&tty->readable, &waiter);
    while (!has_input(tty) && !tty->hung_up) {
        if (signal_pending())
            result = -ERESTARTSYS;
        else
            result = schedule_until(deadline);
        if (result)
            break;
        wait_prepare(&tty->readable, &waiter);
    }
    wait_finish(&waiter);
    return result;
}

static uint64_t deadline_after(unsigned tenths)
{
    return tenths ? clock_monotonic_ns() + tenths * TENTH : UINT64_MAX;
}

/*
 * One line, or as VMIN and VTIME say (POSIX 11.1.7): with VMIN, VTIME is the longest pause between
 * two bytes; without, the longest wait for the first.
 */
static long read_input(struct tty *tty, struct file *file, struct transfer *to)
{
    unsigned minimum = tty->line.termios.characters[VMIN];
    unsigned tenths = tty->line.termios.characters[VTIME];
    bool canonical = line_canonical(&tty->line);
    uint64_t deadline = canonical || minimum ? UINT64_MAX : deadline_after(tenths);
    size_t total = 0;

    for (;;) {
        bool end;
        long taken = take_input(tty, to, &end);
        int result;

        if (taken < 0)
            return total ? (long)total : taken;
        total += (size_t)taken;
        if (end || to->length == 0 || tty->hung_up)
            return (long)total;
        if (canonical ? total > 0 : total > 0 && total >= minimum)
            return (long)total;
        if (!canonical && minimum == 0 && tenths == 0)
            return (long)total;
        if (file->flags & O_NONBLOCK)
            return total ? (long)total : -EAGAIN;
        if (!canonical && minimum && total > 0)
            deadline = deadline_after(tenths);
        tell_backend(tty, true);
        result = wait_for_input(tty, deadline);
        if (result == -ETIMEDOUT)
            return (long)total;
        if (result)
            return total ? (long)total : result;
    }
}

static long tty_read(struct file *file, struct transfer *to, uint64_t *position)
{
    struct tty *tty = tty_of(file);
    long result;

    (void)position;
    if (tty->hung_up)
        return 0;
    result = job_check(tty, SIGTTIN);
    if (result || to->length == 0)
        return result;
    result = read_input(tty, file, to);
    tell_backend(tty, false);
    return result;
}

/* ---- writing ---- */

static size_t put_output(struct tty *tty, const char *bytes, size_t n)
{
    size_t done = 0;

    quire_spin_lock(&tty->lock);
    /* Pushing makes room: go on until neither side moves. */
    for (;;) {
        size_t taken = line_output(&tty->line, bytes + done, n - done);

        done += taken;
        tty_push_locked(tty);
        if (done == n || taken == 0)
            break;
    }
    quire_spin_unlock(&tty->lock);
    return done;
}

static bool has_room(struct tty *tty)
{
    bool has;

    quire_spin_lock(&tty->lock);
    tty_push_locked(tty);
    has = tty->hung_up || line_output_room(&tty->line) >= WRITABLE_ROOM;
    quire_spin_unlock(&tty->lock);
    return has;
}

static long tty_write(struct file *file, struct transfer *from, uint64_t *position)
{
    struct tty *tty = tty_of(file);
    size_t total = 0;

    (void)position;
    if (tty->line.termios.local & TOSTOP) {
        int result = job_check(tty, SIGTTOU);

        if (result)
            return result;
    }
    while (from->length > 0) {
        char piece[PIECE];
        size_t n = from->length < PIECE ? from->length : PIECE, done = 0;

        if (tty->hung_up)
            return total ? (long)total : -EIO;
        n = transfer_in(from, piece, n);
        if (n == 0)
            return total ? (long)total : -EFAULT;
        while (done < n) {
            int result;

            done += put_output(tty, piece + done, n - done);
            if (done == n || tty->hung_up)
                break;
            result = file->flags & O_NONBLOCK
                         ? -EAGAIN
                         : wait_event_interruptible(&tty->writable, has_room(tty));
            if (result)
                return total + done ? (long)(total + done) : result;
        }
        total += done;
    }
    return (long)total;
}

static unsigned tty_poll(struct file *file, struct poll_table *table)
{
    struct tty *tty = tty_of(file);
    unsigned events = 0, minimum;

    poll_wait(table, &tty->readable);
    poll_wait(table, &tty->writable);
    quire_spin_lock(&tty->lock);
    minimum = tty->line.termios.characters[VTIME] ? 1 : tty->line.termios.characters[VMIN];
    if (line_readable(&tty->line, minimum))
        events |= POLLIN | POLLRDNORM;
    if (tty->hung_up)
        events |= POLLIN | POLLRDNORM | POLLERR | POLLHUP;
    if (tty->hung_up || (!tty->line.stopped && line_output_room(&tty->line) >= WRITABLE_ROOM))
        events |= POLLOUT | POLLWRNORM;
    quire_spin_unlock(&tty->lock);
    if (!(events & POLLIN))
        tell_backend(tty, true);
    return events;
}

/* ---- ioctl ---- */

static bool output_empty(struct tty *tty)
{
    const char *bytes;
    bool empty;

    quire_spin_lock(&tty->lock);
    tty_push_locked(tty);
    empty = tty->hung_up || line_pending(&tty->line, &bytes) == 0;
    quire_spin_unlock(&tty->lock);
    return empty;
}

static int wait_until_sent(struct tty *tty)
{
    return wait_event_interruptible(&tty->writable, output_empty(tty));
}

static void flush(struct tty *tty, bool input, bool output)
{
    quire_spin_lock(&tty->lock);
    if (input)
        line_flush_input(&tty->line);
    if (output) {
        line_flush_output(&tty->line);
        if (tty->backend.flush)
            tty->backend.flush(tty->backend.data);
    }
    quire_spin_unlock(&tty->lock);
    if (input)
        tell_backend(tty, false);
    tty_wake_writers(tty);
}

static int change_settings(struct tty *tty, const struct termios *termios, bool drain, bool discard)
{
    int result = job_check(tty, SIGTTOU);

    if (!result && drain)
        result = wait_until_sent(tty);
    if (result)
        return result;
    if (discard)
        flush(tty, true, false);
    quire_spin_lock(&tty->lock);
    line_set(&tty->line, termios);
    tty_push_locked(tty);
    quire_spin_unlock(&tty->lock);
    wake_all(&tty->readable);
    tty_wake_writers(tty);
    return 0;
}

static struct termios settings(struct tty *tty)
{
    struct termios termios;

    quire_spin_lock(&tty->lock);
    termios = tty->line.termios;
    quire_spin_unlock(&tty->lock);
    return termios;
}

static int get_termio(struct tty *tty, void *to)
{
    struct termios termios = settings(tty);
    struct termio old = {
        .input = (uint16_t)termios.input,
        .output = (uint16_t)termios.output,
        .control = (uint16_t)termios.control,
        .local = (uint16_t)termios.local,
        .line = termios.line,
    };

    memcpy(old.characters, termios.characters, sizeof(old.characters));
    return copy_to_user(to, &old, sizeof(old)) ? -EFAULT : 0;
}

static int set_termio(struct tty *tty, const void *from, bool drain, bool discard)
{
    struct termios termios = settings(tty);
    struct termio old;

    if (copy_from_user(&old, from, sizeof(old)))
        return -EFAULT;
    termios.input = (termios.input & 0xffff0000) | old.input;
    termios.output = (termios.output & 0xffff0000) | old.output;
    termios.control = (termios.control & 0xffff0000) | old.control;
    termios.local = (termios.local & 0xffff0000) | old.local;
    memcpy(termios.characters, old.characters, sizeof(old.characters));
    return change_settings(tty, &termios, drain, discard);
}

static int get_termios(struct tty *tty, void *to, size_t size)
{
    struct termios termios = settings(tty);

    return copy_to_user(to, &termios, size) ? -EFAULT : 0;
}

static int set_termios(struct tty *tty, const void *from, size_t size, bool drain, bool discard)
{
    struct termios termios = settings(tty);

    if (copy_from_user(&termios, from, size))
        return -EFAULT;
    return change_settings(tty, &termios, drain, discard);
}

/* TCXONC: output stops or goes on here; input by sending the character to the other side. */
static int flow(struct tty *tty, unsigned long action)
{
    int result = job_check(tty, SIGTTOU);
    uint8_t character;

    if (result)
        return result;
    if (action > TCION)
        return -EINVAL;
    quire_spin_lock(&tty->lock);
    if (action == TCOOFF || action == TCOON) {
        tty->line.stopped = action == TCOOFF;
    } else {
        character = tty->line.termios.characters[action == TCIOFF ? VSTOP : VSTART];
        if (character)
            (void)tty->backend.write(tty->backend.data, (char *)&character, 1);
    }
    tty_push_locked(tty);
    quire_spin_unlock(&tty->lock);
    tty_wake_writers(tty);
    return 0;
}

static int discard(struct tty *tty, unsigned long which)
{
    int result = job_check(tty, SIGTTOU);

    if (result)
        return result;
    if (which > TCIOFLUSH)
        return -EINVAL;
    flush(tty, which != TCOFLUSH, which != TCIFLUSH);
    return 0;
}

/* TIOCSTI: as if the byte had been typed. */
static int simulate(struct tty *tty, unsigned long argument)
{
    struct process *process = current_process();
    uint8_t byte;

    if (process->credentials.euid != 0 && process_tty(process) != tty)
        return -EPERM;
    if (get_user(&byte, (uint8_t *)argument))
        return -EFAULT;
    tty_input(tty, (char *)&byte, 1);
    return 0;
}

static int get_window(struct tty *tty, void *to)
{
    struct window_size window;

    quire_spin_lock(&tty->lock);
    window = tty->window;
    quire_spin_unlock(&tty->lock);
    return copy_to_user(to, &window, sizeof(window)) ? -EFAULT : 0;
}

static int set_window(struct tty *tty, const void *from)
{
    struct window_size window;

    if (copy_from_user(&window, from, sizeof(window)))
        return -EFAULT;
    tty_set_window_size(tty, &window);
    return 0;
}

static int put_number(unsigned long argument, size_t number)
{
    return put_user((uint32_t)number, (uint32_t *)argument);
}

static int count_output(struct tty *tty, unsigned long argument)
{
    uint32_t count;

    quire_spin_lock(&tty->lock);
    count = tty->line.output_head - tty->line.output_tail;
    quire_spin_unlock(&tty->lock);
    return put_number(argument, count);
}

static int count_input(struct tty *tty, unsigned long argument)
{
    size_t count;

    quire_spin_lock(&tty->lock);
    count = line_input_count(&tty->line);
    quire_spin_unlock(&tty->lock);
    return put_number(argument, count);
}

static int set_exclusive(struct tty *tty, bool on)
{
    quire_spin_lock(&tty->lock);
    tty->exclusive = on;
    quire_spin_unlock(&tty->lock);
    return 0;
}

/* There is one line discipline, N_TTY, number 0. */
static int set_discipline(unsigned long argument)
{
    uint32_t number;

    if (get_user(&number, (uint32_t *)argument))
        return -EFAULT;
    return number == 0 ? 0 : -EINVAL;
}

int tty_settings_ioctl(struct tty *tty, unsigned command, void *argument)
{
    switch ((int)command) {
    case TCGETS:
        return get_termios(tty, argument, TERMIOS_SIZE);
    case TCSETS:
    case TCSETSW:
    case TCSETSF:
        return set_termios(tty, argument, TERMIOS_SIZE, command != TCSETS, command == TCSETSF);
    case TCGETS2:
        return get_termios(tty, argument, sizeof(struct termios));
    case TCSETS2:
    case TCSETSW2:
    case TCSETSF2:
        return set_termios(tty, argument, sizeof(struct termios), command != TCSETS2,
                           command == TCSETSF2);
    case TCGETA:
        return get_termio(tty, argument);
    case TCSETA:
    case TCSETAW:
    case TCSETAF:
        return set_termio(tty, argument, command != TCSETA, command == TCSETAF);
    case TIOCGWINSZ:
        return get_window(tty, argument);
    case TIOCSWINSZ:
        return set_window(tty, argument);
    default:
        return -ENOIOCTLCMD;
    }
}

static int tty_command(struct tty *tty, unsigned command, unsigned long argument)
{
    int result;

    switch ((int)command) {
    case TCSBRK: /* a break (0) is nothing on lines without one; else wait for output */
    case TCSBRKP:
        result = job_check(tty, SIGTTOU);
        return result ? result : wait_until_sent(tty);
    case TCXONC:
        return flow(tty, argument);
    case TCFLSH:
        return discard(tty, argument);
    case TIOCOUTQ:
        return count_output(tty, argument);
    case TIOCINQ:
        return count_input(tty, argument);
    case TIOCSTI:
        return simulate(tty, argument);
    case TIOCEXCL:
        return set_exclusive(tty, true);
    case TIOCNXCL:
        return set_exclusive(tty, false);
    case TIOCGEXCL:
        return put_number(argument, tty->exclusive);
    case TIOCGETD:
        return put_number(argument, 0);
    case TIOCSETD:
        return set_discipline(argument);
    case TIOCVHANGUP:
        if (current_process()->credentials.euid != 0)
            return -EPERM;
        tty_hangup(tty);
        return 0;
    default:
        return -ENOTTY;
    }
}

static int tty_ioctl(struct file *file, unsigned command, unsigned long argument, long *result)
{
    struct tty *tty = tty_of(file);
    bool readable = (file->flags & O_ACCMODE) != O_WRONLY;
    int error;

    *result = 0;
    if (tty->hung_up)
        return command == TIOCSPGRP ? -ENOTTY : -EIO;
    error = tty_settings_ioctl(tty, command, (void *)argument);
    if (error == -ENOIOCTLCMD)
        error = job_ioctl(tty, readable, command, argument);
    if (error == -ENOIOCTLCMD)
        error = tty_command(tty, command, argument);
    return error;
}

const struct file_operations tty_operations = {
    .read = tty_read,
    .write = tty_write,
    .poll = tty_poll,
    .ioctl = tty_ioctl,
    .release = tty_release,
};
