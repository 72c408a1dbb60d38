/* Memory calls of i386: mmap twice, and System V shared memory behind one number. */
#include "linux/memory.h"

#include "core/string.h"
#include "linux/shm.h"
#include "linux/syscalls.h"
#include "x86/usercopy.h"

/* Six arguments in memory, the offset in bytes. */
long sys_old_mmap(word user)
{
    word in[6];

    if (copy_from_user(in, (void *)user, sizeof in) != 0)
        return -EFAULT;
    return mmap_call(in[0], in[1], in[2], in[3], in[4], in[5]);
}

long sys_mmap2(word address, word length, word protection, word flags, word fd, word page)
{
    return mmap_call(address, length, protection, flags, fd, (uint64_t)page << PAGE_SHIFT);
}

/* ---- shmctl's first structures, with ids of 16 bits ---- */

struct old_shmid {
    int32_t key;
    uint16_t uid, gid, cuid, cgid, mode, sequence;
    int32_t size, attached, detached, changed;
    uint16_t creator_pid, last_pid, attachments, unused;
    word unused_pointer[2];
};
_Static_assert(sizeof(struct old_shmid) == 48, "the first shmid_ds is ABI");

static uint16_t narrow(uint32_t id)
{
    return id > UINT16_MAX ? 65534 : (uint16_t)id;
}

static long write_status(const struct shm_status *status, word buffer)
{
    struct old_shmid out = {
        .key = status->key,
        .uid = narrow(status->uid),
        .gid = narrow(status->gid),
        .cuid = narrow(status->creator_uid),
        .cgid = narrow(status->creator_gid),
        .mode = (uint16_t)status->mode,
        .sequence = status->sequence,
        .size = status->size > INT32_MAX ? INT32_MAX : (int32_t)status->size,
        .attached = (int32_t)status->attached,
        .detached = (int32_t)status->detached,
        .changed = (int32_t)status->changed,
        .creator_pid = (uint16_t)status->creator_pid,
        .last_pid = (uint16_t)status->last_pid,
        .attachments = (uint16_t)status->attachments,
    };

    return copy_to_user((void *)buffer, &out, sizeof out) != 0 ? -EFAULT : 0;
}

static long read_change(word buffer, struct shm_status *out)
{
    struct old_shmid in;

    if (copy_from_user(&in, (void *)buffer, sizeof in) != 0)
        return -EFAULT;
    out->uid = in.uid;
    out->gid = in.gid;
    out->mode = in.mode;
    return 0;
}

static int32_t cut(uint64_t number)
{
    return number > INT32_MAX ? INT32_MAX : (int32_t)number;
}

static long write_limits(const struct shm_settings *settings, word buffer)
{
    int32_t out[5] = {cut(settings->max), 1, settings->segments, settings->segments,
                      cut(settings->all)};

    return copy_to_user((void *)buffer, out, sizeof out) != 0 ? -EFAULT : 0;
}

static const struct shm_layout old_layout = {write_status, read_change, write_limits};

/* ---- ipc: one number for what became many calls ---- */

enum { IPC_SHMAT = 21, IPC_SHMDT, IPC_SHMGET, IPC_SHMCTL };
#define IPC_64 0x100u /* a command's bit: the later structures */

static long attach(word id, word address, word flags, word out)
{
    long place = sys_shmat(id, address, flags);

    if (is_error(place))
        return place;
    return put_user_word((void *)out, (word)place);
}

long sys_ipc(word call, word first, word second, word third, word pointer, word fifth)
{
    word version = call >> 16;

    (void)fifth;
    switch (call & 0xffff) {
    case IPC_SHMAT:
        return version == 1 ? -EINVAL : attach(first, pointer, second, third);
    case IPC_SHMDT:
        return sys_shmdt(pointer);
    case IPC_SHMGET:
        return sys_shmget(first, second, third);
    case IPC_SHMCTL:
        if (second & IPC_64)
            return sys_shmctl(first, second & ~(word)IPC_64, pointer);
        return shmctl_call(first, second, pointer, &old_layout);
    default: /* semaphores and message queues do not exist here */
        return -ENOSYS;
    }
}
