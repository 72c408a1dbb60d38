/*
 * System calls by which a program tells the kernel how it will use memory, and asks what is in it:
 * madvise, process_madvise, mincore, msync.
 */
#include "linux/memory.h"

#include "core/memory.h"
#include "core/string.h"
#include "fs/vfs.h"
#include "linux/syscalls.h"
#include "linux/vectors.h"
#include "proc/pidfd.h"
#include "proc/tree.h"
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
        QUIRE_ADVICE_MERGEABLE,
        QUIRE_ADVICE_UNMERGEABLE,
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
        QUIRE_ADVICE_DONT_NEED_LOCKED,
        QUIRE_ADVICE_COLLAPSE,
    };

    return (uint32_t)advice < ARRAY_SIZE(low) ? low[(uint32_t)advice] : -1;
}

/* ---- REMOVE: a hole in the file behind a shared mapping ---- */

static long remove_piece(const struct quire_region_info *region, quire_virt start, quire_virt end)
{
    const uint32_t shared = QUIRE_REGION_SHARED | QUIRE_REGION_MAY_WRITE;
    struct quire_object *object = region->object;
    uint64_t from = region->offset + (start - region->start), to = from + (end - start);

    if (region->flags & QUIRE_REGION_LOCKED)
        return -EINVAL;
    if (!object || object->kind == QUIRE_OBJECT_DEVICE)
        return -EINVAL;
    if ((region->flags & shared) != shared)
        return -EACCES;
    if (inode_of_object(object))
        return vfs_punch(object->owner, from, to);
    return status_errno(quire_object_punch(object, from, to));
}

/* Seals, blocks and times are the file's: the library knows only its pages. */
static long remove_pages(struct quire_space *space, quire_virt start, quire_virt end)
{
    long hole = 0, error = 0;

    for (quire_virt at = start; at < end && !error;) {
        struct quire_region_info region;
        quire_virt from, to;

        if (!quire_space_region(space, at, &region))
            return -ENOMEM;
        from = region.start > at ? region.start : at;
        to = region.end < end ? region.end : end;
        if (from > at)
            hole = -ENOMEM;
        if (from < to)
            error = remove_piece(&region, from, to);
        if (region.object)
            quire_object_put(region.object);
        at = to;
        give_way();
        if (kill_pending())
            return -EINTR;
    }
    return error ? error : hole;
}

/* ---- PAGEOUT ---- */

/* That pages of a file were not in use by others either is told to those alone who may write it. */
static bool may_page_out(const struct quire_region_info *region)
{
    struct vfs_inode *inode = inode_of_object(region->object);

    return !inode || inode_owned(inode) || inode_permission(inode, MAY_WRITE, false) == 0;
}

static enum quire_status page_out(struct quire_space *space, quire_virt start, quire_virt end)
{
    enum quire_status status = QUIRE_OK, hole = QUIRE_OK;

    for (quire_virt at = start; at < end && status == QUIRE_OK;) {
        struct quire_region_info region;
        quire_virt from, to;

        if (!quire_space_region(space, at, &region))
            return QUIRE_NO_MAPPING;
        from = region.start > at ? region.start : at;
        to = region.end < end ? region.end : end;
        if (from > at)
            hole = QUIRE_NO_MAPPING;
        if (from < to && may_page_out(&region))
            status = quire_space_advise(space, from, to - from, QUIRE_ADVICE_PAGE_OUT);
        if (status == QUIRE_NO_MAPPING) /* it was unmapped just now */
            status = QUIRE_OK;
        if (region.object)
            quire_object_put(region.object);
        at = to;
        give_way();
        if (kill_pending())
            break;
    }
    return status != QUIRE_OK ? status : hole;
}

void advise_page_out_all(struct quire_space *space, bool anonymous, bool files)
{
    struct quire_region_info region;

    for (quire_virt at = 0; !kill_pending() && quire_space_region(space, at, &region);
         at = region.end) {
        bool file = inode_of_object(region.object) != NULL;

        if (!(region.flags & QUIRE_REGION_LOCKED) && (file ? files : anonymous) &&
            may_page_out(&region))
            (void)quire_space_advise(space, region.start, region.end - region.start,
                                     QUIRE_ADVICE_PAGE_OUT);
        if (region.object)
            quire_object_put(region.object);
        give_way();
    }
}

/* ---- madvise ---- */

static long advise_errno(enum quire_status status, int advice)
{
    if (advice == QUIRE_ADVICE_POPULATE_READ || advice == QUIRE_ADVICE_POPULATE_WRITE) {
        if (status == QUIRE_BEYOND_END || status == QUIRE_IO_ERROR)
            return -EFAULT;
        if (status == QUIRE_NO_PERMISSION)
            return -EINVAL;
    } else if (status == QUIRE_LIMIT || status == QUIRE_NO_MEMORY) {
        return -EAGAIN; /* a region could not be cut */
    }
    return status_errno(status);
}

static long advise(struct quire_space *space, word address, word length, word linux_advice)
{
    int advice = advice_of(linux_advice);
    word end = address + page_up(length);
    bool cut = false;
    long error;

    if (advice < 0 || address % PAGE_SIZE != 0)
        return -EINVAL;
    if ((length != 0 && page_up(length) == 0) || end < address)
        return -EINVAL;
    if (length == 0)
        return 0;
    /* What lies beyond the user half is a hole like any other. */
    if (address >= space->end)
        return -ENOMEM;
    if (end > space->end) {
        end = space->end;
        cut = true;
    }
    if (advice == QUIRE_ADVICE_REMOVE)
        error = remove_pages(space, address, end);
    else if (advice == QUIRE_ADVICE_PAGE_OUT)
        error = advise_errno(page_out(space, address, end), advice);
    else
        error = advise_errno(
            quire_space_advise(space, address, end - address, (enum quire_advice)advice), advice);
    return !error && cut ? -ENOMEM : error;
}

long sys_madvise(word address, word length, word advice)
{
    return advise(my_space(), address, length, advice);
}

/* Another process's pages may be moved about, never changed. */
static bool harmless(word advice)
{
    switch (advice_of(advice)) {
    case QUIRE_ADVICE_COLD:
    case QUIRE_ADVICE_PAGE_OUT:
    case QUIRE_ADVICE_WILL_NEED:
    case QUIRE_ADVICE_COLLAPSE:
        return true;
    default:
        return false;
    }
}

static long advise_process(struct process *process, const struct vectors *ranges, word advice)
{
    struct memory *memory;
    long done = 0, error = 0;

    if (!harmless(advice))
        return -EINVAL;
    memory = process_memory(process);
    if (!memory)
        return -ESRCH;
    if (process_access(process, PROCESS_READ | PROCESS_FILE_CREDENTIALS) != 0)
        error = -EACCES;
    else if (current_process()->credentials.euid != 0)
        error = -EPERM;
    for (size_t i = 0; !error && i < ranges->transfer.vector_count; i++) {
        const struct iovec_abi *range = &ranges->list[i];

        error = advise(memory->space, range->base, range->length, advice);
        if (!error)
            done += (long)range->length;
        give_way();
        if (kill_pending())
            break;
    }
    memory_put(memory);
    return done ? done : error;
}

long sys_process_madvise(word fd, word list, word count, word advice, word flags)
{
    struct vectors ranges;
    struct process *process;
    struct file *file;
    long result;

    if (flags)
        return -EINVAL;
    result = vectors_get(&ranges, list, count);
    if (result)
        return result;
    file = file_table_find(current_thread()->files, (int)fd);
    process = file ? pidfd_process(file) : NULL;
    if (file)
        file_put(file);
    if (!process) {
        result = -EBADF;
    } else if (!process_has_number(process)) {
        result = -ESRCH;
        process_put(process);
    } else {
        result = advise_process(process, &ranges, advice);
        process_put(process);
    }
    vectors_done(&ranges);
    return result;
}

/* Who may not write a file learns nothing about what it has in memory: all of it, he is told. */
static bool may_know(const struct quire_region_info *region)
{
    struct vfs_inode *inode = inode_of_object(region->object);

    return !inode || inode_owned(inode) || inode_permission(inode, MAY_WRITE, false) == 0;
}

/* The bytes of [address, end), which lies in one region. */
static long core_piece(quire_virt address, quire_virt end, bool known, word vector)
{
    uint8_t bytes[256];

    while (address < end) {
        word pages = (end - address) / PAGE_SIZE, n = pages < sizeof bytes ? pages : sizeof bytes;
        enum quire_status status = QUIRE_OK;

        if (known)
            status = quire_space_resident(my_space(), address, n * PAGE_SIZE, bytes);
        else
            memset(bytes, 1, n);
        if (status != QUIRE_OK)
            return status_errno(status);
        if (copy_to_user((void *)vector, bytes, n) != 0)
            return -EFAULT;
        vector += n;
        address += n * PAGE_SIZE;
        give_way();
        if (kill_pending())
            return -EINTR;
    }
    return 0;
}

long sys_mincore(word address, word length, word vector)
{
    word end = address + page_up(length);
    long error = 0;

    if (address % PAGE_SIZE != 0)
        return -EINVAL;
    if (address > USER_END || length > USER_END - address)
        return -ENOMEM;
    if (!user_range_ok((void *)vector, page_up(length) / PAGE_SIZE))
        return -EFAULT;
    while (!error && address < end) {
        struct quire_region_info region;
        quire_virt stop;
        bool known;

        if (!quire_space_region(my_space(), address, &region))
            return -ENOMEM;
        known = may_know(&region);
        stop = region.end < end ? region.end : end;
        if (region.object)
            quire_object_put(region.object);
        if (region.start > address)
            return -ENOMEM;
        error = core_piece(address, stop, known, vector);
        vector += (stop - address) / PAGE_SIZE;
        address = stop;
    }
    return error;
}

/* The part of a shared mapping of a file that lies in [start, end) is written back. */
static int write_region(const struct quire_region_info *region, word start, word end)
{
    word from = region->start > start ? region->start : start;
    word to = region->end < end ? region->end : end;
    uint64_t first = (region->offset + (from - region->start)) >> PAGE_SHIFT;

    if (region->object == NULL || !(region->flags & QUIRE_REGION_SHARED) ||
        region->object->kind != QUIRE_OBJECT_PAGED || from >= to)
        return 0;
    return quire_object_clean(region->object, first, first + ((to - from - 1) >> PAGE_SHIFT)) ==
                   QUIRE_OK
               ? 0
               : -EIO;
}

/* Holes and locked pages are told; what is only in memory needs no writing, and MS_ASYNC leaves it
 * to the periodic writer. */
long sys_msync(word address, word length, word flags)
{
    struct quire_region_info region;
    word end = address + page_up(length), at = address;
    long result = 0;
    int error;

    if ((flags & ~(word)(MS_ASYNC | MS_INVALIDATE | MS_SYNC)) || address % PAGE_SIZE != 0 ||
        ((flags & MS_ASYNC) && (flags & MS_SYNC)))
        return -EINVAL;
    if (end < address)
        return -ENOMEM;
    while (at < end) {
        if (!quire_space_region(my_space(), at, &region))
            return -ENOMEM;
        error = region.start < end && (flags & MS_SYNC) ? write_region(&region, at, end) : 0;
        if (region.object)
            quire_object_put(region.object);
        if (region.start > at)
            result = -ENOMEM;
        if (region.start < end && (flags & MS_INVALIDATE) && (region.flags & QUIRE_REGION_LOCKED))
            return -EBUSY;
        if (error != 0)
            return error;
        at = region.end;
    }
    return result;
}
