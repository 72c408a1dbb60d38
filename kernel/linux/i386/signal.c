/* The first signal calls of i386, which know the signals 1 to 32: one word of a set. */
#include "linux/errno.h"
#include "linux/syscalls.h"
#include "proc/signals.h"
#include "x86/usercopy.h"

/* struct old_sigaction; not in the order of rt_sigaction's. */
struct action_abi {
    word handler, mask, flags, restorer;
};

static signal_set upper_half(signal_set set)
{
    return set & ~(signal_set)UINT32_MAX;
}

long sys_sigaction(word signo, word user, word user_old)
{
    struct signal_action action = {0}, old;
    struct action_abi in, out;

    if (user) {
        if (copy_from_user(&in, (void *)user, sizeof in) != 0)
            return -EFAULT;
        action.handler = in.handler;
        action.flags = in.flags & SA_KNOWN;
        action.restorer = in.restorer;
        action.mask = in.mask;
    }
    if (signo < 1 || signo > SIGNAL_COUNT || (user && (SIGNALS_UNBLOCKABLE & SIGNAL_BIT(signo))))
        return -EINVAL;
    signal_action_set(current_process(), (int)signo, user ? &action : NULL, &old);
    out = (struct action_abi){old.handler, (word)old.mask, old.flags, old.restorer};
    return user_old && copy_to_user((void *)user_old, &out, sizeof out) != 0 ? -EFAULT : 0;
}

/* As Unix had it: the handler goes when it is called, and the signal is not blocked meanwhile. */
long sys_signal(word signo, word handler)
{
    struct signal_action action = {.handler = handler, .flags = SA_RESETHAND | SA_NODEFER}, old;

    if (signo < 1 || signo > SIGNAL_COUNT || (SIGNALS_UNBLOCKABLE & SIGNAL_BIT(signo)))
        return -EINVAL;
    signal_action_set(current_process(), (int)signo, &action, &old);
    return (long)old.handler;
}

long sys_sigprocmask(word how, word set, word old)
{
    signal_set before = current_thread()->blocked, after;
    word change;

    if (set) {
        if (get_user_word(&change, (void *)set) != 0)
            return -EFAULT;
        if (how == SIG_BLOCK)
            after = before | change;
        else if (how == SIG_UNBLOCK)
            after = before & ~(signal_set)change;
        else if (how == SIG_SETMASK)
            after = upper_half(before) | change;
        else
            return -EINVAL;
        signal_set_blocked(after);
    }
    return old ? put_user_word((void *)old, (word)before) : 0;
}

long sys_sigpending(word set)
{
    return sys_rt_sigpending(set, sizeof(word));
}

long sys_sigsuspend(word unused, word unused_too, word mask)
{
    (void)unused, (void)unused_too;
    signal_set_blocked_for_call(mask);
    return sys_pause();
}

long sys_sgetmask(void)
{
    return (long)(word)current_thread()->blocked;
}

long sys_ssetmask(word mask)
{
    word before = (word)current_thread()->blocked;

    signal_set_blocked(mask);
    return (long)before;
}
