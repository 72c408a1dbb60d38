/* mprotect's arguments: unaligned, no length, wrapping, beyond the address space, nothing there. */
#include "compat.h"

#define TOP ((char *)(sizeof(long) == 8 ? 0x7ffffffff000 : 0xc0000000))

int main(void)
{
    map_pages(AREA, 4);
    SHOW(call_mprotect(AREA + 1, PAGE, PROT_READ));
    SHOW(call_mprotect(AREA + 1, 0, PROT_READ));
    SHOW(call_mprotect(AREA, 0, PROT_READ));
    SHOW(call_mprotect(AREA + 100 * PAGE, 0, PROT_READ));
    SHOW(call_mprotect(AREA, 0, 0xffff));
    SHOW(call_mprotect(AREA, (size_t)-1, PROT_READ));
    SHOW(call_mprotect(AREA, (size_t)-4096, PROT_READ));
    SHOW(call_mprotect(AREA, (size_t)-4096, 0xffff));
    SHOW(call_mprotect(AREA + 100 * PAGE, PAGE, PROT_READ));
    SHOW(call_mprotect(AREA + 100 * PAGE, PAGE, 0xffff));
    SHOW(call_mprotect(TOP, PAGE, PROT_READ));
    SHOW(call_mprotect((char *)0xffff800000000000, PAGE, PROT_READ));
    SHOW(call_mprotect((char *)-4096, PAGE, PROT_READ));
    SHOW(call_mprotect(AREA, PAGE, PROT_GROWSDOWN | PROT_GROWSUP | PROT_READ));
    SHOW(call_mprotect(AREA, PAGE, PROT_GROWSUP | PROT_READ));
    SHOW(call_mprotect(AREA, PAGE, PROT_GROWSDOWN | PROT_READ));
    SHOW(call_mprotect(AREA + 100 * PAGE, PAGE, PROT_GROWSDOWN | PROT_READ));
    show_maps(AREA, 16 * PAGE);
    SHOW(call_mprotect(AREA, 1, PROT_READ));
    SHOW(call_mprotect(AREA + 2 * PAGE, PAGE + 1, PROT_NONE));
    show_maps(AREA, 16 * PAGE);
    return 0;
}
