/* Moving megabytes keeps every page, whether source and target lie alike in their tables or not. */
#include "compat.h"

#define PAGES ((size_t)3000)

static void check(char *at)
{
    size_t wrong = 0;

    for (size_t i = 0; i < PAGES; i++)
        wrong += *(size_t *)(at + i * PAGE) != (i % 3 ? i : 0);
    printf("wrong: %zu\n", wrong);
}

int main(void)
{
    char *far = AREA + ((size_t)1 << 32);

    map_pages(AREA + 100 * PAGE, PAGES);
    for (size_t i = 0; i < PAGES; i++) {
        if (i % 3)
            *(size_t *)(AREA + (100 + i) * PAGE) = i;
    }
    SHOW_ADDRESS(call_mremap(AREA + 100 * PAGE, PAGES * PAGE, PAGES * PAGE,
                             MREMAP_MAYMOVE | MREMAP_FIXED, far + 100 * PAGE));
    check(far + 100 * PAGE);
    SHOW_ADDRESS(call_mremap(far + 100 * PAGE, PAGES * PAGE, PAGES * PAGE,
                             MREMAP_MAYMOVE | MREMAP_FIXED, AREA + 7 * PAGE));
    check(AREA + 7 * PAGE);
    SHOW_ADDRESS(call_mremap(AREA + 7 * PAGE, PAGES * PAGE, 2 * PAGES * PAGE,
                             MREMAP_MAYMOVE | MREMAP_FIXED, far));
    check(far);
    show_read(far + 2 * PAGES * PAGE - 1);
    show_read(far + 2 * PAGES * PAGE);
    show_maps(AREA, (size_t)1 << 33);
    return 0;
}
