/* A locked region that grows (brk, mremap) grows locked, and within the limit. */
#include "probe.h"

static void heap(void *argument)
{
    char *start = call_brk(NULL);

    (void)argument;
    SHOW(mlockall(MCL_FUTURE));
    SHOW(call_brk(start + 4 * PAGE) - start);
    resident("heap", (char *)(((unsigned long)start + PAGE - 1) & -PAGE), 4);
    SHOW(locked_kib());
}

static void heap_limited(void *argument)
{
    char *start = call_brk(NULL);

    (void)argument;
    become_user();
    set_limit(RLIMIT_MEMLOCK, 2 * PAGE, 2 * PAGE);
    SHOW(mlockall(MCL_FUTURE));
    SHOW(call_brk(start + 4 * PAGE) - start);
    SHOW(call_brk(start + 2 * PAGE) - start);
    SHOW_ADDRESS(
        call_mmap(AREA, 4 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
}

static void moved(void *argument)
{
    char *at = map_pages(AREA, 4);

    (void)argument;
    SHOW(mlock(at, 4 * PAGE));
    SHOW_ADDRESS(call_mremap(at, 4 * PAGE, 6 * PAGE, 0, NULL));
    resident("grown", at, 6);
    SHOW(locked_kib());
    SHOW_ADDRESS(
        call_mremap(at, 6 * PAGE, 8 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, AREA + 32 * PAGE));
    resident("moved", AREA + 32 * PAGE, 8);
    SHOW(locked_kib());
    SHOW_ADDRESS(call_mremap(AREA + 32 * PAGE, 8 * PAGE, 3 * PAGE, 0, NULL));
    SHOW(locked_kib());
}

static void moved_limited(void *argument)
{
    char *at = map_pages(AREA, 4);

    (void)argument;
    become_user();
    set_limit(RLIMIT_MEMLOCK, 4 * PAGE, 4 * PAGE);
    SHOW(mlock(at, 4 * PAGE));
    SHOW_ADDRESS(call_mremap(at, 4 * PAGE, 5 * PAGE, 0, NULL));
    SHOW_ADDRESS(call_mremap(at, 4 * PAGE, 5 * PAGE, MREMAP_MAYMOVE, NULL));
    SHOW_ADDRESS(
        call_mremap(at, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, AREA + 32 * PAGE));
    SHOW(locked_kib());
}

int main(void)
{
    in_child(heap, NULL);
    in_child(heap_limited, NULL);
    in_child(moved, NULL);
    in_child(moved_limited, NULL);
    return 0;
}
