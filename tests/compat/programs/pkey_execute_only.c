/* Execute-only memory stays readable where the CPU has no protection keys. */
#include "compat.h"

int main(void)
{
    char *at = map_pages(AREA, 1);

    at[0] = (char)0xc3;
    SHOW(syscall(SYS_pkey_mprotect, at, PAGE, PROT_EXEC, -1));
    show_maps(at, PAGE);
    show_read(at);
    show_execute(at);
    SHOW(call_mprotect(at, PAGE, PROT_EXEC));
    show_read(at);
    show_write(at, 0);
    return 0;
}
