/* WIPEONFORK gives the child zeros, also the child's child; KEEPONFORK ends it. */
#include "advice.h"

static void grandchild(void *argument)
{
    pages_of("grandchild", argument, 4);
}

static void look(void *argument)
{
    char *at = argument;

    pages_of("child", at, 4);
    at[PAGE] = 'n';
    at[3 * PAGE] = 'm';
    in_child(grandchild, at);
    pages_of("child after", at, 4);
}

int main(void)
{
    char *at = anonymous(4);
    int fd = make_file(1);

    fill(at, 4, 'A');
    SHOW(call_madvise(at + PAGE, 2 * PAGE, MADV_WIPEONFORK));
    in_child(look, at);
    pages_of("parent", at, 4);
    SHOW(call_madvise(at, 4 * PAGE, MADV_KEEPONFORK));
    in_child(look, at);
    SHOW(mlock(at, PAGE));
    SHOW(call_madvise(at, 4 * PAGE, MADV_WIPEONFORK));
    in_child(look, at);
    pages_of("parent", at, 4);
    SHOW(call_madvise(file_map(fd, 1, MAP_PRIVATE), PAGE, MADV_WIPEONFORK));
    SHOW(call_madvise(file_map(fd, 1, MAP_SHARED), PAGE, MADV_WIPEONFORK));
    SHOW(call_madvise(shared_anonymous(1), PAGE, MADV_WIPEONFORK));
    return 0;
}
