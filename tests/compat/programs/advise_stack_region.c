/* What each advice does to memory that grows downwards. */
#include "advice.h"

static char *make(void)
{
    char *at = must_map(3 * PAGE, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN, -1, 0);

    fill(at, 3, 'A');
    return at;
}

int main(void)
{
    advise_each(make, 3);
    return 0;
}
