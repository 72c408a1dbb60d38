/* Below vm.mmap_min_addr only the privileged may map, and only with MAP_FIXED. */
#include "compat.h"

static void *map(uintptr_t address, int flags)
{
    return call_mmap((void *)address, PAGE, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
}

static void tries(void)
{
    base = (char *)0x10000;
    SHOW_ADDRESS(map(0, MAP_FIXED));
    show_maps(NULL, 0x20000);
    call_munmap(NULL, PAGE);
    SHOW_ADDRESS(map(0x1000, MAP_FIXED));
    call_munmap((void *)0x1000, PAGE);
    SHOW_ADDRESS(map(0xf000, MAP_FIXED_NOREPLACE));
    call_munmap((void *)0xf000, PAGE);
    SHOW_ADDRESS(map(0x10000, MAP_FIXED));
    call_munmap((void *)0x10000, PAGE);
    SHOW_ADDRESS(map(0x1000, 0));
    call_munmap((void *)0x10000, PAGE);
    map(0x20000, MAP_FIXED);
    SHOW_ADDRESS(
        call_mremap((void *)0x20000, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, (void *)0x1000));
    call_munmap((void *)0x1000, PAGE);
    call_munmap((void *)0x20000, PAGE);
}

int main(void)
{
    printf("mmap_min_addr: %s", read_file("/proc/sys/vm/mmap_min_addr"));
    tries();
    become_user();
    tries();
    return 0;
}
