#include "core/mutex.h"

#include "proc/process.h"

/* A waiter takes the lock in state 2: it cannot know whether it was the last one to wait. */
void mutex_lock_slow(struct mutex *mutex)
{
    wait_event(&mutex->waiters, __atomic_exchange_n(&mutex->state, 2, __ATOMIC_ACQUIRE) == 0);
}
