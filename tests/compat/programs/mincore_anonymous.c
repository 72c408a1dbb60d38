/* mincore of private memory: what was touched; reads of untouched memory count as well. */
#include "probe.h"

static void look(void *argument)
{
    char *at = argument;

    resident("child", at, 8);
    at[3 * PAGE] = 'x';
    resident("child wrote", at, 8);
}

int main(void)
{
    char *at = map_pages(AREA, 8);

    resident("new", at, 8);
    at[PAGE] = 'x';
    resident("written", at, 8);
    call_mprotect(at, 8 * PAGE, PROT_NONE);
    resident("no rights", at, 8);
    call_mprotect(at, 8 * PAGE, PROT_READ | PROT_WRITE);
    resident("rights again", at, 8);
    (void)*(volatile char *)(at + 4 * PAGE);
    resident("read", at, 8);
    call_madvise(at + PAGE, PAGE, MADV_DONTNEED);
    resident("not needed", at, 8);
    in_child(look, at);
    resident("parent", at, 8);
    SHOW_ADDRESS(call_mremap(at + 4 * PAGE, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
                             AREA + 32 * PAGE));
    resident("moved", AREA + 32 * PAGE, 4);
    return 0;
}
