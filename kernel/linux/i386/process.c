/* Calls about processes and the system that only i386 has, or has in an order of its own. */
#include "core/string.h"
#include "linux/errno.h"
#include "linux/process_calls.h"
#include "linux/system.h"
#include "proc/process.h"
#include "x86/usercopy.h"

long sys_clone(word flags, word stack, word parent_tid, word tls, word child_tid)
{
    return clone_call(flags, stack, parent_tid, child_tid, tls);
}

long sys_waitpid(word pid, word status, word options)
{
    return sys_wait4(pid, status, options, 0);
}

/* By how much nicer: getpriority answers 20 - nice. */
long sys_nice(word by)
{
    long increment = (long)by < -40 ? -40 : (long)by > 40 ? 40 : (long)by;
    long nice = 20 - sys_getpriority(0, 0) + increment;
    long error = sys_setpriority(0, 0, (word)(nice < -20 ? -20 : nice > 19 ? 19 : nice));

    return error == -EACCES ? -EPERM : error;
}

/* uname with five names of `size` bytes, the last one 0. */
static long short_names(word out, size_t size)
{
    const char *names[] = {system_names.system, system_names.node, system_names.release,
                           system_names.version, system_names.machine};
    char text[5 * sizeof system_names.system];

    memset(text, 0, sizeof text);
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        memcpy(text + i * size, names[i], size - 1);
    return copy_to_user((void *)out, text, ARRAY_SIZE(names) * size) != 0 ? -EFAULT : 0;
}

long sys_old_uname(word out)
{
    return short_names(out, 65);
}

long sys_oldest_uname(word out)
{
    return short_names(out, 9);
}

/* getrlimit when the highest limit was INT32_MAX. */
long sys_old_getrlimit(word resource, word out)
{
    struct resource_limit limit;
    word words[2];

    if (resource >= RESOURCE_COUNT)
        return -EINVAL;
    limit = current_process()->limits[resource];
    words[0] = limit.soft > INT32_MAX ? INT32_MAX : (word)limit.soft;
    words[1] = limit.hard > INT32_MAX ? INT32_MAX : (word)limit.hard;
    return copy_to_user((void *)out, words, sizeof words) != 0 ? -EFAULT : 0;
}
