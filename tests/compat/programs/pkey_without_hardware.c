/* Without protection keys in the CPU there are none to allocate, and key -1 is mprotect. */
#include "compat.h"

static long protect(size_t length, unsigned long protection, int key)
{
    return syscall(SYS_pkey_mprotect, AREA, length, protection, key);
}

int main(void)
{
    map_pages(AREA, 4);
    SHOW(syscall(SYS_pkey_alloc, 0, 0));
    SHOW(syscall(SYS_pkey_alloc, 0, 1));
    SHOW(syscall(SYS_pkey_alloc, 1, 0));
    SHOW(syscall(SYS_pkey_alloc, 0, 4));
    SHOW(syscall(SYS_pkey_free, 0));
    SHOW(syscall(SYS_pkey_free, 1));
    SHOW(syscall(SYS_pkey_free, -1));
    SHOW(protect(PAGE, PROT_READ, -1));
    show_maps(AREA, 8 * PAGE);
    SHOW(protect(PAGE, PROT_NONE, 0));
    SHOW(protect(PAGE, PROT_NONE, 1));
    SHOW(protect(PAGE, PROT_NONE, 16));
    SHOW(protect(0, PROT_NONE, 1));
    SHOW(protect(PAGE, 0xffff, 1));
    SHOW(protect(PAGE, 0xffff, -1));
    SHOW(protect(8 * PAGE, PROT_READ, -1));
    SHOW(protect(8 * PAGE, PROT_READ, 1));
    show_maps(AREA, 8 * PAGE);
    return 0;
}
