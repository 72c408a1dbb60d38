/*
 * futex and futex_waitv: a thread sleeps as long as a word in user memory holds a value. How that
 * is done is in futex_core.c; here are the calls, with Linux's checks in Linux's order.
 */
#include "core/memory.h"
#include "linux/errno.h"
#include "linux/futex.h"
#include "linux/time.h"
#include "proc/scheduler.h"
#include "proc/signals.h"
#include "proc/timers.h"
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
    FUTEX_WAIT_REQUEUE_PI = 11,
    FUTEX_CMP_REQUEUE_PI = 12,
    FUTEX_LOCK_PI2 = 13,
};

/* Who waits for a lock, or to be moved to one, is no business of the plain calls. */
static bool is_plain(const struct futex_waiter *waiter)
{
    return !waiter->lock && !waiter->requeue_to;
}

/*
 * At least one, even if the limit is 0: Linux counts after waking. -EINVAL at the first that is not
 * plain.
 */
static long wake_locked(struct futex_bucket *bucket, const struct futex_key *key, int limit,
                        uint32_t bitset)
{
    long woken = 0;

    list_for_each_safe(node, &bucket->waiters)
    {
        struct futex_waiter *waiter = container_of(node, struct futex_waiter, node);

        if (!futex_key_equal(&waiter->key, key))
            continue;
        if (!is_plain(waiter))
            return -EINVAL;
        if (!(waiter->bitset & bitset))
            continue;
        futex_wake_waiter_locked(waiter);
        if (++woken >= limit)
            break;
    }
    return woken;
}

long futex_wake(word address, bool shared, int limit, uint32_t bitset)
{
    struct futex_key key;
    struct futex_bucket *bucket;
    int error = bitset ? futex_key_get(address, shared, false, &key) : -EINVAL;
    long woken;

    if (error)
        return error;
    bucket = futex_bucket_of(&key);
    quire_spin_lock(&bucket->lock);
    woken = wake_locked(bucket, &key, limit, bitset);
    quire_spin_unlock(&bucket->lock);
    futex_key_put(&key);
    return woken;
}

static long futex_wait(word address, bool shared, uint32_t value, uint64_t deadline,
                       uint32_t bitset);

/* arguments: address, shared, value, deadline, bitset */
static long wait_restart(struct thread *thread)
{
    const uint64_t *a = thread->restart.arguments;

    return futex_wait((word)a[0], a[1] != 0, (uint32_t)a[2], a[3], (uint32_t)a[4]);
}

static long futex_wait(word address, bool shared, uint32_t value, uint64_t deadline,
                       uint32_t bitset)
{
    struct thread *thread = current_thread();
    struct futex_waiter waiter = {.thread = thread, .bitset = bitset};
    int error = bitset ? futex_key_get(address, shared, false, &waiter.key) : -EINVAL;

    if (error)
        return error;
    error = futex_enter(&waiter, address, value);
    if (!error) {
        error = futex_sleep(&waiter, deadline);
        if (futex_leave(&waiter))
            error = 0;
    }
    futex_key_put(&waiter.key);
    if (error != -EINTR)
        return error;
    if (deadline == UINT64_MAX)
        return -ERESTARTSYS;
    thread->restart.function = wait_restart;
    thread->restart.arguments[0] = address;
    thread->restart.arguments[1] = shared;
    thread->restart.arguments[2] = value;
    thread->restart.arguments[3] = deadline;
    thread->restart.arguments[4] = bitset;
    return -ERESTART_RESTARTBLOCK;
}

/* ---- two words ---- */

static int two_keys(word address, word address2, bool shared, bool write2, struct futex_key *key,
                    struct futex_key *key2)
{
    int error = futex_key_get(address, shared, false, key);

    if (error)
        return error;
    error = futex_key_get(address2, shared, write2, key2);
    if (error)
        futex_key_put(key);
    return error;
}

/* The waiter's reference to its old object is one of several: the caller holds its own. */
static void move_locked(struct futex_waiter *waiter, struct futex_bucket *from,
                        struct futex_bucket *to, const struct futex_key *key)
{
    if (key->object)
        quire_object_get(key->object);
    futex_key_put(&waiter->key);
    waiter->key = *key;
    if (from == to)
        return;
    list_remove(&waiter->node);
    list_add_tail(&to->waiters, &waiter->node);
    __atomic_store_n(&waiter->bucket, to, __ATOMIC_RELEASE);
}

/* Wakes the first ones, moves others: how many both together. */
static long requeue_locked(struct futex_bucket *from, const struct futex_key *key,
                           struct futex_bucket *to, const struct futex_key *key2, int wake,
                           int move)
{
    long done = 0;

    list_for_each_safe(node, &from->waiters)
    {
        struct futex_waiter *waiter = container_of(node, struct futex_waiter, node);

        if (done - wake >= move)
            break;
        if (!futex_key_equal(&waiter->key, key))
            continue;
        if (!is_plain(waiter))
            return -EINVAL;
        if (++done <= wake)
            futex_wake_waiter_locked(waiter);
        else
            move_locked(waiter, from, to, key2);
    }
    return done;
}

static long futex_requeue(word address, bool shared, int wake, int move, word address2,
                          bool compare, uint32_t expected)
{
    struct futex_key key, key2;
    struct futex_bucket *from, *to;
    uint32_t found = expected;
    long result;
    int error;

    if (wake < 0 || move < 0)
        return -EINVAL;
    error = two_keys(address, address2, shared, false, &key, &key2);
    if (error)
        return error;
    from = futex_bucket_of(&key);
    to = futex_bucket_of(&key2);
    for (;;) {
        futex_lock_two(from, to);
        error = compare ? futex_read_locked(address, &found) : 0;
        if (!error)
            break;
        futex_unlock_two(from, to);
        if (usercopy_fault_in((void *)address, 4, false) != 0) {
            result = -EFAULT;
            goto out;
        }
    }
    result = found == expected ? requeue_locked(from, &key, to, &key2, wake, move) : -EAGAIN;
    futex_unlock_two(from, to);
out:
    futex_key_put(&key);
    futex_key_put(&key2);
    return result;
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

/* Changes the second word: 0 and its old value, or -EFAULT with the locks dropped for good. */
static int operate_on(word address, uint32_t code, struct futex_bucket *a, struct futex_bucket *b,
                      uint32_t *out_old)
{
    uint32_t old, found;
    int error;

    for (;;) {
        futex_lock_two(a, b);
        error = futex_read_locked(address, &old);
        if (!error)
            error = futex_exchange_locked(address, old, operate(code, old), &found);
        if (!error && found == old) {
            *out_old = old;
            return 0;
        }
        futex_unlock_two(a, b);
        if (error && usercopy_fault_in((void *)address, 4, true) != 0)
            return -EFAULT;
    }
}

static long futex_wake_op(word address, bool shared, int wake, int wake2, word address2,
                          uint32_t code)
{
    struct futex_key key, key2;
    struct futex_bucket *bucket, *bucket2;
    uint32_t old;
    int error = two_keys(address, address2, shared, true, &key, &key2);
    long woken, more = 0;

    if (error)
        return error;
    bucket = futex_bucket_of(&key);
    bucket2 = futex_bucket_of(&key2);
    woken = ((code >> 28) & 7) > 4 ? -ENOSYS : operate_on(address2, code, bucket, bucket2, &old);
    if (woken == 0) {
        /* An unknown comparison is seen only now, when the word has changed: as on Linux. */
        if (((code >> 24) & 15) > 5)
            woken = -ENOSYS;
        else
            woken = wake_locked(bucket, &key, wake, BITSET_ALL);
        if (woken >= 0 && compares(code, old))
            more = wake_locked(bucket2, &key2, wake2, BITSET_ALL);
        futex_unlock_two(bucket, bucket2);
    }
    futex_key_put(&key);
    futex_key_put(&key2);
    return woken < 0 ? woken : more < 0 ? more : woken + more;
}

/* ---- the call ---- */

static uint64_t deadline_at(uint64_t ns, bool realtime)
{
    uint64_t now = realtime ? clock_realtime_ns() : clock_monotonic_ns();

    return clock_monotonic_ns() + (ns > now ? ns - now : 0);
}

/* FUTEX_WAIT's timeout is relative; all others are points in time, LOCK_PI's always of the realtime
 * clock. */
static int read_timeout(word timeout, enum time_width width, unsigned command, bool realtime,
                        uint64_t *out)
{
    uint64_t ns;
    int error;

    *out = UINT64_MAX;
    switch (command) {
    case FUTEX_WAIT:
        return deadline_from_user((void *)timeout, width, out);
    case FUTEX_WAIT_BITSET:
    case FUTEX_WAIT_REQUEUE_PI:
    case FUTEX_LOCK_PI:
    case FUTEX_LOCK_PI2:
        if (!timeout)
            return 0;
        error = timespec_from_user((void *)timeout, width, &ns);
        if (!error)
            *out = deadline_at(ns, realtime || command == FUTEX_LOCK_PI);
        return error;
    default:
        return 0;
    }
}

long futex_call(word address, word op, word value, word timeout, word address2, word value3,
                enum time_width width)
{
    unsigned command = (unsigned)op & ~(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME);
    bool shared = !(op & FUTEX_PRIVATE_FLAG), realtime = (op & FUTEX_CLOCK_REALTIME) != 0;
    uint64_t deadline;
    int error = read_timeout(timeout, width, command, realtime, &deadline);

    if (error)
        return error;
    if (realtime && command != FUTEX_WAIT_BITSET && command != FUTEX_WAIT_REQUEUE_PI &&
        command != FUTEX_LOCK_PI2)
        return -ENOSYS;
    switch (command) {
    case FUTEX_WAIT:
        return futex_wait(address, shared, (uint32_t)value, deadline, BITSET_ALL);
    case FUTEX_WAIT_BITSET:
        return futex_wait(address, shared, (uint32_t)value, deadline, (uint32_t)value3);
    case FUTEX_WAKE:
        return futex_wake(address, shared, (int)value, BITSET_ALL);
    case FUTEX_WAKE_BITSET:
        return futex_wake(address, shared, (int)value, (uint32_t)value3);
    case FUTEX_REQUEUE:
    case FUTEX_CMP_REQUEUE:
        return futex_requeue(address, shared, (int)value, (int)timeout, address2,
                             command == FUTEX_CMP_REQUEUE, (uint32_t)value3);
    case FUTEX_WAKE_OP:
        return futex_wake_op(address, shared, (int)value, (int)timeout, address2, (uint32_t)value3);
    case FUTEX_LOCK_PI:
    case FUTEX_LOCK_PI2:
        return futex_lock_pi(address, shared, deadline, false);
    case FUTEX_TRYLOCK_PI:
        return futex_lock_pi(address, shared, UINT64_MAX, true);
    case FUTEX_UNLOCK_PI:
        return futex_unlock_pi(address, shared);
    case FUTEX_WAIT_REQUEUE_PI:
        return futex_wait_requeue_pi(address, shared, (uint32_t)value, deadline, address2);
    case FUTEX_CMP_REQUEUE_PI:
        return futex_requeue_pi(address, shared, (int)value, (int)timeout, address2,
                                (uint32_t)value3);
    default:
        return -ENOSYS;
    }
}

long sys_futex(word address, word op, word value, word timeout, word address2, word value3)
{
    return futex_call(address, op, value, timeout, address2, value3, TIME_WORDS);
}

/* ---- several at once ---- */

#define WAITV_MAX 128
#define FUTEX_32  2u

struct waitv_abi {
    uint64_t value, address;
    uint32_t flags, reserved;
};

struct waitv {
    struct waitv_abi abi;
    struct futex_waiter waiter;
};

static int waitv_read(struct waitv *items, const struct waitv_abi *user, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        struct waitv_abi *abi = &items[i].abi;

        if (copy_from_user(abi, &user[i], sizeof *abi) != 0)
            return -EFAULT;
        if ((abi->flags & ~(FUTEX_32 | FUTEX_PRIVATE_FLAG)) || abi->reserved ||
            !(abi->flags & FUTEX_32))
            return -EINVAL;
    }
    return 0;
}

/* All of the first `count` leave; the last that had been woken, or -1. */
static int waitv_leave(struct waitv *items, unsigned count)
{
    int woken = -1;

    for (unsigned i = 0; i < count; i++) {
        if (futex_leave(&items[i].waiter))
            woken = (int)i;
    }
    return woken;
}

static bool waitv_any_woken(const struct waitv *items, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (__atomic_load_n(&items[i].waiter.bucket, __ATOMIC_ACQUIRE) == NULL)
            return true;
    }
    return false;
}

static int waitv_sleep(struct waitv *items, unsigned count, uint64_t deadline)
{
    struct thread *thread = current_thread();
    int error = 0;

    for (;;) {
        __atomic_store_n(&thread->state, THREAD_SLEEPING, __ATOMIC_SEQ_CST);
        if (error || waitv_any_woken(items, count))
            break;
        if (signal_pending())
            error = -ERESTARTSYS;
        else
            error = schedule_until(deadline);
    }
    __atomic_store_n(&thread->state, THREAD_RUNNABLE, __ATOMIC_RELAXED);
    return error;
}

static long waitv_wait(struct waitv *items, unsigned count, uint64_t deadline)
{
    unsigned keys = 0, entered = 0;
    int error = 0, woken;

    for (; keys < count; keys++) {
        struct waitv *item = &items[keys];

        item->waiter.thread = current_thread();
        item->waiter.bitset = BITSET_ALL;
        error = futex_key_get(item->abi.address, !(item->abi.flags & FUTEX_PRIVATE_FLAG), false,
                              &item->waiter.key);
        if (error)
            break;
    }
    while (!error && entered < count) {
        error = futex_enter(&items[entered].waiter, items[entered].abi.address,
                            (uint32_t)items[entered].abi.value);
        if (!error)
            entered++;
    }
    if (!error)
        error = waitv_sleep(items, count, deadline);
    woken = waitv_leave(items, entered);
    for (unsigned i = 0; i < keys; i++)
        futex_key_put(&items[i].waiter.key);
    return woken >= 0 ? woken : error;
}

long sys_futex_waitv(word user, word count, word flags, word timeout, word clock)
{
    uint64_t deadline = UINT64_MAX, ns;
    struct waitv *items;
    long result;
    int error;

    if ((uint32_t)flags || (uint32_t)count == 0 || (uint32_t)count > WAITV_MAX || !user)
        return -EINVAL;
    if (timeout) {
        if ((int)clock != CLOCK_REALTIME && (int)clock != CLOCK_MONOTONIC)
            return -EINVAL;
        error = timespec_from_user((void *)timeout, TIME_64, &ns);
        if (error)
            return error;
        deadline = deadline_at(ns, (int)clock == CLOCK_REALTIME);
    }
    items = kernel_alloc_zeroed((uint32_t)count * sizeof *items);
    if (!items)
        return -ENOMEM;
    result = waitv_read(items, (const struct waitv_abi *)user, (unsigned)count);
    if (result == 0)
        result = waitv_wait(items, (unsigned)count, deadline);
    kernel_free(items);
    return result;
}
