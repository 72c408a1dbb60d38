/* madvise checks the advice, then the address, then the length, before it looks at the range. */
#include "advice.h"

int main(void)
{
    char *at = anonymous(4);

    for (int number = -1; number <= 30; number++) {
        char label[32];

        snprintf(label, sizeof label, "advice %d, no length", number);
        tell(label, call_madvise(at, 0, number));
    }
    SHOW(call_madvise(at, 0, 100));
    SHOW(call_madvise(at, 0, 101));
    SHOW(call_madvise(at, PAGE, 100));
    SHOW(call_madvise(at, PAGE, 101));
    SHOW(call_madvise(at, 0, 102));
    SHOW(call_madvise(at, 0, 1 << 16));
    SHOW(call_madvise(at + 1, 0, MADV_NORMAL));
    SHOW(call_madvise(at + 1, PAGE, MADV_DONTNEED));
    SHOW(call_madvise(at + 1, PAGE, 77));
    SHOW(call_madvise(at, 1, MADV_NORMAL));
    SHOW(call_madvise(at, PAGE + 1, MADV_NORMAL));
    SHOW(call_madvise(at, (size_t)-1, MADV_NORMAL));
    SHOW(call_madvise(at, (size_t)-PAGE, MADV_NORMAL));
    SHOW(call_madvise(at, -(size_t)at, MADV_NORMAL));
    SHOW(call_madvise(at, -(size_t)at - PAGE, MADV_DOFORK));
    SHOW(call_madvise(NULL, 0, MADV_DONTNEED));
    SHOW(call_madvise(NULL, PAGE, MADV_DONTNEED));
    SHOW(call_madvise((void *)0x7ffffffff000, 0, MADV_DONTNEED));
    SHOW(call_madvise((void *)0x7ffffffff000, PAGE, MADV_DONTNEED));
    SHOW(call_madvise((void *)0xffff800000000000, 0, MADV_DONTNEED));
    SHOW(call_madvise((void *)0xffff800000000000, PAGE, MADV_DONTNEED));
    SHOW(call_madvise((void *)0xfffffffffffff000, PAGE, MADV_DONTNEED));
    SHOW(call_madvise((void *)0x800000000000, PAGE, MADV_WILLNEED));
    return 0;
}
