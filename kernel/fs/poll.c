/*
 * Waiting for several files at once.
 *
 * The first look at each file joins its queues; every later look only asks. The thread's state is
 * set to sleeping before each round of looks (poll_arm), so that a change in between makes the
 * following schedule() return at once. A table keeps a reference on every file whose queue it is
 * on: the queue is part of what the file stands for.
 */
#include "fs/vfs.h"

#include "core/memory.h"
#include "core/string.h"
#include "linux/errno.h"
#include "proc/process.h"

void poll_begin(struct poll_table *table)
{
    wait_queue_init(&table->own_queue);
    table->own = (struct waiter){0};
    table->file = NULL;
    table->waiters = table->short_waiters;
    table->count = 0;
    table->capacity = POLL_SHORT;
    table->error = 0;
    table->exclusive = table->counting = false;
}

void poll_arm(struct poll_table *table)
{
    wait_prepare(&table->own_queue, &table->own);
}

/* Waiters stand in queues by address: a larger array must be filled before the first one is
 * prepared. */
bool poll_reserve(struct poll_table *table, size_t capacity)
{
    if (capacity <= table->capacity)
        return true;
    table->waiters = kernel_alloc(capacity * sizeof table->waiters[0]);
    if (table->waiters == NULL) {
        table->waiters = table->short_waiters;
        return false;
    }
    table->capacity = capacity;
    return true;
}

void poll_wait(struct poll_table *table, struct wait_queue *queue)
{
    struct poll_waiter *waiter;

    if (table == NULL)
        return;
    if (table->counting) {
        table->wakes += __atomic_load_n(&queue->wakes, __ATOMIC_RELAXED);
        return;
    }
    if (table->count == table->capacity) {
        table->error = -ENOMEM;
        return;
    }
    waiter = &table->waiters[table->count++];
    waiter->waiter = (struct waiter){.exclusive = table->exclusive};
    waiter->file = table->file;
    file_get(table->file);
    wait_prepare(queue, &waiter->waiter);
}

void poll_end(struct poll_table *table)
{
    for (size_t i = 0; i < table->count; i++)
        wait_finish(&table->waiters[i].waiter);
    if (table->own.queue != NULL)
        wait_finish(&table->own);
    for (size_t i = 0; i < table->count; i++)
        file_put(table->waiters[i].file);
    if (table->waiters != table->short_waiters)
        kernel_free(table->waiters);
}

unsigned poll_file(struct file *file, struct poll_table *table)
{
    if (file->operations->poll == NULL)
        return POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;
    if (table != NULL)
        table->file = file;
    return file->operations->poll(file, table);
}

static long look(struct poll_item *items, size_t count, struct poll_table *table)
{
    long ready = 0;

    for (size_t i = 0; i < count; i++) {
        struct poll_item *item = &items[i];

        if (item->file == NULL)
            continue;
        /* Once something is ready there will be no sleep, and no queue needs to be joined. */
        item->found = poll_file(item->file, ready > 0 ? NULL : table) & item->wanted;
        ready += item->found != 0;
    }
    return ready;
}

long poll_items(struct poll_item *items, size_t count, uint64_t deadline)
{
    struct poll_table table;
    long ready;

    ready = look(items, count, NULL);
    if (ready > 0 || deadline == 0)
        return ready;
    poll_begin(&table);
    if (!poll_reserve(&table, 2 * count + 2))
        return -ENOMEM;
    poll_arm(&table);
    ready = look(items, count, &table);
    while (ready == 0) {
        if (table.error != 0)
            ready = table.error;
        else if (signal_pending())
            ready = -EINTR;
        else if (schedule_until(deadline) == -ETIMEDOUT) {
            ready = look(items, count, NULL);
            break;
        }
        if (ready != 0)
            break;
        poll_arm(&table);
        ready = look(items, count, NULL);
    }
    poll_end(&table);
    return ready;
}
