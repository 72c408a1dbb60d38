#ifndef KERNEL_CORE_MUTEX_H
#define KERNEL_CORE_MUTEX_H

/*
 * A lock whose holder may sleep: copying to user memory, waiting for a pager. One atomic exchange
 * when it is free. Not recursive, not for interrupt handlers, no spinlock held by who takes it.
 */

#include "proc/wait.h"

struct mutex {
    uint32_t state; /* (a) 0 free, 1 held, 2 held and someone waits */
    struct wait_queue waiters;
};

static inline void mutex_init(struct mutex *mutex)
{
    mutex->state = 0;
    wait_queue_init(&mutex->waiters);
}

static inline bool mutex_try(struct mutex *mutex)
{
    uint32_t expected = 0;

    return __atomic_compare_exchange_n(&mutex->state, &expected, 1, false, __ATOMIC_ACQUIRE,
                                       __ATOMIC_RELAXED);
}

/* Waits until it is free, and takes it: for mutex_lock(). */
void mutex_lock_slow(struct mutex *mutex);

static inline void mutex_lock(struct mutex *mutex)
{
    if (__builtin_expect(!mutex_try(mutex), 0))
        mutex_lock_slow(mutex);
}

static inline void mutex_unlock(struct mutex *mutex)
{
    if (__builtin_expect(__atomic_exchange_n(&mutex->state, 0, __ATOMIC_RELEASE) == 2, 0))
        wake_one(&mutex->waiters);
}

#endif
