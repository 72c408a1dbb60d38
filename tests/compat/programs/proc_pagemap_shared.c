/* pagemap tells an object's pages from private ones, and who is alone. */
#include "proc.h"

static void child(void *unused)
{
    (void)unused;
    show_page("private in child", AREA);
    show_page("file in child, untouched", AREA + 64 * PAGE);
    touch(AREA, 1);
    show_page("private, written in child", AREA);
}

int main(void)
{
    char *file = AREA + 64 * PAGE, *again = AREA + 128 * PAGE;
    int fd = make_file(4);

    map_pages(AREA, 2);
    touch(AREA, 2);
    call_mmap(file, 4 * PAGE, READ_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
    touch(file, 1);
    show_page("private", AREA);
    show_page("file", file);
    call_mmap(again, 4 * PAGE, READ_WRITE, MAP_PRIVATE | MAP_FIXED, fd, 0);
    look(again, 1);
    show_page("file, mapped twice", file);
    printf("one frame: %d\n", frame_of(file) == frame_of(again));
    touch(again, 1);
    show_page("copied", again);
    show_page("file, once again", file);
    printf("one frame: %d\n", frame_of(file) == frame_of(again));
    in_child(child, NULL);
    show_page("private, child gone", AREA);
    return 0;
}
