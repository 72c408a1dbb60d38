/*
 * Identities of 16 bits, as the first programs of i386 know them. Going in, 65535 means -1; coming
 * out, what does not fit is 65534, the overflow id.
 */
#include "core/memory.h"
#include "linux/errno.h"
#include "linux/process_calls.h"
#include "linux/sys_file.h"
#include "proc/process.h"
#include "x86/usercopy.h"

#define OVERFLOW_ID 65534

static word widen(word id)
{
    return (uint16_t)id == UINT16_MAX ? UINT32_MAX : (uint16_t)id;
}

static uint16_t narrow(uint32_t id)
{
    return id > UINT16_MAX ? OVERFLOW_ID : (uint16_t)id;
}

static const struct credentials *mine(void)
{
    return &current_process()->credentials;
}

long sys_chown16(word name, word uid, word gid)
{
    return sys_chown(name, widen(uid), widen(gid));
}

long sys_lchown16(word name, word uid, word gid)
{
    return sys_lchown(name, widen(uid), widen(gid));
}

long sys_fchown16(word fd, word uid, word gid)
{
    return sys_fchown(fd, widen(uid), widen(gid));
}

long sys_getuid16(void)
{
    return narrow(mine()->uid);
}

long sys_geteuid16(void)
{
    return narrow(mine()->euid);
}

long sys_getgid16(void)
{
    return narrow(mine()->gid);
}

long sys_getegid16(void)
{
    return narrow(mine()->egid);
}

long sys_setuid16(word uid)
{
    return sys_setuid(widen(uid));
}

long sys_setgid16(word gid)
{
    return sys_setgid(widen(gid));
}

long sys_setreuid16(word real, word effective)
{
    return sys_setreuid(widen(real), widen(effective));
}

long sys_setregid16(word real, word effective)
{
    return sys_setregid(widen(real), widen(effective));
}

long sys_setresuid16(word real, word effective, word saved)
{
    return sys_setresuid(widen(real), widen(effective), widen(saved));
}

long sys_setresgid16(word real, word effective, word saved)
{
    return sys_setresgid(widen(real), widen(effective), widen(saved));
}

static long put_three(const uint32_t ids[3], word real, word effective, word saved)
{
    if (put_user_u16((void *)real, narrow(ids[0])) != 0 ||
        put_user_u16((void *)effective, narrow(ids[1])) != 0 ||
        put_user_u16((void *)saved, narrow(ids[2])) != 0)
        return -EFAULT;
    return 0;
}

long sys_getresuid16(word real, word effective, word saved)
{
    const uint32_t ids[3] = {mine()->uid, mine()->euid, mine()->suid};

    return put_three(ids, real, effective, saved);
}

long sys_getresgid16(word real, word effective, word saved)
{
    const uint32_t ids[3] = {mine()->gid, mine()->egid, mine()->sgid};

    return put_three(ids, real, effective, saved);
}

long sys_setfsuid16(word uid)
{
    return sys_setfsuid(widen(uid));
}

long sys_setfsgid16(word gid)
{
    return sys_setfsgid(widen(gid));
}

long sys_getgroups16(word size, word list)
{
    const struct credentials *ids = mine();
    word i;

    if ((int)size < 0)
        return -EINVAL;
    if (size == 0)
        return (long)ids->group_count;
    if (size < ids->group_count)
        return -EINVAL;
    for (i = 0; i < size && i < ids->group_count; i++)
        if (put_user_u16((void *)(list + i * sizeof(uint16_t)), narrow(ids->groups[i])) != 0)
            return -EFAULT;
    return (long)i;
}

long sys_setgroups16(word size, word list)
{
    uint32_t *groups;
    int error = groups_alloc(size, &groups);

    if (error)
        return error;
    for (word i = 0; i < size; i++) {
        uint16_t gid;

        if (get_user_u16(&gid, (void *)(list + i * sizeof gid)) != 0) {
            kernel_free(groups);
            return -EFAULT;
        }
        groups[i] = (uint32_t)widen(gid);
    }
    groups_set(groups, size);
    return 0;
}
