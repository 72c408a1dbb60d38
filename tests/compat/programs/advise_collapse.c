/* COLLAPSE wants a whole huge page's range; whatever it does, contents stay. */
#include "advice.h"

#define HUGE (2ul << 20)

int main(void)
{
    char *area = must_map(3 * HUGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *at = (char *)(((unsigned long)area + HUGE - 1) & -HUGE);
    bool same = true;

    SHOW(call_madvise(at, PAGE, 25));
    SHOW(call_madvise(at + PAGE, HUGE, 25));
    SHOW(call_madvise(at, 0, 25));
    SHOW(call_madvise(area, 3 * HUGE, MADV_NOHUGEPAGE));
    for (size_t i = 0; i < HUGE / PAGE; i++)
        at[i * PAGE] = (char)i;
    SHOW(call_madvise(at, HUGE, 25));
    SHOW(call_madvise(area, 3 * HUGE, MADV_HUGEPAGE));
    SHOW(call_madvise(at, HUGE, 25));
    for (size_t i = 0; i < HUGE / PAGE; i++)
        same &= at[i * PAGE] == (char)i;
    SHOW(same);
    SHOW(call_madvise(at, HUGE, 25));
    SHOW(call_madvise(anonymous(2), 2 * PAGE, 25));
    return 0;
}
