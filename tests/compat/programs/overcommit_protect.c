/* Memory that becomes writable is promised then, once, and stays so when the right is taken away.
 */
#include "overcommit.h"

int main(void)
{
    int file = make_file(20);

    map(0, 100, PROT_READ, PRIVATE);
    CHARGE(call_mprotect(AREA, 10 * PAGE, RW));
    CHARGE(call_mprotect(AREA, 20 * PAGE, RW));
    CHARGE(call_mprotect(AREA, 20 * PAGE, PROT_READ));
    CHARGE(call_mprotect(AREA, 20 * PAGE, RW));
    CHARGE(call_mprotect(AREA, 20 * PAGE, PROT_NONE));
    CHARGE(call_mprotect(AREA, 100 * PAGE, RW));
    CHARGE(call_mprotect(AREA, 100 * PAGE, PROT_NONE));
    CHARGE(call_munmap(AREA, 100 * PAGE));
    map(0, 100, PROT_NONE, PRIVATE | MAP_NORESERVE);
    CHARGE(call_mprotect(AREA, 50 * PAGE, RW));
    CHARGE(call_munmap(AREA, 100 * PAGE));
    map(0, 100, PROT_NONE, PRIVATE);
    CHARGE(call_mprotect(AREA, 50 * PAGE, PROT_WRITE));
    CHARGE(call_mprotect(AREA, 100 * PAGE, PROT_EXEC));
    /* A hole: what lies before it is done. */
    CHARGE(call_munmap(AREA + 80 * PAGE, 10 * PAGE));
    CHARGE(call_mprotect(AREA, 100 * PAGE, RW));
    CHARGE(call_munmap(AREA, 100 * PAGE));
    /* Private mappings of a file, and shared ones. */
    CHARGE(call_mmap(AREA, 20 * PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, file, 0));
    CHARGE(call_mprotect(AREA, 5 * PAGE, RW));
    CHARGE(call_munmap(AREA, 20 * PAGE));
    CHARGE(call_mmap(AREA, 20 * PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, file, 0));
    CHARGE(call_mprotect(AREA, 5 * PAGE, RW));
    CHARGE(call_munmap(AREA, 20 * PAGE));
    /* Shared memory without a file. */
    CHARGE(map(0, 30, PROT_READ, SHARED));
    CHARGE(call_mprotect(AREA, 30 * PAGE, RW));
    CHARGE(call_munmap(AREA, 30 * PAGE));
    return 0;
}
