/* /proc/sysvipc, and the settings of System V shared memory below /proc/sys/kernel. */
#include "fs/procfs_ipc.h"

#include "core/string.h"
#include "linux/errno.h"

int proc_show_unsigned(struct text *text, const struct proc_target *target)
{
    text_printf(text, "%" PRIu64 "\n", *(const uint64_t *)target->file->data);
    return 0;
}

static char *skip_blanks(char *at)
{
    while (*at == ' ' || *at == '\t' || *at == '\n')
        at++;
    return at;
}

/* Up to the largest word, which the settings with a sign do not reach. */
int proc_store_unsigned(char *text, size_t length, const struct proc_target *target)
{
    char *at = skip_blanks(text);
    uint64_t value = 0;

    (void)length;
    if (*at == '-')
        return 0; /* taken and ignored, as on Linux */
    if (*at < '0' || *at > '9')
        return -EINVAL;
    for (; *at >= '0' && *at <= '9'; at++) {
        if (__builtin_mul_overflow(value, 10ul, &value) ||
            __builtin_add_overflow(value, (uint64_t)(*at - '0'), &value))
            return -EINVAL;
    }
    if (*skip_blanks(at) != '\0' || value > UINTPTR_MAX)
        return -EINVAL;
    __atomic_store_n((uint64_t *)target->file->data, value, __ATOMIC_RELAXED);
    return 0;
}

void proc_shm_forced_changed(int64_t to)
{
    if (to)
        shm_settings_changed();
}

/* The columns of sizes, as Linux has them on machines of either word. */
#define SIZE_WIDTH (sizeof(long) == 8 ? 21 : 10)

int proc_show_shm(struct text *text, const struct proc_target *target)
{
    struct shm_row row;
    unsigned slot = 0;

    (void)target;
    text_printf(text,
                "       key      shmid perms %*s  cpid  lpid nattch   uid   gid  cuid  cgid"
                "      atime      dtime      ctime %*s %*s\n",
                SIZE_WIDTH, "size", SIZE_WIDTH, "rss", SIZE_WIDTH, "swap");
    while (shm_row_next(&slot, &row)) {
        text_printf(text, "%10d %10d  %4o %*lu %5d %5d  %5lu %5u %5u %5u %5u ", row.key, row.id,
                    row.mode, SIZE_WIDTH, (unsigned long)row.size, row.creator_pid, row.last_pid,
                    (unsigned long)row.attachments, row.uid, row.gid, row.creator_uid,
                    row.creator_gid);
        text_printf(text, "%10" PRIu64 " %10" PRIu64 " %10" PRIu64 " %*lu %*lu\n",
                    (uint64_t)row.attached, (uint64_t)row.detached, (uint64_t)row.changed,
                    SIZE_WIDTH, (unsigned long)row.resident, SIZE_WIDTH,
                    (unsigned long)row.swapped);
    }
    return 0;
}

const struct proc_file proc_sysvipc_files[] = {
    PROC_TEXT("shm", 0444, proc_show_shm),
    {.name = NULL},
};
