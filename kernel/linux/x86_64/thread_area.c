/* A thread's segment bases, behind which C libraries keep their thread-local data. */
#include "linux/errno.h"
#include "linux/syscalls.h"
#include "proc/fork.h"
#include "proc/process.h"
#include "x86/usercopy.h"

enum { ARCH_SET_GS = 0x1001, ARCH_SET_FS, ARCH_GET_FS, ARCH_GET_GS };

long sys_arch_prctl(word code, word address)
{
    struct context *context = &current_thread()->context;

    switch (code) {
    case ARCH_SET_FS:
    case ARCH_SET_GS:
        if (address >= USER_END)
            return -EPERM;
        if (code == ARCH_SET_FS)
            context_set_fs_base(context, address);
        else
            context_set_gs_base(context, address);
        return 0;
    /* What the CPU has: loading a null selector made it 0 and told nobody. */
    case ARCH_GET_FS:
        return put_user_u64((void *)address, msr_read(MSR_FS_BASE));
    case ARCH_GET_GS:
        return put_user_u64((void *)address, msr_read(MSR_KERNEL_GS_BASE));
    default:
        return -EINVAL;
    }
}

int thread_set_tls(struct context *context, unsigned long argument)
{
    if (argument >= USER_END)
        return -EPERM;
    context_set_fs_base(context, argument);
    return 0;
}
