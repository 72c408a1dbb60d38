/* A region that grows down stays within RLIMIT_STACK and RLIMIT_AS. */
#include "compat.h"

#define GROWS (MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_GROWSDOWN)

int main(void)
{
    char *stack = AREA + 1024 * PAGE;

    SHOW_ADDRESS(call_mmap(stack, 2 * PAGE, PROT_READ | PROT_WRITE, GROWS, -1, 0));
    set_limit(RLIMIT_STACK, 16 * PAGE, RLIM_INFINITY);
    show_write(stack - 15 * PAGE, 'x');
    show_write(stack - 14 * PAGE, 'x');
    show_write(stack - 14 * PAGE - 1, 'x');
    show_maps(AREA, 2048 * PAGE);
    set_limit(RLIMIT_STACK, RLIM_INFINITY, RLIM_INFINITY);
    set_limit(RLIMIT_AS, PAGE, RLIM_INFINITY);
    show_write(stack - 15 * PAGE, 'x');
    set_limit(RLIMIT_AS, RLIM_INFINITY, RLIM_INFINITY);
    show_write(stack - 15 * PAGE, 'x');
    show_maps(AREA, 2048 * PAGE);
    return 0;
}
