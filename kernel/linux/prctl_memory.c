/*
 * prctl(PR_SET_MM): where a program's parts are, as /proc tells it and brk uses it. Checkpoint
 * tools set it when they build a process anew.
 */
#include "linux/memory.h"

#include "fs/vfs.h"
#include "linux/syscalls.h"
#include "linux/settings.h"
#include "x86/usercopy.h"

enum {
    SET_START_CODE = 1,
    SET_END_CODE,
    SET_START_DATA,
    SET_END_DATA,
    SET_START_STACK,
    SET_START_BRK,
    SET_BRK,
    SET_ARG_START,
    SET_ARG_END,
    SET_ENV_START,
    SET_ENV_END,
    SET_AUXV,
    SET_EXE_FILE,
    SET_MAP,
    SET_MAP_SIZE,
};

/* Of struct prctl_mm_map: eleven 64-bit numbers, a pointer, two of 32 bits. */
#define MAP_STRUCT_SIZE (11 * 8 + sizeof(word) + 2 * 4)
#define RLIMIT_DATA     2

/* By option, 1 to 11; the two of the break are the space's. */
struct parts {
    word value[SET_ENV_END + 1];
};

static struct parts parts_of(const struct memory *memory)
{
    return (struct parts){{
        [SET_START_CODE] = memory->code_start,
        [SET_END_CODE] = memory->code_end,
        [SET_START_DATA] = memory->data_start,
        [SET_END_DATA] = memory->data_end,
        [SET_START_STACK] = memory->stack_start,
        [SET_START_BRK] = memory->space->break_start,
        [SET_BRK] = memory->space->break_end,
        [SET_ARG_START] = memory->argument_start,
        [SET_ARG_END] = memory->argument_end,
        [SET_ENV_START] = memory->environment_start,
        [SET_ENV_END] = memory->environment_end,
    }};
}

static void set_parts(struct memory *memory, const struct parts *parts)
{
    const word *value = parts->value;

    memory->code_start = value[SET_START_CODE];
    memory->code_end = value[SET_END_CODE];
    memory->data_start = value[SET_START_DATA];
    memory->data_end = value[SET_END_DATA];
    memory->stack_start = value[SET_START_STACK];
    memory->argument_start = value[SET_ARG_START];
    memory->argument_end = value[SET_ARG_END];
    memory->environment_start = value[SET_ENV_START];
    memory->environment_end = value[SET_ENV_END];
    quire_spin_lock(&memory->space->lock);
    memory->space->break_start = value[SET_START_BRK];
    memory->space->break_end = value[SET_BRK];
    quire_spin_unlock(&memory->space->lock);
}

/* Linux's: all of user memory, in order, heap and data within the limit. */
static bool parts_fit(const struct parts *parts)
{
    const word *value = parts->value;
    uint64_t limit = current_process()->limits[RLIMIT_DATA].soft;

    for (unsigned i = SET_START_CODE; i <= SET_ENV_END; i++)
        if (value[i] < vm_settings.mmap_min_addr || value[i] >= USER_END)
            return false;
    return value[SET_START_CODE] < value[SET_END_CODE] &&
           value[SET_START_DATA] <= value[SET_END_DATA] && value[SET_START_BRK] <= value[SET_BRK] &&
           value[SET_ARG_START] <= value[SET_ARG_END] &&
           value[SET_ENV_START] <= value[SET_ENV_END] &&
           (limit == UINT64_MAX ||
            value[SET_BRK] - value[SET_START_BRK] + value[SET_END_DATA] - value[SET_START_DATA] <=
                limit);
}

/* A program's file can be another only once nothing of the old one is mapped; that is for those who
 * build a whole process, and none here does. */
static long set_file(word fd)
{
    struct file *file = file_table_find(current_thread()->files, (int)fd);
    long error = -EBUSY;

    if (!file)
        return -EBADF;
    if (!file->inode || !inode_is(file->inode, S_IFREG) ||
        inode_permission(file->inode, MAY_EXECUTE, false) != 0)
        error = -EACCES;
    file_put(file);
    return error;
}

long prctl_set_memory(word option, word address, word size, word last)
{
    struct memory *memory = current_thread()->memory;
    struct parts parts;

    if (last || (size && option != SET_AUXV && option != SET_MAP && option != SET_MAP_SIZE))
        return -EINVAL;
    if (option == SET_MAP_SIZE)
        return put_user_u32((void *)address, MAP_STRUCT_SIZE);
    if (option == SET_MAP)
        return -EINVAL;
    if (current_process()->credentials.euid != 0)
        return -EPERM;
    if (option == SET_EXE_FILE)
        return set_file(address);
    if (address >= USER_END || address < vm_settings.mmap_min_addr || option < SET_START_CODE ||
        option > SET_ENV_END)
        return -EINVAL;
    parts = parts_of(memory);
    parts.value[option] = address;
    if (!parts_fit(&parts))
        return -EINVAL;
    /* What lies on the stack must have memory at or above it. */
    if ((option == SET_START_STACK || option >= SET_ARG_START) &&
        !anything_mapped(address, USER_END))
        return -EFAULT;
    set_parts(memory, &parts);
    return 0;
}
