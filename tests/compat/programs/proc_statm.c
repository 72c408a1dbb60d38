/* statm and status say the same in different units. */
#include "proc.h"

static long value(const char *key)
{
    return number_after("/proc/self/status", key);
}

int main(void)
{
    long size, resident, shared, code, library, data, dirty;
    int count;

    map_pages(AREA, 64);
    touch(AREA, 64);
    value("VmSize:");
    count = sscanf(read_file("/proc/self/statm"), "%ld %ld %ld %ld %ld %ld %ld", &size, &resident,
                   &shared, &code, &library, &data, &dirty);
    printf("fields %d, library %ld, dirty %ld\n", count, library, dirty);
    printf("size: %d\n", size * 4 == value("VmSize:"));
    printf("data: %d\n", data * 4 == value("VmData:") + value("VmStk:"));
    printf("code: %d\n", code * 4 == value("VmExe:"));
    printf("resident near: %d\n", labs(resident * 4 - value("VmRSS:")) <= 512);
    printf("shared: %d\n", labs(shared * 4 - value("RssFile:") - value("RssShmem:")) <= 512);
    printf("parts: %d\n",
           value("VmRSS:") == value("RssAnon:") + value("RssFile:") + value("RssShmem:"));
    return 0;
}
