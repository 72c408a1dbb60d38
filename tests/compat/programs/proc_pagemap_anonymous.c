/* pagemap of private memory: untouched, only read, written, without rights, given up, unmapped. */
#include "proc.h"

int main(void)
{
    uint64_t words[4];
    int fd = open("/proc/self/pagemap", O_RDONLY);
    off_t place = (off_t)((uintptr_t)AREA / PAGE * 8);

    SHOW(write_file("/proc/self/clear_refs", "4"));
    show_page("nothing mapped", AREA);
    map_pages(AREA, 8);
    SHOW(write_file("/proc/self/clear_refs", "4"));
    touch(AREA, 3);
    look(AREA + 4 * PAGE, 1);
    show_page("written", AREA);
    show_page("written too", AREA + PAGE);
    show_page("untouched", AREA + 3 * PAGE);
    show_page("zero page", AREA + 4 * PAGE);
    printf("frames differ: %d\n", frame_of(AREA) != frame_of(AREA + PAGE));
    call_mprotect(AREA, PAGE, PROT_NONE);
    show_page("no access", AREA);
    call_mprotect(AREA, PAGE, READ_WRITE);
    call_madvise(AREA, PAGE, MADV_DONTNEED);
    show_page("given up", AREA);
    call_munmap(AREA, PAGE);
    show_page("unmapped", AREA);
    SHOW(pread(fd, words, 32, place));
    printf("%d %d\n", words[0] == 0, (words[1] & PAGEMAP_PRESENT) != 0);
    SHOW(pread(fd, words, 12, place));
    SHOW(pread(fd, words, 8, place + 4));
    SHOW(pread(fd, words, 0, place));
    SHOW(pread(fd, words, 8, (off_t)((UINT64_C(1) << 47) / PAGE * 8)));
    SHOW(lseek(fd, 64, SEEK_SET));
    SHOW(read(fd, words, 16));
    SHOW(lseek(fd, 0, SEEK_CUR));
    SHOW(lseek(fd, 0, SEEK_END));
    SHOW(write(fd, words, 8));
    return 0;
}
