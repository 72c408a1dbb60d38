/* Rows about private anonymous memory: faults, populating, giving back. */
#define _GNU_SOURCE
#include "measure.h"

#include <sys/mman.h>

#define ROUNDS 4

/* What a row does to fresh memory before, while and after the clock runs. */
struct page_row {
    void (*prepare)(uint8_t *base, size_t pages); /* or NULL */
    const char *(*timed)(uint8_t *base, size_t pages);
    const char *(*verify)(uint8_t *base, size_t pages);
};

static size_t pages_of(const struct measurement *m)
{
    return (m->quick ? 4 * MIB : 64 * MIB) / PAGE_SIZE;
}

/* The first round is not counted: it finds caches and frames in the state of what came before. */
static const char *run_page_row(struct measurement *m, const struct page_row *row)
{
    size_t pages = pages_of(m);
    unsigned rounds = m->quick ? 1 : ROUNDS;

    for (unsigned round = 0; round <= rounds; round++) {
        uint8_t *base = map_anonymous(pages * PAGE_SIZE);
        const char *wrong;
        uint64_t start;

        if (base == NULL)
            return "mmap failed";
        if (row->prepare != NULL)
            row->prepare(base, pages);
        start = clock_start(round > 0);
        wrong = row->timed(base, pages);
        if (round > 0) {
            m->ticks += clock_stop(start);
            m->operations += pages;
        }
        if (wrong == NULL)
            wrong = row->verify(base, pages);
        if (wrong != NULL)
            return wrong;
    }
    return NULL;
}

/* True if nothing is mapped in the range any more. */
static bool all_unmapped(uint8_t *base, size_t pages)
{
    unsigned char resident;

    for (size_t page = 0; page < pages; page += 61)
        if (mincore(base + page * PAGE_SIZE, PAGE_SIZE, &resident) == 0)
            return false;
    return mincore(base + (pages - 1) * PAGE_SIZE, PAGE_SIZE, &resident) != 0;
}

static const char *leave(uint8_t *base, size_t pages)
{
    soil(base, pages * PAGE_SIZE);
    unmap(base, pages * PAGE_SIZE);
    return NULL;
}

static void soil_pages(uint8_t *base, size_t pages)
{
    soil(base, pages * PAGE_SIZE);
}

static void read_pages(uint8_t *base, size_t pages)
{
    for (size_t page = 0; page < pages; page++)
        touch_read(base + page * PAGE_SIZE);
}

static const char *time_write(uint8_t *base, size_t pages)
{
    write_pages(base, pages, 1);
    return NULL;
}

static const char *verify_write(uint8_t *base, size_t pages)
{
    if (!pages_hold(base, pages, 1))
        return "a written page does not hold what was written and zeroes";
    return leave(base, pages);
}

const char *measure_fault_write(struct measurement *m)
{
    static const struct page_row row = {NULL, time_write, verify_write};

    return run_page_row(m, &row);
}

static const char *time_read(uint8_t *base, size_t pages)
{
    unsigned seen = 0;

    for (size_t page = 0; page < pages; page++)
        seen |= touch_read(base + page * PAGE_SIZE);
    return seen == 0 ? NULL : "fresh memory did not read as zero";
}

static const char *verify_read(uint8_t *base, size_t pages)
{
    for (size_t word = 0; word < pages * PAGE_SIZE / sizeof(uint64_t); word++)
        if (((uint64_t *)base)[word] != 0)
            return "fresh memory did not read as zero";
    write_pages(base, pages, 1);
    return verify_write(base, pages);
}

const char *measure_fault_read(struct measurement *m)
{
    static const struct page_row row = {NULL, time_read, verify_read};

    return run_page_row(m, &row);
}

const char *measure_fault_upgrade(struct measurement *m)
{
    static const struct page_row row = {read_pages, time_write, verify_write};

    return run_page_row(m, &row);
}

static const char *time_munmap(uint8_t *base, size_t pages)
{
    long result = raw_syscall(SYS_munmap, (long)base, (long)(pages * PAGE_SIZE), 0, 0, 0, 0);

    return result == 0 ? NULL : "munmap failed";
}

static const char *verify_munmap(uint8_t *base, size_t pages)
{
    return all_unmapped(base, pages) ? NULL : "memory is still mapped after munmap";
}

const char *measure_munmap_page(struct measurement *m)
{
    static const struct page_row row = {soil_pages, time_munmap, verify_munmap};

    return run_page_row(m, &row);
}

static const char *time_dontneed(uint8_t *base, size_t pages)
{
    long result =
        raw_syscall(SYS_madvise, (long)base, (long)(pages * PAGE_SIZE), MADV_DONTNEED, 0, 0, 0);

    return result == 0 ? NULL : "madvise failed";
}

const char *measure_dontneed_page(struct measurement *m)
{
    static const struct page_row row = {soil_pages, time_dontneed, verify_read};

    return run_page_row(m, &row);
}

const char *measure_populate(struct measurement *m)
{
    size_t pages = pages_of(m);
    unsigned rounds = m->quick ? 1 : ROUNDS;

    for (unsigned round = 0; round <= rounds; round++) {
        uint64_t start = clock_start(round > 0);
        long result = raw_syscall(SYS_mmap, 0, (long)(pages * PAGE_SIZE), PROT_READ | PROT_WRITE,
                                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
        unsigned char resident;
        const char *wrong;
        uint8_t *base = (uint8_t *)result;

        if (round > 0) {
            m->ticks += clock_stop(start);
            m->operations += pages;
        }
        if (raw_failed(result))
            return "mmap failed";
        for (size_t page = 0; page < pages; page += 61)
            if (mincore(base + page * PAGE_SIZE, PAGE_SIZE, &resident) != 0 || !(resident & 1))
                return "a populated page is not resident";
        wrong = verify_read(base, pages);
        if (wrong != NULL)
            return wrong;
    }
    return NULL;
}
