/* Levels of page tables: the format has them, there is nothing to choose. */

#include "x86/paging.h"

void paging_init(void)
{
}

unsigned paging_levels(void)
{
    return QUIRE_LEVELS_DEFAULT;
}
