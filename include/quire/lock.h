/*
 * quire/lock.h: the library's spinlock. Test-and-test-and-set: one locked instruction when free,
 * waits by reading. Not recursive; never held across a sleeping hook. Order of acquisition (outer
 * first): space → object → parent table → table → slot → heap cache → zone.
 */
#ifndef QUIRE_LOCK_H
#define QUIRE_LOCK_H

#include <quire/platform.h>

struct quire_spinlock {
    uint32_t held; /* (a) 0 free, 1 held */
};

QUIRE_INLINE void quire_spin_init(struct quire_spinlock *lock)
{
    __atomic_store_n(&lock->held, 0, __ATOMIC_RELAXED);
}

QUIRE_INLINE bool quire_spin_try(struct quire_spinlock *lock)
{
    quire_platform_point();
    return __atomic_exchange_n(&lock->held, 1, __ATOMIC_ACQUIRE) == 0;
}

QUIRE_INLINE void quire_spin_lock(struct quire_spinlock *lock)
{
    while (QUIRE_UNLIKELY(!quire_spin_try(lock)))
        while (__atomic_load_n(&lock->held, __ATOMIC_RELAXED))
            quire_platform_relax();
}

QUIRE_INLINE void quire_spin_unlock(struct quire_spinlock *lock)
{
    __atomic_store_n(&lock->held, 0, __ATOMIC_RELEASE);
    quire_platform_point();
}

QUIRE_INLINE bool quire_spin_is_held(const struct quire_spinlock *lock)
{
    return __atomic_load_n(&lock->held, __ATOMIC_RELAXED) != 0;
}

#endif
