/*
 * Advisory locks: flock(2) on whole files, fcntl(2) on ranges of bytes.
 *
 * Three kinds of owner: an open file (flock), a descriptor table, that is a process (POSIX ranges),
 * an open file (OFD ranges). Range locks of both kinds exclude each other; flock locks know only
 * each other. A POSIX lock goes when its owner closes any descriptor of the file.
 *
 * One spinlock guards all locks of the machine: they are rare and the work under it is short. What
 * may be needed is allocated before it is taken. Who must wait sleeps on the inode's queue, which
 * every release wakes, and looks again.
 */
#include "fs/vfs.h"

#include "core/memory.h"
#include "linux/errno.h"
#include "proc/process.h"

enum lock_kind { LOCK_FLOCK, LOCK_POSIX, LOCK_OFD };

struct file_lock {
    struct list node;
    const void *owner;
    enum lock_kind kind;
    int type;           /* F_RDLCK or F_WRLCK */
    int64_t start, end; /* inclusive */
    int pid;
};

struct file_locks {
    struct list held; /* (locks_lock) */
    struct wait_queue changed;
};

/* Who waits for whom, to find circles among POSIX owners. */
struct lock_wait {
    struct list node;
    const void *owner, *blocker;
};

static struct quire_spinlock locks_lock;
static struct list waits = LIST_INIT(waits);

static struct file_locks *locks_of(struct vfs_inode *inode)
{
    struct file_locks *fresh = NULL, *locks = __atomic_load_n(&inode->locks, __ATOMIC_ACQUIRE);

    if (locks != NULL)
        return locks;
    fresh = kernel_alloc_zeroed(sizeof *fresh);
    if (fresh == NULL)
        return NULL;
    list_init(&fresh->held);
    wait_queue_init(&fresh->changed);
    if (!__atomic_compare_exchange_n(&inode->locks, &locks, fresh, false, __ATOMIC_ACQ_REL,
                                     __ATOMIC_ACQUIRE)) {
        kernel_free(fresh);
        return locks;
    }
    return fresh;
}

void file_locks_free(struct vfs_inode *inode)
{
    kernel_free(inode->locks); /* every lock's owner is gone before its inode */
}

static bool conflicts(const struct file_lock *held, const struct file_lock *wanted)
{
    return (held->kind == LOCK_FLOCK) == (wanted->kind == LOCK_FLOCK) &&
           held->owner != wanted->owner && (held->type == F_WRLCK || wanted->type == F_WRLCK) &&
           held->start <= wanted->end && wanted->start <= held->end;
}

static struct file_lock *find_conflict(struct file_locks *locks, const struct file_lock *wanted)
{
    list_for_each(node, &locks->held)
    {
        struct file_lock *held = container_of(node, struct file_lock, node);

        if (conflicts(held, wanted))
            return held;
    }
    return NULL;
}

/* Would owner waiting for blocker close a circle? */
static bool circle(const void *owner, const void *blocker)
{
    const void *at = blocker;

    for (unsigned steps = 0; steps < 64 && at != NULL; steps++) {
        const void *next = NULL;

        if (at == owner)
            return true;
        list_for_each(node, &waits) if (container_of(node, struct lock_wait, node)->owner == at)
            next = container_of(node, struct lock_wait, node)->blocker;
        at = next;
    }
    return false;
}

static void lock_free(struct file_lock *lock)
{
    list_remove(&lock->node);
    kernel_free(lock);
}

/* Where a lock goes so that the list stays in the order of starts: F_GETLK tells the first that is
 * in the way. */
static struct list *first_behind(struct file_locks *locks, int64_t start)
{
    list_for_each(node, &locks->held) if (container_of(node, struct file_lock, node)->start >
                                          start) return node;
    return &locks->held;
}

/* Makes [wanted->start, wanted->end] of this owner be of the wanted type (F_UNLCK: nothing).
 * spare[2] is used up as needed. */
static void apply(struct file_locks *locks, struct file_lock *wanted, struct file_lock *spare[2])
{
    list_for_each_safe(node, &locks->held)
    {
        struct file_lock *held = container_of(node, struct file_lock, node);
        bool same_type = held->type == wanted->type;
        int64_t touch = same_type ? 1 : 0; /* neighbours of one type become one */

        if (held->owner != wanted->owner || held->kind != wanted->kind ||
            (held->end < INT64_MAX && held->end + touch < wanted->start) ||
            (wanted->end < INT64_MAX && wanted->end + touch < held->start))
            continue;
        if (same_type) {
            if (held->start < wanted->start)
                wanted->start = held->start;
            if (held->end > wanted->end)
                wanted->end = held->end;
            lock_free(held);
        } else if (held->start < wanted->start && held->end > wanted->end) {
            struct file_lock *right = spare[1];

            spare[1] = NULL;
            *right = *held;
            right->start = wanted->end + 1;
            held->end = wanted->start - 1;
            list_add_head(&held->node, &right->node); /* right behind it */
        } else if (held->start < wanted->start) {
            held->end = wanted->start - 1;
        } else if (held->end > wanted->end) {
            held->start = wanted->end + 1;
        } else {
            lock_free(held);
        }
    }
    if (wanted->type != F_UNLCK) {
        struct file_lock *added = spare[0];

        spare[0] = NULL;
        *added = *wanted;
        list_add_tail(first_behind(locks, wanted->start), &added->node);
    }
}

/* Nobody is in the way any more, or another owner than before: that may close a circle. */
static bool blocker_gone(struct file_locks *locks, const struct file_lock *wanted,
                         const void *blocker)
{
    const struct file_lock *conflict;
    bool gone;

    quire_spin_lock(&locks_lock);
    conflict = find_conflict(locks, wanted);
    gone = conflict == NULL || conflict->owner != blocker;
    quire_spin_unlock(&locks_lock);
    return gone;
}

static int wait_for_lock(struct file_locks *locks, const struct file_lock *wanted,
                         const void *blocker)
{
    struct lock_wait wait = {.owner = wanted->owner, .blocker = blocker};
    int error = 0;

    quire_spin_lock(&locks_lock);
    if (wanted->kind == LOCK_POSIX && circle(wanted->owner, blocker))
        error = -EDEADLK;
    else
        list_add_tail(&waits, &wait.node);
    quire_spin_unlock(&locks_lock);
    if (error != 0)
        return error;
    error = wait_event_interruptible(&locks->changed, blocker_gone(locks, wanted, blocker));
    quire_spin_lock(&locks_lock);
    list_remove(&wait.node);
    quire_spin_unlock(&locks_lock);
    return error;
}

static int lock_set(struct vfs_inode *inode, struct file_lock *wanted, bool wait)
{
    struct file_locks *locks = locks_of(inode);
    struct file_lock *spare[2];
    int error = 0;

    if (locks == NULL)
        return -ENOLCK;
    spare[0] = kernel_alloc(sizeof *spare[0]);
    spare[1] = kernel_alloc(sizeof *spare[1]);
    if (spare[0] == NULL || spare[1] == NULL)
        error = -ENOLCK;
    while (error == 0) {
        struct file_lock *conflict = NULL;
        const void *blocker = NULL;

        quire_spin_lock(&locks_lock);
        if (wanted->type != F_UNLCK)
            conflict = find_conflict(locks, wanted);
        if (conflict == NULL)
            apply(locks, wanted, spare);
        else
            blocker = conflict->owner;
        quire_spin_unlock(&locks_lock);
        if (blocker == NULL)
            break;
        error = wait ? wait_for_lock(locks, wanted, blocker) : -EAGAIN;
    }
    kernel_free(spare[0]);
    kernel_free(spare[1]);
    if (error == 0)
        wake_all(&locks->changed); /* a lock may have become weaker */
    return error;
}

int file_lock_whole(struct file *file, unsigned operation)
{
    struct file_lock wanted = {.owner = file, .kind = LOCK_FLOCK, .end = INT64_MAX};

    switch (operation & ~(unsigned)LOCK_NB) {
    case LOCK_SH:
        wanted.type = F_RDLCK;
        break;
    case LOCK_EX:
        wanted.type = F_WRLCK;
        break;
    case LOCK_UN:
        wanted.type = F_UNLCK;
        break;
    default:
        return -EINVAL;
    }
    if (file->inode == NULL)
        return -EBADF;
    return lock_set(file->inode, &wanted, !(operation & LOCK_NB));
}

/* struct flock to an absolute range. */
static int absolute_range(struct file *file, const struct flock_abi *lock, struct file_lock *out)
{
    int64_t base = 0, start;

    if (lock->l_whence == SEEK_CUR)
        base = (int64_t)file->position;
    else if (lock->l_whence == SEEK_END)
        base = inode_is(file->inode, S_IFREG) && file->inode->object != NULL
                   ? (int64_t)file->inode->object->size
                   : 0;
    else if (lock->l_whence != SEEK_SET)
        return -EINVAL;
    if (__builtin_add_overflow(base, lock->l_start, &start))
        return -EOVERFLOW;
    if (start < 0)
        return -EINVAL;
    out->start = start;
    out->end = INT64_MAX;
    if (lock->l_length > 0) {
        if (__builtin_add_overflow(start, lock->l_length - 1, &out->end))
            return -EOVERFLOW;
    } else if (lock->l_length < 0) {
        if (start + lock->l_length < 0)
            return -EINVAL;
        out->start = start + lock->l_length;
        out->end = start - 1;
    }
    return 0;
}

int file_lock_range(struct file *file, int command, struct flock_abi *lock, const void *table)
{
    bool ofd = command >= F_OFD_GETLK;
    bool get = command == F_GETLK || command == F_OFD_GETLK;
    struct file_lock wanted = {.owner = ofd ? (const void *)file : table,
                               .kind = ofd ? LOCK_OFD : LOCK_POSIX,
                               .type = lock->l_type,
                               .pid = ofd ? -1 : current_process()->number};
    int error;

    if (file->inode == NULL)
        return -EBADF;
    if (lock->l_type < F_RDLCK || lock->l_type > F_UNLCK || (get && lock->l_type == F_UNLCK) ||
        (ofd && lock->l_pid != 0))
        return -EINVAL;
    error = absolute_range(file, lock, &wanted);
    if (error != 0)
        return error;
    if (get) {
        struct file_locks *locks = locks_of(file->inode);
        struct file_lock *conflict;

        if (locks == NULL)
            return -ENOLCK;
        quire_spin_lock(&locks_lock);
        conflict = find_conflict(locks, &wanted);
        lock->l_type = F_UNLCK;
        if (conflict != NULL)
            *lock = (struct flock_abi){
                .l_type = (int16_t)conflict->type,
                .l_whence = SEEK_SET,
                .l_start = conflict->start,
                .l_length = conflict->end == INT64_MAX ? 0 : conflict->end - conflict->start + 1,
                .l_pid = conflict->pid};
        quire_spin_unlock(&locks_lock);
        return 0;
    }
    if ((wanted.type == F_RDLCK && (file->flags & O_ACCMODE) == O_WRONLY) ||
        (wanted.type == F_WRLCK && (file->flags & O_ACCMODE) == O_RDONLY))
        return -EBADF;
    return lock_set(file->inode, &wanted, command == F_SETLKW || command == F_OFD_SETLKW);
}

static void drop_all(struct vfs_inode *inode, const void *owner, bool posix)
{
    struct file_locks *locks = inode->locks;
    bool any = false;

    quire_spin_lock(&locks_lock);
    list_for_each_safe(node, &locks->held)
    {
        struct file_lock *held = container_of(node, struct file_lock, node);

        if (held->owner == owner && (held->kind == LOCK_POSIX) == posix) {
            lock_free(held);
            any = true;
        }
    }
    quire_spin_unlock(&locks_lock);
    if (any)
        wake_all(&locks->changed);
}

void file_locks_closed(struct file *file)
{
    drop_all(file->inode, file, false);
}

void file_locks_descriptor_closed(struct file *file, const void *table)
{
    if (unlikely(file->inode != NULL && file->inode->locks != NULL))
        drop_all(file->inode, table, true);
}
