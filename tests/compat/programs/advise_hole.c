/* An advice over a range with a hole does its work on both sides and answers ENOMEM. */
#include "advice.h"

static char *make(void)
{
    char *at = anonymous(6);

    fill(at, 6, 'A');
    munmap(at + 2 * PAGE, PAGE);
    return at;
}

int main(void)
{
    char *at;

    advise_each(make, 6);
    at = make();
    SHOW(call_madvise(at + 2 * PAGE, PAGE, MADV_DONTNEED));
    SHOW(call_madvise(at + 2 * PAGE, PAGE, MADV_DONTFORK));
    SHOW(call_madvise(at + 2 * PAGE, PAGE, MADV_WILLNEED));
    SHOW(call_madvise(at + 2 * PAGE, PAGE, 22));
    SHOW(call_madvise(at + 2 * PAGE, PAGE, 25));
    SHOW(call_madvise(at + 2 * PAGE, 2 * PAGE, MADV_DONTNEED));
    SHOW(call_madvise(at + PAGE, 2 * PAGE, MADV_DONTNEED));
    pages_of("pages", at, 6);
    return 0;
}
