/* limits, to the byte, with every kind of value. */
#include "proc.h"

int main(void)
{
    for (int kind = 0; kind < 16; kind++) {
        struct rlimit limit = {.rlim_cur = (rlim_t)(1000 + kind), .rlim_max = RLIM_INFINITY};

        if (kind == RLIMIT_NOFILE)
            limit.rlim_max = 2048;
        if (kind == RLIMIT_DATA || kind == RLIMIT_AS || kind == RLIMIT_STACK)
            limit.rlim_cur = RLIM_INFINITY;
        if (kind == RLIMIT_FSIZE)
            limit.rlim_cur = UINT64_C(1) << 62;
        if (syscall(SYS_prlimit64, 0, kind, &limit, NULL) != 0)
            printf("%d: %s\n", kind, errno_name(errno));
    }
    fputs(read_file("/proc/self/limits"), stdout);
    return 0;
}
