/* Shared memory without a file belongs to everyone who maps it. */
#include "proc.h"

static void child(void *unused)
{
    (void)unused;
    show_smaps("child, untouched", AREA);
    look(AREA, 4);
    show_smaps("child, read 4", AREA);
}

int main(void)
{
    call_mmap(AREA, 8 * PAGE, READ_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    show_smaps("untouched", AREA);
    touch(AREA, 6);
    show_smaps("touched 6", AREA);
    in_child(child, NULL);
    show_smaps("after", AREA);
    return 0;
}
