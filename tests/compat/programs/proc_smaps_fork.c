/* Pages that parent and child share are divided between them, until one writes. */
#include "proc.h"

static void child(void *unused)
{
    (void)unused;
    show_smaps("child", AREA);
    touch(AREA, 2);
    show_smaps("child wrote 2", AREA);
    call_munmap(AREA + 4 * PAGE, 4 * PAGE);
    show_smaps("child unmapped 4", AREA);
}

int main(void)
{
    map_pages(AREA, 8);
    touch(AREA, 8);
    show_smaps("before", AREA);
    in_child(child, NULL);
    show_smaps("after", AREA);
    return 0;
}
