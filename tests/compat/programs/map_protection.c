/* What each combination of rights lets a program do with private and shared anonymous memory. */
#include "compat.h"

static void try(int type, int protection)
{
    char *at =
        call_mmap(AREA, PAGE, PROT_READ | PROT_WRITE, MAP_FIXED | MAP_ANONYMOUS | type, -1, 0);

    memset(at, 0xc3, PAGE);
    printf("rights %d\n", protection);
    SHOW(call_mprotect(at, PAGE, (unsigned)protection));
    show_maps(at, PAGE);
    show_read(at);
    show_write(at + 1, 'x');
    show_execute(at);
    call_munmap(at, PAGE);
    SHOW_ADDRESS(call_mmap(AREA, PAGE, protection, MAP_FIXED | MAP_ANONYMOUS | type, -1, 0));
    show_maps(at, PAGE);
    show_read(at);
    show_write(at, 0xc3);
    show_execute(at);
    call_munmap(at, PAGE);
}

int main(void)
{
    for (int protection = 0; protection < 8; protection++)
        try(MAP_PRIVATE, protection);
    for (int protection = 0; protection < 8; protection++)
        try(MAP_SHARED, protection);
    return 0;
}
