/* What each advice does to locked memory. */
#include "advice.h"

static char *make(void)
{
    char *at = anonymous(3);

    fill(at, 3, 'A');
    if (mlock(at, 3 * PAGE) != 0)
        puts("mlock failed");
    return at;
}

int main(void)
{
    advise_each(make, 3);
    return 0;
}
