/* A file mapped twice: each of its pages counts half in either mapping. */
#include "proc.h"

int main(void)
{
    char *second = AREA + 64 * PAGE;
    int fd = make_file(16);

    call_mmap(AREA, 16 * PAGE, READ_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
    touch(AREA, 16);
    show_smaps("one", AREA);
    call_mmap(second, 16 * PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0);
    look(second, 16);
    show_smaps("one of two", AREA);
    show_smaps("the other", second);
    call_munmap(AREA, 16 * PAGE);
    show_smaps("alone", second);
    return 0;
}
