/* getrusage: faults and largest resident set of oneself and of children, as relations. */
#include "process.h"

#define PAGES 2000

static void touch(size_t pages)
{
    char *at = map_pages(pages, PROT_READ | PROT_WRITE);

    for (size_t i = 0; i < pages; i++)
        at[i * PAGE] = 1;
    munmap(at, pages * PAGE);
}

static void touch_all(void)
{
    touch(PAGES);
}

int main(void)
{
    struct rusage before, after, children;

    NEED(getrusage(RUSAGE_SELF, &before) == 0);
    touch(PAGES);
    NEED(getrusage(RUSAGE_SELF, &after) == 0);
    say("faults as many as pages: %d", after.ru_minflt - before.ru_minflt >= PAGES &&
                                           after.ru_minflt - before.ru_minflt < PAGES + 100);
    say("no major ones: %d", after.ru_majflt == before.ru_majflt);
    in_child("child", touch_all);
    NEED(getrusage(RUSAGE_CHILDREN, &children) == 0);
    say("children's faults: %d", children.ru_minflt >= PAGES);
    TRY(getrusage(5, &after));
    TRY(syscall(SYS_getrusage, RUSAGE_SELF, 8));
    NEED(getrusage(1, &after) == 0);
    say("thread's faults: %d", after.ru_minflt >= PAGES);
    return 0;
}
