/* Three processes share pages: each has a third. */
#include "proc.h"

static void third(void *unused)
{
    (void)unused;
    show_smaps("third", AREA);
}

static void second(void *unused)
{
    in_child(third, unused);
    show_smaps("second", AREA);
}

int main(void)
{
    map_pages(AREA, 9);
    touch(AREA, 9);
    in_child(second, NULL);
    show_smaps("first", AREA);
    return 0;
}
