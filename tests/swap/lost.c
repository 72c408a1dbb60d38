/*
 * lost PAGES [STEP [COMMAND...]]: writes so many pages, sends them out to the swap device, runs the
 * command, and looks at each page (at each STEP-th first). Prints how many a signal told to be
 * lost, and fails when one has something else in it than was written.
 */
#include "common.h"

#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

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

/* 0: as written, 1: lost. */
static int look(char *page, size_t n)
{
    expected = page;
    if (sigsetjmp(back, 1) != 0)
        return 1;
    if (!page_is(page, n)) {
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
        fill_page(memory + n * PAGE, n);
    if (madvise(memory, pages * PAGE, MADV_PAGEOUT) != 0) {
        perror("madvise");
        return 1;
    }
    mincore(memory, pages * PAGE, resident);
    for (size_t n = 0; n < pages; n++)
        out += !(resident[n] & 1);
    if (argc > 3 && fork() == 0) {
        execvp(argv[3], argv + 3);
        _exit(127);
    }
    wait(NULL);
    for (size_t first = 0; first < step; first++)
        for (volatile size_t n = first; n < pages; n += step)
            lost += (size_t)look(memory + n * PAGE, n);
    printf("lost %zu of %zu%s%s\n", (size_t)lost, pages, out == 0 ? ", none was out" : "",
           wrong_signals ? ", by wrong signals" : "");
    return wrong_signals != 0;
}
