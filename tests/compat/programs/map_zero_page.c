/* With the privilege to map address 0, it is memory like any other. */
#include "compat.h"

int main(void)
{
    base = NULL;
    show_read(NULL);
    if (call_mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
                  -1, 0) != NULL)
        puts("not mapped");
    show_maps(NULL, 0x10000);
    show_write((char *)NULL + 8, 'x');
    show_read((char *)NULL + 8);
    SHOW(call_mprotect(NULL, PAGE, PROT_READ));
    show_write((char *)NULL + 8, 'x');
    SHOW(call_munmap(NULL, PAGE));
    show_read((char *)NULL + 8);
    show_read((char *)NULL + PAGE);
    return 0;
}
