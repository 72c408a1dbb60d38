/* Files in memory are promised page by page, as their pages come to exist; a private writable
 * mapping of one is promised on top. */
#include "overcommit.h"

int main(void)
{
    int file = make_file(10), memory = (int)syscall(SYS_memfd_create, "memory", 0);
    static char page[4096];

    CHARGE(ftruncate(memory, 100 * (long)PAGE));
    CHARGE(pwrite(memory, page, 1, 0));
    CHARGE(pwrite(memory, page, PAGE, 50 * (long)PAGE));
    CHARGE(pwrite(memory, page, PAGE, 60 * (long)PAGE + 1));
    CHARGE(pread(memory, page, PAGE, 70 * (long)PAGE));
    CHARGE(syscall(SYS_fallocate, memory, 0, 0, 20 * PAGE));
    CHARGE(syscall(SYS_fallocate, memory, 3, 0, 5 * PAGE));
    CHARGE(ftruncate(memory, 10 * (long)PAGE));
    CHARGE(call_mmap(AREA, 10 * PAGE, RW, MAP_SHARED | MAP_FIXED, memory, 0));
    CHARGE(memset(AREA, 1, 10 * PAGE));
    CHARGE(call_munmap(AREA, 10 * PAGE));
    CHARGE(call_mmap(AREA, 10 * PAGE, RW, MAP_PRIVATE | MAP_FIXED, memory, 0));
    CHARGE(memset(AREA, 2, 10 * PAGE));
    CHARGE(call_munmap(AREA, 10 * PAGE));
    CHARGE(call_mmap(AREA, 10 * PAGE, RW, MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE, file, 0));
    CHARGE(call_munmap(AREA, 10 * PAGE));
    CHARGE(call_mmap(AREA, 40 * PAGE, RW, MAP_PRIVATE | MAP_FIXED, file, 0));
    CHARGE(call_munmap(AREA, 40 * PAGE));
    CHARGE(close(file));
    CHARGE(close(memory));
    return 0;
}
