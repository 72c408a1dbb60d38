/* kcmp: do two threads share something? What tells it apart is its address, which is not given
 * away: the order of two things is that of their addresses under a secret of this boot. */
#include "core/random.h"
#include "fs/vfs.h"
#include "linux/errno.h"
#include "linux/syscalls.h"
#include "proc/process.h"
#include "proc/tree.h"

enum { KCMP_FILE, KCMP_VM, KCMP_FILES, KCMP_FS, KCMP_SIGHAND, KCMP_IO, KCMP_SYSVSEM };

/* With a reference; NULL: it has ended. */
static struct file_table *thread_files(struct thread *thread)
{
    uint64_t flags = tree_lock_interrupts();
    struct file_table *files = thread->files;

    if (files)
        file_table_get(files);
    tree_unlock_interrupts(flags);
    return files;
}

/* -EBADF: no such descriptor. The addresses of things that may be gone by now are only compared. */
static long resource(struct thread *thread, int type, word descriptor, uintptr_t *out)
{
    struct file_table *files;
    struct file *file;

    switch (type) {
    case KCMP_FILE:
        files = thread_files(thread);
        file = files ? file_table_find(files, (int)descriptor) : NULL;
        if (files)
            file_table_put(files);
        if (!file)
            return -EBADF;
        *out = (uintptr_t)file;
        file_put(file);
        return 0;
    case KCMP_VM:
        *out = (uintptr_t)thread->memory;
        return 0;
    case KCMP_FILES:
        *out = (uintptr_t)thread->files;
        return 0;
    case KCMP_FS:
        *out = (uintptr_t)thread->fs;
        return 0;
    case KCMP_SIGHAND:
        *out = (uintptr_t)thread->process->handlers;
        return 0;
    case KCMP_IO:      /* nobody has a context of input and output of his own, */
    case KCMP_SYSVSEM: /* nor semaphores to undo */
        *out = 0;
        return 0;
    default:
        return -EINVAL;
    }
}

/* Odd factors keep different addresses different. */
static uintptr_t disguise(uintptr_t address)
{
    static uintptr_t secret[2];

    while (secret[1] == 0) {
        random_bytes(secret, sizeof secret);
        secret[1] |= 1;
    }
    return (address ^ secret[0]) * secret[1];
}

static long compare(struct thread *a, struct thread *b, int type, word first, word second)
{
    uintptr_t one, other;
    long error = 0;

    if (!a->process || !b->process || process_access(a->process, PROCESS_READ) != 0 ||
        process_access(b->process, PROCESS_READ) != 0)
        error = -EPERM;
    if (!error)
        error = resource(a, type, first, &one);
    if (!error)
        error = resource(b, type, second, &other);
    if (error)
        return error;
    one = disguise(one);
    other = disguise(other);
    return one < other ? 1 : one > other ? 2 : 0;
}

long sys_kcmp(word pid, word other_pid, word type, word first, word second)
{
    struct thread *a = thread_find((int)pid), *b = thread_find((int)other_pid);
    long result = a && b ? compare(a, b, (int)type, first, second) : -ESRCH;

    if (a)
        thread_put(a);
    if (b)
        thread_put(b);
    return result;
}
