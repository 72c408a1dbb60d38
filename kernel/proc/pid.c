/*
 * Numbers of threads, processes, groups and sessions.
 *
 * One struct pid per number in use, in a table of two levels indexed by the number. It counts what
 * bears the number: a group keeps its number alive after its leader is gone, so the number is not
 * given to someone new meanwhile. Numbers are handed out in a circle, so that one does not come
 * back soon after it became free.
 *
 * Locking: process_tree_lock for everything; it is taken by interrupt handlers (signals from
 * terminals and timers).
 */
#include "proc/tree.h"

#include "core/memory.h"
#include "core/string.h"
#include "linux/errno.h"

#define LEAF_SHIFT 9
#define LEAF_SIZE  (1 << LEAF_SHIFT)
#define PID_LIMIT  (1 << 22) /* Linux's on 64 bits */

struct quire_spinlock process_tree_lock;
int pid_max = 32768;

static struct pid **leaves[PID_LIMIT >> LEAF_SHIFT]; /* NULL until a number of it was used */
static int last_number = 1;                          /* 1 is taken by process_tree_init() */
static struct quire_cache *pid_cache;

struct pid *pid_find_locked(int number)
{
    if (number <= 0 || number >= PID_LIMIT || !leaves[number >> LEAF_SHIFT])
        return NULL;
    return leaves[number >> LEAF_SHIFT][number & (LEAF_SIZE - 1)];
}

/* The next free number after the last one given, or 0 when a leaf is missing or all are taken. */
static int next_number_locked(int *out_missing_leaf)
{
    int number = last_number;

    *out_missing_leaf = -1;
    for (int tried = 0; tried < pid_max; tried++) {
        if (++number >= pid_max)
            number = 300 < pid_max ? 300 : 2; /* as Linux: low numbers stay with daemons */
        if (!leaves[number >> LEAF_SHIFT]) {
            *out_missing_leaf = number >> LEAF_SHIFT;
            return 0;
        }
        if (!leaves[number >> LEAF_SHIFT][number & (LEAF_SIZE - 1)])
            return number;
    }
    return 0;
}

unsigned long pids_made;

static struct pid *pid_alloc(void)
{
    struct pid *pid;

    if (!pid_cache)
        pid_cache = quire_cache_create(&kernel_machine, "pid", sizeof(struct pid), 0);
    pid = pid_cache ? kernel_cache_alloc(pid_cache) : NULL;
    if (!pid)
        return NULL;
    *pid = (struct pid){.uses = 1};
    __atomic_fetch_add(&pids_made, 1, __ATOMIC_RELAXED);
    list_init(&pid->group);
    list_init(&pid->session);
    return pid;
}

/* Makes the leaf if there is none. */
static bool leaf_make(int index)
{
    struct pid **leaf = kernel_alloc_zeroed(LEAF_SIZE * sizeof *leaf);
    uint64_t flags;

    if (!leaf)
        return false;
    flags = tree_lock_interrupts();
    if (!leaves[index]) {
        leaves[index] = leaf;
        leaf = NULL;
    }
    tree_unlock_interrupts(flags);
    kernel_free(leaf);
    return true;
}

struct pid *pid_create_number(int number, int *out_error)
{
    struct pid *pid = NULL, **place;
    uint64_t flags;

    *out_error = -EINVAL;
    if (number < 1 || number >= pid_max)
        return NULL;
    *out_error = -ENOMEM;
    if (!leaves[number >> LEAF_SHIFT] && !leaf_make(number >> LEAF_SHIFT))
        return NULL;
    pid = pid_alloc();
    if (!pid)
        return NULL;
    pid->number = number;
    flags = tree_lock_interrupts();
    place = &leaves[number >> LEAF_SHIFT][number & (LEAF_SIZE - 1)];
    if (*place) {
        *out_error = -EEXIST;
    } else {
        *place = pid;
        pid = NULL;
    }
    tree_unlock_interrupts(flags);
    if (!pid)
        return *place;
    quire_cache_free(&kernel_machine, pid_cache, pid);
    return NULL;
}

struct pid *pid_create(int *out_error)
{
    struct pid *pid = pid_alloc();
    int number, missing;

    *out_error = -ENOMEM;
    if (!pid)
        return NULL;
    for (;;) {
        uint64_t flags = tree_lock_interrupts();

        number = next_number_locked(&missing);
        if (number != 0) {
            pid->number = number;
            leaves[number >> LEAF_SHIFT][number & (LEAF_SIZE - 1)] = pid;
            last_number = number;
        }
        tree_unlock_interrupts(flags);
        if (number != 0)
            return pid;
        if (missing >= 0) {
            if (!leaf_make(missing))
                break;
            continue;
        }
        *out_error = -EAGAIN;
        break;
    }
    quire_cache_free(&kernel_machine, pid_cache, pid);
    return NULL;
}

bool pid_unuse_locked(struct pid *pid)
{
    if (--pid->uses != 0)
        return false;
    leaves[pid->number >> LEAF_SHIFT][pid->number & (LEAF_SIZE - 1)] = NULL;
    return true;
}

void pid_free(struct pid *pid)
{
    if (pid)
        quire_cache_free(&kernel_machine, pid_cache, pid);
}

void process_set_group_locked(struct process *process, struct pid *group, struct pid **out_free)
{
    struct pid *old = process->group;

    *out_free = NULL;
    if (group) {
        group->uses++;
        list_remove(&process->group_node);
        list_add_tail(&group->group, &process->group_node);
    } else {
        list_remove(&process->group_node);
    }
    process->group = group;
    if (old && pid_unuse_locked(old))
        *out_free = old;
}

void process_set_session_locked(struct process *process, struct pid *session, struct pid **out_free)
{
    struct pid *old = process->session;

    *out_free = NULL;
    list_remove(&process->session_node);
    if (session) {
        session->uses++;
        list_add_tail(&session->session, &process->session_node);
    }
    process->session = session;
    if (old && pid_unuse_locked(old))
        *out_free = old;
}

/* ---- lookups with references ---- */

struct process *process_find(int number)
{
    uint64_t flags = tree_lock_interrupts();
    struct pid *pid = pid_find_locked(number);
    struct process *process = pid ? pid->process : NULL;

    if (process)
        process_get(process);
    tree_unlock_interrupts(flags);
    return process;
}

struct thread *thread_find(int tid)
{
    uint64_t flags = tree_lock_interrupts();
    struct pid *pid = pid_find_locked(tid);
    struct thread *thread = pid ? pid->thread : NULL;

    if (thread)
        __atomic_fetch_add(&thread->references, 1, __ATOMIC_RELAXED);
    tree_unlock_interrupts(flags);
    return thread;
}

struct process *process_next(int number)
{
    struct process *found = NULL;
    uint64_t flags = tree_lock_interrupts();

    if (number < 1)
        number = 1;
    while (number < PID_LIMIT && !found) {
        struct pid **leaf = leaves[number >> LEAF_SHIFT];

        if (!leaf) {
            number = ((number >> LEAF_SHIFT) + 1) << LEAF_SHIFT;
            continue;
        }
        if (leaf[number & (LEAF_SIZE - 1)])
            found = leaf[number & (LEAF_SIZE - 1)]->process;
        number++;
    }
    if (found)
        process_get(found);
    tree_unlock_interrupts(flags);
    return found;
}

struct thread *process_thread_next(struct process *process, int tid)
{
    struct thread *best = NULL;
    uint64_t flags = tree_lock_interrupts();

    list_for_each(node, &process->threads)
    {
        struct thread *thread = container_of(node, struct thread, thread_node);

        if (thread->tid >= tid && (!best || thread->tid < best->tid))
            best = thread;
    }
    if (best)
        __atomic_fetch_add(&best->references, 1, __ATOMIC_RELAXED);
    tree_unlock_interrupts(flags);
    return best;
}

/* ---- groups and sessions ---- */

int process_group_number(const struct process *process)
{
    uint64_t flags = tree_lock_interrupts();
    int number = process->group ? process->group->number : 0;

    tree_unlock_interrupts(flags);
    return number;
}

int process_session_number(const struct process *process)
{
    uint64_t flags = tree_lock_interrupts();
    int number = process->session ? process->session->number : 0;

    tree_unlock_interrupts(flags);
    return number;
}

int process_group_session(int group)
{
    uint64_t flags = tree_lock_interrupts();
    struct pid *pid = pid_find_locked(group);
    int session = -ESRCH;

    if (pid && !list_empty(&pid->group)) {
        struct process *member = container_of(pid->group.next, struct process, group_node);

        session = member->session ? member->session->number : 0;
    }
    tree_unlock_interrupts(flags);
    return session;
}

bool process_group_orphaned_locked(struct pid *group, const struct process *leaving)
{
    list_for_each(node, &group->group)
    {
        struct process *member = container_of(node, struct process, group_node);
        struct process *parent = member->parent;

        if (member == leaving || member->zombie || !parent || parent == init_process)
            continue;
        if (parent->group != group && parent->session == member->session)
            return false;
    }
    return true;
}

bool process_group_orphaned(int number)
{
    uint64_t flags = tree_lock_interrupts();
    struct pid *group = pid_find_locked(number);
    bool orphaned = !group || process_group_orphaned_locked(group, NULL);

    tree_unlock_interrupts(flags);
    return orphaned;
}

struct tty *process_tty(const struct process *process)
{
    uint64_t flags = tree_lock_interrupts();
    struct tty *tty = process->session ? process->session->tty : NULL;

    tree_unlock_interrupts(flags);
    return tty;
}

void process_set_tty(struct process *leader, struct tty *tty)
{
    uint64_t flags = tree_lock_interrupts();

    if (leader->session)
        leader->session->tty = tty;
    tree_unlock_interrupts(flags);
}

/* The number 1 exists before anyone asks for one. */
struct pid *pid_create_first(void)
{
    int error;
    struct pid *pid;

    last_number = 0;
    pid = pid_create(&error);
    return pid;
}
