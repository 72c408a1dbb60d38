/* The pool of huge pages is empty, and /sys says what of large pages is on. */
#include "proc.h"

#define SYS "/sys/kernel/mm/"

static void show(const char *name)
{
    char path[100];

    snprintf(path, sizeof path, SYS "%s", name);
    printf("%s: %s", name, read_file(path) ? read_file(path) : "none\n");
}

int main(void)
{
    mkdir("/sys", 0555);
    show("hugepages/hugepages-2048kB/free_hugepages");
    show("hugepages/hugepages-2048kB/nr_hugepages");
    show("hugepages/hugepages-2048kB/surplus_hugepages");
    show("transparent_hugepage/enabled");
    show("transparent_hugepage/hpage_pmd_size");
    show("transparent_hugepage/shmem_enabled");
    printf("cpu online %s", read_file("/sys/devices/system/cpu/online"));
    printf("cpu present %s", read_file("/sys/devices/system/cpu/present"));
    printf("cpu possible %s", read_file("/sys/devices/system/cpu/possible"));
    printf("cpu offline [%s]\n", strtok(read_file("/sys/devices/system/cpu/offline"), "\n") ?: "");
    show_open("/sys/devices/system/cpu/online", O_WRONLY);
    return 0;
}
