/* 20,000 regions are mapped, found again, cut and removed. */
#include "compat.h"

#define REGIONS 20000

int main(void)
{
    size_t wrong = 0, failed = 0;

    for (size_t i = 0; i < REGIONS; i++) {
        char *at = AREA + 2 * i * PAGE;

        if (call_mmap(at, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
                      0) != at)
            failed++;
        else
            *(size_t *)at = i;
    }
    for (size_t i = 0; i < REGIONS; i++)
        wrong += *(size_t *)(AREA + 2 * i * PAGE) != i;
    printf("failed %zu, wrong %zu\n", failed, wrong);
    for (size_t i = 0; i < REGIONS; i += 2)
        failed += call_munmap(AREA + 2 * i * PAGE, PAGE) != 0;
    show_read(AREA + 39996 * PAGE);
    show_maps(AREA + 19999 * PAGE, 8 * PAGE);
    for (size_t i = 1; i < REGIONS; i += 2)
        wrong += *(size_t *)(AREA + 2 * i * PAGE) != i;
    printf("failed %zu, wrong %zu\n", failed, wrong);
    SHOW(call_munmap(AREA, 2 * REGIONS * PAGE));
    show_maps(AREA, 2 * REGIONS * PAGE);
    return 0;
}
