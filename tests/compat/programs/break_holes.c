/* What was unmapped or protected inside the break's range stays so when the break moves. */
#include "compat.h"

int main(void)
{
    char *start = (char *)(((uintptr_t)call_brk(NULL) + 4095) & ~(uintptr_t)4095);

    base = start;
    SHOW_ADDRESS(call_brk(start + 8 * PAGE));
    /* Apart from what the C library has. */
    SHOW(call_munmap(start, PAGE));
    SHOW(call_munmap(start + 2 * PAGE, 2 * PAGE));
    show_maps(start + PAGE, 64 * PAGE);
    SHOW_ADDRESS(call_brk(start + 10 * PAGE));
    show_read(start + 2 * PAGE);
    SHOW(call_mprotect(start + 6 * PAGE, PAGE, PROT_READ));
    show_maps(start + 4 * PAGE, 64 * PAGE);
    SHOW_ADDRESS(call_brk(start + 5 * PAGE));
    show_maps(start + 4 * PAGE, 64 * PAGE);
    SHOW_ADDRESS(call_brk(start + 3 * PAGE));
    show_maps(start + 2 * PAGE, 64 * PAGE);
    SHOW_ADDRESS(call_brk(start + 3 * PAGE));
    SHOW_ADDRESS(call_brk(start + PAGE));
    SHOW_ADDRESS(call_brk(start + 4 * PAGE));
    show_read(start + 3 * PAGE);
    return 0;
}
