/* A private mapping of a file: pages of the file, and copies of it. */
#include "proc.h"

int main(void)
{
    int fd = make_file(16);

    call_mmap(AREA, 16 * PAGE, READ_WRITE, MAP_PRIVATE | MAP_FIXED, fd, 0);
    show_smaps("mapped", AREA);
    look(AREA, 16);
    show_smaps("read", AREA);
    touch(AREA, 3);
    show_smaps("wrote 3", AREA);
    call_madvise(AREA, 2 * PAGE, MADV_DONTNEED);
    show_smaps("gave up 2", AREA);
    return 0;
}
