/*
 * off DEVICE MIB: more memory than there is RAM, so that not all of it fits back: swapoff fails,
 * and everything is as before; with most of it given back swapoff succeeds. Every page is right
 * throughout.
 */
#include "common.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/swap.h>

static char *memory;
static size_t pages;

static void verify(const char *when)
{
    for (size_t n = 0; n < pages; n++) {
        if (!page_is(memory + n * PAGE, n)) {
            printf("%s: page %zu is wrong\n", when, n);
            exit(1);
        }
    }
    printf("%s: %s\n", when, meminfo("SwapTotal") > 0 ? "on" : "off");
    fflush(stdout);
}

static void off(const char *device)
{
    int result = swapoff(device);

    printf("swapoff: %s\n", result == 0 ? "ok" : strerrorname_np(errno));
    fflush(stdout);
}

int main(int argc, char **argv)
{
    size_t few = 256;

    pages = (size_t)(argc > 2 ? atol(argv[2]) : 96) * 256;
    memory = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        return 1;
    for (size_t n = 0; n < pages; n++)
        fill_page(memory + n * PAGE, n);
    off(argv[1]);
    verify("after it");
    munmap(memory + few * PAGE, (pages - few) * PAGE);
    pages = few;
    madvise(memory, pages * PAGE, MADV_PAGEOUT);
    off(argv[1]);
    verify("after it");
    return 0;
}
