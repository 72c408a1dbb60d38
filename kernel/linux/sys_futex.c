/*
 * Futexes: a thread sleeps as long as a word in user memory holds a value.
 *
 * Concepts. What a waiter waits on is a key: space and address for private memory, object and
 * offset for shared. Waiters stand in hash buckets by key. The word is compared under the bucket's
 * lock, and a waker takes that lock after it changed the word: so no wakeup falls between. The
 * comparison must not fault there; when it would, the lock is dropped, the page brought in, and
 * everything starts over.
 *
 * A waiter that was woken is out of the bucket and has `woken` set; requeueing moves it to another
 * bucket.
 */
#include "core/memory.h"
#include "core/string.h"
#include "kernel/linux/errno.h"
#include "kernel/linux/syscalls.h"
#include "kernel/linux/time.h"
#include "kernel/proc/scheduler.h"
#include "kernel/proc/signals.h"
#include "kernel/proc/timers.h"
#include "kernel/proc/tree.h"
#include "x86/usercopy.h"

enum {
    FUTEX_WAIT = 0,
    FUTEX_WAKE = 1,
    FUTEX_REQUEUE = 3,
    FUTEX_CMP_REQUEUE = 4,
    FUTEX_WAKE_OP = 5,
    FUTEX_LOCK_PI = 6,
    FUTEX_UNLOCK_PI = 7,
    FUTEX_TRYLOCK_PI = 8,
    FUTEX_WAIT_BITSET = 9,
    FUTEX_WAKE_BITSET = 10,
};
#define FUTEX_PRIVATE_FLAG   128u
#define FUTEX_CLOCK_REALTIME 256u
#define BITSET_ALL           UINT32_MAX

#define FUTEX_WAITERS    0x80000000u
#define FUTEX_OWNER_DIED 0x40000000u
#define FUTEX_TID_MASK   0x3fffffffu
#define ROBUST_LIMIT     2048

#define BUCKETS 256

struct bucket {
    struct quire_spinlock lock;
    struct list waiters;
};

struct futex_waiter {
    struct list node;
    struct quire_space_key key;
    struct thread *thread;
    struct bucket *bucket; /* (a) where it stands; NULL: woken */
    uint32_t bitset;
};

static struct bucket buckets[BUCKETS];

static struct bucket *bucket_of(const struct quire_space_key *key)
{
    uint64_t hash = ((uint64_t)(uintptr_t)key->owner >> 6) * 0x9e3779b97f4a7c15ull + key->offset;
    struct bucket *bucket;

    hash *= 0x9e3779b97f4a7c15ull;
    bucket = &buckets[hash >> 56];
    if (unlikely(bucket->waiters.next == NULL)) {
        quire_spin_lock(&bucket->lock);
        if (bucket->waiters.next == NULL)
            list_init(&bucket->waiters);
        quire_spin_unlock(&bucket->lock);
    }
    return bucket;
}

static bool key_equal(const struct quire_space_key *a, const struct quire_space_key *b)
{
    return a->owner == b->owner && a->offset == b->offset;
}

static int get_key(word address, unsigned operation, struct quire_space_key *out)
{
    struct quire_space *space = current_thread()->memory->space;

    if (address % 4 != 0)
        return -EINVAL;
    if (address >= USER_END)
        return -EFAULT;
    if (operation & FUTEX_PRIVATE_FLAG) {
        *out = (struct quire_space_key){space, address};
        return 0;
    }
    if (quire_space_key(space, address, out) != QUIRE_OK)
        return -EFAULT;
    return 0;
}

/* With the bucket's lock held. */
static int read_word_locked(word address, uint32_t *out)
{
    int error;

    usercopy_nofault_begin();
    error = get_user_u32(out, (void *)address);
    usercopy_nofault_end();
    return error;
}

static void wake_waiter_locked(struct futex_waiter *waiter)
{
    struct thread *thread = waiter->thread;

    thread_get(thread);
    list_remove(&waiter->node);
    /* After this store the waiter may return, and its record is gone. */
    __atomic_store_n(&waiter->bucket, NULL, __ATOMIC_RELEASE);
    thread_wake(thread);
    thread_put(thread);
}

static int wake_locked(struct bucket *bucket, const struct quire_space_key *key, int limit,
                       uint32_t bitset)
{
    int woken = 0;

    list_for_each_safe(node, &bucket->waiters)
    {
        struct futex_waiter *waiter = container_of(node, struct futex_waiter, node);

        if (woken >= limit)
            break;
        if (key_equal(&waiter->key, key) && (waiter->bitset & bitset)) {
            wake_waiter_locked(waiter);
            woken++;
        }
    }
    return woken;
}

static long futex_wake(word address, unsigned operation, int limit, uint32_t bitset)
{
    struct quire_space_key key;
    struct bucket *bucket;
    int error = bitset ? get_key(address, operation, &key) : -EINVAL;
    long woken;

    if (error)
        return error;
    bucket = bucket_of(&key);
    quire_spin_lock(&bucket->lock);
    woken = wake_locked(bucket, &key, limit, bitset);
    quire_spin_unlock(&bucket->lock);
    return woken;
}

/* Out of wherever it stands; true: it had been woken. */
static bool leave(struct futex_waiter *waiter)
{
    struct bucket *bucket;

    while ((bucket = __atomic_load_n(&waiter->bucket, __ATOMIC_ACQUIRE)) != NULL) {
        quire_spin_lock(&bucket->lock);
        if (waiter->bucket == bucket) {
            list_remove(&waiter->node);
            quire_spin_unlock(&bucket->lock);
            return false;
        }
        quire_spin_unlock(&bucket->lock);
    }
    return true;
}

/* Into the bucket, if the word still holds the value. */
static int enter(struct futex_waiter *waiter, word address, uint32_t value)
{
    struct bucket *bucket = bucket_of(&waiter->key);
    uint32_t found;
    int error;

    for (;;) {
        quire_spin_lock(&bucket->lock);
        error = read_word_locked(address, &found);
        if (!error && found == value) {
            waiter->bucket = bucket;
            list_add_tail(&bucket->waiters, &waiter->node);
        }
        quire_spin_unlock(&bucket->lock);
        if (!error)
            return found == value ? 0 : -EAGAIN;
        if (usercopy_fault_in((void *)address, 4, false) != 0)
            return -EFAULT;
    }
}

static long futex_wait(word address, unsigned operation, uint32_t value, uint64_t deadline,
                       uint32_t bitset);

/* arguments: address, operation, value, deadline, bitset */
static long wait_restart(struct thread *thread)
{
    const uint64_t *a = thread->restart.arguments;

    return futex_wait(a[0], (unsigned)a[1], (uint32_t)a[2], a[3], (uint32_t)a[4]);
}

static long futex_wait(word address, unsigned operation, uint32_t value, uint64_t deadline,
                       uint32_t bitset)
{
    struct thread *thread = current_thread();
    struct futex_waiter waiter = {.thread = thread, .bitset = bitset};
    int error = bitset ? get_key(address, operation, &waiter.key) : -EINVAL;

    if (!error)
        error = enter(&waiter, address, value);
    if (error)
        return error;
    for (;;) {
        __atomic_store_n(&thread->state, THREAD_SLEEPING, __ATOMIC_SEQ_CST);
        if (__atomic_load_n(&waiter.bucket, __ATOMIC_ACQUIRE) == NULL)
            break;
        if (error)
            break;
        if (signal_pending())
            error = -EINTR;
        else
            error = schedule_until(deadline);
    }
    __atomic_store_n(&thread->state, THREAD_RUNNABLE, __ATOMIC_RELAXED);
    if (leave(&waiter))
        return 0;
    if (error != -EINTR)
        return error;
    if (deadline == UINT64_MAX)
        return -ERESTARTSYS;
    thread->restart.function = wait_restart;
    thread->restart.arguments[0] = address;
    thread->restart.arguments[1] = operation;
    thread->restart.arguments[2] = value;
    thread->restart.arguments[3] = deadline;
    thread->restart.arguments[4] = bitset;
    return -ERESTART_RESTARTBLOCK;
}

/* ---- two words ---- */

static void lock_two(struct bucket *a, struct bucket *b)
{
    struct bucket *first = a < b ? a : b, *second = a < b ? b : a;

    quire_spin_lock(&first->lock);
    if (second != first)
        quire_spin_lock(&second->lock);
}

static void unlock_two(struct bucket *a, struct bucket *b)
{
    quire_spin_unlock(&a->lock);
    if (b != a)
        quire_spin_unlock(&b->lock);
}

static int requeue_locked(struct bucket *from, const struct quire_space_key *key, struct bucket *to,
                          const struct quire_space_key *new_key, int limit)
{
    int moved = 0;

    list_for_each_safe(node, &from->waiters)
    {
        struct futex_waiter *waiter = container_of(node, struct futex_waiter, node);

        if (moved >= limit)
            break;
        if (!key_equal(&waiter->key, key))
            continue;
        list_remove(node);
        waiter->key = *new_key;
        list_add_tail(&to->waiters, node);
        __atomic_store_n(&waiter->bucket, to, __ATOMIC_RELEASE);
        moved++;
    }
    return moved;
}

static long futex_requeue(word address, unsigned operation, int wake, int move, word address2,
                          bool compare, uint32_t expected)
{
    struct quire_space_key key, key2;
    struct bucket *from, *to;
    uint32_t found = expected;
    int error, done = 0, moved;

    if (wake < 0 || move < 0)
        return -EINVAL;
    error = get_key(address, operation, &key);
    if (!error)
        error = get_key(address2, operation, &key2);
    if (error)
        return error;
    from = bucket_of(&key);
    to = bucket_of(&key2);
    for (;;) {
        lock_two(from, to);
        error = compare ? read_word_locked(address, &found) : 0;
        if (!error)
            break;
        unlock_two(from, to);
        if (usercopy_fault_in((void *)address, 4, false) != 0)
            return -EFAULT;
    }
    if (found != expected) {
        unlock_two(from, to);
        return -EAGAIN;
    }
    done = wake_locked(from, &key, wake, BITSET_ALL);
    moved = requeue_locked(from, &key, to, &key2, move);
    unlock_two(from, to);
    return compare ? done + moved : done;
}

/* FUTEX_WAKE_OP's little machine: operation, comparison, two 12-bit numbers. */
static uint32_t operate(uint32_t code, uint32_t old)
{
    int32_t argument = (int32_t)(code << 8) >> 20;

    if (code & 0x80000000u)
        argument = (int32_t)(1u << (argument & 31));
    switch ((code >> 28) & 7) {
    case 0:
        return (uint32_t)argument;
    case 1:
        return old + (uint32_t)argument;
    case 2:
        return old | (uint32_t)argument;
    case 3:
        return old & ~(uint32_t)argument;
    default:
        return old ^ (uint32_t)argument;
    }
}

static bool compares(uint32_t code, uint32_t old)
{
    int32_t argument = (int32_t)(code << 20) >> 20, value = (int32_t)old;

    switch ((code >> 24) & 15) {
    case 0:
        return value == argument;
    case 1:
        return value != argument;
    case 2:
        return value < argument;
    case 3:
        return value <= argument;
    case 4:
        return value > argument;
    default:
        return value >= argument;
    }
}

static long futex_wake_op(word address, unsigned operation, int wake, int wake2, word address2,
                          uint32_t code)
{
    struct quire_space_key key, key2;
    struct bucket *bucket, *bucket2;
    uint32_t old = 0, found;
    int error = get_key(address, operation, &key);
    long woken;

    if (((code >> 28) & 7) > 4 || ((code >> 24) & 15) > 5)
        return -ENOSYS;
    if (!error)
        error = get_key(address2, operation, &key2);
    if (error)
        return error;
    bucket = bucket_of(&key);
    bucket2 = bucket_of(&key2);
    for (;;) {
        lock_two(bucket, bucket2);
        usercopy_nofault_begin();
        error = get_user_u32(&old, (void *)address2);
        if (!error)
            error = cmpxchg_user_u32((void *)address2, old, operate(code, old), &found);
        usercopy_nofault_end();
        if (!error && found == old)
            break;
        unlock_two(bucket, bucket2);
        if (error && usercopy_fault_in((void *)address2, 4, true) != 0)
            return -EFAULT;
    }
    woken = wake_locked(bucket, &key, wake, BITSET_ALL);
    if (compares(code, old))
        woken += wake_locked(bucket2, &key2, wake2, BITSET_ALL);
    unlock_two(bucket, bucket2);
    return woken;
}

/* FUTEX_WAIT's timeout is relative; FUTEX_WAIT_BITSET's is a point in time. */
static int wait_deadline(word timeout, unsigned operation, uint64_t *out)
{
    uint64_t ns, now;
    int error;

    if ((operation & 127) == FUTEX_WAIT || !timeout)
        return deadline_from_user((void *)timeout, out);
    error = timespec_from_user((void *)timeout, &ns);
    if (error)
        return error;
    now = operation & FUTEX_CLOCK_REALTIME ? clock_realtime_ns() : clock_monotonic_ns();
    *out = clock_monotonic_ns() + (ns > now ? ns - now : 0);
    return 0;
}

long sys_futex(word address, word op, word value, word timeout, word address2, word value3)
{
    unsigned operation = (unsigned)op;
    uint64_t deadline;
    int error;

    switch (operation & 127) {
    case FUTEX_WAIT:
    case FUTEX_WAIT_BITSET:
        error = wait_deadline(timeout, operation, &deadline);
        if (error)
            return error;
        return futex_wait(address, operation, (uint32_t)value, deadline,
                          (operation & 127) == FUTEX_WAIT ? BITSET_ALL : (uint32_t)value3);
    case FUTEX_WAKE:
        return futex_wake(address, operation, (int)value, BITSET_ALL);
    case FUTEX_WAKE_BITSET:
        return futex_wake(address, operation, (int)value, (uint32_t)value3);
    case FUTEX_REQUEUE:
    case FUTEX_CMP_REQUEUE:
        return futex_requeue(address, operation, (int)value, (int)timeout, address2,
                             (operation & 127) == FUTEX_CMP_REQUEUE, (uint32_t)value3);
    case FUTEX_WAKE_OP:
        return futex_wake_op(address, operation, (int)value, (int)timeout, address2,
                             (uint32_t)value3);
    default:
        return -ENOSYS;
    }
}

/* ---- what a dying thread leaves ---- */

long sys_set_robust_list(word head, word size)
{
    if (size != 24)
        return -EINVAL;
    current_thread()->robust_list = head;
    return 0;
}

long sys_get_robust_list(word tid, word head, word size)
{
    struct thread *thread = tid ? thread_find((int)tid) : NULL;
    uint64_t list;

    if (tid && !thread)
        return -ESRCH;
    list = (thread ? thread : current_thread())->robust_list;
    if (thread)
        thread_put(thread);
    if (put_user_u64((void *)size, 24) != 0 || put_user_u64((void *)head, list) != 0)
        return -EFAULT;
    return 0;
}

/* A lock whose owner dies is marked so, and one waiter is woken to find out. */
static void owner_died(word address, bool pending)
{
    uint32_t tid = (uint32_t)current_thread()->tid, value, found;

    if (address % 4 != 0)
        return;
    for (;;) {
        if (get_user_u32(&value, (void *)address) != 0)
            return;
        if (pending && value == 0) {
            futex_wake(address, 0, 1, BITSET_ALL);
            return;
        }
        if ((value & FUTEX_TID_MASK) != tid)
            return;
        if (cmpxchg_user_u32((void *)address, value, (value & FUTEX_WAITERS) | FUTEX_OWNER_DIED,
                             &found) != 0)
            return;
        if (found == value)
            break;
    }
    if (value & FUTEX_WAITERS)
        futex_wake(address, 0, 1, BITSET_ALL);
}

/* struct robust_list_head: next, offset of the word, entry being changed. The list is the
 * program's: bounded. */
static void walk_robust_list(uint64_t head)
{
    uint64_t entry, next, offset, pending;

    if (get_user_u64(&entry, (void *)head) != 0 || get_user_u64(&offset, (void *)(head + 8)) != 0 ||
        get_user_u64(&pending, (void *)(head + 16)) != 0)
        return;
    pending &= ~1ull;
    for (int n = 0; entry != head && n < ROBUST_LIMIT; n++) {
        uint64_t at = entry & ~1ull;

        if (get_user_u64(&next, (void *)at) != 0)
            break;
        if (at != pending)
            owner_died(at + offset, false);
        entry = next;
    }
    if (pending)
        owner_died(pending + offset, true);
}

void futex_thread_exit(struct thread *thread)
{
    if (!thread->memory)
        return;
    if (thread->robust_list)
        walk_robust_list(thread->robust_list);
    thread->robust_list = 0;
    /* Nobody else looks at a word in memory that dies with this thread. */
    if (thread->clear_child_tid &&
        __atomic_load_n(&thread->memory->references, __ATOMIC_ACQUIRE) > 1 &&
        put_user_u32((void *)thread->clear_child_tid, 0) == 0)
        futex_wake(thread->clear_child_tid, 0, 1, BITSET_ALL);
    thread->clear_child_tid = 0;
}

/* ---- restartable sequences ---- */

/* The C library does without them when they are refused; one that registered nothing cannot
 * unregister. */
long sys_rseq(word area, word size, word flags, word signature)
{
    (void)area, (void)size, (void)flags, (void)signature;
    return -ENOSYS;
}
