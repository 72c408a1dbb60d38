/* The break does not grow into what is mapped above it, nor into the gap below that. */
#include "compat.h"

int main(void)
{
    char *start = call_brk(NULL);
    char *aligned = (char *)(((uintptr_t)start + 4095) & ~(uintptr_t)4095);

    base = aligned;
    printf("begins at a page: %d\n", start == aligned || start < aligned);
    SHOW_ADDRESS(call_brk(aligned));
    call_mmap(aligned + 16 * PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    SHOW_ADDRESS(call_brk(aligned + 17 * PAGE));
    SHOW_ADDRESS(call_brk(aligned + 16 * PAGE));
    SHOW_ADDRESS(call_brk(aligned + 15 * PAGE + 1));
    SHOW_ADDRESS(call_brk(aligned + 15 * PAGE));
    SHOW_ADDRESS(call_brk(aligned));
    call_munmap(aligned + 16 * PAGE, PAGE);
    call_mmap(aligned + 512 * PAGE, PAGE, PROT_READ | PROT_WRITE,
              MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_GROWSDOWN, -1, 0);
    SHOW_ADDRESS(call_brk(aligned + 256 * PAGE));
    SHOW_ADDRESS(call_brk(aligned + 255 * PAGE));
    SHOW_ADDRESS(call_brk(aligned + 257 * PAGE));
    SHOW_ADDRESS(call_brk(aligned));
    return 0;
}
