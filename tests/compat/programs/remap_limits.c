/* Growth by mremap is bounded by RLIMIT_AS and RLIMIT_DATA. */
#include "compat.h"

int main(void)
{
    uint64_t size;

    map_pages(AREA, 4);
    size = (uint64_t)number_after("/proc/self/status", "VmSize:") * 1024;
    set_limit(RLIMIT_AS, size + 100 * PAGE, RLIM_INFINITY);
    SHOW_ADDRESS(call_mremap(AREA, 4 * PAGE, 105 * PAGE, 0, NULL));
    SHOW_ADDRESS(call_mremap(AREA, 4 * PAGE, 104 * PAGE, 0, NULL));
    SHOW_ADDRESS(call_mremap(AREA, 104 * PAGE, 4 * PAGE, 0, NULL));
    SHOW_ADDRESS(
        call_mremap(AREA, 4 * PAGE, 105 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, AREA + 1024 * PAGE));
    SHOW_ADDRESS(
        call_mremap(AREA, 4 * PAGE, 104 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, AREA + 1024 * PAGE));
    set_limit(RLIMIT_AS, RLIM_INFINITY, RLIM_INFINITY);
    set_limit(RLIMIT_DATA, 100 * PAGE, RLIM_INFINITY);
    SHOW_ADDRESS(call_mremap(AREA + 1024 * PAGE, 104 * PAGE, 105 * PAGE, MREMAP_MAYMOVE, NULL));
    SHOW_ADDRESS(call_mremap(AREA + 1024 * PAGE, 104 * PAGE, 104 * PAGE,
                             MREMAP_MAYMOVE | MREMAP_FIXED, AREA));
    SHOW_ADDRESS(call_mremap(AREA, 104 * PAGE, 104 * PAGE,
                             MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP, AREA + 1024 * PAGE));
    show_maps(AREA, 4096 * PAGE);
    return 0;
}
