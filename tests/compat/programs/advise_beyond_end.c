/* What each advice does to a shared file mapping that reaches beyond the end of the file. */
#include "advice.h"

static int fd;

static char *make(void)
{
    return file_map(fd, 3, MAP_SHARED);
}

int main(void)
{
    fd = make_file(2);
    advise_each(make, 3);
    return 0;
}
