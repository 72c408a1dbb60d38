/* Rows about regions: mapping, unmapping, protecting, moving, the program break. */
#define _GNU_SOURCE
#include "measure.h"

#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define REGIONS 4000

static long map_page(void)
{
    return raw_syscall(SYS_mmap, 0, (long)PAGE_SIZE, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static long unmap_page(long address)
{
    return raw_syscall(SYS_munmap, address, (long)PAGE_SIZE, 0, 0, 0, 0);
}

/* A region of a few pages, wherever the kernel puts it; or NULL. */
static uint8_t *map_small(size_t pages)
{
    uint8_t *base =
        mmap(NULL, pages * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return base == MAP_FAILED ? NULL : base;
}

static bool is_mapped(long address)
{
    unsigned char resident;

    return mincore((void *)address, PAGE_SIZE, &resident) == 0;
}

static const char *verify_map_pair(void)
{
    long first = map_page();
    bool mapped = !raw_failed(first) && is_mapped(first);

    if (!mapped)
        return "what mmap returned is not mapped";
    touch_write((void *)first, 1);
    if (unmap_page(first) != 0 || is_mapped(first))
        return "a page is still mapped after munmap";
    return NULL;
}

/* Pairs of mmap and munmap of a page that is written in between if `touch` is set. */
static const char *map_pairs(struct measurement *m, bool touch)
{
    unsigned count = m->quick ? 50 : 2000;
    long failed = 0;
    unsigned seen = 0;
    uint64_t start = 0;

    for (unsigned i = 0; i < count + count / 10; i++) {
        long address;

        if (i == count / 10)
            start = clock_start(true);
        address = map_page();
        if (raw_failed(address))
            return "mmap failed";
        if (touch) {
            touch_write((void *)address, 0xa5);
            seen |= touch_read((void *)(address + 8));
            touch_write((void *)(address + 8), 0xa5);
        }
        failed |= unmap_page(address);
    }
    m->ticks = clock_stop(start);
    m->operations = count;
    if (failed != 0)
        return "munmap failed";
    return seen == 0 ? verify_map_pair() : "fresh memory did not read as zero";
}

const char *measure_map_pair(struct measurement *m)
{
    return map_pairs(m, false);
}

const char *measure_map_touch(struct measurement *m)
{
    return map_pairs(m, true);
}

/*
 * 4000 regions of one page, side by side; rights that alternate keep them apart, and the last of
 * them from the new one, which the kernel would otherwise join to it.
 */
const char *measure_map_4000(struct measurement *m)
{
    static uint8_t *region[REGIONS];
    size_t regions = m->quick ? 200 : REGIONS;
    const char *wrong;

    for (size_t i = 0; i < regions; i++) {
        region[i] = mmap(NULL, PAGE_SIZE, i % 2 ? PROT_READ : PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (region[i] == MAP_FAILED)
            return "mmap failed";
        if (i % 2 == 0)
            touch_write(region[i], page_value(i, 7));
    }
    wrong = map_pairs(m, false);
    for (size_t i = 0; i < regions; i++) {
        if (wrong == NULL && touch_read(region[i]) != (i % 2 ? 0 : page_value(i, 7)))
            wrong = "a neighbouring region was changed";
        unmap(region[i], PAGE_SIZE);
    }
    return wrong;
}

/* One page in the middle of a region becomes read-only; the way back is not counted. */
const char *measure_protect_split(struct measurement *m)
{
    unsigned count = m->quick ? 20 : 1000;
    size_t pages = 33;
    uint8_t *base = map_small(pages);
    const char *wrong = NULL;
    long middle, failed = 0;

    if (base == NULL)
        return "mmap failed";
    middle = (long)(base + pages / 2 * PAGE_SIZE);
    write_pages(base, pages, 3);
    for (unsigned i = 0; i < count; i++) {
        uint64_t start = clock_start(true);

        failed |= raw_syscall(SYS_mprotect, middle, (long)PAGE_SIZE, PROT_READ, 0, 0, 0);
        m->ticks += clock_stop(start);
        failed |=
            raw_syscall(SYS_mprotect, middle, (long)PAGE_SIZE, PROT_READ | PROT_WRITE, 0, 0, 0);
    }
    m->operations = count;
    if (failed != 0)
        wrong = "mprotect failed";
    else if (!pages_hold(base, pages, 3))
        wrong = "contents changed";
    unmap(base, pages * PAGE_SIZE);
    return wrong;
}

const char *measure_protect_page(struct measurement *m)
{
    size_t size = m->quick ? 4 * MIB : 64 * MIB;
    unsigned rounds = m->quick ? 1 : 4;
    uint8_t *base = map_anonymous(size);
    const char *wrong = NULL;
    long failed = 0;

    if (base == NULL)
        return "mmap failed";
    write_pages(base, size / PAGE_SIZE, 5);
    for (unsigned round = 0; round <= rounds; round++) {
        uint64_t start = clock_start(round > 0);

        failed |= raw_syscall(SYS_mprotect, (long)base, (long)size, PROT_READ, 0, 0, 0);
        failed |=
            raw_syscall(SYS_mprotect, (long)base, (long)size, PROT_READ | PROT_WRITE, 0, 0, 0);
        if (round > 0) {
            m->ticks += clock_stop(start);
            m->operations += 2 * size / PAGE_SIZE;
        }
    }
    if (failed != 0)
        wrong = "mprotect failed";
    else if (!pages_hold(base, size / PAGE_SIZE, 5))
        wrong = "contents changed";
    unmap(base, size);
    return wrong;
}

static uint8_t *volatile segv_expected;
static volatile unsigned segv_count, segv_strange;

static void make_writable(int signal_number, siginfo_t *info, void *context)
{
    (void)context;
    segv_count++;
    if (signal_number != SIGSEGV || info->si_addr != segv_expected || info->si_code != SEGV_ACCERR)
        segv_strange++;
    raw_syscall(SYS_mprotect, (long)((uintptr_t)info->si_addr & ~(PAGE_SIZE - 1)), (long)PAGE_SIZE,
                PROT_READ | PROT_WRITE, 0, 0, 0);
}

/* The access to one page of a region is caught again and again, as a garbage collector does. */
const char *measure_segv(struct measurement *m)
{
    unsigned count = m->quick ? 20 : 1000;
    uint8_t *base = map_small(16);
    struct sigaction action = {0}, before;
    const char *wrong = NULL;

    if (base == NULL)
        return "mmap failed";
    write_pages(base, 16, 9);
    action.sa_sigaction = make_writable;
    action.sa_flags = SA_SIGINFO;
    if (sigaction(SIGSEGV, &action, &before) != 0)
        return "sigaction failed";
    segv_count = segv_strange = 0;
    segv_expected = base;
    for (unsigned i = 0; i < count && wrong == NULL; i++) {
        uint64_t start;

        if (mprotect(base, PAGE_SIZE, PROT_READ) != 0)
            wrong = "mprotect failed";
        start = clock_start(true);
        touch_write(base, page_value(0, i));
        m->ticks += clock_stop(start);
        if (touch_read(base) != page_value(0, i))
            wrong = "a write after the handler was lost";
    }
    m->operations = count;
    sigaction(SIGSEGV, &before, NULL);
    if (segv_count != count && wrong == NULL)
        wrong = "the handler did not run once for each access";
    else if (segv_strange != 0)
        wrong = "siginfo does not describe the access";
    unmap(base, 16 * PAGE_SIZE);
    return wrong;
}

/*
 * Moves 16 MiB of written pages to and fro between two places, over memory that was reserved
 * there. Neither begins where a leaf table does, but both as far from it.
 */
const char *measure_mremap(struct measurement *m)
{
    size_t size = m->quick ? 4 * MIB : 16 * MIB, skew = MIB / 2;
    unsigned count = m->quick ? 2 : 16;
    uint8_t *base = map_anonymous(2 * size + skew), *place[2];
    const char *wrong = NULL;

    if (base == NULL)
        return "mmap failed";
    place[0] = base + skew;
    place[1] = place[0] + size;
    write_pages(place[0], size / PAGE_SIZE, 13);
    for (unsigned i = 0; i < count + 2 && wrong == NULL; i++) {
        uint8_t *from = place[i % 2], *to = place[(i + 1) % 2];
        uint64_t start;

        if (mmap(to, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != to)
            return "mmap failed";
        start = clock_start(i >= 2);
        if (raw_syscall(SYS_mremap, (long)from, (long)size, (long)size,
                        MREMAP_MAYMOVE | MREMAP_FIXED, (long)to, 0) != (long)to)
            wrong = "mremap failed";
        if (i >= 2)
            m->ticks += clock_stop(start);
        if (is_mapped((long)from))
            wrong = "the old place is still mapped";
    }
    m->operations = count;
    if (wrong == NULL && !pages_hold(place[0], size / PAGE_SIZE, 13))
        wrong = "contents changed";
    unmap(base, 2 * size + skew);
    return wrong;
}

const char *measure_brk(struct measurement *m)
{
    unsigned count = m->quick ? 20 : 2000;
    long first = raw_syscall(SYS_brk, 0, 0, 0, 0, 0, 0), end;
    const char *wrong = NULL;
    uint64_t start;

    end = (first + (long)PAGE_SIZE - 1) & -(long)PAGE_SIZE;
    start = clock_start(true);
    for (unsigned i = 0; i < count; i++) {
        if (raw_syscall(SYS_brk, end + (long)PAGE_SIZE, 0, 0, 0, 0, 0) != end + (long)PAGE_SIZE)
            return "brk did not grow";
        touch_write((void *)end, page_value(i, 15));
        end += (long)PAGE_SIZE;
    }
    m->ticks = clock_stop(start);
    m->operations = count;
    if (!pages_hold((uint8_t *)(end - (long)(count * PAGE_SIZE)), count, 15))
        wrong = "the break's memory does not hold what was written and zeroes";
    soil((uint8_t *)(end - (long)(count * PAGE_SIZE)), count * PAGE_SIZE);
    if (raw_syscall(SYS_brk, first, 0, 0, 0, 0, 0) != first || is_mapped(end - (long)PAGE_SIZE))
        wrong = "brk did not shrink";
    return wrong;
}
