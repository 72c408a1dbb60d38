/* RLIMIT_DATA counts what the break holds and the program's own data; RLIMIT_AS all of it. */
#include "compat.h"

int main(void)
{
    char *start = call_brk(NULL);
    uint64_t size = (uint64_t)number_after("/proc/self/status", "VmSize:") * 1024;

    base = start;
    SHOW_ADDRESS(call_brk(start + 10 * PAGE));
    set_limit(RLIMIT_AS, size + 20 * PAGE, RLIM_INFINITY);
    SHOW_ADDRESS(call_brk(start + 22 * PAGE));
    SHOW_ADDRESS(call_brk(start + 19 * PAGE));
    SHOW_ADDRESS(call_brk(start));
    set_limit(RLIMIT_AS, RLIM_INFINITY, RLIM_INFINITY);
    set_limit(RLIMIT_DATA, 0, RLIM_INFINITY);
    SHOW_ADDRESS(call_brk(start + PAGE));
    set_limit(RLIMIT_DATA, (uint64_t)64 << 20, RLIM_INFINITY);
    SHOW_ADDRESS(call_brk(start + ((size_t)64 << 20)));
    SHOW_ADDRESS(call_brk(start + ((size_t)60 << 20)));
    SHOW_ADDRESS(call_brk(start));
    return 0;
}
