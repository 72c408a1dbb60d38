/* /proc/sys/vm: ranges, errors, reading by bytes, who may write. */
#include "proc.h"

static void set(const char *name, const char *text)
{
    char path[80];
    int result;

    snprintf(path, sizeof path, "/proc/sys/vm/%s", name);
    result = write_file(path, text);
    printf("%s <- [%s]: %s", name, text, result == 0 ? "fine" : errno_name(errno));
    printf(", is %s", read_file(path) ? read_file(path) : "unreadable\n");
}

int main(void)
{
    char bytes[8];
    int fd;

    set("overcommit_memory", "1");
    set("overcommit_memory", "3");
    set("overcommit_memory", "-1");
    set("overcommit_memory", "x");
    set("overcommit_memory", "");
    set("overcommit_memory", " 0 ");
    set("overcommit_memory", "+1");
    set("overcommit_memory", "0x1");
    set("overcommit_memory", "0");
    set("swappiness", "200");
    set("swappiness", "201");
    set("swappiness", "60");
    set("max_map_count", "70000");
    set("max_map_count", "-1");
    set("max_map_count", "65530");
    set("drop_caches", "5");
    set("drop_caches", "3");
    set("page-cluster", "99999999999");
    set("panic_on_oom", "3");
    set("dirty_ratio", "101");
    set("nr_hugepages", "0");
    fd = open("/proc/sys/vm/swappiness", O_RDWR);
    SHOW(read(fd, bytes, 1));
    SHOW(read(fd, bytes, 1));
    SHOW(lseek(fd, 0, SEEK_SET));
    SHOW(read(fd, bytes, 8));
    SHOW(read(fd, bytes, 8));
    show_open("/proc/sys/vm/drop_caches", O_RDONLY);
    show_open("/proc/sys/vm/numa_zonelist_order", O_RDONLY);
    show_open("/proc/sys/kernel/ostype", O_WRONLY);
    show_open("/proc/sys/kernel/nothing", O_RDONLY);
    become_user();
    show_open("/proc/sys/vm/swappiness", O_RDONLY);
    show_open("/proc/sys/vm/swappiness", O_WRONLY);
    show_open("/proc/sys/vm/mmap_rnd_bits", O_RDONLY);
    return 0;
}
