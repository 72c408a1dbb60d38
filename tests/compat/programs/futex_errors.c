/* What futex refuses, and in which order it looks. */
#include "futex.h"

static uint32_t word, word2;

int main(void)
{
    char *pages = map_pages(4, PROT_READ | PROT_WRITE);
    const struct timespec zero = {0, 0}, bad = {0, 1000000000}, negative = {-1, 0};
    void *unaligned = (char *)&word + 1, *kernel = (void *)0xffff888000000000ul;

    NEED(mprotect(pages + PAGE, PAGE, PROT_READ) == 0);
    NEED(mprotect(pages + 2 * PAGE, PAGE, PROT_NONE) == 0);
    NEED(munmap(pages + 3 * PAGE, PAGE) == 0);
    for (int shared = 0; shared < 2; shared++) {
        int flag = shared ? 0 : PRIVATE;

        say(shared ? "shared" : "private");
        TRY(futex(&word, FUTEX_WAIT | flag, 1, NULL, NULL, 0));
        TRY(futex(&word, FUTEX_WAIT | flag, 0, &zero, NULL, 0));
        TRY(futex(&word, FUTEX_WAIT | flag, 0, &bad, NULL, 0));
        TRY(futex(&word, FUTEX_WAIT | flag, 0, &negative, NULL, 0));
        TRY(futex(&word, FUTEX_WAIT | flag, 1, (void *)8, NULL, 0));
        TRY(futex(unaligned, FUTEX_WAIT | flag, 0, &zero, NULL, 0));
        TRY(futex(unaligned, FUTEX_WAIT | flag, 0, &bad, NULL, 0));
        TRY(futex(unaligned, FUTEX_WAKE | flag, 1, NULL, NULL, 0));
        TRY(futex(NULL, FUTEX_WAIT | flag, 0, &zero, NULL, 0));
        TRY(futex(NULL, FUTEX_WAKE | flag, 1, NULL, NULL, 0));
        TRY(futex(kernel, FUTEX_WAIT | flag, 0, &zero, NULL, 0));
        TRY(futex(kernel, FUTEX_WAKE | flag, 1, NULL, NULL, 0));
        TRY(futex((void *)0x7ffffffff000, FUTEX_WAKE | flag, 1, NULL, NULL, 0));
        TRY(futex((void *)0x900000000000, FUTEX_WAKE | flag, 1, NULL, NULL, 0));
        TRY(futex(pages, FUTEX_WAIT | flag, 0, &zero, NULL, 0));
        TRY(futex(pages + PAGE, FUTEX_WAIT | flag, 0, &zero, NULL, 0));
        TRY(futex(pages + PAGE, FUTEX_WAKE | flag, 1, NULL, NULL, 0));
        TRY(futex(pages + 2 * PAGE, FUTEX_WAIT | flag, 0, &zero, NULL, 0));
        TRY(futex(pages + 2 * PAGE, FUTEX_WAKE | flag, 1, NULL, NULL, 0));
        TRY(futex(pages + 3 * PAGE, FUTEX_WAIT | flag, 0, &zero, NULL, 0));
        TRY(futex(pages + 3 * PAGE, FUTEX_WAKE | flag, 1, NULL, NULL, 0));
        TRY(futex(&word, FUTEX_WAIT_BITSET | flag, 0, &zero, NULL, 0));
        TRY(futex(&word, FUTEX_WAKE_BITSET | flag, 0, NULL, NULL, 0));
        TRY(futex(&word, FUTEX_WAIT_BITSET | flag, 0, &zero, NULL, 1));
        TRY(futex(&word, FUTEX_WAIT | FUTEX_CLOCK_REALTIME | flag, 0, &zero, NULL, 0));
        TRY(futex(&word, FUTEX_WAKE | FUTEX_CLOCK_REALTIME | flag, 0, NULL, NULL, 0));
        TRY(futex(&word, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME | flag, 0, &zero, NULL, 1));
        TRY(futex2(&word, FUTEX_REQUEUE | flag, -1, 0, &word2, 0));
        TRY(futex2(&word, FUTEX_REQUEUE | flag, 0, -1, &word2, 0));
        TRY(futex2(&word, FUTEX_REQUEUE | flag, 1, 1, NULL, 0));
        TRY(futex2(&word, FUTEX_REQUEUE | flag, 1, 1, (char *)&word2 + 2, 0));
        TRY(futex2(&word, FUTEX_CMP_REQUEUE | flag, 1, 1, &word2, 1));
        TRY(futex2(&word, FUTEX_CMP_REQUEUE | flag, 1, 1, &word2, 0));
        TRY(futex2(&word, FUTEX_CMP_REQUEUE | flag, 1, 1, pages + 3 * PAGE, 1));
        TRY(futex2(&word, FUTEX_WAKE_OP | flag, 1, 1, pages + PAGE, 0));
        TRY(futex2(&word, FUTEX_WAKE_OP | flag, 1, 1, pages + 3 * PAGE, 0));
    }
    TRY(futex(&word, 2, 0, NULL, NULL, 0));
    TRY(futex(&word, 14, 0, NULL, NULL, 0));
    TRY(futex(&word, 127, 0, NULL, NULL, 0));
    TRY(futex(&word, 0x200, 0, &zero, NULL, 0));
    TRY(futex(&word, FUTEX_WAKE | (int)0x80000000, 0, NULL, NULL, 0));
    TRY(syscall(SYS_set_robust_list, &word, 23));
    TRY(syscall(SYS_get_robust_list, 999999, &word, &word));
    TRY(syscall(SYS_get_robust_list, 0, 8, &word));
    return 0;
}
