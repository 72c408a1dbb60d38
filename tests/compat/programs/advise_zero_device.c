/* What each advice does to a private mapping of /dev/zero. */
#include "advice.h"

static int fd;

static char *make(void)
{
    char *at = file_map(fd, 3, MAP_PRIVATE);

    fill(at, 2, 'A');
    return at;
}

int main(void)
{
    fd = open("/dev/zero", O_RDWR);
    advise_each(make, 3);
    return 0;
}
