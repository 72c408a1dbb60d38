/*
 * lost PAGES [STEP]: writes so many pages, sends them out to the swap device, and looks at each (at
 * each STEP-th first). Prints how many a signal told to be lost, and fails when one has something
 * else in it than was written.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE 4096

static sigjmp_buf back;
static volatile int wrong_signals;
static char *volatile expected;

static void on_bus(int signo, siginfo_t *info, void *context)
{
    (void)signo, (void)context;
    if (info->si_code != BUS_ADRERR || (char *)info->si_addr < expected ||
        (char *)info->si_addr >= expected + PAGE)
        wrong_signals++;
    siglongjmp(back, 1);
}

static void fill(char *page, size_t n)
{
    uint64_t *words = (uint64_t *)page;

    for (size_t i = 0; i < PAGE / sizeof *words; i++)
        words[i] = (n + 1) * 0x9e3779b97f4a7c15u + i;
}

/* 0: as written, 1: lost. */
static int look(char *page, size_t n)
{
    char should[PAGE];

    fill(should, n);
    expected = page;
    if (sigsetjmp(back, 1) != 0)
        return 1;
    if (memcmp(page, should, PAGE) != 0) {
        printf("page %zu is neither right nor lost\n", n);
        exit(1);
    }
    return 0;
}

int main(int argc, char **argv)
{
    size_t pages = (size_t)(argc > 1 ? atol(argv[1]) : 256);
    size_t step = (size_t)(argc > 2 ? atol(argv[2]) : 1);
    volatile size_t lost = 0;
    struct sigaction action = {.sa_sigaction = on_bus, .sa_flags = SA_SIGINFO};
    unsigned char *resident = malloc(pages);
    char *memory;
    size_t out = 0;

    sigaction(SIGBUS, &action, NULL);
    memory = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED || resident == NULL)
        return 1;
    for (size_t n = 0; n < pages; n++)
        fill(memory + n * PAGE, n);
    if (madvise(memory, pages * PAGE, MADV_PAGEOUT) != 0) {
        perror("madvise");
        return 1;
    }
    mincore(memory, pages * PAGE, resident);
    for (size_t n = 0; n < pages; n++)
        out += !(resident[n] & 1);
    for (size_t first = 0; first < step; first++)
        for (volatile size_t n = first; n < pages; n += step)
            lost += (size_t)look(memory + n * PAGE, n);
    printf("lost %zu of %zu%s%s\n", (size_t)lost, pages, out == 0 ? ", none was out" : "",
           wrong_signals ? ", by wrong signals" : "");
    return wrong_signals != 0;
}
