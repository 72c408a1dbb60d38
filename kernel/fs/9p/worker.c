/*
 * The worker: what sessions leave to be done. Every dirty_writeback_centisecs what has been dirty
 * for dirty_expire_centisecs is written, what nobody has open or maps at once; fids are clunked,
 * sessions that nothing refers to end.
 *
 * Inodes that nobody has open or maps give their open fids back: at once those that were open for
 * writing (the host may want to run the file), that have no name any more (the host wants the
 * room), or if there are many; others at the end of the period, so that a program that is started
 * again and again finds its files open.
 */
#include "fs/9p/inode.h"

#include "core/log.h"
#include "core/memory.h"
#include "fs/writeback.h"
#include "proc/process.h"
#include "x86/time.h"

#define MANY_KEPT 256 /* files of a session that are in use or were */

static struct list sessions = LIST_INIT(sessions); /* (sessions_lock) */
static struct quire_spinlock sessions_lock;
static struct wait_queue wake, passed;
static uint32_t passes; /* (a) times that all was looked at */
static bool wanted, started;
static bool much; /* (a) is dirty: more than the background limit */

/*
 * The next session behind one (NULL: the first) that has not ended, with a reference; that of
 * `after` is given back.
 */
static struct ninep_session *next_session(struct ninep_session *after)
{
    struct ninep_session *found = NULL;

    quire_spin_lock(&sessions_lock);
    for (struct list *at = after != NULL ? after->node.next : sessions.next;
         at != &sessions && found == NULL; at = at->next) {
        struct ninep_session *session = container_of(at, struct ninep_session, node);
        uint32_t count = __atomic_load_n(&session->references, __ATOMIC_RELAXED);

        while (count != 0 &&
               !__atomic_compare_exchange_n(&session->references, &count, count + 1, false,
                                            __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
            continue;
        if (count != 0)
            found = session;
    }
    quire_spin_unlock(&sessions_lock);
    if (after != NULL)
        ninep_session_put(after);
    return found;
}

/* One that nothing refers to; NULL: there is none. */
static struct ninep_session *ended_session(void)
{
    struct ninep_session *found = NULL;

    quire_spin_lock(&sessions_lock);
    list_for_each(at, &sessions)
    {
        struct ninep_session *session = container_of(at, struct ninep_session, node);

        if (__atomic_load_n(&session->references, __ATOMIC_ACQUIRE) == 0) {
            found = session;
            break;
        }
    }
    quire_spin_unlock(&sessions_lock);
    return found;
}

static void begin_kept(struct ninep_session *session, struct ninep_kept *cursor)
{
    cursor->inode = NULL;
    quire_spin_lock(&session->inode_lock);
    list_add_head(&session->kept, &cursor->node);
    quire_spin_unlock(&session->inode_lock);
}

/* The next kept inode, with a reference; NULL: there is none, and the cursor is out of the list. */
static struct ninep_inode *next_kept(struct ninep_session *session, struct ninep_kept *cursor)
{
    struct ninep_inode *found = NULL;
    struct list *at;

    quire_spin_lock(&session->inode_lock);
    at = cursor->node.next;
    while (at != &session->kept && found == NULL) {
        found = container_of(at, struct ninep_kept, node)->inode;
        at = at->next;
    }
    list_remove(&cursor->node);
    if (found != NULL) {
        list_add_head(&found->kept.node, &cursor->node);
        inode_get(found->inode);
    }
    quire_spin_unlock(&session->inode_lock);
    return found;
}

bool ninep_is_hasty(struct ninep_inode *node)
{
    struct ninep_session *session = node->session;

    return __atomic_load_n(&node->write_fid, __ATOMIC_RELAXED) != NINEP_NO_FID ||
           __atomic_load_n(&node->unlinked, __ATOMIC_RELAXED) ||
           __atomic_load_n(&session->crowded, __ATOMIC_RELAXED) ||
           __atomic_load_n(&session->kept_count, __ATOMIC_RELAXED) > MANY_KEPT ||
           __atomic_load_n(&session->top, __ATOMIC_RELAXED) == NULL;
}

/* Nobody has it open or maps it, and nothing is to be written, or it has no name any more: it is
 * kept no longer. */
static void try_release(struct ninep_inode *node)
{
    struct ninep_session *session = node->session;
    bool idle, dirty, lost;

    mutex_lock(&node->opening);
    quire_spin_lock(&session->inode_lock);
    idle = node->opens == 0 && !list_empty(&node->kept.node) &&
           __atomic_load_n(&node->inode->object->references, __ATOMIC_ACQUIRE) == 1;
    quire_spin_lock(&node->lock);
    dirty = node->dirty && !node->unlinked;
    quire_spin_unlock(&node->lock);
    lost = idle && dirty && session->top == NULL; /* unmounted: nobody will ask again */
    idle = idle && (!dirty || lost);
    if (idle) {
        list_remove(&node->kept.node);
        session->kept_count--;
    }
    quire_spin_unlock(&session->inode_lock);
    if (idle) {
        ninep_fid_close(session,
                        __atomic_exchange_n(&node->read_fid, NINEP_NO_FID, __ATOMIC_RELAXED));
        ninep_fid_close(session,
                        __atomic_exchange_n(&node->write_fid, NINEP_NO_FID, __ATOMIC_RELAXED));
    }
    mutex_unlock(&node->opening);
    if (lost)
        log_warn("9p: %" PRIu64 " pages of file %" PRIu64 " could not be written before the folder "
                 "was unmounted: error %d",
                 quire_object_dirty(node->inode->object), node->path, -node->failure);
    if (idle)
        inode_put(node->inode);
}

/* Nobody has it open or could write it by a mapping, or it has waited for long enough. */
static bool is_to_be_written(struct ninep_inode *node, bool at_once)
{
    int hundredths = __atomic_load_n(&writeback_settings.expire, __ATOMIC_RELAXED);
    bool idle = __atomic_load_n(&node->opens, __ATOMIC_RELAXED) == 0 &&
                __atomic_load_n(&node->inode->object->writable_mappings, __ATOMIC_RELAXED) == 0;
    bool expired;

    quire_spin_lock(&node->lock);
    expired = clock_monotonic_ns() - node->dirty_since >=
              (uint64_t)hundredths * (NANOSECONDS_PER_SECOND / 100);
    quire_spin_unlock(&node->lock);
    return !node->unlinked && (idle || at_once || expired);
}

/* What was closed, and what has expired; or all of it. */
void ninep_session_serve(struct ninep_session *session, bool all, bool at_once)
{
    struct ninep_kept cursor;
    struct ninep_inode *node;

    begin_kept(session, &cursor);
    while ((node = next_kept(session, &cursor)) != NULL) {
        if (is_to_be_written(node, at_once))
            (void)ninep_write_back(node);
        if (all || ninep_is_hasty(node))
            try_release(node);
        inode_put(node->inode);
        give_way();
    }
}

/* What has no name any more and nobody uses takes room at the server until it is let go. */
static void let_go(struct ninep_session *session)
{
    struct ninep_kept cursor;
    struct ninep_inode *node;

    begin_kept(session, &cursor);
    while ((node = next_kept(session, &cursor)) != NULL) {
        if (node->unlinked)
            try_release(node);
        inode_put(node->inode);
    }
    while (ninep_fid_clunk_one(session))
        give_way();
}

int ninep_session_sync(struct ninep_session *session)
{
    struct ninep_kept cursor;
    struct ninep_inode *node;
    int result = 0;

    let_go(session);
    begin_kept(session, &cursor);
    while ((node = next_kept(session, &cursor)) != NULL) {
        int error = node->unlinked ? 0 : ninep_write_back(node);

        result = result != 0 ? result : error;
        inode_put(node->inode);
    }
    return result;
}

uint64_t ninep_pages_dirty(void)
{
    struct ninep_session *session = NULL;
    uint64_t pages = 0;

    while ((session = next_session(session)) != NULL) {
        struct ninep_kept cursor;
        struct ninep_inode *node;

        begin_kept(session, &cursor);
        while ((node = next_kept(session, &cursor)) != NULL) {
            pages += quire_object_dirty(node->inode->object);
            inode_put(node->inode);
        }
    }
    return pages;
}

void ninep_write_some(unsigned long pages)
{
    struct ninep_session *session = NULL;

    while ((session = next_session(session)) != NULL) {
        struct ninep_kept cursor;
        struct ninep_inode *node;

        begin_kept(session, &cursor);
        while ((node = next_kept(session, &cursor)) != NULL) {
            if (writeback_pages() > pages && node->inode->dirtied > 0)
                (void)ninep_write_back(node);
            inode_put(node->inode);
        }
    }
}

void ninep_write_in_background(void)
{
    __atomic_store_n(&much, true, __ATOMIC_RELEASE);
    ninep_worker_wake();
}

static void serve(bool all)
{
    struct ninep_session *session = NULL;

    while ((session = next_session(session)) != NULL) {
        ninep_session_serve(session, all, false);
        __atomic_store_n(&session->crowded, false, __ATOMIC_RELAXED);
        while (ninep_fid_clunk_one(session))
            give_way();
    }
    while ((session = ended_session()) != NULL) {
        ninep_session_close(session);
        quire_spin_lock(&sessions_lock); /* not before: who waits for its device looks here */
        list_remove(&session->node);
        quire_spin_unlock(&sessions_lock);
        kernel_free(session);
    }
    __atomic_fetch_add(&passes, 1, __ATOMIC_RELEASE);
    wake_all(&passed);
}

#define SHRINK_BATCH 128

size_t vfs_shrink(void)
{
    struct ninep_session *session = NULL;
    size_t forgotten = 0;

    while ((session = next_session(session)) != NULL) {
        __atomic_store_n(&session->crowded, true, __ATOMIC_RELAXED);
        forgotten += ninep_session_shrink(session, SHRINK_BATCH);
    }
    ninep_worker_wake();
    return forgotten;
}

/* dirty_writeback_centisecs; 0: only on demand. */
static uint64_t period(void)
{
    int hundredths = __atomic_load_n(&writeback_settings.period, __ATOMIC_RELAXED);

    return hundredths > 0 ? (uint64_t)hundredths * (NANOSECONDS_PER_SECOND / 100) : UINT64_MAX / 2;
}

static void run(void *argument)
{
    uint64_t last = clock_monotonic_ns();

    (void)argument;
    for (;;) {
        struct waiter waiter = {0};
        bool all = false;

        wait_prepare(&wake, &waiter);
        while (!__atomic_exchange_n(&wanted, false, __ATOMIC_ACQ_REL)) {
            if (schedule_until(last + period()) == -ETIMEDOUT)
                break;
            wait_prepare(&wake, &waiter);
        }
        wait_finish(&waiter);
        all = clock_monotonic_ns() - last >= period();
        if (all)
            last = clock_monotonic_ns();
        serve(all);
        if (__atomic_exchange_n(&much, false, __ATOMIC_ACQ_REL)) {
            struct writeback_limits limits;

            writeback_limits(&limits);
            ninep_write_some(limits.background);
        }
    }
}

void writeback_changed(int64_t value)
{
    (void)value;
    ninep_worker_wake();
}

/* Not mounted any more: it ends when the last open file does, and the worker has looked at it. */
static bool any_unmounted(void)
{
    bool found = false;

    quire_spin_lock(&sessions_lock);
    list_for_each(at, &sessions) found |= container_of(at, struct ninep_session, node)->top == NULL;
    quire_spin_unlock(&sessions_lock);
    return found;
}

bool ninep_session_wait_end(void)
{
    if (!__atomic_load_n(&started, __ATOMIC_ACQUIRE) || !any_unmounted())
        return false;
    /* The pass that is under way may have looked already. */
    for (unsigned i = 0; i < 2; i++) {
        uint32_t before = __atomic_load_n(&passes, __ATOMIC_ACQUIRE);

        ninep_worker_wake();
        wait_event(&passed, __atomic_load_n(&passes, __ATOMIC_ACQUIRE) != before);
    }
    return true;
}

void ninep_worker_wake(void)
{
    __atomic_store_n(&wanted, true, __ATOMIC_RELEASE);
    if (__atomic_load_n(&started, __ATOMIC_ACQUIRE))
        wake_all(&wake);
}

bool ninep_worker_start(void)
{
    if (__atomic_load_n(&started, __ATOMIC_ACQUIRE))
        return true;
    wait_queue_init(&wake);
    wait_queue_init(&passed);
    if (kernel_thread_start("9p", run, NULL) == NULL)
        return false;
    __atomic_store_n(&started, true, __ATOMIC_RELEASE);
    return true;
}

void ninep_worker_add(struct ninep_session *session)
{
    quire_spin_lock(&sessions_lock);
    list_add_tail(&sessions, &session->node);
    quire_spin_unlock(&sessions_lock);
}
