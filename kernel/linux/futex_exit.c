/*
 * What a dying thread leaves behind: robust locks, locks with an owner, and the word that says that
 * it has ended. The lists are the program's own and may be anything: cycles are bounded, and the
 * walk ends at the first address that cannot be read.
 */
#include "core/memory.h"
#include "linux/errno.h"
#include "linux/futex.h"
#include "proc/scheduler.h"
#include "proc/tree.h"
#include "x86/usercopy.h"

#define ROBUST_LIMIT     2048
#define ROBUST_HEAD_SIZE (3 * sizeof(word))
#define POINTER          (~(word)1) /* an entry without its bit */

long sys_set_robust_list(word head, word size)
{
    if (size != ROBUST_HEAD_SIZE)
        return -EINVAL;
    current_thread()->robust_list = head;
    return 0;
}

/* As ptrace's check for reading: the same user, or uid 0. */
static bool may_look(const struct thread *thread)
{
    const struct credentials *mine = &current_process()->credentials;
    const struct credentials *theirs = &thread->process->credentials;

    return thread->process == current_process() || mine->euid == 0 ||
           (mine->uid == theirs->uid && mine->uid == theirs->euid && mine->uid == theirs->suid);
}

long sys_get_robust_list(word tid, word head, word size)
{
    struct thread *thread = (int)tid ? thread_find((int)tid) : NULL;
    word list;

    if ((int)tid && !thread)
        return -ESRCH;
    if (thread && !may_look(thread)) {
        thread_put(thread);
        return -EPERM;
    }
    list = (thread ? thread : current_thread())->robust_list;
    if (thread)
        thread_put(thread);
    if (put_user_word((void *)size, ROBUST_HEAD_SIZE) != 0 ||
        put_user_word((void *)head, list) != 0)
        return -EFAULT;
    return 0;
}

/*
 * A lock whose owner dies is marked so, and one waiter is woken to find out (of locks with an owner
 * the kernel knows who is next). False: the walk is over.
 */
static bool owner_died(word address, bool with_owner, bool pending)
{
    uint32_t tid = (uint32_t)current_thread()->tid, value, found;

    if (address % 4 != 0)
        return false;
    for (;;) {
        if (get_user_u32(&value, (void *)address) != 0)
            return false;
        /* It was about to unlock, or has: the wakeup may still be owed. */
        if (pending && !with_owner && value == 0) {
            futex_wake(address, true, 1, BITSET_ALL);
            return true;
        }
        if ((value & FUTEX_TID_MASK) != tid)
            return true;
        if (cmpxchg_user_u32((void *)address, value, (value & FUTEX_WAITERS) | FUTEX_OWNER_DIED,
                             &found) != 0)
            return false;
        if (found == value)
            break;
    }
    if ((value & FUTEX_WAITERS) && !with_owner)
        futex_wake(address, true, 1, BITSET_ALL);
    return true;
}

/* struct robust_list_head: next, offset of the word, entry being changed. Bit 0 of a pointer: a
 * lock with an owner. */
static void walk_robust_list(word head)
{
    word entry, next, offset, pending;
    bool readable;

    if (get_user_word(&entry, (void *)head) != 0 ||
        get_user_word(&offset, (void *)(head + sizeof(word))) != 0 ||
        get_user_word(&pending, (void *)(head + 2 * sizeof(word))) != 0)
        return;
    for (int n = 0; (entry & POINTER) != head && n < ROBUST_LIMIT; n++) {
        word at = entry & POINTER;

        /* The next one first: a woken owner may take this entry off its list. */
        readable = get_user_word(&next, (void *)at) == 0;
        if (at != (pending & POINTER) && !owner_died(at + offset, entry & 1, false))
            return;
        if (!readable)
            return;
        entry = next;
        give_way();
    }
    if (pending & POINTER)
        owner_died((pending & POINTER) + offset, pending & 1, true);
}

void futex_thread_exit(struct thread *thread)
{
    if (!thread->memory)
        return;
    if (thread->robust_list)
        walk_robust_list(thread->robust_list);
    thread->robust_list = 0;
    futex_pi_exit(thread);
    /* Nobody else looks at a word in memory that dies with this thread. */
    if (thread->clear_child_tid &&
        __atomic_load_n(&thread->memory->references, __ATOMIC_ACQUIRE) > 1) {
        put_user_u32((void *)thread->clear_child_tid, 0);
        futex_wake(thread->clear_child_tid, true, 1, BITSET_ALL);
    }
    thread->clear_child_tid = 0;
}
