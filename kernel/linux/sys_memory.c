/*
 * System calls about memory. The library does the work; here are Linux's argument checks, in
 * Linux's order, and its errno for each of the library's causes.
 */
#include "kernel/linux/memory.h"

#include "core/memory.h"
#include "core/string.h"
#include "kernel/fs/vfs.h"
#include "kernel/linux/syscalls.h"
#include "kernel/proc/process.h"
#include "kernel/proc/scheduler.h"
#include "kernel/proc/signals.h"
#include "kernel/proc/tree.h"
#include "x86/usercopy.h"

#define MAY_ALL (QUIRE_REGION_MAY_READ | QUIRE_REGION_MAY_WRITE | QUIRE_REGION_MAY_EXECUTE)

static struct quire_space *my_space(void)
{
    return current_thread()->memory->space;
}

/* Calls for which a bad range is a bad argument, and only shortage is ENOMEM. */
static long range_errno(enum quire_status status)
{
    return status == QUIRE_OUT_OF_RANGE || status == QUIRE_OVERFLOW ? -EINVAL
                                                                    : status_errno(status);
}

/* ---- mmap ---- */

#define LOWEST_ADDRESS 65536 /* vm.mmap_min_addr: below it only uid 0 may map */

static bool too_low(word address)
{
    return address < LOWEST_ADDRESS && current_process()->credentials.euid != 0;
}

static bool write_sealed(const struct file *file)
{
    return file->inode && (file->inode->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) != 0;
}

/* What a mapping of a file may do, and the object behind it. */
static int open_mapping(struct file *file, unsigned protection, unsigned flags,
                        struct quire_map *map)
{
    unsigned access = file->flags & O_ACCMODE;
    bool shared = (flags & MAP_TYPE) != MAP_PRIVATE;
    int error;

    if (access == O_WRONLY || (file->flags & O_PATH))
        return file->flags & O_PATH ? -EBADF : -EACCES;
    if (shared && (protection & PROT_WRITE) && access != O_RDWR)
        return -EACCES;
    if (!file->operations->map)
        return -ENODEV;
    if (flags & MAP_GROWSDOWN)
        return -EINVAL;
    error = file->operations->map(file, shared, &map->object);
    if (error)
        return error;
    map->region |= MAY_ALL;
    if (shared) {
        map->region |= QUIRE_REGION_SHARED;
        if (access != O_RDWR || write_sealed(file))
            map->region &= ~(uint32_t)QUIRE_REGION_MAY_WRITE;
    }
    return 0;
}

static int anonymous_mapping(unsigned flags, struct quire_map *map)
{
    map->region |= MAY_ALL;
    map->offset = 0;
    switch (flags & MAP_TYPE) {
    case MAP_PRIVATE:
        return 0;
    case MAP_SHARED:
        if (flags & MAP_GROWSDOWN)
            return -EINVAL;
        map->region |= QUIRE_REGION_SHARED;
        return status_errno(quire_object_create(&kernel_machine, QUIRE_OBJECT_MEMORY, NULL, NULL,
                                                map->length, &map->object));
    default:
        return -EINVAL;
    }
}

static int file_mapping(word fd, unsigned protection, unsigned flags, struct quire_map *map)
{
    struct file *file = file_table_find(current_thread()->files, (int)fd);
    int error;

    if (!file)
        return -EBADF;
    switch (flags & MAP_TYPE) {
    case MAP_SHARED_VALIDATE:
        error = flags & MAP_SYNC ? -EOPNOTSUPP : open_mapping(file, protection, flags, map);
        break;
    case MAP_SHARED:
    case MAP_PRIVATE:
        error = open_mapping(file, protection, flags, map);
        break;
    default:
        error = -EINVAL;
    }
    file_put(file);
    return error;
}

static void convert_flags(unsigned flags, struct quire_map *map)
{
    if (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE))
        map->flags = QUIRE_MAP_FIXED;
    if (flags & MAP_FIXED_NOREPLACE)
        map->flags |= QUIRE_MAP_NO_REPLACE;
    if (flags & MAP_32BIT)
        map->flags |= QUIRE_MAP_LOW_2G;
    if ((flags & (MAP_POPULATE | MAP_NONBLOCK)) == MAP_POPULATE)
        map->flags |= QUIRE_MAP_POPULATE;
    if (flags & MAP_GROWSDOWN)
        map->region |= QUIRE_REGION_GROWS_DOWN;
    if (flags & MAP_LOCKED)
        map->region |= QUIRE_REGION_LOCKED;
    if (flags & MAP_NORESERVE)
        map->region |= QUIRE_REGION_NO_RESERVE;
}

long sys_mmap(word address, word length, word protection, word flag_word, word fd, word offset)
{
    unsigned flags = (unsigned)flag_word;
    struct quire_map map = {
        .address = address,
        .length = quire_page_up(length),
        .region = (uint32_t)protection & (PROT_READ | PROT_WRITE | PROT_EXEC),
        .offset = offset,
    };
    enum quire_status status;
    quire_virt place;
    int error;

    if (offset % PAGE_SIZE != 0)
        return -EINVAL;
    if (length == 0)
        return -EINVAL;
    if (map.length == 0 || map.length > USER_END)
        return -ENOMEM;
    if (flags & MAP_HUGETLB)
        return -ENOMEM; /* there is no pool of huge pages */
    if (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) {
        if (address % PAGE_SIZE != 0)
            return address > USER_END - map.length ? -ENOMEM : -EINVAL;
        if (too_low(address))
            return -EPERM;
    } else {
        map.address = quire_page_down(address);
    }
    if (!(flags & MAP_ANONYMOUS) && offset + map.length < offset)
        return -EOVERFLOW;
    convert_flags(flags, &map);
    error = flags & MAP_ANONYMOUS ? anonymous_mapping(flags, &map)
                                  : file_mapping(fd, (unsigned)protection, flags, &map);
    if (error)
        return error;
    status = quire_space_map(my_space(), &map, &place);
    if (map.object)
        quire_object_put(map.object);
    if (status == QUIRE_OK)
        return (long)place;
    return status == QUIRE_LIMIT && (flags & MAP_LOCKED) ? -EAGAIN : status_errno(status);
}

long sys_munmap(word address, word length)
{
    return range_errno(quire_space_unmap(my_space(), address, length));
}

long sys_mprotect(word address, word length, word protection)
{
    unsigned grows = (unsigned)protection & (PROT_GROWSDOWN | PROT_GROWSUP);
    enum quire_status status;

    if (grows == (PROT_GROWSDOWN | PROT_GROWSUP) || address % PAGE_SIZE != 0)
        return -EINVAL;
    if (length == 0)
        return 0;
    if (address + quire_page_up(length) <= address)
        return -ENOMEM;
    protection &= ~(word)(PROT_GROWSDOWN | PROT_GROWSUP);
    /* No region grows upwards on this machine. */
    if ((protection & ~(word)(PROT_READ | PROT_WRITE | PROT_EXEC)) || grows == PROT_GROWSUP)
        return -EINVAL;
    status = quire_space_protect(my_space(), address, length, (unsigned)protection,
                                 grows == PROT_GROWSDOWN);
    return status_errno(status);
}

long sys_mremap(word old, word old_length, word new_length, word flags, word new)
{
    quire_virt place;
    enum quire_status status;

    if ((flags & ~(word)(MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP)) ||
        ((flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) && !(flags & MREMAP_MAYMOVE)) ||
        ((flags & MREMAP_DONTUNMAP) && old_length != new_length))
        return -EINVAL;
    if (old % PAGE_SIZE != 0 || quire_page_up(new_length) == 0)
        return -EINVAL;
    if ((flags & MREMAP_FIXED) &&
        (new % PAGE_SIZE != 0 || new_length > USER_END || new > USER_END - new_length))
        return -EINVAL;
    if ((flags & MREMAP_FIXED) && too_low(new))
        return -EPERM;
    status = quire_space_remap(my_space(), old, quire_page_up(old_length),
                               quire_page_up(new_length), (unsigned)flags, new, &place);
    if (status == QUIRE_OK)
        return (long)place;
    if (status == QUIRE_NO_MAPPING)
        return -EFAULT;
    return range_errno(status);
}

/* ---- madvise and its kin ---- */

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

long sys_brk(word wanted)
{
    return (long)quire_space_break(my_space(), wanted);
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

/* ---- locking in memory ---- */

static long lock_range(word address, word length, bool lock, bool on_fault)
{
    word start = quire_page_down(address);
    word size = quire_page_up(length + (address - start));
    enum quire_status status;

    if (start + size < start)
        return -EINVAL;
    if (size == 0)
        return 0;
    status = quire_space_lock(my_space(), start, size, lock, on_fault);
    if (status == QUIRE_BEYOND_END || status == QUIRE_NO_PERMISSION)
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
    set_future(flags & MCL_FUTURE
                   ? QUIRE_REGION_LOCKED | (on_fault ? QUIRE_REGION_LOCK_ON_FAULT : 0u)
                   : 0);
    if (!(flags & MCL_CURRENT))
        return 0;
    return quire_space_lock_all(my_space(), true, on_fault) == QUIRE_LIMIT ? -ENOMEM : 0;
}

long sys_munlockall(void)
{
    set_future(0);
    return status_errno(quire_space_lock_all(my_space(), false, false));
}

/* ---- other processes' memory ---- */

#define VECTOR_MAX 1024

struct vector {
    uint64_t start, length;
};

/* A cursor over a program's list of ranges, which may change while we read it: each is read once.
 */
struct vectors {
    const struct vector *user;
    uint64_t count;
    struct vector now;
};

/* False at the end; *error on a bad list. */
static bool next_range(struct vectors *vectors, int *error)
{
    while (vectors->now.length == 0) {
        if (vectors->count == 0)
            return false;
        if (copy_from_user(&vectors->now, vectors->user, sizeof vectors->now) != 0) {
            *error = -EFAULT;
            return false;
        }
        if (vectors->now.length > INT64_MAX) {
            *error = -EINVAL;
            return false;
        }
        vectors->user++;
        vectors->count--;
    }
    return true;
}

static size_t copy_piece(struct quire_space *space, uint64_t remote, uint64_t local, size_t size,
                         bool write, char *buffer)
{
    size_t done = 0;

    if (write) {
        if (copy_from_user(buffer, (void *)local, size) == 0)
            quire_space_write(space, remote, buffer, size, false, &done);
    } else {
        quire_space_read(space, remote, buffer, size, false, &done);
        done -= copy_to_user((void *)local, buffer, done);
    }
    return done;
}

static long copy_between(struct quire_space *space, struct vectors *local, struct vectors *remote,
                         bool write)
{
    char *buffer = kernel_alloc(PAGE_SIZE);
    long total = 0;
    int error = 0;

    if (!buffer)
        return -ENOMEM;
    while (!kill_pending() && next_range(local, &error) && next_range(remote, &error)) {
        size_t size =
            local->now.length < remote->now.length ? local->now.length : remote->now.length;
        size_t done;

        if (size > PAGE_SIZE)
            size = PAGE_SIZE;
        done = copy_piece(space, remote->now.start, local->now.start, size, write, buffer);
        total += (long)done;
        give_way();
        local->now.start += done;
        local->now.length -= done;
        remote->now.start += done;
        remote->now.length -= done;
        if (done < size) {
            error = -EFAULT;
            break;
        }
    }
    kernel_free(buffer);
    return total ? total : error;
}

static long process_vm(word pid, word local, word local_count, word remote, word remote_count,
                       word flags, bool write)
{
    struct vectors mine = {.user = (void *)local, .count = local_count};
    struct vectors theirs = {.user = (void *)remote, .count = remote_count};
    struct process *process;
    struct memory *memory;
    long result;

    if (flags != 0 || local_count > VECTOR_MAX || remote_count > VECTOR_MAX)
        return -EINVAL;
    process = process_find((int)pid);
    if (!process)
        return -ESRCH;
    memory = process_memory(process);
    if (!memory)
        result = -ESRCH;
    else if (process->credentials.uid != current_process()->credentials.euid &&
             current_process()->credentials.euid != 0)
        result = -EPERM;
    else
        result = copy_between(memory->space, &mine, &theirs, write);
    memory_put(memory);
    process_put(process);
    return result;
}

long sys_process_vm_readv(word pid, word local, word local_count, word remote, word remote_count,
                          word flags)
{
    return process_vm(pid, local, local_count, remote, remote_count, flags, false);
}

long sys_process_vm_writev(word pid, word local, word local_count, word remote, word remote_count,
                           word flags)
{
    return process_vm(pid, local, local_count, remote, remote_count, flags, true);
}
