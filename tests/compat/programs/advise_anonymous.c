/* What each advice does to private anonymous memory. */
#include "advice.h"

static char *make(void)
{
    char *at = anonymous(3);

    fill(at, 3, 'A');
    return at;
}

int main(void)
{
    advise_each(make, 3);
    return 0;
}
