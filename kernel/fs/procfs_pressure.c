/*
 * /proc/pressure: time lost for want of memory, devices, the CPU, in Linux's format. Who writes
 * "some 150000 1000000" (microseconds, of a window) to one of them is told by POLLPRI when that
 * much was lost; once for an open file.
 */
#include "fs/procfs.h"

#include "core/memory.h"
#include "core/string.h"
#include "linux/errno.h"
#include "proc/tree.h"
#include "reclaim/pressure.h"

static int show(struct text *text, enum pressure_resource resource)
{
    for (int full = 0; full < 2; full++) {
        struct pressure_figures figures;

        pressure_figures(resource, full, &figures);
        text_printf(text, full ? "full" : "some");
        for (unsigned i = 0; i < 3; i++) {
            static const char *const names[] = {"avg10", "avg60", "avg300"};

            text_printf(text, " %s=%lu.%02lu", names[i], PRESSURE_PERCENT(figures.average[i]),
                        PRESSURE_HUNDREDTHS(figures.average[i]));
        }
        text_printf(text, " total=%llu\n", (unsigned long long)(figures.total / 1000));
    }
    return 0;
}

static int show_memory(struct text *text, const struct proc_target *target)
{
    (void)target;
    return show(text, PRESSURE_MEMORY);
}

static int show_io(struct text *text, const struct proc_target *target)
{
    (void)target;
    return show(text, PRESSURE_IO);
}

static int show_cpu(struct text *text, const struct proc_target *target)
{
    (void)target;
    return show(text, PRESSURE_CPU);
}

/* ---- triggers ---- */

static uint64_t read_number(char **at)
{
    uint64_t value = 0;

    while (**at == ' ')
        ++*at;
    for (; **at >= '0' && **at <= '9' && value < UINT32_MAX; ++*at)
        value = 10 * value + (uint64_t)(**at - '0');
    return value;
}

static int make_trigger(struct proc_open *open, char *text)
{
    const enum pressure_resource *resource = open->target.file->data;
    struct pressure_trigger *trigger;
    uint64_t threshold, window;
    bool full = strncmp(text, "full ", 5) == 0;
    int error;

    if (!full && strncmp(text, "some ", 5) != 0)
        return -EINVAL;
    text += 5;
    threshold = read_number(&text);
    window = read_number(&text);
    if (*text != 0 && *text != '\n')
        return -EINVAL;
    /* That only some wait for the CPU is all there is: somebody has it. */
    if (full && *resource == PRESSURE_CPU)
        return -EINVAL;
    mutex_lock(&open->lock);
    error = open->data ? -EBUSY
                       : pressure_trigger_create(*resource, full, threshold * 1000, window * 1000,
                                                 &trigger);
    if (error == 0)
        __atomic_store_n(&open->data, trigger, __ATOMIC_RELEASE);
    mutex_unlock(&open->lock);
    return error;
}

static long pressure_write(struct file *file, struct transfer *from, uint64_t *position)
{
    size_t n = from->length;
    char text[32];
    int error;

    (void)position;
    if (current_process()->credentials.euid != 0)
        return -EPERM;
    if (n == 0)
        return -EINVAL;
    if (n > sizeof text - 1)
        n = sizeof text - 1;
    if (transfer_in(from, text, n) != n)
        return -EFAULT;
    text[n] = 0;
    error = make_trigger(file->data, text);
    return error ? error : (long)n;
}

static unsigned pressure_poll(struct file *file, struct poll_table *table)
{
    const unsigned always = POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM;
    struct proc_open *open = file->data;
    struct pressure_trigger *trigger = __atomic_load_n(&open->data, __ATOMIC_ACQUIRE);

    if (!trigger)
        return always | POLLERR | POLLPRI;
    poll_wait(table, pressure_trigger_queue(trigger));
    return always | (pressure_trigger_take(trigger) ? POLLPRI : 0);
}

static void pressure_release(struct file *file)
{
    struct proc_open *open = file->data;

    if (open->data)
        pressure_trigger_destroy(open->data);
    proc_release(file);
}

static const struct file_operations pressure_operations = {.read = proc_read,
                                                           .write = pressure_write,
                                                           .poll = pressure_poll,
                                                           .seek = proc_seek,
                                                           .release = pressure_release};

static const enum pressure_resource resources[] = {PRESSURE_CPU, PRESSURE_IO, PRESSURE_MEMORY};

#define PRESSURE_FILE(file_name, function, index)                                                  \
    {                                                                                              \
        .name = file_name, .mode = S_IFREG | 0666, .show = function,                               \
        .file_operations = &pressure_operations, .data = &resources[index]                         \
    }

const struct proc_file proc_pressure_files[] = {
    PRESSURE_FILE("cpu", show_cpu, 0),
    PRESSURE_FILE("io", show_io, 1),
    PRESSURE_FILE("memory", show_memory, 2),
    {.name = NULL},
};
