/*
 * What the rows of the benchmark are written with.
 *
 * Time is the time-stamp counter: under QEMU's -icount shift=0 one tick is one guest
 * instruction, otherwise it is the host's counter. System calls that are measured are made here,
 * by the instruction itself, so that no C library's wrapper is in the figure.
 */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>

#define PAGE_SIZE ((size_t)4096)
#define MIB       ((size_t)1 << 20)

struct measurement {
    bool quick;          /* in: few operations; only whether they work is asked */
    uint64_t ticks;      /* out: total time of the operations */
    uint64_t operations; /* out: how many */
};

/*
 * Measures one row. Returns NULL, or a text that says what was not as it must be: a row whose
 * effects cannot be confirmed has no figure.
 */
typedef const char *(*measure_fn)(struct measurement *m);

const char *measure_syscall(struct measurement *m);
const char *measure_fault_write(struct measurement *m);
const char *measure_fault_read(struct measurement *m);
const char *measure_fault_upgrade(struct measurement *m);
const char *measure_populate(struct measurement *m);
const char *measure_munmap_page(struct measurement *m);
const char *measure_dontneed_page(struct measurement *m);
const char *measure_map_pair(struct measurement *m);
const char *measure_map_touch(struct measurement *m);
const char *measure_map_4000(struct measurement *m);
const char *measure_protect_split(struct measurement *m);
const char *measure_protect_page(struct measurement *m);
const char *measure_segv(struct measurement *m);
const char *measure_fork_small(struct measurement *m);
const char *measure_fork_64m(struct measurement *m);
const char *measure_fork_call(struct measurement *m);
const char *measure_cow_copy(struct measurement *m);
const char *measure_cow_last(struct measurement *m);
const char *measure_file_read(struct measurement *m);
const char *measure_file_shared(struct measurement *m);
const char *measure_file_private(struct measurement *m);
const char *measure_mremap(struct measurement *m);
const char *measure_brk(struct measurement *m);
const char *measure_pipe(struct measurement *m);

static inline uint64_t ticks_now(void)
{
    uint32_t low, high;

    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
    return (uint64_t)high << 32 | low;
}

/*
 * Around what is measured stand two no-operations whose displacements a profiler looks for
 * (bench/profile_plugin.c); they are outside of the time. A start that is not `counted` (a
 * warm-up) has none.
 */
static inline uint64_t clock_start(bool counted)
{
    if (counted)
        __asm__ volatile("nopl 0x71756901(%%rax)" : : : "memory");
    return ticks_now();
}

/* The ticks since clock_start() gave `start`. */
static inline uint64_t clock_stop(uint64_t start)
{
    uint64_t end = ticks_now();

    __asm__ volatile("nopl 0x71756902(%%rax)" : : : "memory");
    return end - start;
}

/* The kernel's own answer: a negative error number, or the result. */
static inline long raw_syscall(long number, long a, long b, long c, long d, long e, long f)
{
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    long result;

    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

static inline bool raw_failed(long result)
{
    return result < 0 && result >= -4095;
}

/* Writes or reads one byte of memory, for the sake of the access. */
static inline void touch_write(void *at, uint8_t value)
{
    *(volatile uint8_t *)at = value;
}

static inline uint8_t touch_read(const void *at)
{
    return *(const volatile uint8_t *)at;
}

/*
 * Maps private anonymous memory, readable and writable, at an address that is a multiple of
 * 2 MiB, so that layout does not depend on what ran before. NULL if there is none.
 */
uint8_t *map_anonymous(size_t size);
void unmap(void *base, size_t size);

/* Writes a value that names the page into each page's first byte. */
void write_pages(uint8_t *base, size_t pages, unsigned salt);

/* Whether write_pages() with `salt` is what each page holds, and zeroes otherwise. */
bool pages_hold(const uint8_t *base, size_t pages, unsigned salt);

/* Fills with bytes that are not zero, so that memory which is not cleared gives itself away. */
void soil(uint8_t *base, size_t size);

static inline uint8_t page_value(size_t page, unsigned salt)
{
    return (uint8_t)((page * 37 + salt) | 1);
}

#endif
