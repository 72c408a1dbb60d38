/* What each advice does to read-only anonymous memory. */
#include "advice.h"

static char *make(void)
{
    char *at = anonymous(3);

    fill(at, 2, 'A');
    mprotect(at, 3 * PAGE, PROT_READ);
    return at;
}

int main(void)
{
    advise_each(make, 3);
    return 0;
}
