/* mmap ignores rights it does not know; mprotect refuses them, but takes PROT_SEM. */
#include "compat.h"

int main(void)
{
    for (int bit = 0; bit < 32; bit++) {
        void *at =
            call_mmap(AREA, PAGE, (int)(1u << bit), MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        printf("bit %d: mmap %s, ", bit, at == MAP_FAILED ? errno_name(errno) : "fine");
        printf("mprotect %s\n", call_mprotect(AREA, PAGE, 1ul << bit) ? errno_name(errno) : "fine");
        show_maps(AREA, PAGE);
    }
    SHOW(call_mprotect(AREA, PAGE, 1ul << 40 | PROT_READ));
    SHOW(call_mprotect(AREA, PAGE, PROT_SEM | PROT_READ));
    show_maps(AREA, PAGE);
    return 0;
}
