/* VmPeak and VmHWM remember the largest sizes; clear_refs 5 forgets the second. */
#include "proc.h"

#define MIB_PAGES 256

static long value(const char *key)
{
    return number_after("/proc/self/status", key);
}

int main(void)
{
    long size, peak, resident, high;

    map_pages(AREA, 16 * MIB_PAGES);
    touch(AREA, 8 * MIB_PAGES);
    size = value("VmSize:");
    call_munmap(AREA, 16 * MIB_PAGES * PAGE);
    peak = value("VmPeak:");
    printf("size went: %d, peak stays: %d\n", size - value("VmSize:") == 16 * 1024, peak == size);
    resident = value("VmRSS:");
    high = value("VmHWM:");
    printf("high water is 8 MiB above: %d\n",
           high - resident >= 8 * 1024 - 256 && high - resident < 8 * 1024 + 512);
    map_pages(AREA, MIB_PAGES);
    touch(AREA, MIB_PAGES);
    call_madvise(AREA, MIB_PAGES * PAGE, MADV_DONTNEED);
    printf("less is no new mark: %d\n", value("VmHWM:") == high);
    SHOW(write_file("/proc/self/clear_refs", "5"));
    printf("forgotten: %d\n", value("VmHWM:") - value("VmRSS:") < 512);
    touch(AREA, MIB_PAGES);
    call_madvise(AREA, MIB_PAGES * PAGE, MADV_DONTNEED);
    printf("a new one: %d\n", value("VmHWM:") - value("VmRSS:") > 512);
    return 0;
}
