/* Memory that becomes writable counts as data: RLIMIT_DATA stops mprotect with ENOMEM. */
#include "compat.h"

int main(void)
{
    call_mmap(AREA, 1024 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    set_limit(RLIMIT_DATA, 512 * PAGE, RLIM_INFINITY);
    SHOW(call_mprotect(AREA, 1024 * PAGE, PROT_READ | PROT_WRITE));
    show_maps(AREA, 1024 * PAGE);
    SHOW(call_mprotect(AREA, 100 * PAGE, PROT_READ | PROT_WRITE));
    SHOW(call_mprotect(AREA, 100 * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC));
    SHOW(call_mprotect(AREA, 512 * PAGE, PROT_WRITE));
    show_maps(AREA, 1024 * PAGE);
    SHOW(call_mprotect(AREA, 1024 * PAGE, PROT_READ | PROT_EXEC));
    show_maps(AREA, 1024 * PAGE);
    return 0;
}
