/* With MCL_FUTURE what the break adds is locked and brought in at once. */
#include "compat.h"

int main(void)
{
    unsigned char vector[4] = {0};
    char *start = (char *)(((uintptr_t)call_brk(NULL) + 4095) & ~(uintptr_t)4095);

    base = start;
    SHOW_ADDRESS(call_brk(start));
    SHOW(syscall(SYS_mlockall, MCL_FUTURE));
    SHOW_ADDRESS(call_brk(start + 4 * PAGE));
    SHOW(number_after("/proc/self/status", "VmLck:"));
    SHOW(syscall(SYS_mincore, start, 4 * PAGE, vector));
    printf("%d %d %d %d\n", vector[0] & 1, vector[1] & 1, vector[2] & 1, vector[3] & 1);
    SHOW_ADDRESS(call_brk(start));
    SHOW(number_after("/proc/self/status", "VmLck:"));
    return 0;
}
