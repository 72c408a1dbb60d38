/*
 * off DEVICE MIB: more memory than there is RAM, so that not all of it fits back: swapoff fails,
 * and everything is as before; with most of it given back swapoff succeeds. Every page is right
 * throughout.
 *
 * off DEVICE MIB killed: memory that fits, on a slow device; who switches it off is killed while it
 * does, and then it is on as before.
 */
#include "common.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/swap.h>
#include <sys/wait.h>
#include <unistd.h>

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

static void killed(const char *device)
{
    int status = 0;
    pid_t child;

    madvise(memory, pages * PAGE, MADV_PAGEOUT);
    child = fork();
    if (child == 0)
        _exit(swapoff(device) != 0);
    while (meminfo("SwapTotal") > 0)
        sched_yield();
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    printf("swapoff: %s\n", WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "not killed");
    verify("after it");
    off(device);
    verify("after it");
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
    if (argc > 3) {
        killed(argv[1]);
        return 0;
    }
    off(argv[1]);
    verify("after it");
    munmap(memory + few * PAGE, (pages - few) * PAGE);
    pages = few;
    madvise(memory, pages * PAGE, MADV_PAGEOUT);
    off(argv[1]);
    verify("after it");
    return 0;
}
