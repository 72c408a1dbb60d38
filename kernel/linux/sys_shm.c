/*
 * System V shared memory: segments are objects with a number and a key. The library's list of an
 * object's regions says how many attachments there are, so nothing has to follow mappings through
 * fork, exec and exit: it is enough to look again after them (shm_attachments_changed), where the
 * space ever had a segment. A segment that is marked for removal stays findable by number until
 * nothing maps it any more.
 */
#include "core/memory.h"
#include "core/string.h"
#include "linux/errno.h"
#include "linux/memory.h"
#include "linux/shm.h"
#include "linux/syscalls.h"
#include "core/mutex.h"
#include "core/printf.h"
#include "fs/vfs.h"
#include "proc/process.h"
#include "x86/time.h"
#include "x86/usercopy.h"

#define IPC_CREAT     01000u
#define IPC_EXCL      02000u
#define IPC_PRIVATE   0
#define SHM_NORESERVE 010000u /* of shmget */
#define SHM_RDONLY    010000u
#define SHM_RND       020000u
#define SHM_REMAP     040000u
#define SHM_EXEC      0100000u
#define SHM_DEST      01000u /* mode bit: marked for removal */
#define SHM_LOCKED    02000u
#define SHM_HUGETLB   04000u /* of shmget */
#define HUGE_SHIFT    26 /* above it in shmget's flags: logarithm of the pages' size, 0: usual */
#define HUGE_USUAL    21

enum {
    IPC_RMID = 0,
    IPC_SET = 1,
    IPC_STAT = 2,
    IPC_INFO = 3,
    SHM_LOCK = 11,
    SHM_UNLOCK = 12,
    SHM_STAT = 13,
    SHM_INFO = 14,
    SHM_STAT_ANY = 15,
};

#define SEGMENTS_MAX     32768 /* numbers are index + 32768 * times the index was used */
#define SEGMENT_SIZE_MAX (~(word)0 - (1ul << 24))

struct segment {
    int id;
    int32_t key;
    uint32_t mode; /* permissions, SHM_DEST */
    uint32_t uid, gid, creator_uid, creator_gid, locker_uid;
    uint64_t size;
    struct quire_object *object;
    int creator_pid, last_pid;
    uint64_t attached, detached, changed; /* seconds since 1970 */
    uint64_t known;                       /* attachments when last looked at */
};

struct ipc_permissions_abi {
    int32_t key;
    uint32_t uid, gid, cuid, cgid, mode;
    uint16_t sequence, pad;
    word reserved[2];
};

struct shmid_abi {
    struct ipc_permissions_abi permissions;
    word size;
    int64_t attached, detached, changed;
    int32_t creator_pid, last_pid;
    word attachments, reserved[2];
};
_Static_assert(sizeof(struct shmid_abi) == (sizeof(word) == 8 ? 112 : 84), "shmid_ds is ABI");

struct shm_settings shm_settings = {
    .max = SEGMENT_SIZE_MAX,
    .all = SEGMENT_SIZE_MAX,
    .segments = 4096,
    .next_id = -1,
};

static struct {
    struct mutex mutex;
    bool ready;
    struct segment **slots; /* (mutex) grows */
    unsigned capacity, highest, used;
    uint64_t pages; /* of all */
    uint32_t generation;
} table;

static void table_lock(void)
{
    if (!table.ready) {
        mutex_init(&table.mutex);
        table.ready = true;
    }
    mutex_lock(&table.mutex);
}

static uint64_t seconds_now(void)
{
    return clock_realtime_ns() / NANOSECONDS_PER_SECOND;
}

static uint64_t attachments(const struct segment *segment)
{
    uint64_t count = 0;

    quire_spin_lock(&segment->object->lock);
    for (const struct quire_region *r = segment->object->regions; r; r = r->object_next)
        count++;
    quire_spin_unlock(&segment->object->lock);
    return count;
}

static void remove_segment(unsigned slot)
{
    struct segment *segment = table.slots[slot];

    table.slots[slot] = NULL;
    table.used--;
    table.pages -= quire_page_up(segment->size) / PAGE_SIZE;
    quire_object_put(segment->object);
    kernel_free(segment);
}

/* Looks whether attachments came or went since last time. */
static void note_changes(struct segment *segment, uint64_t now)
{
    if (now == segment->known)
        return;
    if (now > segment->known)
        segment->attached = seconds_now();
    else
        segment->detached = seconds_now();
    segment->last_pid = current_process()->number;
    segment->known = now;
}

static bool creator_lives(const struct segment *segment)
{
    struct process *process = process_find(segment->creator_pid);
    bool lives = process && !process->zombie;

    if (process)
        process_put(process);
    return lives;
}

/* Segments that were marked and that nothing maps any more go whenever the table is looked at. */
static void sweep(void)
{
    for (unsigned i = 0; i < table.highest; i++) {
        struct segment *segment = table.slots[i];
        uint64_t before, now;

        if (!segment)
            continue;
        before = segment->known;
        now = attachments(segment);
        note_changes(segment, now);
        if (now == 0 && ((segment->mode & SHM_DEST) ||
                         (shm_settings.rmid_forced && (before > 0 || !creator_lives(segment)))))
            remove_segment(i);
    }
}

void shm_attachments_changed(void)
{
    table_lock();
    sweep();
    mutex_unlock(&table.mutex);
}

void shm_settings_changed(void)
{
    shm_attachments_changed();
}

bool shm_removes(struct quire_object *object)
{
    bool removes = false;

    table_lock();
    for (unsigned i = 0; i < table.highest && !removes; i++) {
        const struct segment *segment = table.slots[i];

        removes = segment && segment->object == object &&
                  ((segment->mode & SHM_DEST) || shm_settings.rmid_forced);
    }
    mutex_unlock(&table.mutex);
    return removes;
}

static struct segment *find(int id)
{
    unsigned slot = (unsigned)id % SEGMENTS_MAX;

    if (id < 0 || slot >= table.highest || !table.slots[slot] || table.slots[slot]->id != id)
        return NULL;
    return table.slots[slot];
}

/* wanted: 4 read, 2 write, as the mode's bits of one class. */
static bool permitted(const struct segment *segment, uint32_t wanted)
{
    const struct credentials *ids = &current_process()->credentials;
    uint32_t mode = segment->mode;

    if (ids->euid == 0)
        return true;
    if (ids->euid == segment->uid || ids->euid == segment->creator_uid)
        mode >>= 6;
    else if (ids->egid == segment->gid || ids->egid == segment->creator_gid)
        mode >>= 3;
    return (mode & wanted) == wanted;
}

static int grow_table(void)
{
    unsigned capacity = table.capacity ? table.capacity * 2 : 16;
    struct segment **slots;

    if (table.capacity >= SEGMENTS_MAX)
        return -ENOSPC;
    slots = kernel_alloc_zeroed(capacity * sizeof *slots);
    if (!slots)
        return -ENOMEM;
    if (table.slots)
        memcpy(slots, table.slots, table.capacity * sizeof *slots);
    kernel_free(table.slots);
    table.slots = slots;
    table.capacity = capacity;
    return 0;
}

static long create_segment(int32_t key, word size, unsigned flags)
{
    const struct credentials *ids = &current_process()->credentials;
    char name[sizeof "/SYSV00000000"];
    struct segment *segment;
    int wanted = shm_settings.next_id;
    unsigned slot = wanted < 0 ? 0 : (unsigned)wanted % SEGMENTS_MAX;
    uint64_t pages;
    int error;

    if (size == 0 || size > shm_settings.max || (sizeof size == 8 && (long)size < 0))
        return -EINVAL;
    pages = quire_page_up(size) / PAGE_SIZE;
    if (table.pages + pages > shm_settings.all)
        return -ENOSPC;
    if (flags & SHM_HUGETLB) {
        unsigned shift = flags >> HUGE_SHIFT;

        /* One size exists, and its pool is empty. */
        return shift == 0 || shift == HUGE_USUAL ? -ENOMEM : -EINVAL;
    }
    if (table.used >= (unsigned)shm_settings.segments)
        return -ENOSPC;
    while (slot < table.capacity && table.slots[slot])
        slot++;
    while (slot >= table.capacity)
        if ((error = grow_table()) != 0)
            return error;
    segment = kernel_alloc_zeroed(sizeof *segment);
    if (!segment)
        return -ENOMEM;
    snprintf(name, sizeof name, "/SYSV%08x", (unsigned)key);
    if (tmpfs_object_create(name, size, &segment->object) != 0) {
        kernel_free(segment);
        return -ENOMEM;
    }
    /* Promised as a whole, unless page by page is asked for and allowed. */
    if ((!(flags & SHM_NORESERVE) || kernel_machine.commit.mode == QUIRE_COMMIT_STRICT) &&
        quire_object_reserve(segment->object, current_thread()->memory->space) != QUIRE_OK) {
        quire_object_put(segment->object);
        kernel_free(segment);
        return -ENOMEM;
    }
    if (wanted >= 0)
        segment->id = (int)slot + wanted / SEGMENTS_MAX * SEGMENTS_MAX;
    else
        segment->id =
            (int)(slot + SEGMENTS_MAX * (table.generation++ % (INT32_MAX / SEGMENTS_MAX)));
    shm_settings.next_id = -1;
    segment->key = key;
    segment->mode = flags & 0777;
    segment->uid = segment->creator_uid = ids->euid;
    segment->gid = segment->creator_gid = ids->egid;
    segment->size = size;
    segment->creator_pid = current_process()->number;
    segment->changed = seconds_now();
    table.slots[slot] = segment;
    table.used++;
    table.pages += pages;
    if (slot >= table.highest)
        table.highest = slot + 1;
    return segment->id;
}

static struct segment *find_key(int32_t key)
{
    for (unsigned i = 0; i < table.highest; i++) {
        if (table.slots[i] && table.slots[i]->key == key && !(table.slots[i]->mode & SHM_DEST))
            return table.slots[i];
    }
    return NULL;
}

static long get_locked(int32_t key, word size, unsigned flags)
{
    struct segment *segment = key == IPC_PRIVATE ? NULL : find_key(key);
    uint32_t wanted = (flags | flags >> 3 | flags >> 6) & 6;

    if (!segment)
        return key == IPC_PRIVATE || (flags & IPC_CREAT) ? create_segment(key, size, flags)
                                                         : -ENOENT;
    if ((flags & (IPC_CREAT | IPC_EXCL)) == (IPC_CREAT | IPC_EXCL))
        return -EEXIST;
    if (size > segment->size)
        return -EINVAL;
    return permitted(segment, wanted) ? segment->id : -EACCES;
}

long sys_shmget(word key, word size, word flags)
{
    long result;

    table_lock();
    sweep();
    result = get_locked((int32_t)key, size, (unsigned)flags);
    mutex_unlock(&table.mutex);
    return result;
}

static long attach_locked(int id, word address, unsigned flags)
{
    struct segment *segment = find(id);
    struct quire_map map = {.address = address};
    quire_virt place;
    int error;

    if (!segment)
        return -EINVAL;
    if (address % PAGE_SIZE != 0) {
        if (!(flags & SHM_RND))
            return -EINVAL;
        map.address = quire_page_down(address);
        if (map.address == 0 && (flags & SHM_REMAP))
            return -EINVAL;
    } else if (address == 0 && (flags & SHM_REMAP)) {
        return -EINVAL;
    }
    if (!permitted(segment, (flags & SHM_RDONLY ? 4 : 6) | (flags & SHM_EXEC ? 1 : 0)))
        return -EACCES;
    if (address && !(flags & SHM_REMAP) && (word)(map.address + segment->size) < map.address)
        return -EINVAL;
    if (address && address_too_low(map.address))
        return -EPERM;
    if (address)
        map.flags = QUIRE_MAP_FIXED | (flags & SHM_REMAP ? 0u : QUIRE_MAP_NO_REPLACE);
    map.length = quire_page_up(segment->size);
    map.region =
        QUIRE_PROT_READ | QUIRE_REGION_SHARED | QUIRE_REGION_MAY_READ | QUIRE_REGION_MAY_EXECUTE;
    if (!(flags & SHM_RDONLY))
        map.region |= QUIRE_PROT_WRITE | QUIRE_REGION_MAY_WRITE;
    if (flags & SHM_EXEC)
        map.region |= QUIRE_PROT_EXECUTE;
    map.object = segment->object;
    error = status_errno(quire_space_map(current_thread()->memory->space, &map, &place));
    if (error)
        return error == -EEXIST ? -EINVAL : error;
    current_thread()->memory->has_segments = true;
    segment->attached = seconds_now();
    segment->last_pid = current_process()->number;
    segment->known = attachments(segment);
    return (long)place;
}

long sys_shmat(word id, word address, word flags)
{
    long result;

    table_lock();
    result = attach_locked((int)id, address, (unsigned)flags);
    mutex_unlock(&table.mutex);
    return result;
}

static struct segment *segment_of(const struct quire_object *object)
{
    for (unsigned i = 0; i < table.highest; i++) {
        if (table.slots[i] && table.slots[i]->object == object)
            return table.slots[i];
    }
    return NULL;
}

/* Every piece of the segment whose first byte would lie at `address` goes, as on Linux. */
static long detach_locked(word address)
{
    struct quire_space *space = current_thread()->memory->space;
    struct quire_region_info region;
    struct segment *segment = NULL;
    word at = address, end = ~(word)0;

    while (at < end && quire_space_region(space, at, &region)) {
        struct segment *found = segment_of(region.object);
        bool match =
            found && (!segment || found == segment) && region.start - region.offset == address;

        if (region.object)
            quire_object_put(region.object);
        at = region.end;
        if (!match)
            continue;
        segment = found;
        end = address + quire_page_up(segment->size);
        if (quire_space_unmap(space, region.start, region.end - region.start) != QUIRE_OK)
            return -ENOMEM;
    }
    if (!segment)
        return -EINVAL;
    sweep();
    return 0;
}

long sys_shmdt(word address)
{
    long result;

    if (address % PAGE_SIZE != 0)
        return -EINVAL;
    table_lock();
    result = detach_locked(address);
    mutex_unlock(&table.mutex);
    return result;
}

/* ---- shmctl ---- */

static long write_status(const struct shm_status *status, word buffer)
{
    struct shmid_abi out;

    memset(&out, 0, sizeof out); /* padding goes to the program, too */
    out.permissions = (struct ipc_permissions_abi){.key = status->key,
                                                   .uid = status->uid,
                                                   .gid = status->gid,
                                                   .cuid = status->creator_uid,
                                                   .cgid = status->creator_gid,
                                                   .mode = status->mode,
                                                   .sequence = status->sequence};
    out.size = (word)status->size;
    out.attached = (int64_t)status->attached;
    out.detached = (int64_t)status->detached;
    out.changed = (int64_t)status->changed;
    out.creator_pid = status->creator_pid;
    out.last_pid = status->last_pid;
    out.attachments = (word)status->attachments;
    return copy_to_user((void *)buffer, &out, sizeof out) != 0 ? -EFAULT : 0;
}

static long read_change(word buffer, struct shm_status *out)
{
    struct shmid_abi in;

    if (copy_from_user(&in, (void *)buffer, sizeof in) != 0)
        return -EFAULT;
    out->uid = in.permissions.uid;
    out->gid = in.permissions.gid;
    out->mode = in.permissions.mode;
    return 0;
}

static long write_limits(const struct shm_settings *settings, word buffer)
{
    struct {
        word maximum, minimum, segments, per_process, all, reserved[4];
    } out = {.maximum = (word)settings->max,
             .minimum = 1,
             .segments = (word)settings->segments,
             .per_process = (word)settings->segments,
             .all = (word)settings->all};

    return copy_to_user((void *)buffer, &out, sizeof out) != 0 ? -EFAULT : 0;
}

static const struct shm_layout layout = {write_status, read_change, write_limits};

static long stat_segment(const struct segment *segment, const struct shm_layout *to, word buffer,
                         bool check)
{
    struct shm_status status = {
        .key = segment->key,
        .uid = segment->uid,
        .gid = segment->gid,
        .creator_uid = segment->creator_uid,
        .creator_gid = segment->creator_gid,
        .mode = segment->mode,
        .sequence = (uint16_t)(segment->id / SEGMENTS_MAX),
        .size = segment->size,
        .attached = segment->attached,
        .detached = segment->detached,
        .changed = segment->changed,
        .creator_pid = segment->creator_pid,
        .last_pid = segment->last_pid,
        .attachments = attachments(segment),
    };

    if (check && !permitted(segment, 4))
        return -EACCES;
    return to->write_status(&status, buffer);
}

static bool owns(const struct segment *segment)
{
    uint32_t uid = current_process()->credentials.euid;

    return uid == 0 || uid == segment->uid || uid == segment->creator_uid;
}

static long set_segment(struct segment *segment, const struct shm_layout *from, word buffer)
{
    struct shm_status in;
    long error = from->read_change(buffer, &in);

    if (error)
        return error;
    if (!owns(segment))
        return -EPERM;
    segment->uid = in.uid;
    segment->gid = in.gid;
    segment->mode = (segment->mode & ~0777u) | (in.mode & 0777);
    segment->changed = seconds_now();
    return 0;
}

/* Bytes of the segments that the running process's user has locked. */
static uint64_t locked_bytes(void)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < table.highest; i++) {
        const struct segment *segment = table.slots[i];

        if (segment && (segment->mode & SHM_LOCKED) &&
            segment->locker_uid == current_process()->credentials.uid)
            sum += quire_page_up(segment->size);
    }
    return sum;
}

static long lock_segment(struct segment *segment, bool lock)
{
    uint64_t limit = my_space()->limits.locked, before;

    if (!owns(segment) || (lock && limit == 0))
        return -EPERM;
    if (lock == ((segment->mode & SHM_LOCKED) != 0))
        return 0;
    if (lock) {
        before = locked_bytes();
        if (before > limit || quire_page_up(segment->size) > limit - before)
            return -ENOMEM;
        segment->locker_uid = current_process()->credentials.uid;
    }
    segment->mode ^= SHM_LOCKED;
    __atomic_store_n(&segment->object->locked, lock, __ATOMIC_RELAXED);
    return 0;
}

/* The highest slot in use. */
static long table_info(unsigned command, const struct shm_layout *to, word buffer)
{
    struct {
        int32_t used;
        word total, resident, swapped, attempts, successes;
    } use;
    long highest = 0, error;

    memset(&use, 0, sizeof use);
    for (unsigned i = 0; i < table.highest; i++) {
        if (!table.slots[i])
            continue;
        highest = i;
        use.used++;
        use.total += (word)(quire_page_up(table.slots[i]->size) / PAGE_SIZE);
        use.resident += (word)table.slots[i]->object->resident;
        use.swapped += (word)table.slots[i]->object->swapped;
    }
    if (command == IPC_INFO)
        error = to->write_limits(&shm_settings, buffer);
    else
        error = copy_to_user((void *)buffer, &use, sizeof use) != 0 ? -EFAULT : 0;
    return error ? error : highest;
}

bool shm_row_next(unsigned *slot, struct shm_row *out)
{
    const struct segment *segment = NULL;

    table_lock();
    sweep();
    while (*slot < table.highest && !segment)
        segment = table.slots[(*slot)++];
    if (segment)
        *out = (struct shm_row){
            .key = segment->key,
            .id = segment->id,
            .mode = segment->mode,
            .uid = segment->uid,
            .gid = segment->gid,
            .creator_uid = segment->creator_uid,
            .creator_gid = segment->creator_gid,
            .creator_pid = segment->creator_pid,
            .last_pid = segment->last_pid,
            .size = segment->size,
            .attachments = segment->known,
            .attached = segment->attached,
            .detached = segment->detached,
            .changed = segment->changed,
            .resident = segment->object->resident * PAGE_SIZE,
            .swapped = segment->object->swapped * PAGE_SIZE,
        };
    mutex_unlock(&table.mutex);
    return segment != NULL;
}

static long control_locked(int id, unsigned command, word buffer, const struct shm_layout *user)
{
    struct segment *segment;
    long error;

    if (command == IPC_INFO || command == SHM_INFO)
        return table_info(command, user, buffer);
    if (command == SHM_STAT || command == SHM_STAT_ANY) {
        unsigned slot = (unsigned)id % SEGMENTS_MAX; /* a segment's number does as well */

        if (id < 0 || slot >= table.highest || !table.slots[slot])
            return -EINVAL;
        error = stat_segment(table.slots[slot], user, buffer, command == SHM_STAT);
        return error ? error : table.slots[slot]->id;
    }
    segment = find(id);
    if (!segment)
        return -EINVAL;
    switch (command) {
    case IPC_STAT:
        return stat_segment(segment, user, buffer, true);
    case IPC_SET:
        return set_segment(segment, user, buffer);
    case IPC_RMID:
        if (!owns(segment))
            return -EPERM;
        segment->mode |= SHM_DEST;
        segment->key = IPC_PRIVATE;
        sweep();
        return 0;
    case SHM_LOCK:
    case SHM_UNLOCK:
        return lock_segment(segment, command == SHM_LOCK);
    default:
        return -EINVAL;
    }
}

long shmctl_call(word id, word command, word buffer, const struct shm_layout *user)
{
    long result;

    table_lock();
    sweep();
    result = control_locked((int)id, (unsigned)command, buffer, user);
    mutex_unlock(&table.mutex);
    return result;
}

long sys_shmctl(word id, word command, word buffer)
{
    return shmctl_call(id, command, buffer, &layout);
}
