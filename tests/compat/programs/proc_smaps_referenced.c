/* clear_refs forgets what was accessed: of all pages, of private ones, of a file's. */
#include "proc.h"

static void show_referenced(const char *title, const void *at)
{
    printf("%s: Referenced %ld\n", title, smaps_value(at, "Referenced"));
}

int main(void)
{
    char *file = AREA + 64 * PAGE;
    int fd = make_file(16);

    map_pages(AREA, 8);
    touch(AREA, 8);
    call_mmap(file, 16 * PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0);
    look(file, 16);
    show_referenced("touched", AREA);
    SHOW(write_file("/proc/self/clear_refs", "1"));
    show_referenced("cleared", AREA);
    show_referenced("cleared file", file);
    look(AREA, 3);
    look(file, 5);
    show_referenced("read 3", AREA);
    show_referenced("read 5", file);
    SHOW(write_file("/proc/self/clear_refs", "2"));
    show_referenced("cleared anonymous", AREA);
    show_referenced("file stays", file);
    look(AREA, 3);
    SHOW(write_file("/proc/self/clear_refs", "3"));
    show_referenced("anonymous stays", AREA);
    show_referenced("cleared file", file);
    return 0;
}
