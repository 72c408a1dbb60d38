/* INT 0x80 in a 64-bit program: 32-bit system calls, where a kernel has them. */
/* only: x86_64 */
#include "compat.h"

static long result;

static void number_20(void *unused)
{
    (void)unused;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(20) : "memory", "r8", "r9", "r10", "r11");
}

int main(void)
{
    result = -1;
    show_catch("int 0x80, getpid", number_20, NULL);
    printf("%s\n", result == getpid() ? "our number" : "not our number");
    return 0;
}
