/* brk: grows and shrinks by bytes, zeroes what comes again, and answers where the break stayed. */
#include "compat.h"

int main(void)
{
    char *start = call_brk(NULL);

    base = start;
    SHOW_ADDRESS(call_brk(start + 3 * PAGE));
    show_write(start, 'x');
    show_write(start + 3 * PAGE - 1, 'x');
    SHOW_ADDRESS(call_brk(start + 3 * PAGE + 1));
    show_write(start + 3 * PAGE, 'x');
    show_write(start + 3 * PAGE + 4095, 'x');
    SHOW_ADDRESS(call_brk(NULL));
    SHOW_ADDRESS(call_brk(start + PAGE));
    show_read(start);
    show_read(start + 2 * PAGE);
    SHOW_ADDRESS(call_brk(start + 4 * PAGE));
    show_read(start + 2 * PAGE);
    show_read(start + 3 * PAGE - 1);
    /* Below where it began, or beyond all: unchanged. */
    SHOW_ADDRESS(call_brk((char *)0x1000));
    SHOW_ADDRESS(call_brk((char *)-1));
    SHOW_ADDRESS(call_brk((char *)0x7ffffffff000));
    SHOW_ADDRESS(call_brk((char *)0xffff800000000000));
    SHOW_ADDRESS(call_brk(start + 4 * PAGE));
    SHOW_ADDRESS(call_brk(start));
    return 0;
}
