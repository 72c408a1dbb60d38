/* A line of maps, to the byte: columns, offsets, names. */
#include "proc.h"

/* The line of the region at AREA, without the device and the number of the file. */
static void show(const char *title)
{
    char *block = smaps_block("/proc/self/smaps", AREA), *end = strchr(block, '\n'), *name;
    char device[16];
    unsigned long number;
    int at = 0;

    *end = 0;
    sscanf(block, "%*s %*s %*s %15s %lu %n", device, &number, &at);
    name = block + at;
    printf("%s: %.35s device %s name at %d [%s]\n", title, block,
           strcmp(device, "00:00") == 0 && number == 0 ? "none" : "some", at, name);
}

int main(void)
{
    int fd;

    map_pages(AREA, 1);
    show("anonymous");
    fd = open("with space\nnewline\\back\ttab", O_CREAT | O_RDWR, 0600);
    ftruncate(fd, 0x12345678000);
    call_mmap(AREA, 3 * PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, fd, 0x1234000);
    show_maps(AREA, PAGE);
    call_mmap(AREA, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0x12345677000);
    show_maps(AREA, PAGE);
    unlink("with space\nnewline\\back\ttab");
    show_maps(AREA, PAGE);
    fd = make_file(1);
    call_mmap(AREA, PAGE, PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
    show_maps(AREA, PAGE);
    return 0;
}
