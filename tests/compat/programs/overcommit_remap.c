/* mremap promises what it adds and gives back what it takes away; moving changes nothing. */
#include "overcommit.h"

#define FAR (AREA + 10000 * PAGE)

int main(void)
{
    map(0, 100, RW, PRIVATE);
    CHARGE(call_mremap(AREA, 100 * PAGE, 150 * PAGE, 0, NULL));
    CHARGE(call_mremap(AREA, 150 * PAGE, 60 * PAGE, 0, NULL));
    CHARGE(call_mremap(AREA, 60 * PAGE, 60 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, FAR));
    CHARGE(call_mremap(FAR, 60 * PAGE, 80 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, AREA));
    CHARGE(call_mremap(AREA, 80 * PAGE, 30 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, FAR));
    CHARGE(call_mremap(FAR, 30 * PAGE, 30 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP,
                       AREA));
    CHARGE(call_munmap(FAR, 30 * PAGE));
    CHARGE(call_munmap(AREA, 30 * PAGE));
    /* Not promised before, not promised after. */
    map(0, 100, PROT_READ, PRIVATE);
    CHARGE(call_mremap(AREA, 100 * PAGE, 150 * PAGE, 0, NULL));
    CHARGE(call_mprotect(AREA, 150 * PAGE, RW));
    CHARGE(call_mprotect(AREA, 150 * PAGE, PROT_READ));
    CHARGE(call_mremap(AREA, 150 * PAGE, 170 * PAGE, 0, NULL));
    CHARGE(call_munmap(AREA, 170 * PAGE));
    map(0, 100, RW, PRIVATE | MAP_NORESERVE);
    CHARGE(call_mremap(AREA, 100 * PAGE, 150 * PAGE, 0, NULL));
    CHARGE(call_munmap(AREA, 150 * PAGE));
    /* Onto what is promised already. */
    map(0, 100, RW, PRIVATE);
    map(10000, 50, RW, PRIVATE);
    CHARGE(call_mremap(AREA, 20 * PAGE, 20 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, FAR));
    CHARGE(call_munmap(AREA, 20000 * PAGE));
    /* Beyond the end of shared memory there is nothing to promise. */
    map(0, 10, RW, SHARED);
    CHARGE(call_mremap(AREA, 10 * PAGE, 20 * PAGE, 0, NULL));
    CHARGE(call_munmap(AREA, 20 * PAGE));
    return 0;
}
