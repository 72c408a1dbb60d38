/*
 * Job control (POSIX 11.1): a terminal controls one session, and one process group of that session
 * is in the foreground; the others are stopped when they read from it, write to it under TOSTOP, or
 * change it. The session's side of the bond (which terminal) lies with kernel/proc, the terminal's
 * side (which session, which group) here; the session's leader makes and ends both.
 */
#include "linux/errno.h"
#include "linux/file_abi.h"
#include "linux/signal.h"
#include "tty/tty_private.h"
#include "x86/usercopy.h"

int job_check(struct tty *tty, int signo)
{
    struct process *process = current_process();
    int group, foreground = tty_foreground_group(tty);

    if (process_tty(process) != tty)
        return 0;
    group = process_group_number(process);
    if (foreground <= 0 || foreground == group)
        return 0;
    if (signal_ignored_or_blocked(signo))
        return signo == SIGTTIN ? -EIO : 0;
    if (process_group_orphaned(group))
        return -EIO;
    (void)signal_send_group(group, signo, NULL);
    return -ERESTARTSYS;
}

static bool is_session_leader(const struct process *process)
{
    return process_session_number(process) == process->number;
}

void tty_set_controlling(struct tty *tty, int session, int group)
{
    quire_spin_lock(&tty->lock);
    tty->session = session;
    tty->group = group;
    quire_spin_unlock(&tty->lock);
}

static void take_control(struct tty *tty, struct process *leader)
{
    tty_set_controlling(tty, process_session_number(leader), process_group_number(leader));
    process_set_tty(leader, tty);
}

void job_opened(struct tty *tty, const struct file *file)
{
    struct process *process = current_process();

    if (!(file->flags & O_NOCTTY) && (file->flags & O_ACCMODE) != O_WRONLY && !process->kernel &&
        is_session_leader(process) && !process_tty(process) && tty->session == 0)
        take_control(tty, process);
}

/* Who must learn that the terminal is gone: its foreground group, and what was stopped goes on. */
static void tell_group(int group)
{
    if (group <= 0)
        return;
    (void)signal_send_group(group, SIGHUP, NULL);
    (void)signal_send_group(group, SIGCONT, NULL);
}

void job_hangup(struct tty *tty)
{
    struct process *leader = tty->session > 0 ? process_find(tty->session) : NULL;
    int group = tty_foreground_group(tty);

    if (leader) {
        process_set_tty(leader, NULL);
        if (process_group_number(leader) != group) {
            (void)signal_send_process(leader, SIGHUP, NULL);
            (void)signal_send_process(leader, SIGCONT, NULL);
        }
        process_put(leader);
    }
    tty_set_controlling(tty, 0, 0);
    tell_group(group);
}

void tty_session_ended(struct tty *tty, int session)
{
    int group = tty_foreground_group(tty);

    if (tty->session != session)
        return;
    tty_set_controlling(tty, 0, 0);
    tell_group(group);
}

/* TIOCSCTTY. */
static int claim(struct tty *tty, bool readable, unsigned long steal)
{
    struct process *process = current_process(), *owner;
    bool root = process->credentials.euid == 0;

    if (is_session_leader(process) && tty->session == process_session_number(process))
        return 0;
    if (!is_session_leader(process) || process_tty(process))
        return -EPERM;
    if (tty->session > 0) {
        if (steal != 1 || !root)
            return -EPERM;
        owner = process_find(tty->session);
        if (owner) {
            process_set_tty(owner, NULL);
            process_put(owner);
        }
    }
    if (!readable && !root)
        return -EPERM;
    take_control(tty, process);
    return 0;
}

/* TIOCNOTTY. The bond is the whole session's, so only its leader can end it. */
static int give_up(struct tty *tty)
{
    struct process *process = current_process();

    if (process_tty(process) != tty)
        return -ENOTTY;
    if (!is_session_leader(process))
        return -EPERM;
    process_set_tty(process, NULL);
    tty_session_ended(tty, process_session_number(process));
    return 0;
}

/* TIOCSPGRP. */
static int set_foreground(struct tty *tty, unsigned long argument)
{
    struct process *process = current_process();
    int session = process_session_number(process), group, owner;
    int result = job_check(tty, SIGTTOU);

    if (result)
        return result == -EIO ? -ENOTTY : result;
    if (process_tty(process) != tty || tty->session != session)
        return -ENOTTY;
    if (copy_from_user(&group, (void *)argument, sizeof(group)))
        return -EFAULT;
    if (group < 0)
        return -EINVAL;
    owner = process_group_session(group);
    if (owner < 0)
        return owner;
    if (owner != session)
        return -EPERM;
    quire_spin_lock(&tty->lock);
    tty->group = group;
    quire_spin_unlock(&tty->lock);
    return 0;
}

/* TIOCGPGRP, TIOCGSID. */
static int tell(struct tty *tty, int number, unsigned long argument)
{
    if (process_tty(current_process()) != tty)
        return -ENOTTY;
    return copy_to_user((void *)argument, &number, sizeof(number)) ? -EFAULT : 0;
}

int job_ioctl(struct tty *tty, bool readable, unsigned command, unsigned long argument)
{
    switch (command) {
    case TIOCSCTTY:
        return claim(tty, readable, argument);
    case TIOCNOTTY:
        return give_up(tty);
    case TIOCGPGRP:
        return tell(tty, tty_foreground_group(tty), argument);
    case TIOCSPGRP:
        return set_foreground(tty, argument);
    case TIOCGSID:
        return tty->session > 0 ? tell(tty, tty->session, argument) : -ENOTTY;
    default:
        return -ENOIOCTLCMD;
    }
}
