/*
 * The library's sleeping hooks (<quire/hooks.h>). A key is an address inside the library; its
 * sleepers wait on one of a few queues chosen by that address. Two keys may share a queue: then
 * some wake for nothing and look again, which the contract allows.
 */

#include <quire/hooks.h>
#include <quire/lock.h>

#include "core/init.h"
#include "proc/process.h"
#include "proc/wait.h"

#define QUEUES 64 /* a power of two */

static struct wait_queue queues[QUEUES];

static int queues_init(void)
{
    for (unsigned i = 0; i < QUEUES; i++)
        wait_queue_init(&queues[i]);
    return 0;
}
INITCALL(INIT_SCHEDULER, queues_init);

static struct wait_queue *queue_of(const void *key)
{
    uint64_t mixed = (uintptr_t)key * 0x9e3779b97f4a7c15ull;

    return &queues[mixed >> 58];
}

void quire_hook_sleep(struct quire *q, const void *key, struct quire_spinlock *lock)
{
    struct wait_queue *queue = queue_of(key);
    struct waiter waiter = {0};

    (void)q;
    /* On the queue before the lock is free: a wake-up from now on is not lost. */
    wait_prepare(queue, &waiter);
    quire_spin_unlock(lock);
    schedule();
    wait_finish(&waiter);
    quire_spin_lock(lock);
}

bool quire_hook_pause(struct quire *q)
{
    (void)q;
    give_way();
    return !kill_pending();
}

void quire_hook_wake(struct quire *q, const void *key)
{
    (void)q;
    wake_all(queue_of(key));
}
