/* mincore: alignment, lengths, ranges that wrap or have holes, and a vector that cannot be written.
 */
#include "probe.h"

static long core(const void *at, size_t length, void *vector)
{
    return syscall(SYS_mincore, at, length, vector);
}

int main(void)
{
    static unsigned char bytes[4096];
    char *at = map_pages(AREA, 6);

    SHOW(core(at, 0, bytes));
    SHOW(core(at + 1, 0, bytes));
    SHOW(core(at + 1, PAGE, bytes));
    SHOW(core(at, PAGE + 1, bytes));
    SHOW(core(at, (size_t)-1, bytes));
    SHOW(core(at, (size_t)-PAGE, bytes));
    SHOW(core(at, 1ul << 47, bytes));
    SHOW(core(NULL, 0, bytes));
    SHOW(core(NULL, PAGE, bytes));
    SHOW(core((void *)0x7ffffffff000, PAGE, bytes));
    SHOW(core((void *)0x7ffffffff000, 0, bytes));
    SHOW(core((void *)0x800000000000, 0, bytes));
    SHOW(core((void *)0xffff800000000000, PAGE, bytes));
    SHOW(core((void *)0xffff800000000000, 0, bytes));
    SHOW(core(at, PAGE, NULL));
    SHOW(core(at, 0, NULL));
    SHOW(core(at, PAGE, (void *)0x800000000000));
    SHOW(core(at, 0, (void *)0x800000000000));
    SHOW(core(at, PAGE, (void *)0xffff800000000000));
    call_mprotect(at + PAGE, PAGE, PROT_READ);
    SHOW(core(at, 6 * PAGE, at + PAGE));
    SHOW(core(at, 6 * PAGE, at + PAGE - 3));
    printf("%d %d %d\n", at[PAGE - 3] & 1, at[PAGE - 2] & 1, at[PAGE - 1] & 1);
    call_munmap(at + 3 * PAGE, PAGE);
    SHOW(core(at, 6 * PAGE, bytes));
    SHOW(core(at + 3 * PAGE, PAGE, bytes));
    SHOW(core(at + 4 * PAGE, 3 * PAGE, bytes));
    SHOW(core(at + 4 * PAGE, 2 * PAGE, bytes));
    return 0;
}
