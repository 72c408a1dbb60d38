/* Pages given back by MADV_FREE stay until memory is short; written again they are as before. */
#include "proc.h"

int main(void)
{
    map_pages(AREA, 8);
    touch(AREA, 8);
    show_smaps("touched", AREA);
    SHOW(call_madvise(AREA, 6 * PAGE, MADV_FREE));
    show_smaps("freed 6", AREA);
    touch(AREA, 2);
    show_smaps("wrote 2", AREA);
    look(AREA, 4);
    show_smaps("read 4", AREA);
    return 0;
}
