#include "proc/pidfd.h"

#include "fs/vfs.h"
#include "linux/errno.h"
#include "proc/tree.h"

/* Readable once the process has ended, for ever. */
static unsigned pidfd_poll(struct file *file, struct poll_table *table)
{
    struct process *process = file->data;

    poll_wait(table, &process->end_wait);
    return __atomic_load_n(&process->zombie, __ATOMIC_ACQUIRE) ? POLLIN | POLLRDNORM : 0;
}

static void pidfd_release(struct file *file)
{
    process_put(file->data);
}

static const struct file_operations pidfd_operations = {.poll = pidfd_poll,
                                                        .release = pidfd_release};

int pidfd_create(struct process *process, unsigned flags, struct file **out)
{
    struct file *file = file_create(&pidfd_operations, process, O_RDWR | (flags & O_NONBLOCK));

    if (!file)
        return -ENOMEM;
    process_get(process);
    file->label = "[pidfd]";
    *out = file;
    return 0;
}

struct process *pidfd_process(const struct file *file)
{
    if (file->operations != &pidfd_operations)
        return NULL;
    process_get(file->data);
    return file->data;
}

bool process_has_number(struct process *process)
{
    uint64_t flags = tree_lock_interrupts();
    bool has = process->pid != NULL;

    tree_unlock_interrupts(flags);
    return has;
}
