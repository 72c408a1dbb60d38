/* A child has the break where its parent had it, and moves its own. */
#include "compat.h"

static void child(void *argument)
{
    char *start = argument;

    SHOW_ADDRESS(call_brk(NULL));
    show_read(start);
    show_write(start, 'c');
    SHOW_ADDRESS(call_brk(start + 8 * PAGE));
    show_write(start + 7 * PAGE, 'c');
}

int main(void)
{
    char *start = call_brk(NULL);

    base = start;
    SHOW_ADDRESS(call_brk(start + 4 * PAGE));
    show_write(start, 'p');
    in_child(child, start);
    SHOW_ADDRESS(call_brk(NULL));
    show_read(start);
    show_read(start + 7 * PAGE);
    return 0;
}
