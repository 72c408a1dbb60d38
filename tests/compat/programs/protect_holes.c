/* mprotect over a hole fails with ENOMEM; what lies before the hole is changed. */
#include "compat.h"

int main(void)
{
    map_pages(AREA, 2);
    map_pages(AREA + 4 * PAGE, 2);
    SHOW(call_mprotect(AREA, 6 * PAGE, PROT_READ));
    show_maps(AREA, 16 * PAGE);
    SHOW(call_mprotect(AREA + 2 * PAGE, 4 * PAGE, PROT_READ));
    SHOW(call_mprotect(AREA + 4 * PAGE, 4 * PAGE, PROT_NONE));
    show_maps(AREA, 16 * PAGE);
    SHOW(call_mprotect(AREA + PAGE, 4 * PAGE, PROT_EXEC));
    show_maps(AREA, 16 * PAGE);
    SHOW(call_mprotect(AREA - PAGE, 2 * PAGE, PROT_READ | PROT_WRITE));
    show_maps(AREA - PAGE, 16 * PAGE);
    return 0;
}
