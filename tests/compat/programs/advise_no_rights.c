/* What each advice does to memory without any right. */
#include "advice.h"

static char *make(void)
{
    char *at = anonymous(3);

    fill(at, 3, 'A');
    mprotect(at, 3 * PAGE, PROT_NONE);
    return at;
}

int main(void)
{
    advise_each(make, 3);
    return 0;
}
