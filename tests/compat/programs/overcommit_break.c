/* The program break and the stack are promised as they grow. */
#include "overcommit.h"

static char *start;

static int set(size_t pages)
{
    return call_brk(start + pages * PAGE) == start + pages * PAGE ? 0 : -1;
}

static void touch_stack(void *argument)
{
    volatile char room[200 * 4096];
    long before;

    (void)argument;
    room[sizeof room - 1] = 1;
    before = committed();
    for (size_t i = sizeof room; i > 0; i -= PAGE)
        room[i - PAGE] = 1;
    printf("the stack grew: %s\n", committed() - before > 100 ? "promised" : "not promised");
    printf("again: ");
    before = committed();
    for (size_t i = sizeof room; i > 0; i -= PAGE)
        room[i - PAGE] = 2;
    printf("%+ld pages\n", committed() - before);
}

int main(void)
{
    puts("break"); /* the C library's buffer comes first */
    start = call_brk(NULL);
    start = (char *)(((uintptr_t)start + PAGE - 1) & ~(PAGE - 1));
    CHARGE(set(0));
    CHARGE(set(100));
    CHARGE(set(40));
    CHARGE((call_brk(start + 40 * PAGE + 1), 0));
    CHARGE(set(100));
    CHARGE(call_mprotect(start, 10 * PAGE, PROT_READ));
    CHARGE(set(0));
    fflush(stdout);
    in_child(touch_stack, NULL);
    return 0;
}
