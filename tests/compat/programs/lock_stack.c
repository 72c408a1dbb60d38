/* A locked stack's new pages are locked as it grows, as far as the limit goes. */
#include "probe.h"

static __attribute__((noinline)) int deep(int pages)
{
    volatile char frame[PAGE];

    frame[0] = (char)pages;
    return pages > 0 ? deep(pages - 1) + frame[0] : frame[0];
}

static void grow(void *argument)
{
    long before;

    (void)argument;
    SHOW(mlockall(MCL_CURRENT));
    before = locked_kib();
    deep(200);
    SHOW(locked_kib() - before >= 400);
}

static void grow_limited(void *argument)
{
    volatile char here;
    char *page = (char *)((unsigned long)&here & -PAGE);

    (void)argument;
    become_user();
    set_limit(RLIMIT_MEMLOCK, 64 * PAGE, 64 * PAGE);
    SHOW(mlock(page, PAGE));
    SHOW(locked_kib());
    deep(8);
    SHOW(locked_kib());
    deep(1000);
    SHOW(locked_kib());
}

int main(void)
{
    in_child(grow, NULL);
    in_child(grow_limited, NULL);
    return 0;
}
