#ifndef KERNEL_CORE_SPINLOCK_H
#define KERNEL_CORE_SPINLOCK_H

/* Spinlocks that interrupt handlers take too: held with interrupts off on this CPU. */

#include <quire/lock.h>

#include "x86/cpu.h"

/* Returns the interrupt state for spin_unlock_interrupts(). */
static inline unsigned long spin_lock_interrupts(struct quire_spinlock *lock)
{
    unsigned long flags = interrupts_save();

    quire_spin_lock(lock);
    return flags;
}

static inline void spin_unlock_interrupts(struct quire_spinlock *lock, unsigned long flags)
{
    quire_spin_unlock(lock);
    interrupts_restore(flags);
}

#endif
