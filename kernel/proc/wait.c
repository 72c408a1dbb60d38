/*
 * Wait queues. A waiter sets its state to sleeping under the queue's lock before it looks at its
 * condition, and a waker changes the condition before it takes that lock: whichever comes second
 * sees the other, so no wakeup is lost.
 */
#include "proc/wait.h"

#include "proc/scheduler.h"

void wait_queue_init(struct wait_queue *queue)
{
    quire_spin_init(&queue->lock);
    list_init(&queue->waiters);
    queue->wakes = 0;
}

void wait_prepare(struct wait_queue *queue, struct waiter *waiter)
{
    struct thread *thread = current_thread();
    unsigned long flags = spin_lock_interrupts(&queue->lock);

    if (waiter->queue == NULL) {
        waiter->queue = queue;
        waiter->thread = thread;
        list_add_tail(&queue->waiters, &waiter->node);
    }
    __atomic_store_n(&thread->state, THREAD_SLEEPING, __ATOMIC_SEQ_CST);
    spin_unlock_interrupts(&queue->lock, flags);
}

void wait_finish(struct waiter *waiter)
{
    struct wait_queue *queue = waiter->queue;
    unsigned long flags = spin_lock_interrupts(&queue->lock);

    list_remove(&waiter->node);
    waiter->queue = NULL;
    __atomic_store_n(&waiter->thread->state, THREAD_RUNNABLE, __ATOMIC_RELAXED);
    spin_unlock_interrupts(&queue->lock, flags);
}

/* An empty queue is the common case on hot paths (a pipe nobody reads): looked at without the lock,
   after the counting, which is also the fence that orders the caller's change of the condition
   before it. */
static bool count_wake(struct wait_queue *queue)
{
    __atomic_fetch_add(&queue->wakes, 1, __ATOMIC_SEQ_CST);
    return __atomic_load_n(&queue->waiters.next, __ATOMIC_RELAXED) != &queue->waiters;
}

void wake_all(struct wait_queue *queue)
{
    uint64_t flags;

    if (!count_wake(queue))
        return;
    flags = spin_lock_interrupts(&queue->lock);
    list_for_each(node, &queue->waiters)
        thread_wake(container_of(node, struct waiter, node)->thread);
    spin_unlock_interrupts(&queue->lock, flags);
}

/* The first that is asleep: one that was woken already has not left the queue yet, and would
 * swallow the wakeup. */
void wake_one(struct wait_queue *queue)
{
    uint64_t flags;

    if (!count_wake(queue))
        return;
    flags = spin_lock_interrupts(&queue->lock);
    list_for_each(node, &queue->waiters)
    {
        if (thread_wake(container_of(node, struct waiter, node)->thread))
            break;
    }
    spin_unlock_interrupts(&queue->lock, flags);
}

void wake_news(struct wait_queue *queue)
{
    bool exclusive = false;
    uint64_t flags;

    if (!count_wake(queue))
        return;
    flags = spin_lock_interrupts(&queue->lock);
    list_for_each(node, &queue->waiters)
    {
        struct waiter *waiter = container_of(node, struct waiter, node);

        if (!waiter->exclusive)
            thread_wake(waiter->thread);
        else if (!exclusive)
            exclusive = thread_wake(waiter->thread);
    }
    spin_unlock_interrupts(&queue->lock, flags);
}
