/* Code runs only from pages with PROT_EXEC, and a change of it is seen at once. */
#include "compat.h"

int main(void)
{
    /* mov $N, %eax; ret */
    static const unsigned char code[] = {0xb8, 42, 0, 0, 0, 0xc3};
    unsigned char *at = (unsigned char *)map_pages(AREA, 1);

    memcpy(at, code, sizeof code);
    show_execute(at);
    SHOW(call_mprotect(at, PAGE, PROT_READ | PROT_EXEC));
    show_execute(at);
    SHOW(((int (*)(void))at)());
    show_write(at + 1, 43);
    SHOW(call_mprotect(at, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC));
    show_write(at + 1, 43);
    SHOW(((int (*)(void))at)());
    SHOW(call_mprotect(at, PAGE, PROT_EXEC));
    SHOW(((int (*)(void))at)());
    show_read(at + 1);
    SHOW(call_mprotect(at, PAGE, PROT_READ));
    show_execute(at);
    return 0;
}
