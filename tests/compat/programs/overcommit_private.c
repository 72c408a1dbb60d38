/* Private memory is promised when it is mapped writable, whatever is touched, and given back when
 * it is unmapped. */
#include "overcommit.h"

int main(void)
{
    CHARGE(map(0, 100, RW, PRIVATE));
    CHARGE(memset(AREA, 1, 10 * PAGE));
    CHARGE(map(200, 100, PROT_READ, PRIVATE));
    CHARGE(map(400, 100, PROT_NONE, PRIVATE));
    CHARGE(map(600, 100, RW, PRIVATE | MAP_NORESERVE));
    CHARGE(map(800, 100, PROT_WRITE, PRIVATE));
    CHARGE(map(1000, 100, PROT_READ | PROT_EXEC, PRIVATE));
    CHARGE(map(1300, 100, RW, PRIVATE | MAP_GROWSDOWN));
    CHARGE(map(1500, 100, RW, PRIVATE | MAP_STACK));
    CHARGE(map(1700, 100, RW, PRIVATE | MAP_POPULATE));
    /* A piece out of the middle, over the end, over nothing. */
    CHARGE(call_munmap(AREA + 40 * PAGE, 20 * PAGE));
    CHARGE(call_munmap(AREA + 90 * PAGE, 20 * PAGE));
    CHARGE(call_munmap(AREA + 90 * PAGE, 20 * PAGE));
    /* One that replaces others. */
    CHARGE(map(0, 50, RW, PRIVATE));
    CHARGE(map(0, 50, PROT_READ, PRIVATE));
    CHARGE(map(200, 50, RW, PRIVATE));
    CHARGE(map(0, 2000, PROT_NONE, PRIVATE));
    CHARGE(map(0, 2000, RW, PRIVATE));
    CHARGE(call_madvise(AREA, 2000 * PAGE, MADV_DONTNEED));
    CHARGE(call_munmap(AREA, 2000 * PAGE));
    CHARGE(call_mmap(AREA, 5, RW, PRIVATE | MAP_FIXED, -1, 0));
    CHARGE(call_munmap(AREA, 1));
    return 0;
}
