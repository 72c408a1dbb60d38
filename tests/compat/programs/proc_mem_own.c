/* /proc/self/mem reads and writes one's own memory past its rights, but not shared memory's. */
#include "proc.h"

static char text[2 * 4096];

int main(void)
{
    int fd = open("/proc/self/mem", O_RDWR), file = make_file(2), reader;
    off_t at = (off_t)(uintptr_t)AREA;

    map_pages(AREA, 4);
    strcpy(AREA + 100, "hello");
    SHOW(pread(fd, text, 6, at + 100));
    puts(text);
    SHOW(pwrite(fd, "world", 6, at + 100));
    puts(AREA + 100);
    puts("read-only:");
    call_mprotect(AREA, PAGE, PROT_READ);
    SHOW(pwrite(fd, "forced", 7, at + 100));
    puts(AREA + 100);
    show_write(AREA, 1);
    puts("no access:");
    call_mprotect(AREA, PAGE, PROT_NONE);
    SHOW(pread(fd, text, 7, at + 100));
    puts(text);
    SHOW(pwrite(fd, "nobody", 7, at + 100));
    SHOW(pread(fd, text, 7, at + 100));
    puts(text);
    show_read(AREA);
    puts("never touched, no access:");
    call_mprotect(AREA + 2 * PAGE, PAGE, PROT_NONE);
    SHOW(pread(fd, text, 8, at + 2 * (off_t)PAGE));
    SHOW(pwrite(fd, "late", 5, at + 2 * (off_t)PAGE));
    call_mprotect(AREA + 2 * PAGE, PAGE, PROT_READ);
    puts(AREA + 2 * PAGE);
    puts("unmapped:");
    call_munmap(AREA + PAGE, PAGE);
    SHOW(pread(fd, text, 8, at + (off_t)PAGE));
    SHOW(pwrite(fd, text, 8, at + (off_t)PAGE));
    SHOW(pread(fd, text, 2 * PAGE, at + 100));
    SHOW(pread(fd, text, 8, 0));
    SHOW(pread(fd, text, 8, -4096));
    puts("private file:");
    call_mmap(AREA, 2 * PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, file, 0);
    SHOW(pwrite(fd, "mine", 5, at));
    puts(AREA);
    SHOW(pread(file, text, 4, 0));
    printf("%.4s\n", text);
    puts("shared file:");
    call_mmap(AREA, 2 * PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, file, 0);
    SHOW(pwrite(fd, "ours", 4, at));
    call_mprotect(AREA, 2 * PAGE, READ_WRITE);
    SHOW(pwrite(fd, "ours", 4, at));
    SHOW(pread(file, text, 4, 0));
    printf("%.4s\n", text);
    puts("file for reading:");
    close(open("only", O_CREAT | O_WRONLY, 0600));
    truncate("only", PAGE);
    reader = open("only", O_RDONLY);
    call_mmap(AREA, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, reader, 0);
    SHOW(pwrite(fd, "none", 4, at));
    SHOW(pread(fd, text, 8, at));
    puts("beyond the end:");
    ftruncate(file, 0);
    call_mmap(AREA, PAGE, READ_WRITE, MAP_SHARED | MAP_FIXED, file, 0);
    SHOW(pread(fd, text, 8, at));
    SHOW(pwrite(fd, text, 8, at));
    puts("seeking:");
    SHOW(lseek(fd, 100, SEEK_SET));
    SHOW(lseek(fd, 28, SEEK_CUR));
    SHOW(lseek(fd, 0, SEEK_END));
    return 0;
}
