/* Who is not root sees which pages are there, but not where. */
#include "proc.h"

#include <sys/prctl.h>

int main(void)
{
    map_pages(AREA, 2);
    touch(AREA, 1);
    show_page("root", AREA);
    become_user();
    show_open("/proc/self/pagemap", O_RDONLY);
    /* Changing one's ids hides one's memory; executing a program, or this, shows it again. */
    SHOW(prctl(PR_SET_DUMPABLE, 1));
    show_open("/proc/self/pagemap", O_RDONLY);
    show_page("user", AREA);
    show_open("/proc/1/pagemap", O_RDONLY);
    show_open("/proc/1/maps", O_RDONLY);
    show_open("/proc/1/mem", O_RDONLY);
    show_open("/proc/kpagecount", O_RDONLY);
    show_open("/proc/kpageflags", O_RDONLY);
    return 0;
}
