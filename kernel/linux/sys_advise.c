/*
 * System calls by which a program tells the kernel how it will use memory, and asks what is in it:
 * madvise, mincore, msync.
 */
#include "kernel/linux/memory.h"

#include "kernel/linux/syscalls.h"
#include "kernel/proc/process.h"
#include "kernel/proc/scheduler.h"
#include "x86/usercopy.h"

/* Linux's numbers; -1: unknown here as there. */
static int advice_of(word advice)
{
    static const int8_t low[] = {
        QUIRE_ADVICE_NORMAL,
        QUIRE_ADVICE_RANDOM,
        QUIRE_ADVICE_SEQUENTIAL,
        QUIRE_ADVICE_WILL_NEED,
        QUIRE_ADVICE_DONT_NEED,
        -1,
        -1,
        -1,
        QUIRE_ADVICE_FREE,
        QUIRE_ADVICE_REMOVE,
        QUIRE_ADVICE_DONT_FORK,
        QUIRE_ADVICE_DO_FORK,
        -1 /* 12, 13: sharing of equal pages */,
        -1,
        QUIRE_ADVICE_HUGE,
        QUIRE_ADVICE_NO_HUGE,
        QUIRE_ADVICE_DONT_DUMP,
        QUIRE_ADVICE_DO_DUMP,
        QUIRE_ADVICE_WIPE_ON_FORK,
        QUIRE_ADVICE_KEEP_ON_FORK,
        QUIRE_ADVICE_COLD,
        QUIRE_ADVICE_PAGE_OUT,
        QUIRE_ADVICE_POPULATE_READ,
        QUIRE_ADVICE_POPULATE_WRITE,
    };

    return advice < ARRAY_SIZE(low) ? low[advice] : -1;
}

long sys_madvise(word address, word length, word advice)
{
    int converted = advice_of(advice);
    bool populate =
        converted == QUIRE_ADVICE_POPULATE_READ || converted == QUIRE_ADVICE_POPULATE_WRITE;
    enum quire_status status;

    if (converted < 0 || address % PAGE_SIZE != 0)
        return -EINVAL;
    if (length != 0 && quire_page_up(length) == 0)
        return -EINVAL;
    if (address + quire_page_up(length) < address)
        return -EINVAL;
    if (length == 0)
        return 0;
    status = quire_space_advise(my_space(), address, length, (enum quire_advice)converted);
    if (populate && (status == QUIRE_BEYOND_END || status == QUIRE_IO_ERROR))
        return -EFAULT;
    if (populate && status == QUIRE_NO_PERMISSION)
        return -EINVAL;
    return status_errno(status);
}

long sys_mincore(word address, word length, word vector)
{
    uint8_t bytes[256];
    word pages = quire_page_up(length) / PAGE_SIZE;

    if (address % PAGE_SIZE != 0)
        return -EINVAL;
    if (address > USER_END || length > USER_END - address)
        return -ENOMEM;
    if (!user_range_ok((void *)vector, pages))
        return -EFAULT;
    while (pages > 0) {
        word n = pages < sizeof bytes ? pages : sizeof bytes;
        enum quire_status status = quire_space_resident(my_space(), address, n * PAGE_SIZE, bytes);

        if (status != QUIRE_OK)
            return status_errno(status);
        if (copy_to_user((void *)vector, bytes, n) != 0)
            return -EFAULT;
        vector += n;
        address += n * PAGE_SIZE;
        pages -= n;
        give_way();
        if (kill_pending())
            return -EINTR;
    }
    return 0;
}

/* Files live in memory here: there is nothing to write, but holes and locked pages are told. */
long sys_msync(word address, word length, word flags)
{
    struct quire_region_info region;
    word end = address + quire_page_up(length), at = address;
    long result = 0;

    if ((flags & ~(word)(MS_ASYNC | MS_INVALIDATE | MS_SYNC)) || address % PAGE_SIZE != 0 ||
        ((flags & MS_ASYNC) && (flags & MS_SYNC)))
        return -EINVAL;
    if (end < address)
        return -ENOMEM;
    while (at < end) {
        if (!quire_space_region(my_space(), at, &region))
            return -ENOMEM;
        if (region.object)
            quire_object_put(region.object);
        if (region.start > at)
            result = -ENOMEM;
        if (region.start < end && (flags & MS_INVALIDATE) && (region.flags & QUIRE_REGION_LOCKED))
            return -EBUSY;
        at = region.end;
    }
    return result;
}
