/* What needs no privilege works for any user, and what is refused is so for a reason. */
#include "advice.h"

static char *make(void)
{
    char *at = anonymous(2);

    fill(at, 2, 'A');
    return at;
}

static void as_user(void *argument)
{
    int fd;

    (void)argument;
    become_user();
    advise_each(make, 2);
    fd = open("/bin/sh", O_RDONLY);
    if (fd >= 0) {
        char *at = must_map(PAGE, PROT_READ, MAP_PRIVATE, fd, 0);

        SHOW(call_madvise(at, PAGE, 21));
        SHOW(call_madvise(at, PAGE, 20));
        SHOW(call_madvise(at, PAGE, MADV_WILLNEED));
        SHOW(call_madvise(at, PAGE, MADV_REMOVE));
    }
}

int main(void)
{
    in_child(as_user, NULL);
    return 0;
}
