/*
 * System calls about identities. A process has one set of them (on Linux each thread has its own,
 * and the C library keeps them equal). uid 0 may become anyone; others may only move among their
 * real, effective and saved ids.
 */
#include "core/memory.h"
#include "core/string.h"
#include "linux/errno.h"
#include "linux/process_calls.h"
#include "linux/resource.h"
#include "linux/syscalls.h"
#include "proc/process.h"
#include "x86/usercopy.h"

#define GROUPS_MAX 65536
#define UNCHANGED  UINT32_MAX

static struct credentials *mine(void)
{
    return &current_process()->credentials;
}

static bool privileged(void)
{
    return mine()->euid == 0;
}

long sys_getuid(void)
{
    return mine()->uid;
}

long sys_geteuid(void)
{
    return mine()->euid;
}

long sys_getgid(void)
{
    return mine()->gid;
}

long sys_getegid(void)
{
    return mine()->egid;
}

/* What uid 0 may take of memory, others may not. Returns `result`. */
static long uid_changed(long result)
{
    const struct process *process = current_process();
    struct quire_space_limits *limits = &current_thread()->memory->space->limits;
    bool administrator = process->credentials.euid == 0;

    if (limits->administrator != administrator) {
        limits->administrator = administrator;
        limits->locked = administrator ? UINT64_MAX : process->limits[RLIMIT_MEMLOCK].soft;
    }
    return result;
}

/* What hangs on the ids: whether others may look into the memory, and how much may be locked. */
static long changed(const struct credentials *before, long result)
{
    const struct credentials *now = mine();

    if (before->euid != now->euid || before->egid != now->egid || before->fsuid != now->fsuid ||
        before->fsgid != now->fsgid)
        current_process()->dumpable = false;
    process_apply_locked_limit(current_process());
    return result;
}

static long set_uid(word id)
{
    struct credentials *ids = mine();
    uint32_t uid = (uint32_t)id;

    if (uid == UNCHANGED)
        return -EINVAL;
    if (privileged())
        ids->uid = ids->suid = uid;
    else if (uid != ids->uid && uid != ids->suid)
        return -EPERM;
    ids->euid = ids->fsuid = uid;
    return uid_changed(0);
}

static long set_gid(word id)
{
    struct credentials *ids = mine();
    uint32_t gid = (uint32_t)id;

    if (gid == UNCHANGED)
        return -EINVAL;
    if (privileged())
        ids->gid = ids->sgid = gid;
    else if (gid != ids->gid && gid != ids->sgid)
        return -EPERM;
    ids->egid = ids->fsgid = gid;
    return 0;
}

long sys_setuid(word id)
{
    struct credentials before = *mine();

    return changed(&before, set_uid(id));
}

long sys_setgid(word id)
{
    struct credentials before = *mine();

    return changed(&before, set_gid(id));
}

/* One kind of id, three values of it. */
struct triple {
    uint32_t *real, *effective, *saved, *file;
};

static struct triple uids(void)
{
    return (struct triple){&mine()->uid, &mine()->euid, &mine()->suid, &mine()->fsuid};
}

static struct triple gids(void)
{
    return (struct triple){&mine()->gid, &mine()->egid, &mine()->sgid, &mine()->fsgid};
}

static bool one_of(struct triple ids, uint32_t id)
{
    return id == UNCHANGED || id == *ids.real || id == *ids.effective || id == *ids.saved;
}

static long set_two(struct triple ids, uint32_t real, uint32_t effective)
{
    uint32_t old_real = *ids.real;

    if (!privileged() && ((real != UNCHANGED && real != *ids.real && real != *ids.effective) ||
                          !one_of(ids, effective)))
        return -EPERM;
    if (real != UNCHANGED)
        *ids.real = real;
    if (effective != UNCHANGED)
        *ids.effective = effective;
    if (real != UNCHANGED || (effective != UNCHANGED && effective != old_real))
        *ids.saved = *ids.effective;
    *ids.file = *ids.effective;
    return 0;
}

static long set_three(struct triple ids, uint32_t real, uint32_t effective, uint32_t saved)
{
    if (!privileged() && !(one_of(ids, real) && one_of(ids, effective) && one_of(ids, saved)))
        return -EPERM;
    if (real != UNCHANGED)
        *ids.real = real;
    if (effective != UNCHANGED)
        *ids.effective = effective;
    if (saved != UNCHANGED)
        *ids.saved = saved;
    *ids.file = *ids.effective;
    return 0;
}

static long get_three(struct triple ids, word real, word effective, word saved)
{
    if (put_user_u32((void *)real, *ids.real) != 0 ||
        put_user_u32((void *)effective, *ids.effective) != 0 ||
        put_user_u32((void *)saved, *ids.saved) != 0)
        return -EFAULT;
    return 0;
}

long sys_setreuid(word real, word effective)
{
    return uid_changed(set_two(uids(), (uint32_t)real, (uint32_t)effective));
}

long sys_setregid(word real, word effective)
{
    struct credentials before = *mine();

    return changed(&before, set_two(gids(), (uint32_t)real, (uint32_t)effective));
}

long sys_setresuid(word real, word effective, word saved)
{
    return uid_changed(set_three(uids(), (uint32_t)real, (uint32_t)effective, (uint32_t)saved));
}

long sys_setresgid(word real, word effective, word saved)
{
    struct credentials before = *mine();

    return changed(&before,
                   set_three(gids(), (uint32_t)real, (uint32_t)effective, (uint32_t)saved));
}

long sys_getresuid(word real, word effective, word saved)
{
    return get_three(uids(), real, effective, saved);
}

long sys_getresgid(word real, word effective, word saved)
{
    return get_three(gids(), real, effective, saved);
}

/* Both answer with the old value, whether or not it changed. */
static long set_file_id(struct triple ids, uint32_t id)
{
    uint32_t old = *ids.file;

    if (id != UNCHANGED && (privileged() || one_of(ids, id) || id == old))
        *ids.file = id;
    return old;
}

long sys_setfsuid(word uid)
{
    struct credentials before = *mine();

    return changed(&before, set_file_id(uids(), (uint32_t)uid));
}

long sys_setfsgid(word gid)
{
    struct credentials before = *mine();

    return changed(&before, set_file_id(gids(), (uint32_t)gid));
}

long sys_getgroups(word size, word list)
{
    const struct credentials *ids = mine();
    word i;

    if ((int)size < 0)
        return -EINVAL;
    if (size == 0)
        return ids->group_count;
    if (size < ids->group_count)
        return -EINVAL;
    /* One by one: the list may become another while a page of the program's is brought in. */
    for (i = 0; i < size && i < ids->group_count; i++)
        if (put_user_u32((void *)(list + i * sizeof(uint32_t)), ids->groups[i]) != 0)
            return -EFAULT;
    return (long)i;
}

int groups_alloc(word size, uint32_t **out)
{
    *out = NULL;
    if (!privileged())
        return -EPERM;
    if (size > GROUPS_MAX)
        return -EINVAL;
    if (size > 0) {
        *out = kernel_alloc(size * sizeof **out);
        if (!*out)
            return -ENOMEM;
    }
    return 0;
}

void groups_set(uint32_t *groups, word size)
{
    struct credentials *ids = mine();

    kernel_free(ids->groups);
    ids->groups = groups;
    ids->group_count = (uint32_t)size;
}

long sys_setgroups(word size, word list)
{
    uint32_t *groups;
    int error = groups_alloc(size, &groups);

    if (error)
        return error;
    if (size > 0 && copy_from_user(groups, (void *)list, size * sizeof *groups) != 0) {
        kernel_free(groups);
        return -EFAULT;
    }
    groups_set(groups, size);
    return 0;
}

/* ---- capabilities: uid 0 has all, others none ---- */

#define CAPABILITY_VERSION_1 0x19980330u
#define CAPABILITY_VERSION_2 0x20071026u
#define CAPABILITY_VERSION_3 0x20080522u
#define CAPABILITIES_ALL     ((1ull << 41) - 1)

static int capability_words(word header, unsigned *out_words)
{
    uint32_t version;

    if (get_user_u32(&version, (void *)header) != 0)
        return -EFAULT;
    *out_words = version == CAPABILITY_VERSION_1 ? 1 : 2;
    if (version == CAPABILITY_VERSION_1 || version == CAPABILITY_VERSION_2 ||
        version == CAPABILITY_VERSION_3)
        return 0;
    if (put_user_u32((void *)header, CAPABILITY_VERSION_3) != 0)
        return -EFAULT;
    return -EINVAL;
}

long sys_capget(word header, word data)
{
    uint64_t all = privileged() ? CAPABILITIES_ALL : 0;
    uint32_t out[6] = {(uint32_t)all,
                       (uint32_t)all,
                       0,
                       (uint32_t)(all >> 32),
                       (uint32_t)(all >> 32),
                       0}; /* effective, permitted, inheritable; twice */
    unsigned words;
    int error = capability_words(header, &words);

    if (error)
        return error == -EINVAL && !data ? 0 : error;
    return copy_to_user((void *)data, out, words * 12) != 0 ? -EFAULT : 0;
}

/* Giving up what uid 0 may do has no effect; asking for more than one has is refused. */
long sys_capset(word header, word data)
{
    uint32_t in[6] = {0};
    unsigned words;
    int error = capability_words(header, &words);

    if (error)
        return error;
    if (copy_from_user(in, (void *)data, words * 12) != 0)
        return -EFAULT;
    if (!privileged() && (in[0] | in[1] | in[3] | in[4]))
        return -EPERM;
    return 0;
}
