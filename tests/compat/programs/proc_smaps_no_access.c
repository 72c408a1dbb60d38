/* Pages that nobody may touch are still there. */
#include "proc.h"

int main(void)
{
    map_pages(AREA, 8);
    touch(AREA, 5);
    call_mprotect(AREA, 8 * PAGE, PROT_NONE);
    show_smaps("nothing", AREA);
    call_mprotect(AREA, 8 * PAGE, PROT_READ);
    show_smaps("read", AREA);
    return 0;
}
