/* A page of zeros that was only read counts as resident; and when all rights are taken away? */
#include "probe.h"

int main(void)
{
    char *at = map_pages(AREA, 4);

    (void)*(volatile char *)(at + PAGE);
    at[2 * PAGE] = 'x';
    resident("read, written", at, 4);
    call_mprotect(at, 4 * PAGE, PROT_NONE);
    resident("no rights", at, 4);
    call_mprotect(at, 4 * PAGE, PROT_READ);
    resident("readable", at, 4);
    pages_of("contents", at, 4);
    return 0;
}
