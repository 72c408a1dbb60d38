/* Pages that MADV_FREE gave up, until they are written: in smaps, across fork, and when they are
 * given up for good. Linux gives them up fifteen at a time, so here are four times fifteen. */
#include "proc.h"

#define PAGES 60

static void show(const char *title)
{
    static const char *const names[] = {"Rss", "Private_Clean", "Private_Dirty", "Anonymous",
                                        "LazyFree"};

    printf("%s:", title);
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
        printf(" %s %ld", names[i], smaps_value(AREA, names[i]));
    printf("\n");
    fflush(stdout);
}

int main(void)
{
    int status;

    map_pages(AREA, PAGES);
    touch(AREA, PAGES);
    show("touched");
    SHOW(call_madvise(AREA, PAGES * PAGE, MADV_FREE));
    show("given up");
    touch(AREA, PAGES / 2);
    show("half written");
    look(AREA + PAGES / 2 * PAGE, PAGES / 2);
    show("half read");
    if (fork() == 0) {
        show("child");
        touch(AREA + (PAGES - 1) * PAGE, 1);
        show("child has written one");
        _exit(0);
    }
    wait(&status);
    SHOW(status);
    show("parent");
    SHOW(call_madvise(AREA, PAGES * PAGE, MADV_DONTNEED));
    show("not needed");
    return 0;
}
