/* What each advice does to a shared mapping of a file that is open for reading only. */
#include "advice.h"

static int fd;

static char *make(void)
{
    return must_map(3 * PAGE, PROT_READ, MAP_SHARED, fd, 0);
}

int main(void)
{
    int writable = make_file(3);
    char path[64];

    snprintf(path, sizeof path, "/proc/self/fd/%d", writable);
    fd = open(path, O_RDONLY);
    advise_each(make, 3);
    return 0;
}
