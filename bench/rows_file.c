/* Rows about mapped files, whose pages are in memory before the clock runs. */
#define _GNU_SOURCE
#include "measure.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define ROUNDS    4
#define FILE_NAME "/tmp/quire-bench.data"

static size_t pages_of(const struct measurement *m)
{
    return (m->quick ? 4 * MIB : 64 * MIB) / PAGE_SIZE;
}

/* A file whose every page begins with page_value(page, salt) and goes on with zeroes; or -1. */
static int make_file(size_t pages, unsigned salt)
{
    static uint64_t block[PAGE_SIZE / sizeof(uint64_t)];
    int fd = open(FILE_NAME, O_RDWR | O_CREAT | O_TRUNC, 0600);

    if (fd < 0)
        return -1;
    unlink(FILE_NAME);
    for (size_t page = 0; page < pages; page++) {
        block[0] = page_value(page, salt);
        if (write(fd, block, sizeof(block)) != (ssize_t)sizeof(block)) {
            close(fd);
            return -1;
        }
    }
    return fd;
}

/* True if read() agrees that the file's pages are as write_pages() with `salt` makes them. */
static bool file_holds(int fd, size_t pages, unsigned salt)
{
    static uint64_t block[PAGE_SIZE / sizeof(uint64_t)];

    for (size_t page = 0; page < pages; page++)
        if (pread(fd, block, sizeof(block), (off_t)(page * PAGE_SIZE)) != (ssize_t)sizeof(block) ||
            block[0] != page_value(page, salt) || block[1] != 0)
            return false;
    return true;
}

/* What a row does with a new mapping of the file; returns what is wrong, or NULL. */
struct file_row {
    int flags;
    const char *(*timed)(uint8_t *base, size_t pages);
    unsigned mapping_salt, file_salt; /* what is to be seen afterwards */
};

static const char *run_mapping(struct measurement *m, const struct file_row *row, int fd,
                               size_t pages, bool counted)
{
    uint8_t *base = mmap(NULL, pages * PAGE_SIZE, PROT_READ | PROT_WRITE, row->flags, fd, 0);
    const char *wrong;
    uint64_t start;

    if (base == MAP_FAILED)
        return "mmap failed";
    start = clock_start(counted);
    wrong = row->timed(base, pages);
    if (counted) {
        m->ticks += clock_stop(start);
        m->operations += pages;
    }
    if (wrong == NULL && !pages_hold(base, pages, row->mapping_salt))
        wrong = "the mapping does not hold what it must";
    if (wrong == NULL && !file_holds(fd, pages, row->file_salt))
        wrong = "the file does not hold what it must";
    unmap(base, pages * PAGE_SIZE);
    return wrong;
}

static const char *run_file_row(struct measurement *m, const struct file_row *row)
{
    size_t pages = pages_of(m);
    unsigned rounds = m->quick ? 1 : ROUNDS;
    const char *wrong = NULL;

    for (unsigned round = 0; round <= rounds && wrong == NULL; round++) {
        int fd = make_file(pages, 17);

        if (fd < 0)
            return "could not write the file";
        wrong = run_mapping(m, row, fd, pages, round > 0);
        close(fd);
    }
    return wrong;
}

static const char *time_read(uint8_t *base, size_t pages)
{
    for (size_t page = 0; page < pages; page++)
        if (touch_read(base + page * PAGE_SIZE) != page_value(page, 17))
            return "a page of the file reads wrong";
    return NULL;
}

static const char *time_write(uint8_t *base, size_t pages)
{
    write_pages(base, pages, 19);
    return NULL;
}

const char *measure_file_read(struct measurement *m)
{
    static const struct file_row row = {MAP_SHARED, time_read, 17, 17};

    return run_file_row(m, &row);
}

const char *measure_file_shared(struct measurement *m)
{
    static const struct file_row row = {MAP_SHARED, time_write, 19, 19};

    return run_file_row(m, &row);
}

const char *measure_file_private(struct measurement *m)
{
    static const struct file_row row = {MAP_PRIVATE, time_write, 19, 17};

    return run_file_row(m, &row);
}
