/* After clear_refs 4 the pages that are written are marked, and only they. */
#include "proc.h"

static void show(const char *title, const char *at, size_t pages)
{
    printf("%s:", title);
    for (size_t i = 0; i < pages; i++)
        printf(" %d", (pagemap_word("/proc/self/pagemap", at + i * PAGE) & PAGEMAP_DIRTY) != 0);
    puts("");
}

static void child(void *unused)
{
    (void)unused;
    AREA[5 * PAGE] = 7;
    show("child", AREA, 8);
}

int main(void)
{
    char *file = AREA + 64 * PAGE;
    int fd = make_file(4);

    map_pages(AREA, 8);
    touch(AREA, 4);
    call_mmap(file, 4 * PAGE, READ_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
    touch(file, 2);
    show("new region", AREA, 8);
    SHOW(write_file("/proc/self/clear_refs", "4"));
    show("cleared", AREA, 8);
    show("file cleared", file, 4);
    show_flags("flags", AREA);
    AREA[PAGE] = 2;
    AREA[6 * PAGE] = 2;
    look(AREA + 3 * PAGE, 2);
    file[PAGE] = 3;
    file[2 * PAGE] = 3;
    look(file + 3 * PAGE, 1);
    show("wrote 1 and 6", AREA, 8);
    show("file, wrote 1 and 2", file, 4);
    printf("contents: %d %d %d\n", AREA[0], AREA[PAGE], file[PAGE]);
    in_child(child, NULL);
    show("after the child", AREA, 8);
    map_pages(AREA + 16 * PAGE, 2);
    show("a region beside", AREA + 16 * PAGE, 2);
    SHOW(write_file("/proc/self/clear_refs", "4"));
    show("cleared again", AREA, 8);
    AREA[0] = 9;
    show("wrote 0", AREA, 8);
    call_mprotect(AREA, 8 * PAGE, PROT_READ);
    call_mprotect(AREA, 8 * PAGE, READ_WRITE);
    show("rights went and came", AREA, 8);
    AREA[PAGE] = 9;
    show("wrote 1", AREA, 8);
    return 0;
}
