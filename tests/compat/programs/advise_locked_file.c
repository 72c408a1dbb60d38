/* What each advice does to a locked, shared file mapping. */
#include "advice.h"

static int fd;

static char *make(void)
{
    char *at = file_map(fd, 3, MAP_SHARED);

    fill(at, 3, 'A');
    if (mlock(at, 3 * PAGE) != 0)
        puts("mlock failed");
    return at;
}

int main(void)
{
    fd = make_file(3);
    advise_each(make, 3);
    return 0;
}
