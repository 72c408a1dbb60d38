/* What each advice does to a shared, writable file mapping. */
#include "advice.h"

static int fd;

static char *make(void)
{
    char *at = file_map(fd, 3, MAP_SHARED);

    fill(at, 3, 'A');
    return at;
}

int main(void)
{
    fd = make_file(3);
    advise_each(make, 3);
    return 0;
}
