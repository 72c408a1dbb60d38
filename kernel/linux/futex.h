/*
 * Futexes: what futex_core.c (keys, buckets, sleeping), sys_futex.c (the calls), futex_pi.c (locks
 * with an owner) and futex_exit.c (what a dying thread leaves) share.
 */
#ifndef KERNEL_LINUX_FUTEX_H
#define KERNEL_LINUX_FUTEX_H

#include "core/list.h"
#include "linux/syscalls.h"
#include "proc/process.h"

#define FUTEX_PRIVATE_FLAG   128u
#define FUTEX_CLOCK_REALTIME 256u
#define BITSET_ALL           UINT32_MAX

/* A lock's word: the owner's number and two flags. */
#define FUTEX_WAITERS    0x80000000u
#define FUTEX_OWNER_DIED 0x40000000u
#define FUTEX_TID_MASK   0x3fffffffu

/*
 * What makes two words the same futex: a space and an address in it for private memory, an object
 * and an offset for shared memory. Holds a reference to the object, so that its address cannot
 * become another's while somebody waits.
 */
struct futex_key {
    const void *owner;
    uint64_t offset;
    struct quire_object *object; /* NULL: private */
};

struct futex_bucket {
    struct quire_spinlock lock;
    struct list waiters; /* (lock) futex_waiter.node, oldest first */
    struct list locks;   /* (lock) futex_lock.node */
};

/* Lives on the sleeping thread's stack. The bucket's lock guards it while it stands in one. */
struct futex_waiter {
    struct list node;
    struct futex_key key;
    struct thread *thread;
    struct futex_bucket *bucket; /* (a) where it stands; NULL: woken, or never stood */
    uint32_t bitset;
    struct futex_lock *lock;            /* waits for this lock; NULL: for a plain wakeup */
    const struct futex_key *requeue_to; /* FUTEX_WAIT_REQUEUE_PI: the only lock it may move to */
    bool granted;                       /* woken as the lock's owner, its word says so */
    bool inherits; /* woken because the owner died: must write the word itself */
};

/* ---- futex_core.c ---- */

bool futex_key_equal(const struct futex_key *a, const struct futex_key *b);
/*
 * The key of the word at address, with a reference. Shared ones must be accessible (write: for
 * writing). -EINVAL: unaligned. -EFAULT.
 */
int futex_key_get(word address, bool shared, bool write, struct futex_key *out);
void futex_key_put(const struct futex_key *key);
struct futex_bucket *futex_bucket_of(const struct futex_key *key);
void futex_lock_two(struct futex_bucket *a, struct futex_bucket *b);
void futex_unlock_two(struct futex_bucket *a, struct futex_bucket *b);

/* With a bucket's lock held: -EFAULT when it must be faulted in first, without the lock. */
int futex_read_locked(word address, uint32_t *out);
int futex_exchange_locked(word address, uint32_t expected, uint32_t wanted, uint32_t *out_found);

/* Into its key's bucket, if the word still holds the value. -EAGAIN, -EFAULT. */
int futex_enter(struct futex_waiter *waiter, word address, uint32_t value);
/* Out of the bucket it stands in, locked; NULL: it has been woken. */
struct futex_bucket *futex_lock_waiter(struct futex_waiter *waiter);
/* Out of wherever it stands; true: it had been woken. */
bool futex_leave(struct futex_waiter *waiter);
void futex_wake_waiter_locked(struct futex_waiter *waiter);
/* Until woken (0), the monotonic deadline (-ETIMEDOUT) or a signal (-EINTR). */
int futex_sleep(struct futex_waiter *waiter, uint64_t deadline);

/* FUTEX_WAKE. */
long futex_wake(word address, bool shared, int limit, uint32_t bitset);

/* ---- futex_pi.c ---- */

long futex_lock_pi(word address, bool shared, uint64_t deadline, bool try);
long futex_unlock_pi(word address, bool shared);
long futex_wait_requeue_pi(word address, bool shared, uint32_t value, uint64_t deadline,
                           word address2);
long futex_requeue_pi(word address, bool shared, int wake, int move, word address2,
                      uint32_t expected);
/* The locks that the running thread owns and somebody waits for go to the next in line. */
void futex_pi_exit(struct thread *thread);

#endif
