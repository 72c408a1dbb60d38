/*
 * Futexes with an owner: FUTEX_LOCK_PI and its kin.
 *
 * Concepts. The word holds the owner's thread number. Without contention the kernel never hears of
 * such a lock. Whoever finds it taken sets FUTEX_WAITERS, and from then on the kernel has a record
 * of it (struct futex_lock): who owns it, how many wait. Unlocking hands the lock to the first
 * waiter: the word names the new owner before that one has run. Condition variables move their
 * waiters to the lock (FUTEX_CMP_REQUEUE_PI), where they wait as if they had asked for it.
 *
 *   event                   word                              record
 *   lock, free              mine (| OWNER_DIED as found)      none
 *   lock, taken             | WAITERS                         made, owner looked up by number
 *   unlock, somebody waits  next one's | WAITERS              owner = next one, or gone with the
 * last unlock, nobody waits    0                                 none owner dies              next
 * one's | WAITERS | OWNER_DIED owner = NULL until the next one wrote it
 *
 * Invariants. A record exists exactly as long as somebody waits for the lock or inherits it. Its
 * owner does not exit without taking itself out: futex_pi_exit() runs under owner_lock, and after
 * it (futex_exited) no record names that thread.
 *
 * Order of waiting: threads of the real-time policies by priority, then all others as they came.
 * An owner with waiters of higher priority runs with theirs (thread->inherited_priority), also
 * through a chain of owners that wait themselves.
 *
 * Locking. A bucket's lock guards the records and waiters in it; owner_lock, inside it, guards who
 * owns what and who waits for what: thread->futex_locks, futex_lock.owner, thread->futex_blocked.
 * Words are written under the bucket's lock without faulting; when they would fault, all is dropped
 * and looked at again.
 */
#include "core/memory.h"
#include "linux/errno.h"
#include "linux/futex.h"
#include "proc/scheduler.h"
#include "proc/signals.h"
#include "proc/tree.h"
#include "x86/usercopy.h"

#define CHAIN_MAX 1024 /* owners that wait for owners: as far as a deadlock is looked for */

struct futex_lock {
    struct list node;  /* (bucket) futex_bucket.locks */
    struct list owned; /* (owner_lock) thread->futex_locks of the owner */
    struct futex_key key;
    struct thread *owner;    /* (owner_lock; changes under the bucket's too) with a reference; NULL:
                                died, the heir is on its way */
    unsigned waiters;        /* (bucket) in the bucket, or inheriting */
    struct list by_priority; /* (owner_lock) thread->futex_waiting of those in the bucket */
};

static struct quire_spinlock owner_lock;

/* ---- records ---- */

static struct futex_lock *find_lock(struct futex_bucket *bucket, const struct futex_key *key)
{
    list_for_each(node, &bucket->locks)
    {
        struct futex_lock *lock = container_of(node, struct futex_lock, node);

        if (futex_key_equal(&lock->key, key))
            return lock;
    }
    return NULL;
}

/* Somebody waits for that word by a plain call: it is no lock. */
static bool has_plain_waiter(struct futex_bucket *bucket, const struct futex_key *key)
{
    list_for_each(node, &bucket->waiters)
    {
        struct futex_waiter *waiter = container_of(node, struct futex_waiter, node);

        if (futex_key_equal(&waiter->key, key) && !waiter->lock)
            return true;
    }
    return false;
}

/* The one that gets the lock next: highest priority, then the one that came first. */
static struct futex_waiter *first_waiter(struct futex_bucket *bucket, const struct futex_lock *lock)
{
    struct futex_waiter *best = NULL;

    list_for_each(node, &bucket->waiters)
    {
        struct futex_waiter *waiter = container_of(node, struct futex_waiter, node);

        if (waiter->lock == lock && (!best || thread_realtime_priority(waiter->thread) >
                                                  thread_realtime_priority(best->thread)))
            best = waiter;
    }
    return best;
}

/* What an owner's waiters give it, and so on along the chain. owner_lock is held. */
static void pass_priority_locked(struct thread *owner)
{
    for (int n = 0; owner && n < CHAIN_MAX; n++) {
        unsigned highest = 0;

        list_for_each(node, &owner->futex_locks)
        {
            struct futex_lock *lock = container_of(node, struct futex_lock, owned);

            list_for_each(waiting, &lock->by_priority)
            {
                struct thread *waiter = container_of(waiting, struct thread, futex_waiting);
                unsigned priority = thread_realtime_priority(waiter);

                if (priority > highest)
                    highest = priority;
            }
        }
        if (owner->inherited_priority == highest)
            return;
        thread_inherit_priority(owner, (uint8_t)highest);
        owner = owner->futex_blocked ? owner->futex_blocked->owner : NULL;
    }
}

/* The owner changes; NULL: nobody for now. The bucket's lock is held. */
static void set_owner(struct futex_lock *lock, struct thread *owner)
{
    struct thread *old;

    quire_spin_lock(&owner_lock);
    old = lock->owner;
    list_remove(&lock->owned);
    lock->owner = owner;
    if (owner) {
        thread_get(owner);
        list_add_tail(&owner->futex_locks, &lock->owned);
        pass_priority_locked(owner);
    }
    if (old)
        pass_priority_locked(old);
    quire_spin_unlock(&owner_lock);
    if (old)
        thread_put(old);
}

/* The bucket's lock is held. One waits no more; true: the record was of no use any more, and is out
 * of everything: lock_free() it after unlocking. */
static bool drop_waiter(struct futex_lock *lock)
{
    if (--lock->waiters > 0)
        return false;
    set_owner(lock, NULL);
    list_remove(&lock->node);
    return true;
}

static void lock_free(struct futex_lock *lock)
{
    if (lock) {
        futex_key_put(&lock->key);
        kernel_free(lock);
    }
}

static struct futex_lock *lock_create(void)
{
    struct futex_lock *lock = kernel_alloc_zeroed(sizeof *lock);

    if (lock) {
        list_init(&lock->node);
        list_init(&lock->owned);
        list_init(&lock->by_priority);
    }
    return lock;
}

/* Would waiting for that lock close a ring of owners that wait for each other? */
static bool is_deadlock(const struct futex_lock *lock, const struct thread *thread)
{
    bool found = false;

    quire_spin_lock(&owner_lock);
    for (int n = 0; lock && lock->owner && n < CHAIN_MAX && !found; n++) {
        found = lock->owner == thread;
        lock = lock->owner->futex_blocked;
    }
    quire_spin_unlock(&owner_lock);
    return found;
}

static void set_blocked(struct thread *thread, struct futex_lock *lock)
{
    quire_spin_lock(&owner_lock);
    if (lock) {
        thread->futex_blocked = lock;
        list_add_tail(&lock->by_priority, &thread->futex_waiting);
        pass_priority_locked(lock->owner);
    } else if (thread->futex_blocked) {
        struct thread *owner = thread->futex_blocked->owner;

        thread->futex_blocked = NULL;
        list_remove(&thread->futex_waiting);
        pass_priority_locked(owner);
    }
    quire_spin_unlock(&owner_lock);
}

/* The waiter, whose bucket is locked, now waits for the lock. */
static void wait_for(struct futex_waiter *waiter, struct futex_lock *lock)
{
    waiter->lock = lock;
    lock->waiters++;
    set_blocked(waiter->thread, lock);
}

/* ---- taking a lock: the word decides ---- */

/* Does the word agree with the record? */
static int check_owner(const struct futex_lock *lock, uint32_t value)
{
    uint32_t tid = value & FUTEX_TID_MASK;

    if (value & FUTEX_OWNER_DIED) {
        if (!lock->owner)
            return tid ? -EINVAL : 0;
        if (!tid)
            return 0;
    } else if (!lock->owner) {
        return -EINVAL;
    }
    return tid == (uint32_t)lock->owner->tid ? 0 : -EINVAL;
}

/* The word names an owner of which there is no record yet. */
static int record_owner(struct futex_bucket *bucket, const struct futex_key *key, word address,
                        uint32_t value, struct thread *owner, struct futex_lock *lock)
{
    uint32_t again;
    bool gone;

    if (owner && owner->process->kernel)
        return -EPERM;
    quire_spin_lock(&owner_lock);
    gone = !owner || owner->futex_exited;
    if (!gone) {
        thread_get(owner);
        lock->owner = owner;
        list_add_tail(&owner->futex_locks, &lock->owned);
    }
    quire_spin_unlock(&owner_lock);
    if (gone) {
        /* It may have marked the word on its way out. */
        if (futex_read_locked(address, &again) != 0)
            return -EFAULT;
        return again == value ? -ESRCH : -EAGAIN;
    }
    lock->key = *key;
    if (key->object)
        quire_object_get(key->object);
    list_add_tail(&bucket->locks, &lock->node);
    return 0;
}

struct attempt {
    struct futex_key key;
    struct futex_bucket *bucket;
    word address;
    struct futex_lock *spare; /* becomes the record if there is none; else the caller's to free */
    struct futex_lock *lock;  /* the record, when the lock is another's */
    /* Looked up before any lock was taken: the number in the word then, and its thread, with a
     * reference (NULL: there is none). */
    uint32_t owner_tid;
    struct thread *owner;
};

/*
 * For `thread`, with the bucket's lock held: 1, it has the lock; 0, it must wait for attempt->lock
 * (whose count the caller raises). -EAGAIN: the word changed, again. -EFAULT: fault it in, again.
 * Or another error.
 */
static int take_locked(struct attempt *attempt, struct thread *thread, bool waiters)
{
    struct futex_lock *lock;
    uint32_t value, found, wanted;
    int error;

    if (futex_read_locked(attempt->address, &value) != 0)
        return -EFAULT;
    if ((value & FUTEX_TID_MASK) == (uint32_t)thread->tid)
        return -EDEADLK;
    lock = find_lock(attempt->bucket, &attempt->key);
    if (lock) {
        error = check_owner(lock, value);
        attempt->lock = lock;
        if (!error && lock->owner && is_deadlock(lock, thread))
            error = -EDEADLK;
        return error;
    }
    if (has_plain_waiter(attempt->bucket, &attempt->key))
        return -EINVAL;
    if (!(value & FUTEX_TID_MASK)) {
        wanted = (value & FUTEX_OWNER_DIED) | (uint32_t)thread->tid;
        if (waiters)
            wanted |= FUTEX_WAITERS;
        if (futex_exchange_locked(attempt->address, value, wanted, &found) != 0)
            return -EFAULT;
        return found == value ? 1 : -EAGAIN;
    }
    if ((value & FUTEX_TID_MASK) != attempt->owner_tid)
        return -EAGAIN;
    wanted = value | FUTEX_WAITERS;
    if (futex_exchange_locked(attempt->address, value, wanted, &found) != 0)
        return -EFAULT;
    if (found != value)
        return -EAGAIN;
    error = record_owner(attempt->bucket, &attempt->key, attempt->address, wanted, attempt->owner,
                         attempt->spare);
    if (error)
        return error;
    attempt->lock = attempt->spare;
    attempt->spare = NULL;
    if (!is_deadlock(attempt->lock, thread))
        return 0;
    attempt->lock->waiters = 1;
    if (drop_waiter(attempt->lock))
        attempt->spare = attempt->lock; /* freed with its key by the caller */
    attempt->lock = NULL;
    return -EDEADLK;
}

static int look_up_owner(struct attempt *attempt)
{
    uint32_t value;

    attempt->owner = NULL;
    if (get_user_u32(&value, (void *)attempt->address) != 0)
        return -EFAULT;
    attempt->owner_tid = value & FUTEX_TID_MASK;
    if (attempt->owner_tid)
        attempt->owner = thread_find((int)attempt->owner_tid);
    return 0;
}

static void forget_owner(struct attempt *attempt)
{
    if (attempt->owner)
        thread_put(attempt->owner);
}

/* After -EAGAIN or -EFAULT of take_locked(): 0 when it is worth trying again. */
static int prepare_again(word address, int error)
{
    if (error == -EFAULT)
        return usercopy_fault_in((void *)address, 4, true) != 0 ? -EFAULT : 0;
    if (error == -EAGAIN) {
        give_way();
        return kill_pending() ? -ERESTARTNOINTR : 0;
    }
    return error;
}

/* ---- handing it on ---- */

/* The next one owns the lock; true: no record is needed any more (drop_waiter). */
static bool grant_locked(struct futex_lock *lock, struct futex_waiter *next)
{
    set_blocked(next->thread, NULL);
    set_owner(lock, next->thread);
    next->granted = true;
    futex_wake_waiter_locked(next);
    return drop_waiter(lock);
}

/* Nobody owns the lock: the next one is woken to take it. */
static void bequeath_locked(struct futex_bucket *bucket, struct futex_lock *lock)
{
    struct futex_waiter *next = first_waiter(bucket, lock);

    if (next) {
        set_blocked(next->thread, NULL);
        next->inherits = true;
        futex_wake_waiter_locked(next);
    }
}

/* The heir of a lock whose owner died writes the word, in its own memory. */
static int inherit(struct futex_waiter *waiter, word address)
{
    struct futex_lock *lock = waiter->lock;
    struct futex_bucket *bucket = futex_bucket_of(&waiter->key);
    uint32_t value, found, wanted;
    bool unneeded;
    int error;

    for (;;) {
        quire_spin_lock(&bucket->lock);
        error = futex_read_locked(address, &value);
        wanted = FUTEX_OWNER_DIED | FUTEX_WAITERS | (uint32_t)waiter->thread->tid;
        if (!error)
            error = futex_exchange_locked(address, value, wanted, &found);
        if (!error && found == value)
            break;
        quire_spin_unlock(&bucket->lock);
        if (error && usercopy_fault_in((void *)address, 4, true) != 0) {
            quire_spin_lock(&bucket->lock);
            error = -EFAULT;
            break;
        }
    }
    if (error)
        bequeath_locked(bucket, lock);
    else
        set_owner(lock, waiter->thread);
    unneeded = drop_waiter(lock);
    quire_spin_unlock(&bucket->lock);
    if (unneeded)
        lock_free(lock);
    return error;
}

/* After the sleep of one that waits for a lock: 0 and it owns it, or `error`. */
static int end_wait(struct futex_waiter *waiter, word address, int error)
{
    struct futex_bucket *bucket = futex_lock_waiter(waiter);
    struct futex_lock *unneeded = NULL;

    if (!bucket)
        return waiter->granted ? 0 : inherit(waiter, address);
    list_remove(&waiter->node);
    waiter->bucket = NULL;
    set_blocked(waiter->thread, NULL);
    if (drop_waiter(waiter->lock))
        unneeded = waiter->lock;
    quire_spin_unlock(&bucket->lock);
    lock_free(unneeded);
    return error;
}

long futex_lock_pi(word address, bool shared, uint64_t deadline, bool try)
{
    struct thread *thread = current_thread();
    struct futex_waiter waiter = {.thread = thread, .bitset = BITSET_ALL};
    struct attempt attempt = {.address = address, .spare = lock_create()};
    long result;

    if (!attempt.spare)
        return -ENOMEM;
    result = futex_key_get(address, shared, true, &attempt.key);
    if (result) {
        lock_free(attempt.spare);
        return result;
    }
    attempt.bucket = futex_bucket_of(&attempt.key);
    do {
        result = look_up_owner(&attempt);
        if (result)
            break;
        quire_spin_lock(&attempt.bucket->lock);
        result = take_locked(&attempt, thread, false);
        if (result == 0 && !try) {
            waiter.key = attempt.key;
            waiter.bucket = attempt.bucket;
            list_add_tail(&attempt.bucket->waiters, &waiter.node);
            wait_for(&waiter, attempt.lock);
        } else if (result == 0) {
            /* Linux leaves FUTEX_WAITERS set, too. */
            attempt.lock->waiters++;
            if (drop_waiter(attempt.lock))
                attempt.spare = attempt.lock;
            result = -EBUSY;
        }
        quire_spin_unlock(&attempt.bucket->lock);
        forget_owner(&attempt);
    } while (result < 0 && result != -EBUSY && (result = prepare_again(address, (int)result)) == 0);
    if (waiter.lock) {
        result = futex_sleep(&waiter, deadline);
        result = end_wait(&waiter, address, (int)result);
        if (result == -EINTR)
            result = -ERESTARTNOINTR;
    }
    lock_free(attempt.spare);
    futex_key_put(&attempt.key);
    if (result == -EBUSY)
        return -EAGAIN;
    return result > 0 ? 0 : result;
}

/* With the bucket's lock held. *out_unneeded: to be freed. */
static int unlock_locked(struct futex_bucket *bucket, const struct futex_key *key, word address,
                         uint32_t value, struct futex_lock **out_unneeded)
{
    struct thread *thread = current_thread();
    struct futex_lock *lock = find_lock(bucket, key);
    struct futex_waiter *next = lock ? first_waiter(bucket, lock) : NULL;
    uint32_t wanted = 0, found;

    if (!lock && has_plain_waiter(bucket, key))
        return -EINVAL;
    if (lock && lock->owner != thread)
        return -EINVAL;
    if (next)
        wanted = FUTEX_WAITERS | (uint32_t)next->thread->tid;
    if (futex_exchange_locked(address, value, wanted, &found) != 0)
        return -EFAULT;
    if (found != value)
        return next && (found & FUTEX_TID_MASK) != value ? -EINVAL : -EAGAIN;
    if (next && grant_locked(lock, next))
        *out_unneeded = lock;
    return 0;
}

long futex_unlock_pi(word address, bool shared)
{
    struct futex_lock *unneeded = NULL;
    struct futex_bucket *bucket;
    struct futex_key key;
    uint32_t value;
    int error;

    do {
        if (get_user_u32(&value, (void *)address) != 0)
            return -EFAULT;
        if ((value & FUTEX_TID_MASK) != (uint32_t)current_thread()->tid)
            return -EPERM;
        error = futex_key_get(address, shared, true, &key);
        if (error)
            return error;
        bucket = futex_bucket_of(&key);
        quire_spin_lock(&bucket->lock);
        error = unlock_locked(bucket, &key, address, value, &unneeded);
        quire_spin_unlock(&bucket->lock);
        futex_key_put(&key);
        lock_free(unneeded);
    } while (error && (error = prepare_again(address, error)) == 0);
    return error;
}

/* ---- condition variables ---- */

long futex_wait_requeue_pi(word address, bool shared, uint32_t value, uint64_t deadline,
                           word address2)
{
    struct futex_waiter waiter = {.thread = current_thread(), .bitset = BITSET_ALL};
    struct futex_key key2;
    long result;

    if (address == address2)
        return -EINVAL;
    result = futex_key_get(address2, shared, true, &key2);
    if (result)
        return result;
    result = futex_key_get(address, shared, false, &waiter.key);
    if (result) {
        futex_key_put(&key2);
        return result;
    }
    waiter.requeue_to = &key2;
    result = futex_enter(&waiter, address, value);
    if (!result && futex_key_equal(&waiter.key, &key2)) {
        futex_leave(&waiter);
        result = -EINVAL;
    }
    if (!result) {
        struct futex_bucket *bucket;

        result = futex_sleep(&waiter, deadline);
        bucket = futex_lock_waiter(&waiter);
        if (bucket && !waiter.lock) {
            /* Nobody has moved it. */
            list_remove(&waiter.node);
            waiter.bucket = NULL;
            quire_spin_unlock(&bucket->lock);
            result = result == -EINTR ? -ERESTARTNOINTR : result;
        } else {
            if (bucket)
                quire_spin_unlock(&bucket->lock);
            /* Moved: it cannot start again from the first word. */
            if (result == -EINTR)
                result = -EAGAIN;
            result = waiter.lock ? end_wait(&waiter, address2, (int)result) : 0;
        }
    }
    futex_key_put(&waiter.key);
    futex_key_put(&key2);
    return result;
}

/* Those that may be moved to that lock; -EINVAL: another kind waits. */
static int check_movable(const struct futex_waiter *waiter, const struct futex_key *key2)
{
    if (!waiter->requeue_to || waiter->lock || !futex_key_equal(waiter->requeue_to, key2))
        return -EINVAL;
    return 0;
}

static struct futex_waiter *first_at(struct futex_bucket *bucket, const struct futex_key *key)
{
    list_for_each(node, &bucket->waiters)
    {
        struct futex_waiter *waiter = container_of(node, struct futex_waiter, node);

        if (futex_key_equal(&waiter->key, key))
            return waiter;
    }
    return NULL;
}

/* To the lock's bucket; its key's reference goes with it (the caller holds another to the old
 * object). */
static void move_to_lock(struct futex_waiter *waiter, struct attempt *attempt)
{
    list_remove(&waiter->node);
    if (attempt->key.object)
        quire_object_get(attempt->key.object);
    futex_key_put(&waiter->key);
    waiter->key = attempt->key;
    list_add_tail(&attempt->bucket->waiters, &waiter->node);
    __atomic_store_n(&waiter->bucket, attempt->bucket, __ATOMIC_RELEASE);
    wait_for(waiter, attempt->lock);
}

/* Both buckets' locks are held. How many were woken or moved, or as take_locked(). */
static long requeue_pi_locked(struct futex_bucket *from, const struct futex_key *key,
                              struct attempt *attempt, int move)
{
    struct futex_waiter *waiter = first_at(from, key);
    long done = 0;
    int result;

    if (!waiter)
        return 0;
    result = check_movable(waiter, &attempt->key);
    if (!result)
        result = take_locked(attempt, waiter->thread, move > 0);
    if (result < 0)
        return result;
    if (result == 1) {
        struct thread *thread = waiter->thread;

        thread_get(thread);
        waiter->granted = true;
        futex_wake_waiter_locked(waiter);
        done = 1;
        /* The others wait for the new owner. */
        if (move > 0 && first_at(from, key)) {
            attempt->lock = attempt->spare;
            attempt->spare = NULL;
            result = record_owner(attempt->bucket, &attempt->key, attempt->address, 0, thread,
                                  attempt->lock);
            if (result) {
                attempt->spare = attempt->lock;
                attempt->lock = NULL;
            }
        }
        thread_put(thread);
    }
    if (!attempt->lock)
        return done;
    attempt->lock->waiters++; /* stays until all have been moved */
    while ((waiter = first_at(from, key)) != NULL && done - 1 < move) {
        result = check_movable(waiter, &attempt->key);
        if (result)
            break;
        if (is_deadlock(attempt->lock, waiter->thread)) {
            result = -EDEADLK;
            break;
        }
        move_to_lock(waiter, attempt);
        done++;
    }
    if (drop_waiter(attempt->lock))
        attempt->spare = attempt->lock;
    return result < 0 ? result : done;
}

long futex_requeue_pi(word address, bool shared, int wake, int move, word address2,
                      uint32_t expected)
{
    struct attempt attempt = {.address = address2};
    struct futex_bucket *from;
    struct futex_key key;
    uint32_t found;
    long result;

    if (wake < 0 || move < 0 || address == address2 || wake != 1)
        return -EINVAL;
    result = futex_key_get(address, shared, false, &key);
    if (result)
        return result;
    result = futex_key_get(address2, shared, true, &attempt.key);
    if (result) {
        futex_key_put(&key);
        return result;
    }
    from = futex_bucket_of(&key);
    attempt.bucket = futex_bucket_of(&attempt.key);
    attempt.spare = lock_create();
    result = !attempt.spare ? -ENOMEM : futex_key_equal(&key, &attempt.key) ? -EINVAL : 0;
    while (!result) {
        word fault = address2;

        result = look_up_owner(&attempt);
        if (result)
            break;
        futex_lock_two(from, attempt.bucket);
        if (futex_read_locked(address, &found) != 0) {
            fault = address;
            result = -EFAULT;
        } else if (found != expected) {
            result = -EBUSY;
        } else {
            result = requeue_pi_locked(from, &key, &attempt, move);
        }
        futex_unlock_two(from, attempt.bucket);
        forget_owner(&attempt);
        if (result >= 0)
            break;
        if (fault == address && result == -EFAULT)
            result = usercopy_fault_in((void *)address, 4, false) != 0 ? -EFAULT : 0;
        else
            result = prepare_again(address2, (int)result);
    }
    lock_free(attempt.spare);
    futex_key_put(&key);
    futex_key_put(&attempt.key);
    return result == -EBUSY ? -EAGAIN : result;
}

/* ---- the end of an owner ---- */

/* A lock of a dying thread: the key with a reference, as the record may go. False: none left. */
static bool next_owned(struct thread *thread, struct futex_key *out)
{
    bool found;

    quire_spin_lock(&owner_lock);
    thread->futex_exited = true;
    found = !list_empty(&thread->futex_locks);
    if (found) {
        *out = container_of(thread->futex_locks.next, struct futex_lock, owned)->key;
        if (out->object)
            quire_object_get(out->object);
    }
    quire_spin_unlock(&owner_lock);
    return found;
}

void futex_pi_exit(struct thread *thread)
{
    struct futex_key key;

    while (next_owned(thread, &key)) {
        struct futex_bucket *bucket = futex_bucket_of(&key);
        struct futex_lock *lock;

        quire_spin_lock(&bucket->lock);
        lock = find_lock(bucket, &key);
        if (lock && lock->owner == thread) {
            set_owner(lock, NULL);
            bequeath_locked(bucket, lock);
        }
        quire_spin_unlock(&bucket->lock);
        futex_key_put(&key);
    }
    /* exec goes on with this thread. */
    if (!thread->dying) {
        quire_spin_lock(&owner_lock);
        thread->futex_exited = false;
        quire_spin_unlock(&owner_lock);
    }
}
