/* System calls that read and write another process's memory. */
#include "linux/memory.h"

#include "core/memory.h"
#include "linux/syscalls.h"
#include "proc/process.h"
#include "proc/scheduler.h"
#include "proc/signals.h"
#include "proc/tree.h"
#include "x86/usercopy.h"

#define VECTOR_MAX 1024

struct vector {
    word start, length;
};

/* A cursor over a program's list of ranges, which may change while we read it: each is read once.
 */
struct vectors {
    const struct vector *user;
    word count;
    struct vector now;
};

/* False at the end; *error on a bad list. */
static bool next_range(struct vectors *vectors, int *error)
{
    while (vectors->now.length == 0) {
        if (vectors->count == 0)
            return false;
        if (copy_from_user(&vectors->now, vectors->user, sizeof vectors->now) != 0) {
            *error = -EFAULT;
            return false;
        }
        if ((long)vectors->now.length < 0) {
            *error = -EINVAL;
            return false;
        }
        vectors->user++;
        vectors->count--;
    }
    return true;
}

/* The whole list is looked at first, as Linux does, and the caller's own ranges: 1 when it names
 * any bytes, 0, -EFAULT, -EINVAL. */
static int list_bytes(const struct vectors *list, bool own)
{
    struct vector vector;
    int any = 0;

    for (word i = 0; i < list->count; i++) {
        if (copy_from_user(&vector, &list->user[i], sizeof vector) != 0)
            return -EFAULT;
        if ((long)vector.length < 0)
            return -EINVAL;
        if (own && !user_range_ok((void *)vector.start, vector.length))
            return -EFAULT;
        any |= vector.length != 0;
    }
    return any;
}

static size_t copy_piece(struct quire_space *space, word remote, word local, size_t size,
                         bool write, char *buffer)
{
    size_t done = 0;

    if (write) {
        size -= copy_from_user(buffer, (void *)local, size);
        if (size > 0)
            quire_space_write(space, remote, buffer, size, false, &done);
    } else {
        quire_space_read(space, remote, buffer, size, false, &done);
        done -= copy_to_user((void *)local, buffer, done);
    }
    return done;
}

static long copy_between(struct quire_space *space, struct vectors *local, struct vectors *remote,
                         bool write)
{
    char *buffer = kernel_alloc(PAGE_SIZE);
    long total = 0;
    int error = 0;

    if (!buffer)
        return -ENOMEM;
    while (!kill_pending() && next_range(local, &error) && next_range(remote, &error)) {
        size_t size =
            local->now.length < remote->now.length ? local->now.length : remote->now.length;
        size_t done;

        if (size > PAGE_SIZE)
            size = PAGE_SIZE;
        done = copy_piece(space, remote->now.start, local->now.start, size, write, buffer);
        total += (long)done;
        give_way();
        local->now.start += done;
        local->now.length -= done;
        remote->now.start += done;
        remote->now.length -= done;
        if (done < size) {
            error = -EFAULT;
            break;
        }
    }
    kernel_free(buffer);
    return total ? total : error;
}

static long process_vm(word pid, word local, word local_count, word remote, word remote_count,
                       word flags, bool write)
{
    struct vectors mine = {.user = (void *)local, .count = local_count};
    struct vectors theirs = {.user = (void *)remote, .count = remote_count};
    struct process *process;
    struct memory *memory;
    long result;

    if (flags != 0 || local_count > VECTOR_MAX || remote_count > VECTOR_MAX)
        return -EINVAL;
    result = list_bytes(&mine, true);
    if (result > 0)
        result = list_bytes(&theirs, false);
    if (result <= 0)
        return result;
    process = process_find((int)pid);
    if (!process)
        return -ESRCH;
    memory = process_memory(process);
    if (!memory)
        result = -ESRCH;
    else if (process_access(process, PROCESS_ATTACH) != 0)
        result = -EPERM;
    else
        result = copy_between(memory->space, &mine, &theirs, write);
    memory_put(memory);
    process_put(process);
    return result;
}

long sys_process_vm_readv(word pid, word local, word local_count, word remote, word remote_count,
                          word flags)
{
    return process_vm(pid, local, local_count, remote, remote_count, flags, false);
}

long sys_process_vm_writev(word pid, word local, word local_count, word remote, word remote_count,
                           word flags)
{
    return process_vm(pid, local, local_count, remote, remote_count, flags, true);
}
