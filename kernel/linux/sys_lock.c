/* System calls that lock pages in memory. */
#include "linux/memory.h"

#include "linux/syscalls.h"
#include "proc/process.h"

static long lock_range(word address, word length, bool lock, bool on_fault)
{
    word start = quire_page_down(address);
    word size = page_up(length + (address - start));
    enum quire_status status;
    bool cut = false;

    /* A limit says no before anything is wrong with the range. */
    if (lock && size > my_space()->limits.locked)
        return -ENOMEM;
    if (start + size < start)
        return -EINVAL;
    if (size == 0)
        return 0;
    /* What lies beyond the user half is a hole like any other: what comes before it is changed. */
    if ((!lock || my_space()->limits.locked == UINT64_MAX) && start < USER_END &&
        size > USER_END - start) {
        size = USER_END - start;
        cut = true;
    }
    status = quire_space_lock(my_space(), start, size, lock, on_fault);
    if ((status == QUIRE_OK && cut) || status == QUIRE_BEYOND_END ||
        status == QUIRE_NO_PERMISSION || status == QUIRE_LOCK_LIMIT)
        return -ENOMEM;
    return status_errno(status);
}

/* Without the privilege and with a limit of zero nothing may be locked at all. */
static bool may_lock(void)
{
    return my_space()->limits.locked != 0;
}

long sys_mlock(word address, word length)
{
    return may_lock() ? lock_range(address, length, true, false) : -EPERM;
}

long sys_mlock2(word address, word length, word flags)
{
    if (flags & ~(word)MLOCK_ONFAULT)
        return -EINVAL;
    return may_lock() ? lock_range(address, length, true, flags != 0) : -EPERM;
}

long sys_munlock(word address, word length)
{
    return lock_range(address, length, false, false);
}

static void set_future(uint32_t flags)
{
    struct quire_space *space = my_space();

    quire_spin_lock(&space->lock);
    space->default_flags = flags;
    quire_spin_unlock(&space->lock);
}

long sys_mlockall(word flags)
{
    bool on_fault = (flags & MCL_ONFAULT) != 0;

    if (flags == 0 || (flags & ~(word)(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT)) ||
        flags == MCL_ONFAULT)
        return -EINVAL;
    if (!may_lock())
        return -EPERM;
    if ((flags & MCL_CURRENT) &&
        my_space()->pages.total > my_space()->limits.locked >> QUIRE_PAGE_SHIFT)
        return -ENOMEM; /* before the future is decided on */
    set_future(flags & MCL_FUTURE
                   ? QUIRE_REGION_LOCKED | (on_fault ? QUIRE_REGION_LOCK_ON_FAULT : 0u)
                   : 0);
    if (!(flags & MCL_CURRENT))
        return 0;
    return quire_space_lock_all(my_space(), true, on_fault) == QUIRE_LOCK_LIMIT ? -ENOMEM : 0;
}

long sys_munlockall(void)
{
    set_future(0);
    return status_errno(quire_space_lock_all(my_space(), false, false));
}
