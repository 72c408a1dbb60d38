/* DONTFORK leaves a range out of the child; DOFORK takes it back. */
#include "advice.h"

static void look(void *argument)
{
    char *at = argument;

    pages_of("child", at, 4);
    peek("child, page 1", at + PAGE);
    resident("child's pages", at + PAGE, 1);
    regions("child", at, 4 * PAGE);
}

int main(void)
{
    char *at = anonymous(4);

    fill(at, 4, 'A');
    SHOW(call_madvise(at + PAGE, 2 * PAGE, MADV_DONTFORK));
    in_child(look, at);
    pages_of("parent", at, 4);
    SHOW(call_madvise(at + PAGE, PAGE, MADV_DOFORK));
    in_child(look, at);
    SHOW(call_madvise(at, 4 * PAGE, MADV_DOFORK));
    in_child(look, at);
    regions("parent", at, 4 * PAGE);
    return 0;
}
