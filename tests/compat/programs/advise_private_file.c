/* What each advice does to a private, writable file mapping with one copied page. */
#include "advice.h"

static int fd;

static char *make(void)
{
    char *at = file_map(fd, 3, MAP_PRIVATE);

    at[PAGE] = 'B'; /* a page of its own */
    return at;
}

int main(void)
{
    fd = make_file(3);
    advise_each(make, 3);
    return 0;
}
