/* vm.max_map_count: one more region fails with ENOMEM, so do splits; merging and replacing do not.
 */
#include "compat.h"

static void *map(size_t page, size_t pages, int protection)
{
    return call_mmap(AREA + page * PAGE, pages * PAGE, protection,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

int main(void)
{
    size_t lines = 0, i = 0;

    printf("max_map_count: %s", read_file("/proc/sys/vm/max_map_count"));
    SHOW(write_file("/proc/sys/vm/max_map_count", "100\n"));
    SHOW_ADDRESS(map(10000, 10, PROT_READ));
    while (map(2 * i, 1, PROT_READ) != MAP_FAILED)
        i++;
    printf("the next: %s\n", errno_name(errno));
    for (char *text = read_file("/proc/self/maps"); *text; text++)
        lines += *text == '\n';
    printf("regions: %zu\n", lines);
    SHOW_ADDRESS(map(20000, 1, PROT_READ));
    SHOW_ADDRESS(map(10010, 1, PROT_READ));
    SHOW_ADDRESS(map(0, 1, PROT_READ));
    SHOW_ADDRESS(map(0, 1, PROT_READ | PROT_WRITE));
    SHOW_ADDRESS(map(10005, 1, PROT_READ | PROT_WRITE));
    SHOW(call_munmap(AREA + 10005 * PAGE, PAGE));
    SHOW(call_munmap(AREA + 10010 * PAGE, PAGE));
    SHOW(call_mprotect(AREA + 10005 * PAGE, PAGE, PROT_NONE));
    SHOW(call_mprotect(AREA + 10000 * PAGE, PAGE, PROT_NONE));
    SHOW(call_mprotect(AREA + 10000 * PAGE, 10 * PAGE, PROT_NONE));
    SHOW_ADDRESS(call_mremap(AREA + 10000 * PAGE, 10 * PAGE, 20 * PAGE, MREMAP_MAYMOVE, NULL));
    SHOW_ADDRESS(call_mremap(AREA, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, AREA + 20000 * PAGE));
    SHOW(call_madvise(AREA + 10005 * PAGE, PAGE, MADV_DONTFORK));
    SHOW(call_munmap(AREA + 2 * PAGE, PAGE));
    SHOW_ADDRESS(map(2, 1, PROT_READ));
    SHOW(write_file("/proc/sys/vm/max_map_count", "-1\n"));
    SHOW(write_file("/proc/sys/vm/max_map_count", "65530\n"));
    SHOW_ADDRESS(map(30000, 1, PROT_READ));
    return 0;
}
