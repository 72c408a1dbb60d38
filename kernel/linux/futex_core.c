/*
 * Futexes: keys, buckets, sleeping.
 *
 * Concepts. Waiters stand in hash buckets by key. The word is compared under the bucket's lock, and
 * a waker takes that lock after it changed the word: so no wakeup falls between. The comparison
 * must not fault there; when it would, the lock is dropped, the page brought in, and everything
 * starts over.
 *
 * A waiter that was woken is out of the bucket and its `bucket` is NULL; requeueing moves it to
 * another bucket, with both buckets' locks held (the lower address first).
 */
#include "core/memory.h"
#include "linux/errno.h"
#include "linux/futex.h"
#include "proc/scheduler.h"
#include "x86/usercopy.h"

#define BUCKETS                  256
#define SHARED_IN_PRIVATE_MEMORY 2u

static struct futex_bucket buckets[BUCKETS];

/* ---- keys ---- */

bool futex_key_equal(const struct futex_key *a, const struct futex_key *b)
{
    return a->owner == b->owner && a->offset == b->offset;
}

/*
 * A shared futex's page must be there, as Linux looks it up by its page. Memory that may only be
 * read has a key if its page is a file's: words of one's own that nobody can change are refused.
 */
static int shared_key(word address, bool write, struct futex_key *out)
{
    struct quire_space *space = current_thread()->memory->space;
    struct quire_region_info region;
    bool read_only = usercopy_fault_in((void *)address, 4, true) != 0;

    if (read_only && (write || usercopy_fault_in((void *)address, 4, false) != 0))
        return -EFAULT;
    if (!quire_space_region(space, address, &region))
        return -EFAULT;
    if (region.start <= address && region.object &&
        ((region.flags & QUIRE_REGION_SHARED) || read_only)) {
        *out = (struct futex_key){.owner = region.object,
                                  .offset = region.offset + (address - region.start),
                                  .object = region.object};
        return 0;
    }
    if (region.object)
        quire_object_put(region.object);
    if (region.start > address || read_only)
        return -EFAULT;
    /* Words are aligned: the low bits are free to keep it apart from the private key. */
    *out = (struct futex_key){.owner = space, .offset = address | SHARED_IN_PRIVATE_MEMORY};
    return 0;
}

int futex_key_get(word address, bool shared, bool write, struct futex_key *out)
{
    if (address % 4 != 0)
        return -EINVAL;
    if (address >= USER_END)
        return -EFAULT;
    if (shared)
        return shared_key(address, write, out);
    *out = (struct futex_key){.owner = current_thread()->memory->space, .offset = address};
    return 0;
}

void futex_key_put(const struct futex_key *key)
{
    if (key->object)
        quire_object_put(key->object);
}

/* ---- buckets ---- */

struct futex_bucket *futex_bucket_of(const struct futex_key *key)
{
    uint64_t hash = ((uint64_t)(uintptr_t)key->owner >> 6) * 0x9e3779b97f4a7c15ull + key->offset;
    struct futex_bucket *bucket;

    hash *= 0x9e3779b97f4a7c15ull;
    bucket = &buckets[hash >> 56];
    if (unlikely(__atomic_load_n(&bucket->locks.next, __ATOMIC_ACQUIRE) == NULL)) {
        quire_spin_lock(&bucket->lock);
        if (bucket->locks.next == NULL) {
            list_init(&bucket->waiters);
            bucket->locks.previous = &bucket->locks;
            __atomic_store_n(&bucket->locks.next, &bucket->locks, __ATOMIC_RELEASE);
        }
        quire_spin_unlock(&bucket->lock);
    }
    return bucket;
}

void futex_lock_two(struct futex_bucket *a, struct futex_bucket *b)
{
    struct futex_bucket *first = a < b ? a : b, *second = a < b ? b : a;

    quire_spin_lock(&first->lock);
    if (second != first)
        quire_spin_lock(&second->lock);
}

void futex_unlock_two(struct futex_bucket *a, struct futex_bucket *b)
{
    quire_spin_unlock(&a->lock);
    if (b != a)
        quire_spin_unlock(&b->lock);
}

int futex_read_locked(word address, uint32_t *out)
{
    int error;

    usercopy_nofault_begin();
    error = get_user_u32(out, (void *)address);
    usercopy_nofault_end();
    return error;
}

int futex_exchange_locked(word address, uint32_t expected, uint32_t wanted, uint32_t *out_found)
{
    int error;

    usercopy_nofault_begin();
    error = cmpxchg_user_u32((void *)address, expected, wanted, out_found);
    usercopy_nofault_end();
    return error;
}

/* ---- waiting ---- */

int futex_enter(struct futex_waiter *waiter, word address, uint32_t value)
{
    struct futex_bucket *bucket = futex_bucket_of(&waiter->key);
    uint32_t found;
    int error;

    for (;;) {
        quire_spin_lock(&bucket->lock);
        error = futex_read_locked(address, &found);
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

struct futex_bucket *futex_lock_waiter(struct futex_waiter *waiter)
{
    struct futex_bucket *bucket;

    while ((bucket = __atomic_load_n(&waiter->bucket, __ATOMIC_ACQUIRE)) != NULL) {
        quire_spin_lock(&bucket->lock);
        if (waiter->bucket == bucket)
            return bucket;
        quire_spin_unlock(&bucket->lock);
    }
    return NULL;
}

bool futex_leave(struct futex_waiter *waiter)
{
    struct futex_bucket *bucket = futex_lock_waiter(waiter);

    if (!bucket)
        return true;
    list_remove(&waiter->node);
    waiter->bucket = NULL;
    quire_spin_unlock(&bucket->lock);
    return false;
}

void futex_wake_waiter_locked(struct futex_waiter *waiter)
{
    struct thread *thread = waiter->thread;

    thread_get(thread);
    list_remove(&waiter->node);
    /* After this store the waiter may return, and its record is gone. */
    __atomic_store_n(&waiter->bucket, NULL, __ATOMIC_RELEASE);
    thread_wake(thread);
    thread_put(thread);
}

int futex_sleep(struct futex_waiter *waiter, uint64_t deadline)
{
    struct thread *thread = current_thread();
    int error = 0;

    for (;;) {
        __atomic_store_n(&thread->state, THREAD_SLEEPING, __ATOMIC_SEQ_CST);
        if (__atomic_load_n(&waiter->bucket, __ATOMIC_ACQUIRE) == NULL || error)
            break;
        if (signal_pending())
            error = -EINTR;
        else
            error = schedule_until(deadline);
    }
    __atomic_store_n(&thread->state, THREAD_RUNNABLE, __ATOMIC_RELAXED);
    return error;
}
