/*
 * The worker: what sessions leave to be done. Fids are clunked, inodes that nobody has open or
 * mapped give their open fids back, sessions that nothing refers to end.
 */
#include "fs/9p/inode.h"

#include "core/memory.h"
#include "proc/process.h"
#include "x86/time.h"

#define PERIOD (5 * NANOSECONDS_PER_SECOND)

static struct list sessions = LIST_INIT(sessions); /* (sessions_lock) */
static struct quire_spinlock sessions_lock;
static struct wait_queue wake;
static bool wanted, started;

static void serve_kept(struct ninep_session *session)
{
    for (;;) {
        struct ninep_inode *idle = NULL;

        quire_spin_lock(&session->inode_lock);
        list_for_each(at, &session->kept)
        {
            struct ninep_inode *node = container_of(at, struct ninep_inode, kept);

            if (node->opens == 0 && node->inode->object->references == 1) {
                idle = node;
                list_remove(&node->kept);
                break;
            }
        }
        quire_spin_unlock(&session->inode_lock);
        if (idle == NULL)
            return;
        mutex_lock(&idle->mutex);
        if (idle->opens == 0) {
            ninep_fid_drop(session,
                           __atomic_exchange_n(&idle->read_fid, NINEP_NO_FID, __ATOMIC_RELAXED));
            ninep_fid_drop(session,
                           __atomic_exchange_n(&idle->write_fid, NINEP_NO_FID, __ATOMIC_RELAXED));
        }
        mutex_unlock(&idle->mutex);
        inode_put(idle->inode);
    }
}

/* The next session behind one (NULL: the first); the list's order does not change. */
static struct ninep_session *next_session(struct ninep_session *after)
{
    struct list *node;

    quire_spin_lock(&sessions_lock);
    node = after != NULL ? after->node.next : sessions.next;
    quire_spin_unlock(&sessions_lock);
    return node != &sessions ? container_of(node, struct ninep_session, node) : NULL;
}

static void serve(void)
{
    struct ninep_session *session = next_session(NULL), *next;

    for (; session != NULL; session = next) {
        serve_kept(session);
        while (ninep_fid_clunk_one(session))
            give_way();
        next = next_session(session);
        if (__atomic_load_n(&session->references, __ATOMIC_ACQUIRE) == 0) {
            quire_spin_lock(&sessions_lock);
            list_remove(&session->node);
            quire_spin_unlock(&sessions_lock);
            ninep_session_close(session);
        }
    }
}

static void run(void *argument)
{
    (void)argument;
    for (;;) {
        struct waiter waiter = {0};
        uint64_t deadline = clock_monotonic_ns() + PERIOD;

        wait_prepare(&wake, &waiter);
        while (!__atomic_exchange_n(&wanted, false, __ATOMIC_ACQ_REL)) {
            if (schedule_until(deadline) == -ETIMEDOUT)
                break;
            wait_prepare(&wake, &waiter);
        }
        wait_finish(&waiter);
        serve();
    }
}

void ninep_worker_wake(void)
{
    __atomic_store_n(&wanted, true, __ATOMIC_RELEASE);
    if (__atomic_load_n(&started, __ATOMIC_ACQUIRE))
        wake_all(&wake);
}

void ninep_worker_add(struct ninep_session *session)
{
    quire_spin_lock(&sessions_lock);
    list_add_tail(&sessions, &session->node);
    quire_spin_unlock(&sessions_lock);
    if (__atomic_load_n(&started, __ATOMIC_ACQUIRE))
        return;
    wait_queue_init(&wake);
    if (kernel_thread_start("9p", run, NULL) == NULL)
        return; /* no memory: the next mount tries again */
    __atomic_store_n(&started, true, __ATOMIC_RELEASE);
}
