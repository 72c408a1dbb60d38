/* smaps of private memory, to the byte: touched, only read, and untouched pages. */
#include "proc.h"

int main(void)
{
    map_pages(AREA, 16);
    touch(AREA, 5);
    look(AREA + 8 * PAGE, 3);
    puts(smaps_block("/proc/self/smaps", AREA));
    return 0;
}
