/* Pages beyond a file's end: SIGBUS with the address; the file grows and they are there again. */
#include "process.h"

#include <setjmp.h>

static sigjmp_buf back;
static char *at;

static void handler(int signo, siginfo_t *info, void *context)
{
    say("  signal %d code %d at +%ld", signo, info->si_code, (long)((char *)info->si_addr - at));
    siglongjmp(back, 1);
}

static void touch(const char *what, size_t offset, bool write)
{
    if (sigsetjmp(back, 1) == 0) {
        if (write)
            at[offset]++;
        say("%s: %d", what, at[offset]);
    } else {
        say("%s: faulted", what);
    }
}

static void round_of(int flags)
{
    int fd = memfd_create("file", 0);

    NEED(ftruncate(fd, 3 * PAGE + 100) == 0);
    at = mmap(NULL, 6 * PAGE, PROT_READ | PROT_WRITE, flags, fd, 0);
    NEED(at != MAP_FAILED);
    touch("first page", 0, true);
    touch("last byte's page, after the end", 3 * PAGE + 200, true);
    touch("the page after it", 4 * PAGE, false);
    NEED(ftruncate(fd, PAGE + 1) == 0);
    touch("second page", PAGE + 5, true);
    touch("cut page", 3 * PAGE + 200, false);
    NEED(ftruncate(fd, 0) == 0);
    touch("first page of an empty file", 0, true);
    NEED(ftruncate(fd, 5 * PAGE) == 0);
    touch("first page again", 0, true);
    touch("fourth page again", 3 * PAGE + 200, true);
    NEED(munmap(at, 6 * PAGE) == 0);
    close(fd);
}

int main(void)
{
    handle(SIGBUS, handler, 0);
    say("shared");
    round_of(MAP_SHARED);
    say("private");
    round_of(MAP_PRIVATE);
    return 0;
}
