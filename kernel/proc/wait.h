/*
 * Wait queues: a thread sleeps until a condition that others change becomes true.
 *
 *   struct waiter w = {0};             // must start as zeros
 *   wait_prepare(&queue, &w);          // on the queue, state SLEEPING
 *   while (!condition) {
 *       if (interruptible && signal_pending(current)) { result = -EINTR (or -ERESTARTSYS); break; }
 *       schedule();                    // returns after wake_* or a signal; may return early
 *       if (condition) break;          // mostly: then it need not be made ready to sleep again
 *       wait_prepare(&queue, &w);      // again: waking takes the thread's state, not its place in
 * the queue
 *   }
 *   wait_finish(&w);
 *
 * A waiter may be on several queues at once (poll): one struct waiter each. The wait_event macros
 * say the above in one line.
 */
#ifndef KERNEL_PROC_WAIT_H
#define KERNEL_PROC_WAIT_H

#include "core/list.h"
#include <quire/lock.h>
#include <stdint.h>

struct thread;

struct wait_queue {
    struct quire_spinlock lock; /* taken from interrupt handlers too: with interrupts off */
    struct list waiters;        /* (lock) */
    uint32_t wakes;             /* (a) so far, whether or not anybody waited */
};

struct waiter {
    struct list node;
    struct wait_queue *queue;
    struct thread *thread;
    bool exclusive; /* of those, wake_news wakes one */
};

void wait_queue_init(struct wait_queue *queue);
void wait_prepare(struct wait_queue *queue, struct waiter *waiter);
void wait_finish(struct waiter *waiter);
/* Wake all, or the first. Any context, interrupt handlers too. */
void wake_all(struct wait_queue *queue);
void wake_one(struct wait_queue *queue);
/* There is something to take, which one can take: all but the exclusive waiters, and one of them.
 */
void wake_news(struct wait_queue *queue);
/* schedule() until woken, a signal, or the monotonic deadline (ns, UINT64_MAX: none). Returns 0, or
 * -ETIMEDOUT. */
int schedule_until(uint64_t deadline);

/* 0 when the condition held, -ERESTARTSYS when a signal came first. */
#define wait_event_interruptible(queue, condition)                                                 \
    ({                                                                                             \
        struct waiter waiter_ = {0};                                                               \
        int result_ = 0;                                                                           \
        wait_prepare(queue, &waiter_);                                                             \
        while (!(condition)) {                                                                     \
            if (signal_pending()) {                                                                \
                result_ = -ERESTARTSYS;                                                            \
                break;                                                                             \
            }                                                                                      \
            schedule();                                                                            \
            if (condition)                                                                         \
                break;                                                                             \
            wait_prepare(queue, &waiter_);                                                         \
        }                                                                                          \
        wait_finish(&waiter_);                                                                     \
        result_;                                                                                   \
    })

/* Not interruptible: for waits that end by themselves. */
#define wait_event(queue, condition)                                                               \
    do {                                                                                           \
        struct waiter waiter_ = {0};                                                               \
        wait_prepare(queue, &waiter_);                                                             \
        while (!(condition)) {                                                                     \
            schedule();                                                                            \
            if (condition)                                                                         \
                break;                                                                             \
            wait_prepare(queue, &waiter_);                                                         \
        }                                                                                          \
        wait_finish(&waiter_);                                                                     \
    } while (0)

#endif
