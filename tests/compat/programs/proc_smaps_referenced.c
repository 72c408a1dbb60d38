/* clear_refs forgets what was accessed: of all pages, of private ones, of a file's. */
#include "proc.h"

int main(void)
{
    char *file = AREA + 64 * PAGE;
    int fd = make_file(16);

    map_pages(AREA, 8);
    touch(AREA, 8);
    call_mmap(file, 16 * PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0);
    look(file, 16);
    show_smaps("touched", AREA);
    SHOW(write_file("/proc/self/clear_refs", "1"));
    show_smaps("cleared", AREA);
    show_smaps("cleared file", file);
    look(AREA, 3);
    look(file, 5);
    show_smaps("read 3", AREA);
    show_smaps("read 5", file);
    SHOW(write_file("/proc/self/clear_refs", "2"));
    show_smaps("cleared anonymous", AREA);
    show_smaps("file stays", file);
    look(AREA, 3);
    SHOW(write_file("/proc/self/clear_refs", "3"));
    show_smaps("anonymous stays", AREA);
    show_smaps("cleared file", file);
    return 0;
}
