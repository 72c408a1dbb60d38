/* Reading and writing a file by a buffer that maps the same page of it, or overlaps it. */
#include "compat.h"

#include <sys/sendfile.h>
#include <sys/uio.h>

#define PAGES 4

static int fd;
static unsigned char *map;

/* Four pages, each byte tells its page and place; mapped at AREA. */
static void fresh(int flags)
{
    unsigned char page[4096];

    fd = open("itself", O_RDWR | O_CREAT | O_TRUNC, 0600);
    for (unsigned i = 0; i < PAGES; i++) {
        for (unsigned j = 0; j < sizeof page; j++)
            page[j] = (unsigned char)(i * 64 + j % 61);
        if (write(fd, page, sizeof page) != (ssize_t)sizeof page)
            puts("no file");
    }
    map = call_mmap(AREA, PAGES * PAGE, PROT_READ | PROT_WRITE, flags | MAP_FIXED, fd, 0);
    lseek(fd, 0, SEEK_SET);
}

static unsigned sum(const unsigned char *at, size_t size)
{
    unsigned value = 1;

    for (size_t i = 0; i < size; i++)
        value = value * 31 + at[i];
    return value;
}

/* What the file and the mapping hold now, by page. */
static void show_state(void)
{
    unsigned char page[4096];
    struct stat st;

    fstat(fd, &st);
    printf("  size %ld, at %ld:", (long)st.st_size, (long)lseek(fd, 0, SEEK_CUR));
    for (unsigned i = 0; i * PAGE < (size_t)st.st_size && i < 8; i++) {
        ssize_t n = pread(fd, page, PAGE, (off_t)(i * PAGE));

        printf(" %08x", sum(page, (size_t)n));
        if (i < PAGES)
            printf("%s", memcmp(page, map + i * PAGE, (size_t)n) ? "*" : "");
    }
    puts("");
    munmap(map, PAGES * PAGE);
    close(fd);
}

#define TRY(flags, call)                                                                           \
    do {                                                                                           \
        fresh(flags);                                                                              \
        SHOW(call);                                                                                \
        show_state();                                                                              \
    } while (0)

static long read_pieces(void)
{
    struct iovec v[3] = {{map + PAGE, PAGE}, {map, 10}, {map + 2 * PAGE, PAGE}};

    return readv(fd, v, 3);
}

static long write_pieces(void)
{
    struct iovec v[3] = {{map + PAGE, PAGE}, {map, 10}, {map + 2 * PAGE, PAGE}};

    return writev(fd, v, 3);
}

/* The list of buffers lies in the file itself, and the reading overwrites it. */
static long read_over_list(void)
{
    struct iovec v[2] = {{map + PAGE, 64}, {map, 100}};

    memcpy(map, v, sizeof v);
    return readv(fd, (struct iovec *)map, 2);
}

static long read_into_forbidden(void)
{
    long n;

    call_mprotect(map + PAGE, PAGE, PROT_NONE);
    n = pread(fd, map, 3 * PAGE, 0);
    call_mprotect(map + PAGE, PAGE, PROT_READ);
    return n;
}

static long read_into_read_only(void)
{
    call_mprotect(map + PAGE, PAGE, PROT_READ);
    return pread(fd, map, 3 * PAGE, 0);
}

/* Beyond the end of the file the mapping gives nothing. */
static long write_from_beyond(void)
{
    if (ftruncate(fd, (off_t)PAGE + 10) != 0)
        return -2;
    return pwrite(fd, map + PAGE, 2 * PAGE, 0);
}

static long write_from_empty(void)
{
    if (ftruncate(fd, 0) != 0)
        return -2;
    return write(fd, map, PAGE);
}

static long read_into_cut(void)
{
    if (ftruncate(fd, 100) != 0)
        return -2;
    return pread(fd, map, PAGE, 0);
}

static void both(int flags)
{
    puts(flags == MAP_SHARED ? "shared:" : "private:");
    TRY(flags, read(fd, map, PAGE));
    TRY(flags, pread(fd, map + PAGE, PAGE, 0));
    TRY(flags, pread(fd, map, PAGE, PAGE));
    TRY(flags, pread(fd, map + 3 * PAGE, 2 * PAGE, 0));
    TRY(flags, write(fd, map, PAGE));
    TRY(flags, pwrite(fd, map + PAGE, PAGE, 0));
    TRY(flags, pwrite(fd, map, PAGE, PAGE));
    TRY(flags, pwrite(fd, map + 500, 100, 50));
    TRY(flags, pwrite(fd, map, 4 * PAGE, 4 * PAGE));
    TRY(flags, pwrite(fd, map + 3 * PAGE, 2 * PAGE, 0));
    TRY(flags, read_pieces());
    TRY(flags, write_pieces());
    TRY(flags, read_over_list());
    TRY(flags, read_into_forbidden());
    TRY(flags, read_into_read_only());
    TRY(flags, write_from_beyond());
    TRY(flags, write_from_empty());
    TRY(flags, read_into_cut());
}

/* ---- from the file into itself without a buffer ---- */

static long send_apart(void)
{
    int again = open("itself", O_RDWR);
    long n;

    lseek(again, (off_t)(2 * PAGE), SEEK_SET);
    n = sendfile(again, fd, NULL, 2 * PAGE);
    close(again);
    return n;
}

static long copy_range(off_t from, off_t to, size_t length)
{
    return syscall(SYS_copy_file_range, fd, &from, fd, &to, length, 0);
}

static long through_pipe(size_t from, off_t to, bool spliced)
{
    int ends[2];
    long in, out;

    if (pipe(ends) != 0)
        return -2;
    in = spliced ? splice(fd, NULL, ends[1], NULL, PAGE, 0) : write(ends[1], map + from, PAGE);
    out = spliced ? splice(ends[0], NULL, fd, &to, PAGE, 0) : read(ends[0], map + to, PAGE);
    close(ends[0]);
    close(ends[1]);
    return in * 10000 + out;
}

int main(void)
{
    both(MAP_SHARED);
    both(MAP_PRIVATE);
    TRY(MAP_SHARED, send_apart());
    TRY(MAP_SHARED, copy_range(0, 2 * PAGE, 2 * PAGE));
    TRY(MAP_SHARED, copy_range(0, PAGE, 2 * PAGE));
    TRY(MAP_SHARED, copy_range(PAGE, 0, 2 * PAGE));
    TRY(MAP_SHARED, copy_range(0, 0, 1));
    TRY(MAP_SHARED, copy_range(3 * PAGE, 4 * PAGE, 10 * PAGE));
    TRY(MAP_SHARED, copy_range(4 * PAGE, 4 * PAGE, 10 * PAGE));
    TRY(MAP_SHARED, copy_range(0, 0, 0));
    TRY(MAP_SHARED, through_pipe(0, 2 * PAGE, true));
    TRY(MAP_SHARED, through_pipe(0, 7, false));
    TRY(MAP_PRIVATE, through_pipe(0, 7, false));
    unlink("itself");
    return 0;
}
