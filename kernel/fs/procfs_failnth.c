/*
 * /proc/PID/task/TID/fail-nth (proc/failnth.h). A file of its own kind, as reading and writing it
 * must not allocate: that would count.
 */
#include "fs/procfs.h"

#include "core/printf.h"
#include "linux/errno.h"
#include "proc/failnth.h"

/* With a reference. NULL: it is gone. */
static struct thread *thread_of(const struct file *file)
{
    const struct proc_target *target = proc_open_target(file);
    struct thread *thread = thread_find(target->tid != 0 ? target->tid : target->process->number);

    if (thread != NULL && thread->process != target->process) {
        thread_put(thread);
        return NULL;
    }
    return thread;
}

static long failnth_read(struct file *file, struct transfer *to, uint64_t *position)
{
    struct thread *thread = thread_of(file);
    char text[16];
    size_t length, n;

    if (thread == NULL)
        return -ESRCH;
    length = (size_t)snprintf(text, sizeof text, "%u\n", thread->fail_nth);
    thread_put(thread);
    if (*position >= length || to->length == 0)
        return 0;
    n = length - *position < to->length ? length - *position : to->length;
    n = transfer_out(to, text + *position, n);
    *position += n;
    return n > 0 ? (long)n : -EFAULT;
}

static long failnth_write(struct file *file, struct transfer *from, uint64_t *position)
{
    struct thread *thread;
    size_t all = from->length;
    char text[32];
    int64_t value;
    int error;

    (void)position;
    if (all == 0 || all >= sizeof text)
        return -EINVAL;
    if (transfer_in(from, text, all) != all)
        return -EFAULT;
    text[all] = 0;
    error = proc_parse_setting(text, &value);
    if (error == 0 && (value < 0 || value > UINT32_MAX))
        error = -EINVAL;
    if (error != 0)
        return error;
    thread = thread_of(file);
    if (thread == NULL)
        return -ESRCH;
    failnth_set(thread, (uint32_t)value);
    thread_put(thread);
    return (long)all;
}

const struct file_operations proc_failnth_operations = {
    .read = failnth_read,
    .write = failnth_write,
    .seek = proc_seek,
    .release = proc_release,
};
