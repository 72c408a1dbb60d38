/* /proc/PID: the bytes and the pages of a process's memory. */
#include "fs/procfs.h"

#include "core/memory.h"
#include "core/printf.h"
#include "core/string.h"
#include "linux/errno.h"

/* ---- memory as text: cmdline, environ, auxv ---- */

static int show_user_bytes(struct text *text, struct memory *memory, uint64_t start, uint64_t end)
{
    char buffer[512];

    while (start < end) {
        size_t n = end - start < sizeof buffer ? end - start : sizeof buffer, done = 0;

        quire_space_read(memory->space, start, buffer, n, true, &done);
        text_add(text, buffer, done);
        start += done;
        if (done < n)
            break;
    }
    return 0;
}

int proc_show_cmdline(struct text *text, const struct proc_target *target)
{
    struct memory *memory = proc_target_memory(target);

    if (memory == NULL)
        return 0;
    show_user_bytes(text, memory, memory->argument_start, memory->argument_end);
    memory_put(memory);
    return 0;
}

int proc_show_environ(struct text *text, const struct proc_target *target)
{
    struct memory *memory = proc_target_memory(target);

    if (memory == NULL)
        return 0;
    show_user_bytes(text, memory, memory->environment_start, memory->environment_end);
    memory_put(memory);
    return 0;
}

int proc_show_auxv(struct text *text, const struct proc_target *target)
{
    struct memory *memory = proc_target_memory(target);

    if (memory == NULL)
        return 0;
    show_user_bytes(text, memory, memory->auxiliary_start,
                    memory->auxiliary_start + memory->auxiliary_size);
    memory_put(memory);
    return 0;
}
