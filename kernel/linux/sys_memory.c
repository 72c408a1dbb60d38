/*
 * System calls about memory. The library does the work; here are Linux's argument checks, in
 * Linux's order, and its errno for each of the library's causes.
 */
#include "linux/memory.h"
#include "linux/resource.h"
#include "linux/shm.h"

#include "core/memory.h"
#include "fs/vfs.h"
#include "linux/settings.h"
#include "linux/syscalls.h"
#include "proc/process.h"

#define MAY_ALL (QUIRE_REGION_MAY_READ | QUIRE_REGION_MAY_WRITE | QUIRE_REGION_MAY_EXECUTE)

/* Calls for which a bad range is a bad argument, and only shortage is ENOMEM. */
static long range_errno(enum quire_status status)
{
    return status == QUIRE_OUT_OF_RANGE || status == QUIRE_OVERFLOW ? -EINVAL
                                                                    : status_errno(status);
}

/* ---- mmap ---- */

bool address_too_low(word address)
{
    return address < vm_settings.mmap_min_addr && current_process()->credentials.euid != 0;
}

static bool write_sealed(const struct file *file)
{
    return file->inode && (file->inode->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) != 0;
}

/* A device's memory is named by its physical address. */
static int device_offset(struct quire_map *map)
{
    const struct quire_object *object = map->object;

    if (map->offset < object->device || map->length > object->size ||
        map->offset - object->device > object->size - map->length) {
        quire_object_put(map->object);
        map->object = NULL;
        return -EPERM;
    }
    map->offset -= object->device;
    return 0;
}

/* What a mapping of a file may do, and the object behind it. */
static int open_mapping(struct file *file, unsigned protection, unsigned flags,
                        struct quire_map *map)
{
    unsigned access = file->flags & O_ACCMODE;
    bool shared = (flags & MAP_TYPE) != MAP_PRIVATE;
    int error;

    if (access == O_WRONLY)
        return -EACCES;
    if (shared && (protection & PROT_WRITE) && access != O_RDWR)
        return -EACCES;
    if (!file->operations->map)
        return -ENODEV;
    if (flags & MAP_GROWSDOWN)
        return -EINVAL;
    if (shared && (protection & PROT_WRITE) && file->inode && (file->inode->seals & F_SEAL_WRITE))
        return -EPERM;
    error = file->operations->map(file, shared, &map->object);
    if (!error && map->object && map->object->kind == QUIRE_OBJECT_DEVICE)
        error = device_offset(map);
    if (error)
        return error;
    map->region |= MAY_ALL;
    if (shared) {
        map->region |= QUIRE_REGION_SHARED;
        if (access != O_RDWR || write_sealed(file))
            map->region &= ~(uint32_t)QUIRE_REGION_MAY_WRITE;
        if (access == O_RDWR && write_sealed(file)) {
            map->region |= QUIRE_REGION_SEALED;
            if (protection & PROT_WRITE)
                map->flags |= QUIRE_MAP_REFUSED; /* Linux looks at F_SEAL_FUTURE_WRITE last */
        }
    }
    return 0;
}

/* Memory that processes share: promised at once, unless MAP_NORESERVE asks for page by page. */
static int shared_memory(unsigned flags, struct quire_map *map)
{
    bool reserve = !(flags & MAP_NORESERVE) || kernel_machine.commit.mode == QUIRE_COMMIT_STRICT;
    enum quire_status status = QUIRE_OK;
    int error = tmpfs_object_create("/dev/zero", map->length, &map->object);

    if (error)
        return error;
    if (reserve)
        status = quire_object_reserve(map->object, my_space());
    if (status != QUIRE_OK) {
        quire_object_put(map->object);
        map->object = NULL;
    }
    return status_errno(status);
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
        return shared_memory(flags, map);
    default:
        return -EINVAL;
    }
}

/* What MAP_SHARED_VALIDATE knows; newer flags, and MAP_SYNC on files in memory, it refuses. */
#define KNOWN_FLAGS                                                                                \
    (MAP_TYPE | MAP_FIXED | MAP_ANONYMOUS | MAP_DENYWRITE | MAP_EXECUTABLE | MAP_GROWSDOWN |       \
     MAP_LOCKED | MAP_NORESERVE | MAP_POPULATE | MAP_NONBLOCK | MAP_STACK | MAP_HUGETLB |          \
     MAP_32BIT | (21u << MAP_HUGE_SHIFT) /* 2 MiB */ | MAP_HUGE_1GB)

static int file_mapping(struct file *file, unsigned protection, unsigned flags,
                        struct quire_map *map)
{
    bool regular = file->inode && (file->inode->mode & S_IFMT) == S_IFREG;
    uint64_t last = regular ? FILE_SIZE_MAX : ~(word)0;

    if (map->length > last || map->offset > last - map->length)
        return -EOVERFLOW;
    switch (flags & MAP_TYPE) {
    case MAP_SHARED_VALIDATE:
        if (flags & ~KNOWN_FLAGS)
            return -EOPNOTSUPP;
        return open_mapping(file, protection, flags, map);
    case MAP_SHARED:
    case MAP_PRIVATE:
        return open_mapping(file, protection, flags, map);
    default:
        return -EINVAL;
    }
}

/*
 * Huge pages, of which there are none: promised pages cannot be had. Without a promise
 * (MAP_NORESERVE) there is a mapping, and every touch of it is SIGBUS: as if a file ended before
 * it.
 */
static int huge_mapping(unsigned flags, struct quire_map *map)
{
    unsigned type = flags & MAP_TYPE;

    if (type != MAP_PRIVATE && type != MAP_SHARED)
        return -EINVAL;
    if (!(flags & MAP_NORESERVE))
        return -ENOMEM;
    map->region |= MAY_ALL | (type == MAP_SHARED ? QUIRE_REGION_SHARED : 0u);
    map->offset = 0;
    return status_errno(
        quire_object_create(&kernel_machine, QUIRE_OBJECT_MEMORY, NULL, NULL, 0, &map->object));
}

/* The size of page that is asked for; 0: there is no such. */
static word page_unit(unsigned flags)
{
    unsigned shift = flags >> MAP_HUGE_SHIFT;

    if (!(flags & MAP_HUGETLB))
        return PAGE_SIZE;
    return shift == 0 || shift == HUGE_PAGE_SHIFT ? HUGE_PAGE_SIZE : 0;
}

static void convert_flags(unsigned flags, struct quire_map *map)
{
    if (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE))
        map->flags = QUIRE_MAP_FIXED;
    if (flags & MAP_FIXED_NOREPLACE)
        map->flags |= QUIRE_MAP_NO_REPLACE;
    if (MAP_32BIT_COUNTS && (flags & MAP_32BIT))
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

bool anything_mapped(word start, word end)
{
    struct quire_region_info region;

    if (!quire_space_region(my_space(), start, &region))
        return false;
    if (region.object)
        quire_object_put(region.object);
    return region.start < end;
}

/* Where it may lie, in Linux's order: before anything is said about what is mapped there. */
static int check_place(word address, unsigned flags, struct quire_map *map)
{
    word page = (word)(map->offset / PAGE_SIZE);

    if (map->length == 0)
        return -ENOMEM;
    if (page + (word)map->length / PAGE_SIZE < page)
        return -EOVERFLOW;
    if (map->length > USER_END)
        return -ENOMEM;
    if (!(flags & (MAP_FIXED | MAP_FIXED_NOREPLACE))) {
        /* All of what it is chosen from: something is always mapped there. */
        if (map->length >= (address > USER_WINDOW_END ? USER_END : USER_WINDOW_END))
            return -ENOMEM;
        map->address = quire_page_down(address);
        return 0;
    }
    if (address > USER_END - map->length)
        return -ENOMEM;
    if (address % page_unit(flags) != 0)
        return -EINVAL;
    if (address_too_low(address))
        return -EPERM;
    return (flags & MAP_FIXED_NOREPLACE) && anything_mapped(address, address + map->length)
               ? -EEXIST
               : 0;
}

static int check_lock_limit(unsigned flags, const struct quire_map *map)
{
    const struct quire_space *space = my_space();

    if ((flags & MAP_LOCKED) && space->limits.locked == 0)
        return -EPERM;
    if (!(flags & MAP_LOCKED) && !(space->default_flags & QUIRE_REGION_LOCKED))
        return 0;
    return space->pages.locked + map->length / PAGE_SIZE > space->limits.locked / PAGE_SIZE
               ? -EAGAIN
               : 0;
}

static long map_file_or_memory(struct file *file, word address, unsigned protection, unsigned flags,
                               struct quire_map *map)
{
    enum quire_status status;
    quire_virt place;
    int error = check_place(address, flags, map);

    if (error == 0)
        error = check_lock_limit(flags, map);
    if (error)
        return error;
    convert_flags(flags, map);
    if (file)
        error = file_mapping(file, protection, flags, map);
    else
        error = flags & MAP_HUGETLB ? huge_mapping(flags, map) : anonymous_mapping(flags, map);
    if (error)
        return error;
    status = quire_space_map(my_space(), map, &place);
    if (map->object)
        quire_object_put(map->object);
    if (status == QUIRE_NO_PERMISSION)
        return -EPERM;
    return status == QUIRE_OK ? (long)place : status_errno(status);
}

/* For programs from before there was a difference, and those that ask for it. */
static bool reading_executes(unsigned protection)
{
    return unlikely(current_thread()->personality & READ_IMPLIES_EXEC) && (protection & PROT_READ);
}

long mmap_call(word address, word length, word protection, word flag_word, word fd, uint64_t offset)
{
    unsigned flags = (unsigned)flag_word;
    struct quire_map map = {
        .address = address,
        .length = page_up(length),
        .region = (uint32_t)protection & (PROT_READ | PROT_WRITE | PROT_EXEC),
        .offset = offset,
    };
    struct file *file = NULL;
    long result;

    if (offset % PAGE_SIZE != 0)
        return -EINVAL;
    if (reading_executes((unsigned)protection))
        map.region |= PROT_EXEC;
    if (!(flags & MAP_ANONYMOUS)) {
        file = file_table_find(current_thread()->files, (int)fd);
        if (!file)
            return -EBADF;
        if (file->flags & O_PATH)
            result = -EBADF;
        else if ((flags & MAP_HUGETLB) || length == 0)
            result = -EINVAL;
        else
            result = map_file_or_memory(file, address, (unsigned)protection, flags, &map);
        file_put(file);
        return result;
    }
    if (length == 0)
        return -EINVAL;
    if (flags & MAP_HUGETLB) {
        word unit = page_unit(flags);

        if (unit == 0)
            return -EINVAL;
        map.length = (length + unit - 1) & ~(unit - 1); /* in a word */
        if (map.length == 0)
            return -EINVAL;
    }
    return map_file_or_memory(NULL, address, (unsigned)protection, flags, &map);
}

long sys_munmap(word address, word length)
{
    long result = range_errno(quire_space_unmap(my_space(), address, length));

    if (unlikely(current_thread()->memory->has_segments))
        shm_attachments_changed();
    return result;
}

/* key: a protection key, of which the CPU has none, or -1. */
static long protect(word address, word length, word protection, int key)
{
    unsigned grows = (unsigned)protection & (PROT_GROWSDOWN | PROT_GROWSUP);
    enum quire_status status;
    bool cut = false;

    if (grows == (PROT_GROWSDOWN | PROT_GROWSUP) || address % PAGE_SIZE != 0)
        return -EINVAL;
    if (length == 0)
        return 0;
    if (address + page_up(length) <= address)
        return -ENOMEM;
    protection &= ~(word)(PROT_GROWSDOWN | PROT_GROWSUP);
    if ((protection & ~(word)(PROT_READ | PROT_WRITE | PROT_EXEC | PROT_SEM)) || key != -1)
        return -EINVAL;
    if (grows == PROT_GROWSUP) /* no region grows upwards on this machine */
        return anything_mapped(address, address + 1) ? -EINVAL : -ENOMEM;
    /* What lies beyond the user half is a hole like any other: what comes before it is changed. */
    if (address < USER_END && page_up(length) > USER_END - address) {
        length = USER_END - address;
        cut = true;
    }
    if (reading_executes((unsigned)protection))
        protection |= PROT_EXEC;
    status =
        quire_space_protect(my_space(), address, length, (unsigned)protection & ~(unsigned)PROT_SEM,
                            grows == PROT_GROWSDOWN);
    return status == QUIRE_OK && cut ? -ENOMEM : status_errno(status);
}

long sys_mprotect(word address, word length, word protection)
{
    return protect(address, length, protection, -1);
}

/* ---- protection keys: as on a CPU without ---- */

long sys_pkey_mprotect(word address, word length, word protection, word key)
{
    return protect(address, length, protection, (int)key);
}

long sys_pkey_alloc(word flags, word rights)
{
    return flags != 0 || (rights & ~(word)PKEY_ACCESS_MASK) ? -EINVAL : -ENOSPC;
}

long sys_pkey_free(word key)
{
    (void)key;
    return -EINVAL;
}

/* ---- moving ---- */

long sys_mremap(word old, word old_length, word new_length, word flags, word new)
{
    unsigned remap_flags = (unsigned)flags;
    quire_virt place;
    enum quire_status status;

    if ((flags & ~(word)(MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP)) ||
        ((flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) && !(flags & MREMAP_MAYMOVE)) ||
        ((flags & MREMAP_DONTUNMAP) && old_length != new_length))
        return -EINVAL;
    if (old % PAGE_SIZE != 0 || page_up(new_length) == 0)
        return -EINVAL;
    if ((flags & MREMAP_FIXED) && address_too_low(new))
        remap_flags |= QUIRE_REMAP_REFUSED;
    status = quire_space_remap(my_space(), old, page_up(old_length), page_up(new_length),
                               remap_flags, new, &place);
    if (status == QUIRE_OK)
        return (long)place;
    if (status == QUIRE_NO_MAPPING)
        return -EFAULT;
    return status == QUIRE_NO_PERMISSION ? -EPERM : range_errno(status);
}

/* The range is one object's, shared and writable by right, without holes; *first: its first region,
 * with a reference to the object. */
static bool is_one_object(word start, word end, struct quire_region_info *first)
{
    struct quire_region_info next;
    bool same;

    if (!quire_space_region(my_space(), start, first))
        return false;
    same = first->start <= start && first->object &&
           (first->flags & (QUIRE_REGION_SHARED | QUIRE_REGION_MAY_WRITE)) ==
               (QUIRE_REGION_SHARED | QUIRE_REGION_MAY_WRITE);
    for (word at = first->end; same && at < end; at = next.end) {
        if (!quire_space_region(my_space(), at, &next)) {
            same = false;
            break;
        }
        same = next.start == at && next.object == first->object && next.flags == first->flags;
        if (next.object)
            quire_object_put(next.object);
    }
    if (!same && first->object)
        quire_object_put(first->object);
    return same;
}

/* What the range had of a segment is gone before it is mapped anew: with the last attachment the
 * segment may be gone, too. */
static bool segment_is_gone(word start, word size, struct quire_object *object)
{
    if (likely(!current_thread()->memory->has_segments) || !shm_removes(object))
        return false;
    (void)quire_space_unmap(my_space(), start, size);
    shm_attachments_changed();
    return !shm_removes(object);
}

/* As Linux emulates it: the pages are mapped anew, from another place of the same object. */
long sys_remap_file_pages(word start, word size, word protection, word page, word flags)
{
    struct quire_region_info region;
    struct quire_map map;
    enum quire_status status;
    uint64_t first = page;
    quire_virt place;

    (void)flags; /* MAP_NONBLOCK: the pages are brought in all the same */
    start = quire_page_down(start);
    size = quire_page_down(size);
    if (protection != 0 || start + size <= start || page + size / PAGE_SIZE < page)
        return -EINVAL;
    if (!is_one_object(start, start + size, &region))
        return -EINVAL;
    map = (struct quire_map){
        .address = start,
        .length = size,
        .region = region.flags &
                  (QUIRE_REGION_PROTECTION | MAY_ALL | QUIRE_REGION_SHARED | QUIRE_REGION_LOCKED),
        .flags = QUIRE_MAP_FIXED | QUIRE_MAP_POPULATE,
        .object = region.object,
        .offset = first * PAGE_SIZE,
    };
    if (first > INT64_MAX / PAGE_SIZE || map.offset > (uint64_t)INT64_MAX - size)
        status = QUIRE_OVERFLOW;
    else if (unlikely(segment_is_gone(start, size, region.object)))
        status = QUIRE_INVALID;
    else
        status = quire_space_map(my_space(), &map, &place);
    quire_object_put(region.object);
    switch (status) {
    case QUIRE_OVERFLOW:
        return -EOVERFLOW;
    case QUIRE_LOCK_LIMIT:
        return -EAGAIN;
    default:
        return status_errno(status);
    }
}

/* ---- the program break ---- */

/* What the break gains may be executed. */
static long executable_break(word wanted)
{
    word before = page_up(quire_space_break(my_space(), 0));
    word after = quire_space_break(my_space(), wanted);

    if (page_up(after) > before)
        (void)quire_space_protect(my_space(), before, page_up(after) - before,
                                  PROT_READ | PROT_WRITE | PROT_EXEC, false);
    return (long)after;
}

long sys_brk(word wanted)
{
    /* See data_limit(): the break does obey a limit of 0. */
    if (current_process()->limits[RLIMIT_DATA].soft == 0)
        wanted = 0;
    if (likely(!(current_thread()->personality & READ_IMPLIES_EXEC)))
        return (long)quire_space_break(my_space(), wanted);
    return executable_break(wanted);
}
